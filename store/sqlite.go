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
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"
)

const (
	databaseFile = "chargestamp.db"
	readers      = 4

	// Before 3.51.3 a race between a checkpoint and a write that restarts the log could corrupt the file:
	// https://sqlite.org/wal.html#walresetbug
	minSQLite = "3.51.3"
)

// sqliteEngine is one connection that writes, and a few that only read. The committer writes through it, or a flush
// while one runs.
type sqliteEngine struct {
	store  *Store
	file   string
	lock   *os.File
	write  *sqliteConn
	look   *sqliteConn  // the committer's, to read
	log    *os.File     // the write-ahead log
	sync   func() error // forces the log to disk
	recent *recent

	pending   *pending
	records   records
	flushing  *flush        // runs, or has failed and is tried again
	readers   []*write      // wait for the next flush
	later     []*write      // are to be written straight into the tables once little is pending
	rounds    int           // flushes begun since the first of them came
	pause     time.Duration // of the rests of flushes
	frozenAt  int64         // how far records had come when the last flush began
	unindexed int           // plates that are not in the index of their parts, of those that flushes have brought
	stuck     bool          // the tables cannot take what is pending

	unflushed atomic.Bool  // reads would miss something
	ready     atomic.Int64 // when the first job among it may be claimed

	pool *readerPool
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

// reader opens a connection that cannot write. What it keeps in memory is dropped with every commit of the writer's,
// and so is little: to release a full cache of 16 MB, and to fill it anew, took longer than most searches.
func (e *sqliteEngine) reader() (*sqliteConn, error) {
	return dialSQLite(e.file, "mode=ro", "busy_timeout = 5000", "query_only = ON", "temp_store = MEMORY",
		"cache_size = -2048")
}

// check reads back what durability stands on: a PRAGMA that is not heeded reports no error. NORMAL forces the log to
// disk before SQLite copies from it or begins it anew, and leaves it to settle before a write is answered.
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
	}{{"journal_mode", "wal"}, {"synchronous", int64(1)}, {"wal_autocheckpoint", int64(10000)},
		{"foreign_keys", int64(1)}} {
		have, err := e.write.value("PRAGMA " + p.name)
		if err != nil {
			return wrapf(err, "read %s", p.name)
		}
		if have != p.want {
			return fmt.Errorf("store: %s: PRAGMA %s is %v and cannot be made %v: writes would not be durable", e.file, p.name,
				have, p.want)
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
	if e.pool != nil {
		errs = append(errs, e.pool.close())
	}
	for _, c := range []*sqliteConn{e.look, e.write} {
		if c != nil {
			errs = append(errs, c.close())
		}
	}
	errs = append(errs, e.records.close())
	for _, f := range []*os.File{e.log, e.lock} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
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
	ran, err := c.ran()
	if err != nil {
		return wrapf(err, "read the schema version of %s", file)
	}
	return sqliteSchema().refuseNewer(file, ran)
}

// ran lists the versions of the migrations that have run; nil where there is no schema yet.
func (c *sqliteConn) ran() (ran []int64, err error) {
	made, err := c.value("SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'")
	if err != nil || made == int64(0) {
		return nil, err
	}
	err = c.query(&statement{text: selectRan, once: true}, nil, func(row *cells) error {
		ran = append(ran, row.int())
		return row.failed()
	})
	return ran, err
}

// migrate brings the schema up to date. It is on the disk before anything is answered.
func (e *sqliteEngine) migrate(ctx context.Context) error {
	ran, err := e.write.ran()
	if err != nil {
		return wrapf(err, "read the schema version of %s", e.file)
	}
	if sqliteSchema().complete(ran) {
		return nil
	}
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
	return wrapf(sqliteSchema().run(ctx, goose.DialectSQLite3, db), "migrate the schema of %s", e.file)
}
