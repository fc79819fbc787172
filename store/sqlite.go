package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"

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
	store  *Store
	file   string
	lock   *os.File
	write  *sqliteConn
	log    *os.File     // the write-ahead log
	sync   func() error // forces the log to disk
	recent *recent

	pending   *pending
	records   records
	stuck     bool        // the last flush failed
	unflushed atomic.Bool // reads would miss something

	pool chan *sqliteConn
	open int // connections of the pool
}

// openLog finds the log that SQLite writes. It stays the same file for as long as a connection has read through it,
// so the writer reads first.
func (e *sqliteEngine) openLog() (err error) {
	if _, err := e.write.value("SELECT count(*) FROM sqlite_schema"); err != nil {
		return wrapf(err, "the write-ahead log")
	}
	if e.log, err = os.OpenFile(e.file+"-wal", os.O_RDWR, 0); err != nil {
		return fmt.Errorf("store: the write-ahead log: %w", err)
	}
	e.sync = func() error { return syncData(e.log) }
	return nil
}

// reader opens a connection that cannot write.
func (e *sqliteEngine) reader() (*sqliteConn, error) {
	return dialSQLite(e.file, "mode=ro", "busy_timeout = 5000", "query_only = ON", "temp_store = MEMORY", "cache_size = -16384")
}

// check reads back what durability stands on: a PRAGMA that is not heeded reports no error. NORMAL forces the log to disk
// before SQLite copies from it or begins it anew, and leaves it to settle before a write is answered.
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
	}{{"journal_mode", "wal"}, {"synchronous", int64(1)}, {"wal_autocheckpoint", int64(10000)}, {"foreign_keys", int64(1)}} {
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
		hn := 0
		if i < len(h) {
			hn, _ = strconv.Atoi(h[i])
		}
		wn, _ := strconv.Atoi(w[i])
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
	errs = append(errs, e.records.close())
	for _, f := range []*os.File{e.log, e.lock} {
		if f != nil {
			errs = append(errs, f.Close())
		}
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

// commit implements engine: the only goroutine that uses the writer connection. While one batch is forced to disk the
// next one is run, and then waits for it.
func (e *sqliteEngine) commit(_ int, take func() []*write) {
	ran := make(chan ranBatch)
	var settled sync.WaitGroup
	settled.Go(func() {
		for b := range ran {
			e.settle(b)
		}
	})
	for batch := take(); batch != nil; batch = take() {
		begin := time.Now()
		b := e.runBatch(batch)
		e.store.committing.Add(int64(time.Since(begin)))
		ran <- b
	}
	if e.store.dead.Load() != nil {
		// The next start takes what the disk has kept.
	} else if err := e.flush(); err != nil {
		e.store.log.Warn("what was written last is in the log of records and comes into the tables at the next start", "error", err)
	}
	close(ran)
	settled.Wait()
}

// ranBatch is a batch that has been run, and what keeps it once it is on the disk: a record of its own, or SQLite's log.
type ranBatch struct {
	pending []*write // are in the record
	err     error    // of all of pending
	record  []byte
	at      int64 // of the record in its file

	direct    []*write // are in SQLite's log
	directErr error
	wal       bool // SQLite's log is to be forced to disk, which keeps what is pending as well
}

// settle forces a batch to disk and answers it.
func (e *sqliteEngine) settle(b ranBatch) {
	if e.store.dead.Load() == nil {
		if err := e.keep(b); err != nil {
			e.store.fail(fmt.Errorf("sync: %w", err)) // what the disk has kept is unknown, and a second try would not show it
		}
	}
	e.answer(b.pending, b.err)
	e.answer(b.direct, b.directErr)
}

func (e *sqliteEngine) keep(b ranBatch) error {
	switch {
	case b.wal:
		return e.sync()
	case b.record != nil:
		return e.records.write(b.record, b.at)
	}
	return nil
}

func (e *sqliteEngine) answer(batch []*write, err error) {
	if len(batch) == 0 {
		return
	}
	if fatalSQLite(err) {
		e.store.fail(err)
	} else if err != nil {
		err = fmt.Errorf("%w: %w", outbox.ErrBusy, err)
	}
	if dead := e.store.dead.Load(); dead != nil {
		err = *dead // also of a batch that went well: it is not known what the disk has kept
	}
	e.store.answer(batch, err)
}

// errSavepoints says that a batch must be run with savepoints.
var errSavepoints = errors.New("store: to be run with savepoints")

// commitBatch runs the writes of a batch one after the other and commits them together. Savepoints cost a tenth
// of all the work and are needed only when a write fails after it has changed something, so the first try does
// without.
func (e *sqliteEngine) commitBatch(batch []*write) error {
	err := e.tryBatch(batch, false)
	if errors.Is(err, errSavepoints) {
		e.store.reruns.Add(1)
		err = e.tryBatch(batch, true)
	}
	return err
}

func (e *sqliteEngine) tryBatch(batch []*write, savepoints bool) (err error) {
	c := e.write
	c.sunk = nil
	if _, err := c.exec(beginImmediate, nil); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			c.unwind()
			e.recent.clear()
		}
	}()
	for _, w := range batch {
		l := &writeLink{sqliteConn: c, pending: e.pending, savepoints: savepoints}
		w.run(&Tx{link: l, store: e.store, recent: e.recent})
		if w.err == nil {
			e.recent.keep(w.tx.putCharges, w.tx.putDeliveries)
		}
		if w.err != nil && l.changed {
			if !savepoints {
				return errSavepoints
			}
			if _, err := c.exec(rollbackTo, nil); err != nil {
				return err
			}
		}
		if savepoints && l.changed {
			if _, err := c.exec(release, nil); err != nil {
				return err
			}
		}
		if c.sunk != nil {
			return c.sunk
		}
	}
	_, err = c.exec(commitAll, nil)
	return err
}

