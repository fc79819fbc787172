package store

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// long implements engine.
func (e *sqliteEngine) long(ctx context.Context, texts ...string) error {
	return e.store.write(ctx, nil, func(t *Tx) error {
		for _, text := range texts {
			if _, err := t.link.exec(&statement{text: text, once: true}, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// indexes implements engine. The unique ones stay: they refuse what must not be.
func (e *sqliteEngine) indexes() *statement {
	return statementOf("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT LIKE 'CREATE UNIQUE%' " +
		"AND tbl_name IN ('push', 'charge', 'stay', 'delivery', 'plate')")
}

// analyze implements engine: SQLite plans well without figures here, and with those of one site ill for others.
func (e *sqliteEngine) analyze(context.Context) error { return nil }

// indexPlates implements engine.
func (e *sqliteEngine) indexPlates(ctx context.Context, atOnce int) error {
	for {
		waiting := false
		err := e.store.Read(ctx, func(t *Tx) (err error) {
			waiting, err = t.get(platesWaiting, func(*cells) error { return nil })
			return err
		})
		if err != nil || !waiting {
			return err
		}
		err = e.store.write(ctx, nil, func(t *Tx) error { return t.link.put(indexPlates, []any{atOnce}, -1) })
		if err != nil {
			return err
		}
	}
}

// integrity implements engine. It looks through a connection of its own: in one that has looked before, FTS5 keeps
// parts of its index and finds that they do not fit the rows that came since.
func (e *sqliteEngine) integrity(ctx context.Context) error {
	if err := e.current(ctx); err != nil {
		return err
	}
	c, err := e.reader()
	if err != nil {
		return err
	}
	c.interruptedBy(ctx)
	err = c.query(&statement{text: "PRAGMA integrity_check(5)", once: true}, nil, func(c *cells) error {
		if text := c.text(); text != "ok" {
			return fmt.Errorf("SQLite: %s", text)
		}
		return nil
	})
	return errors.Join(err, c.close(), e.recordsRead(ctx))
}

// recordsRead checks that the log of records goes on from what the tables have, and reads.
func (e *sqliteEngine) recordsRead(ctx context.Context) error {
	return e.store.write(ctx, nil, func(*Tx) error { // which the committer runs, so that no flush comes between
		file, err := e.records.readFile()
		if err != nil || file == nil {
			return err
		}
		var wrong *recordsError
		if _, err = e.records.read(file, e.records.have); errors.As(err, &wrong) && wrong.last {
			return nil // it is being written
		}
		return err
	})
}

// backup implements engine.
func (e *sqliteEngine) backup(ctx context.Context, file string) error {
	if err := e.current(ctx); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // VACUUM would make it readable for all
	if err != nil {
		return err
	}
	f.Close()
	c, err := dialSQLite(e.file, "mode=ro", "busy_timeout = 5000")
	if err != nil {
		return err
	}
	c.interruptedBy(ctx)
	err = c.query(&statement{text: "VACUUM INTO ?", once: true}, []any{file}, func(*cells) error { return nil })
	if err = errors.Join(err, c.close()); err != nil {
		return err
	}
	// It has everything, and no log of records belongs to it.
	c, err = dialSQLite(file, "")
	if err != nil {
		return err
	}
	_, err = c.run("UPDATE log_mark SET log = 0, record = 0", nil)
	return errors.Join(err, c.close())
}
