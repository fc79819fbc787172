package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/chargestamp/chargestamp/outbox"
)

const (
	databaseFile = "chargestamp.db"
	readers      = 4

	// Before 3.51.3 a race between a checkpoint and a write that restarts the log could corrupt the file:
	// https://sqlite.org/wal.html#walresetbug
	minSQLite = "3.51.3"
)

// sqliteEngine is one writer connection, used by the committer alone, and a few that only read.
type sqliteEngine struct {
	store *Store
	file  string
	lock  *os.File
	write *sqliteConn
	pool  chan *sqliteConn
	open  int // connections of the pool
}

func openSQLite(ctx context.Context, s *Store) (_ engine, err error) {
	if s.cfg.DataDir == "" {
		return nil, errors.New("store: neither data folder nor database url is given")
	}
	if err := os.MkdirAll(s.cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("store: data folder: %w", err)
	}
	e := &sqliteEngine{store: s, file: filepath.Join(s.cfg.DataDir, databaseFile)}
	if e.lock, err = lockFile(filepath.Join(s.cfg.DataDir, "chargestamp.lock")); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	// The file is made here so that nobody else can read it, not even before it holds anything.
	f, err := os.OpenFile(e.file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	f.Close()
	if e.write, err = dialSQLite(e.file, "", "busy_timeout = 5000", "journal_mode = WAL", "synchronous = FULL",
		"wal_autocheckpoint = 10000", "foreign_keys = ON", "temp_store = MEMORY", "cache_size = -65536"); err != nil {
		return nil, err
	}
	if err = e.check(); err != nil {
		return nil, err
	}
	if err = e.migrate(ctx); err != nil {
		return nil, err
	}
	e.pool = make(chan *sqliteConn, readers)
	for range readers {
		c, err := e.reader()
		if err != nil {
			return nil, err
		}
		e.pool <- c
		e.open++
	}
	return e, nil
}

// reader opens a connection that cannot write.
func (e *sqliteEngine) reader() (*sqliteConn, error) {
	return dialSQLite(e.file, "mode=ro", "busy_timeout = 5000", "query_only = ON", "temp_store = MEMORY", "cache_size = -32768")
}

// check reads back what durability stands on: a PRAGMA that is not heeded gives no error.
func (e *sqliteEngine) check() error {
	version, err := e.write.value("SELECT sqlite_version()")
	if err != nil {
		return wrapf(err, "read version")
	}
	if have, _ := version.(string); !versionAtLeast(have, minSQLite) {
		return fmt.Errorf("store: SQLite %s is too old, %s is needed", have, minSQLite)
	}
	return e.checkPragmas()
}

func (e *sqliteEngine) checkPragmas() error {
	for _, p := range []struct {
		name string
		want any
	}{{"journal_mode", "wal"}, {"synchronous", int64(2)}, {"wal_autocheckpoint", int64(10000)}, {"foreign_keys", int64(1)}} {
		have, err := e.write.value("PRAGMA " + p.name)
		if err != nil {
			return wrapf(err, "read %s", p.name)
		}
		if have != p.want {
			return fmt.Errorf("store: %s: PRAGMA %s is %v and cannot be made %v: writes would not be durable", e.file, p.name, have, p.want)
		}
	}
	return nil
}

// versionAtLeast compares dotted numbers.
func versionAtLeast(have, want string) bool {
	h, w := strings.Split(have, "."), strings.Split(want, ".")
	for i := range w {
		hn, wn := 0, 0
		if i < len(h) {
			hn, _ = strconv.Atoi(h[i])
		}
		wn, _ = strconv.Atoi(w[i])
		if hn != wn {
			return hn > wn
		}
	}
	return true
}

func (e *sqliteEngine) close() error {
	var errs []error
	for ; e.open > 0; e.open-- {
		errs = append(errs, (<-e.pool).close())
	}
	if e.write != nil {
		errs = append(errs, e.write.close())
	}
	if e.lock != nil {
		errs = append(errs, e.lock.Close())
	}
	return errors.Join(errs...)
}

var (
	beginImmediate = statementOf("BEGIN IMMEDIATE")
	beginDeferred  = statementOf("BEGIN")
	commitAll      = statementOf("COMMIT")
	rollbackAll    = statementOf("ROLLBACK")
	savepoint      = statementOf("SAVEPOINT w")
	release        = statementOf("RELEASE w")
	rollbackTo     = statementOf("ROLLBACK TO w")
)

// commit implements engine: the only goroutine that uses the writer connection.
func (e *sqliteEngine) commit(_ int, take func() []*write) {
	var dead error
	for batch := take(); batch != nil; batch = take() {
		err := dead
		if err == nil {
			err = e.commitBatch(batch)
		}
		if fatalSQLite(err) && dead == nil {
			dead = fmt.Errorf("store: %s can no longer be written: %w", e.file, err)
			err = dead
			e.store.fail(dead)
		} else if err != nil && dead == nil {
			err = fmt.Errorf("%w: %w", outbox.ErrBusy, err)
		}
		e.store.answer(batch, err)
	}
}

// commitBatch runs the writes of a batch one after the other and commits them together.
func (e *sqliteEngine) commitBatch(batch []*write) error {
	c := e.write
	c.sunk = nil
	if _, err := c.exec(beginImmediate, nil); err != nil {
		return err
	}
	for _, w := range batch {
		l := &savepointLink{sqliteConn: c}
		w.run(e.store, l)
		if err := l.end(w.err != nil); err != nil {
			c.sink(err)
		}
		if c.sunk != nil {
			c.unwind()
			return c.sunk
		}
	}
	if _, err := c.exec(commitAll, nil); err != nil {
		c.unwind()
		return err
	}
	return nil
}

// unwind rolls back what may already have been.
func (c *sqliteConn) unwind() {
	if st, err := c.prepared(rollbackAll); err == nil {
		_, _ = c.step(st, nil) // "no transaction is active" is what we are after
	}
}

// savepointLink opens a savepoint before the first change, so that writes that only look cost none.
type savepointLink struct {
	*sqliteConn
	open bool
}

func (l *savepointLink) exec(q *statement, args []any) (int64, error) {
	if !l.open {
		if _, err := l.sqliteConn.exec(savepoint, nil); err != nil {
			return 0, err
		}
		l.open = true
	}
	return l.sqliteConn.exec(q, args)
}

func (l *savepointLink) put(q *statement, args []any, want int64) error {
	n, err := l.exec(q, args)
	if err == nil && want >= 0 && n != want {
		err = errMissed
	}
	return err
}

// query of a statement that changes rows as well (RETURNING) goes through changing.
func (l *savepointLink) query(q *statement, args []any, each func(*cells) error) error {
	if q.changes && !l.open {
		if _, err := l.sqliteConn.exec(savepoint, nil); err != nil {
			return err
		}
		l.open = true
	}
	return l.sqliteConn.query(q, args, each)
}

func (l *savepointLink) end(failed bool) error {
	if !l.open || l.sunk != nil {
		return nil
	}
	if failed {
		if _, err := l.sqliteConn.exec(rollbackTo, nil); err != nil {
			return err
		}
	}
	_, err := l.sqliteConn.exec(release, nil)
	return err
}

// read implements engine.
func (e *sqliteEngine) read(ctx context.Context, fn func(link) error) (err error) {
	var c *sqliteConn
	select {
	case c = <-e.pool:
	case <-ctx.Done():
		return ctx.Err()
	case <-e.store.closing:
		return ErrClosed
	}
	c.ctx, c.sunk = ctx, nil
	defer func() {
		c.ctx = context.Background()
		c.unwind()
		e.pool <- c
	}()
	if _, err := c.exec(beginDeferred, nil); err != nil {
		return err
	}
	return fn(readLink{c})
}

// errReadOnly says that a change was tried where only reading is allowed.
var errReadOnly = errors.New("store: a read cannot change anything")

// readLink refuses changes.
type readLink struct{ link }

func (readLink) exec(*statement, []any) (int64, error) { return 0, errReadOnly }
func (readLink) put(*statement, []any, int64) error    { return errReadOnly }
func (l readLink) query(q *statement, args []any, each func(*cells) error) error {
	if q.changes {
		return errReadOnly
	}
	return l.link.query(q, args, each)
}

// notify implements engine: there is nobody else.
func (e *sqliteEngine) notify(_ context.Context, h Hint) error {
	e.store.hint(h)
	return nil
}

func (e *sqliteEngine) listen() {}