// unwind rolls back what may already have been.
func (c *sqliteConn) unwind() {
	if st, err := c.prepared(rollbackAll); err == nil {
		_, _ = c.step(st, nil) // "no transaction is active" is what we are after
	}
}

// writeLink knows whether its write has changed anything, and opens a savepoint before it does where they are
// wanted.
type writeLink struct {
	*sqliteConn
	pending    *pending
	savepoints bool
	changed    bool
}

func (l *writeLink) change() (err error) {
	if !l.changed && l.savepoints {
		_, err = l.sqliteConn.exec(savepoint, nil)
	}
	l.changed = l.changed || err == nil
	return err
}

func (l *writeLink) exec(q *statement, args []any) (int64, error) {
	if err := l.change(); err != nil {
		return 0, err
	}
	return l.sqliteConn.exec(q, args)
}

func (l *writeLink) put(q *statement, args []any, want int64) error {
	if q.into != nil && q.into.numbersRows() {
		l.pending.passed(q.into, args[0])
	}
	n, err := l.exec(q, args)
	if err == nil && want >= 0 && n != want {
		err = errMissed
	}
	return err
}

func (l *writeLink) query(q *statement, args []any, each func(*cells) error) error {
	if q.changes {
		if err := l.change(); err != nil {
			return err
		}
	}
	return l.sqliteConn.query(q, args, each)
}

// read implements engine.
func (e *sqliteEngine) read(ctx context.Context, fn func(link) error) (err error) {
	if err := e.current(ctx); err != nil {
		return err
	}
	var c *sqliteConn
	select {
	case c = <-e.pool:
	case <-ctx.Done():
		return ctx.Err()
	case <-e.store.closing:
		return ErrClosed
	}
	c.sunk = nil
	c.interruptedBy(ctx)
	defer func() {
		c.interruptedBy(context.Background())
		c.unwind()
		e.pool <- c
	}()
	if _, err := c.exec(beginDeferred, nil); err != nil {
		return err
	}
	return fn(readLink{c})
}

// notify implements engine: there is no other process.
func (e *sqliteEngine) notify(_ context.Context, h Hint) error {
	e.store.hint(h)
	return nil
}

func (e *sqliteEngine) listen() {}

// refuseNewerFile is refuseNewer of a file; a connection that can only read leaves it as it is, its log included.
func refuseNewerFile(file, query string) error {
	if info, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil // there is nothing yet
	}
	c, err := dialSQLite(file, query, "busy_timeout = 5000")
	if err != nil {
		return err
	}
	defer c.close()
	if made, err := c.value("SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'"); err != nil || made == int64(0) {
		return wrapf(err, "read %s", file)
	}
	have, err := c.value(schemaVersion)
	if err != nil {
		return wrapf(err, "read the schema version of %s", file)
	}
	version, _ := have.(int64)
	return refuseNewer("sqlite", file, version)
}

func (e *sqliteEngine) migrate(ctx context.Context) error {
	address, err := sqliteAddress(e.file, "_pragma=busy_timeout(5000)&_pragma=synchronous(full)")
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", address)
	if err != nil {
		return wrapf(err, "migrate")
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	return migrateUp(ctx, goose.DialectSQLite3, "sqlite", e.file, db)
}
