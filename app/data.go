package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/nodes"
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
	return store.Config{DataDir: p.Data, URL: p.Database, Node: nodes.Name(p.Database)}
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

// Backup writes a place's data into a new file of the caller's. A server that holds the data sends them and goes on
// serving; its data folder needs room for them once more meanwhile.
func Backup(ctx context.Context, p Place, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if there := p.server(); there != nil {
		return there.Post(ctx, backupPath, struct{}{}, func(sent io.Reader) error { return keepBackup(sent, file) })
	}
	return p.with(ctx, func(s *store.Store) error { return s.Backup(ctx, file) })
}

// keepBackup writes what a server sends into a new file; one that was not sent whole is not kept.
func keepBackup(sent io.Reader, file string) error {
	partial := file + ".partial"
	f, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	_, err = io.Copy(f, sent)
	if err = errors.Join(err, f.Close()); err == nil {
		err = store.MoveDurably(partial, file)
	}
	if err != nil {
		return fmt.Errorf("backup: %w", errors.Join(err, os.Remove(partial)))
	}
	return nil
}

// Restore fills an empty place from a backup. What comes into a folder belongs to whom the folder belongs to.
func Restore(ctx context.Context, p Place, file string) error {
	if err := store.Restore(ctx, file, p.config()); err != nil || p.Database != "" {
		return err
	}
	return giveToOwner(p.Data)
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
			fmt.Fprintf(progress, "%-16s %d\n", table, rows)
		})
		if err = errors.Join(err, target.Close()); err == nil {
			fmt.Fprintln(progress, "the numbers of rows and all sums agree")
		}
		return err
	})
}

// Checked is one thing that verify looked at.
type Checked struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Verify adds everything up again: rows against the ledger, states against each other, the audit chain, and that the
// secrets key opens what is sealed. heads of the audit log that were noted elsewhere must be on its chain. A server
// that holds the data does it itself.
func Verify(ctx context.Context, p Place, secretsKey string, heads ...guard.AuditHead) (checks []Checked, err error) {
	if there := p.server(); there != nil {
		err := there.Post(ctx, verifyPath, verifyQuestion{heads}, &checks)
		return checks, err
	}
	err = p.with(ctx, func(s *store.Store) error {
		keys, secrets := verifySecrets(ctx, s, p, secretsKey)
		checks, err = verifyStore(ctx, s, keys, heads)
		checks = append(checks, secrets)
		return err
	})
	return checks, err
}

// verifyQuestion is what a running server is asked to verify.
type verifyQuestion struct {
	Heads []guard.AuditHead `json:"heads"`
}

// verifyStore adds up a store; keys are nil where there are none.
func verifyStore(ctx context.Context, s *store.Store, keys *guard.Keyring, heads []guard.AuditHead) ([]Checked, error) {
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
	return append(checks, uses, verifyAudit(ctx, s, keys, heads)), nil
}

func verifyAudit(ctx context.Context, s *store.Store, keys *guard.Keyring, heads []guard.AuditHead) Checked {
	const name = "audit chain"
	if keys == nil {
		return Checked{name, false, "cannot be judged without the secrets key"}
	}
	log, err := guard.ReadAudit(ctx, guard.Config{Docs: s, Audits: audits{s}, Keys: keys, Now: time.Now})
	if err != nil {
		return Checked{name, false, err.Error()}
	}
	last, err := log.Verify(ctx, heads...)
	if err != nil {
		return Checked{name, false, err.Error()}
	}
	keyed := "all with the log's key"
	switch from := log.KeyedFrom(); {
	case from == 0:
		keyed = "none with a key"
	case from > 1:
		keyed = fmt.Sprintf("with the log's key from entry %d on", from)
	}
	return Checked{name, true, fmt.Sprintf("%d entries, %s, last hash %s", last.Rows, keyed, last.Hash)}
}

// verifySecrets proves the key without making one.
func verifySecrets(ctx context.Context, s *store.Store, p Place, file string) (*guard.Keyring, Checked) {
	const name = "secrets key"
	if file == "" {
		file = filepath.Join(p.Data, secretsKeyName)
	}
	env := os.Getenv("CHARGESTAMP_SECRETS_KEY")
	if env == "" {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return nil, Checked{name, false, "there is no secrets key at " + file +
				"; name it with --secrets-key or CHARGESTAMP_SECRETS_KEY"}
		}
	}
	keys, err := guard.OpenKeyring(env, file)
	if err == nil {
		err = keys.Check(ctx, s)
	}
	if err != nil {
		return nil, Checked{name, false, err.Error()}
	}
	return keys, Checked{name, true, "opens what is sealed"}
}

// AuditHeads reads heads of the audit log as a person writes them down, "ROWS:HASH".
func AuditHeads(texts []string) (heads []guard.AuditHead, err error) {
	for _, text := range texts {
		rows, hash, _ := strings.Cut(text, ":")
		n, err := strconv.ParseInt(rows, 10, 64)
		if raw, hexErr := hex.DecodeString(hash); err != nil || n < 1 || hexErr != nil || len(raw) != sha256.Size {
			return nil, fmt.Errorf("%q is not the number of rows, a colon and a hash of 64 hex digits", text)
		}
		heads = append(heads, guard.AuditHead{Rows: n, Hash: strings.ToLower(hash)})
	}
	return heads, nil
}
