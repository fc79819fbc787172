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
	return store.Config{DataDir: p.Data, URL: p.Database, Node: nodeName()}
}

func (p Place) open(ctx context.Context) (*store.Store, error) {
	if p.Database == "" {
		if _, err := os.Stat(p.Data); err != nil {
			return nil, fmt.Errorf("there is no data folder %s: %w", p.Data, err)
		}
	}
	return store.Open(ctx, p.config())
}

// Migrate brings a place's schema up to date and gives its version.
func Migrate(ctx context.Context, p Place) (int64, error) {
	if p.Database == "" {
		if err := os.MkdirAll(p.Data, 0o700); err != nil {
			return 0, err
		}
	}
	s, err := store.Open(ctx, p.config())
	if err != nil {
		return 0, err
	}
	defer s.Close()
	return s.SchemaVersion(ctx)
}

// Backup writes a place's data into a new file. Where a server holds the data it goes on serving.
func Backup(ctx context.Context, p Place, file string) error {
	return store.Backup(ctx, p.config(), file)
}

// Restore fills an empty place from a backup.
func Restore(ctx context.Context, p Place, file string) error {
	return store.Restore(ctx, file, p.config())
}

// Copy moves all data from one place to an empty one and checks counts and ledger sums.
func Copy(ctx context.Context, from, to Place, progress io.Writer) error {
	source, err := from.open(ctx)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	defer source.Close()
	if to.Database == "" {
		if err := os.MkdirAll(to.Data, 0o700); err != nil {
			return err
		}
	}
	target, err := store.Open(ctx, to.config())
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	defer target.Close()
	return store.Copy(ctx, source, target, func(table string, rows int64) {
		fmt.Fprintf(progress, "%-16s %d rows\n", table, rows)
	})
}

// Check is one thing that verify looked at.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Verify adds everything up again: rows against the ledger, states against each other, the audit chain, and
// that the secrets key opens what is sealed. A running server's data are read beside it.
func Verify(ctx context.Context, p Place, secretsKey string) ([]Check, error) {
	s, err := store.OpenReadOnly(ctx, p.config())
	if err != nil {
		return nil, err
	}
	defer s.Close()
	report, err := s.Verify(ctx)
	if err != nil {
		return nil, err
	}
	var checks []Check
	for _, k := range report.Checks {
		checks = append(checks, Check{k.Name, k.OK, k.Detail})
	}
	checks = append(checks, verifyAudit(ctx, s))
	return append(checks, verifySecrets(ctx, s, p, secretsKey)), nil
}

func verifyAudit(ctx context.Context, s *store.Store) Check {
	rows, last, err := guard.NewAudit(audits{s}, time.Now).Verify(ctx)
	if err != nil {
		return Check{"audit chain", false, err.Error()}
	}
	return Check{"audit chain", true, fmt.Sprintf("%d entries, last hash %s", rows, last)}
}

// verifySecrets proves the key without making one.
func verifySecrets(ctx context.Context, s *store.Store, p Place, file string) Check {
	const name = "secrets key"
	if file == "" {
		file = filepath.Join(p.Data, "secrets.key")
	}
	env := os.Getenv("CHARGESTAMP_SECRETS_KEY")
	if env == "" {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return Check{name, false, "no secrets key at " + file + "; name it with --secrets-key or CHARGESTAMP_SECRETS_KEY"}
		}
	}
	keys, err := guard.OpenKeyring(env, file)
	if err == nil {
		err = keys.Check(ctx, s)
	}
	if err != nil {
		return Check{name, false, err.Error()}
	}
	return Check{name, true, "opens what is sealed"}
}
