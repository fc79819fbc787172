package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// A backup is an SQLite file with the store's own schema, whichever engine it was taken from: it can be looked
// into with any SQLite, and restored to either engine.

// Backup writes all data, as of one moment, to a new file while the store goes on serving.
func (s *Store) Backup(ctx context.Context, file string) error {
	if _, err := os.Stat(file); err == nil {
		return fmt.Errorf("store: %s is there already: give a new file", file)
	}
	dir, err := os.MkdirTemp(filepath.Dir(file), ".backup-")
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := s.engine.backup(ctx, filepath.Join(dir, databaseFile)); err != nil {
		return wrapf(err, "backup")
	}
	return wrapf(MoveDurably(filepath.Join(dir, databaseFile), file), "backup")
}

// Restore brings a backup into an empty place: a data folder without a database, or an empty PostgreSQL
// database. A place that holds anything is left as it is.
func Restore(ctx context.Context, file string, cfg Config) error {
	kind, err := kindOf(cfg)
	if err != nil {
		return err
	}
	if err := checkBackup(ctx, file); err != nil {
		return err
	}
	if kind.inFile {
		return restoreFile(ctx, file, cfg)
	}
	dir, err := os.MkdirTemp("", "restore-")
	if err != nil {
		return fmt.Errorf("store: restore: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := copyFile(file, filepath.Join(dir, databaseFile)); err != nil {
		return wrapf(err, "restore")
	}
	from, err := Open(ctx, Config{DataDir: dir, Node: cfg.Node, Clock: cfg.Clock, Logger: cfg.Logger})
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := Open(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(Copy(ctx, from, to, nil), to.Close())
}

// restoreFile puts a backup in the place of a database that is not there.
func restoreFile(ctx context.Context, file string, cfg Config) error {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("store: restore: %w", err)
	}
	target := filepath.Join(cfg.DataDir, databaseFile)
	for _, name := range []string{target, target + "-wal", filepath.Join(cfg.DataDir, recordsFile)} {
		if _, err := os.Stat(name); err == nil {
			return fmt.Errorf("store: %s is there already: restore into an empty data folder", name)
		}
	}
	if err := copyFile(file, target+".partial"); err != nil {
		return wrapf(err, "restore")
	}
	if err := MoveDurably(target+".partial", target); err != nil {
		return wrapf(err, "restore")
	}
	s, err := Open(ctx, cfg) // brings an old backup's schema up to date
	if err != nil {
		return err
	}
	return s.Close()
}

// checkBackup refuses what is no whole backup of ours before anything is touched.
func checkBackup(ctx context.Context, file string) error {
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("store: restore: %w", err)
	}
	c, err := dialSQLite(file, "mode=ro&immutable=1")
	if err != nil {
		return err
	}
	defer c.close()
	c.interruptedBy(ctx)
	if _, err := c.value("SELECT count(*) FROM repeat, goose_db_version WHERE 0"); err != nil {
		return fmt.Errorf("store: %s is not a backup of this program: %w", file, err)
	}
	if v, err := c.value("PRAGMA quick_check(1)"); err != nil || v != "ok" {
		return fmt.Errorf("store: %s is damaged: %v %w", file, v, err)
	}
	return refuseNewerFile(file, "mode=ro&immutable=1")
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// MoveDurably sets a file's name once it is on the disk, and the name too.
func MoveDurably(from, to string) error {
	for _, step := range []func() error{
		func() error { return syncFile(from) },
		func() error { return os.Rename(from, to) },
		func() error { return syncFile(filepath.Dir(to)) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
