package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/store"
)

// Place is where a site's data are.
type Place struct {
	Data     string // folder
	Database string // postgres://…; empty is SQLite in the folder
}

// ParsePlace reads "sqlite:DIR" or "postgres://…".
func ParsePlace(text string) (Place, error) {
	if dir, is := strings.CutPrefix(text, "sqlite:"); is && strings.TrimPrefix(dir, "//") != "" {
		return Place{Data: strings.TrimPrefix(dir, "//")}, nil
	}
	if strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://") {
		return Place{Database: text}, nil
	}
	return Place{}, fmt.Errorf("%q is neither sqlite:DIR nor postgres://…", text)
}

func (p Place) config() store.Config {
	return store.Config{DataDir: p.Data, URL: p.Database, Node: nodeName(p.Database)}
}

// open opens data that are there; an empty SQLite folder is not made.
func (p Place) open(ctx context.Context) (*store.Store, error) {
	if p.Database == "" {
		if _, err := os.Stat(p.Data); err != nil {
			return nil, fmt.Errorf("there is no data folder: %w", err)
		}
	}
	return store.Open(ctx, p.config())
}

// with opens data for as long as fn runs.
func (p Place) with(ctx context.Context, fn func(*store.Store) error) error {
	s, err := p.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(fn(s), s.Close())
}

// make opens a place that may be new.
func (p Place) make(ctx context.Context) (*store.Store, error) {
	if p.Database == "" {
		if err := os.MkdirAll(p.Data, 0o700); err != nil {
			return nil, err
		}
	}
	return store.Open(ctx, p.config())
}

// Migrate brings a place's schema up to date; a new place is made.
func Migrate(ctx context.Context, p Place) error {
	s, err := p.make(ctx)
	if err != nil {
		return err
	}
	return s.Close()
}

// Backup writes a place's data into a new file. A server that holds the data does it itself and goes on
// serving.
func Backup(ctx context.Context, p Place, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if there := p.server(); there != nil {
		return there.Post(ctx, backupPath, map[string]string{"file": file}, nil)
	}
	return p.with(ctx, func(s *store.Store) error { return s.Backup(ctx, file) })
}

// Restore fills an empty place from a backup.
func Restore(ctx context.Context, p Place, file string) error {
	if p.Database == "" {
		if err := os.MkdirAll(p.Data, 0o700); err != nil {
			return err
		}
	}
	return store.Restore(ctx, file, p.config())
}

// DropTail leaves out the last record of the log in a data folder, if it does not read and so keeps a server from
// starting. It reports whether there was such a record.
func DropTail(folder string) (bool, error) { return store.DropTail(folder) }

// Copy moves all data from one place to an empty one and checks counts and ledger sums.
func Copy(ctx context.Context, from, to Place, progress io.Writer) error {
	return from.with(ctx, func(source *store.Store) error {
		target, err := to.make(ctx)
		if err != nil {
			return fmt.Errorf("target: %w", err)
		}
		err = store.Copy(ctx, source, target, func(table string, rows int64) {
			fmt.Fprintf(progress, "%-16s %d rows\n", table, rows)
		})
		return errors.Join(err, target.Close())
	})
}

// Checked is one thing that verify looked at.
type Checked struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Verify adds everything up again: rows against the ledger, states against each other, the audit chain, and
// that the secrets key opens what is sealed. A server that holds the data does it itself.
func Verify(ctx context.Context, p Place, secretsKey string) (checks []Checked, err error) {
	if there := p.server(); there != nil {
		err := there.Post(ctx, verifyPath, struct{}{}, &checks)
		return checks, err
	}
	err = p.with(ctx, func(s *store.Store) error {
		if checks, err = verifyStore(ctx, s); err == nil {
			checks = append(checks, verifySecrets(ctx, s, p, secretsKey))
		}
		return err
	})
	return checks, err
}

func verifyStore(ctx context.Context, s *store.Store) ([]Checked, error) {
	report, err := s.Verify(ctx)
	if err != nil {
		return nil, err
	}
	var checks []Checked
	for _, k := range report.Checks {
		checks = append(checks, Checked(k))
	}
	uses, err := formerKeys(ctx, s)
	if err != nil {
		return nil, err
	}
	checks = append(checks, uses)
	rows, last, err := guard.NewAudit(audits{s}, time.Now).Verify(ctx)
	if err != nil {
		return append(checks, Checked{"audit chain", false, err.Error()}), nil
	}
	return append(checks, Checked{"audit chain", true, fmt.Sprintf("%d entries, last hash %s", rows, last)}), nil
}

// verifySecrets proves the key without making one.
func verifySecrets(ctx context.Context, s *store.Store, p Place, file string) Checked {
	const name = "secrets key"
	if file == "" {
		file = filepath.Join(p.Data, secretsKeyName)
	}
	env := os.Getenv("CHARGESTAMP_SECRETS_KEY")
	if env == "" {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return Checked{name, false, "there is no secrets key at " + file + "; name it with --secrets-key or CHARGESTAMP_SECRETS_KEY"}
		}
	}
	keys, err := guard.OpenKeyring(env, file)
	if err == nil {
		err = keys.Check(ctx, s)
	}
	if err != nil {
		return Checked{name, false, err.Error()}
	}
	return Checked{name, true, "opens what is sealed"}
}
