package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"sync/atomic"

	"zombiezen.com/go/sqlite"
)

// sqliteConn is one connection with its prepared statements. It goes around database/sql, whose locks and
// conversions cost as much as SQLite itself. Not for concurrent use.
type sqliteConn struct {
	conn *sqlite.Conn
	stmt map[*statement]*sqlite.Stmt
	sunk error // what made the transaction unusable

	packing packing

	statements *atomic.Int64 // counts them; nil: they are not counted
}

// dialSQLite opens a connection to a database file. A query ("mode=ro") goes into its address.
func dialSQLite(file, query string, pragmas ...string) (*sqliteConn, error) {
	address, err := sqliteAddress(file, query)
	if err != nil {
		return nil, err
	}
	conn, err := sqlite.OpenConn(address, sqlite.OpenReadWrite, sqlite.OpenURI)
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", file, err)
	}
	c := &sqliteConn{conn: conn, stmt: make(map[*statement]*sqlite.Stmt)}
	for _, p := range pragmas {
		if _, err := c.run("PRAGMA "+p, nil); err != nil {
			conn.Close()
			return nil, fmt.Errorf("store: %s: %w", file, err)
		}
	}
	return c, nil
}

// sqliteAddress writes a file name as a URI, whatever characters it holds.
func sqliteAddress(file, query string) (string, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: query}
	return u.String(), nil
}

// close closes the connection and its statements.
func (c *sqliteConn) close() error { return c.conn.Close() }

// interruptedBy lets the end of ctx interrupt what runs from now on.
func (c *sqliteConn) interruptedBy(ctx context.Context) { c.conn.SetInterrupt(ctx.Done()) }

// prepared returns the statement prepared on this connection.
func (c *sqliteConn) prepared(q *statement) (*sqlite.Stmt, error) {
	if c.statements != nil {
		c.statements.Add(1)
	}
	if st := c.stmt[q]; st != nil {
		return st, nil
	}
	st, err := c.conn.Prepare(q.text)
	if err != nil {
		return nil, fmt.Errorf("store: %w in %q", err, q.text)
	}
	c.stmt[q] = st
	return st, nil
}

// once runs fn with a text that is not worth keeping prepared.
func (c *sqliteConn) once(text string, fn func(*sqlite.Stmt) error) error {
	st, _, err := c.conn.PrepareTransient(text)
	if err != nil {
		return fmt.Errorf("store: %w in %q", err, text)
	}
	return errors.Join(fn(st), st.Finalize())
}

func (c *sqliteConn) run(text string, args []any) (n int64, err error) {
	clean(args)
	err = c.once(text, func(st *sqlite.Stmt) error {
		n, err = c.step(st, args)
		return err
	})
	return n, err
}

// value runs a text and returns the first cell of its first row.
func (c *sqliteConn) value(text string, args ...any) (v any, err error) {
	err = c.once(text, func(st *sqlite.Stmt) error {
		return c.rows(st, args, func(row *cells) error {
			v = row.value()
			return io.EOF
		})
	})
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return v, err
}

// bind puts parameters that are clean; an error of it is given by the statement's first step.
func bind(st *sqlite.Stmt, args []any) {
	for i, a := range args {
		switch v := a.(type) {
		case int64:
			st.BindInt64(i+1, v)
		case string:
			st.BindText(i+1, v)
		case []byte:
			st.BindBytes(i+1, v)
		default:
			st.BindNull(i + 1)
		}
	}
}

// step runs a statement with clean parameters to its end and says how many rows it changed.
func (c *sqliteConn) step(st *sqlite.Stmt, args []any) (int64, error) {
	bind(st, args)
	for more := true; more; {
		var err error
		if more, err = st.Step(); err != nil {
			return 0, err
		}
	}
	return int64(c.conn.Changes()), st.Reset()
}

func (c *sqliteConn) rows(st *sqlite.Stmt, args []any, each func(*cells) error) error {
	clean(args)
	bind(st, args)
	var row cells
	for {
		switch more, err := st.Step(); {
		case err != nil:
			return err
		case !more:
			return st.Reset()
		}
		row.read(st)
		err := each(&row)
		if err == nil {
			err = row.err
		}
		if err != nil {
			_ = st.Reset() // of a row that was read there is nothing to say
			return err
		}
	}
}

// read takes a row of a statement.
func (c *cells) read(st *sqlite.Stmt) {
	if n := st.ColumnCount(); len(c.vals) != n {
		c.vals = make([]any, n)
	}
	c.next = 0
	for i := range c.vals {
		switch st.ColumnType(i) {
		case sqlite.TypeInteger:
			c.vals[i] = st.ColumnInt64(i)
		case sqlite.TypeText:
			c.vals[i] = st.ColumnText(i)
		case sqlite.TypeBlob:
			b := make([]byte, st.ColumnLen(i))
			st.ColumnBytes(i, b)
			c.vals[i] = b
		case sqlite.TypeFloat:
			c.vals[i] = st.ColumnFloat(i) // none of ours: the reader reports it
		default:
			c.vals[i] = nil
		}
	}
}

// query implements link.
func (c *sqliteConn) query(q *statement, args []any, each func(*cells) error) error {
	if q.once {
		return c.sink(c.once(q.text, func(st *sqlite.Stmt) error { return c.rows(st, args, each) }))
	}
	st, err := c.prepared(q)
	if err == nil {
		err = c.rows(st, args, each)
	}
	return c.sink(err)
}

// exec implements link.
func (c *sqliteConn) exec(q *statement, args []any) (int64, error) {
	clean(args)
	return c.execClean(q, args)
}

// execClean is exec of parameters that have been made clean before, and may be read elsewhere at the same time.
func (c *sqliteConn) execClean(q *statement, args []any) (int64, error) {
	if c.sunk != nil {
		return 0, c.sunk
	}
	args = c.packing.of(q, args)
	if q.once {
		n, err := c.run(q.text, args)
		return n, c.sink(err)
	}
	st, err := c.prepared(q)
	if err != nil {
		return 0, c.sink(err)
	}
	n, err := c.step(st, args)
	return n, c.sink(err)
}

// sink keeps the first error after which SQLite may have rolled the transaction back by itself.
func (c *sqliteConn) sink(err error) error {
	if err != nil && !errors.Is(err, io.EOF) && c.sunk == nil && sinks(err) {
		c.sunk = err
	}
	return err
}

// sinks reports errors that take the whole transaction with them.
func sinks(err error) bool {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultIOErr, sqlite.ResultFull, sqlite.ResultNoMem, sqlite.ResultBusy, sqlite.ResultInterrupt,
		sqlite.ResultCorrupt, sqlite.ResultNotADB, sqlite.ResultCantOpen, sqlite.ResultReadOnly:
		return true
	}
	return false
}

// fatalSQLite reports errors after which nothing written can be trusted: after a failed fsync the system may
// have dropped the pages and call the next one a success.
func fatalSQLite(err error) bool {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultIOErr, sqlite.ResultCorrupt, sqlite.ResultNotADB, sqlite.ResultReadOnly:
		return true
	}
	return false
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

// unwind rolls back what may already have been.
func (c *sqliteConn) unwind() {
	if st, err := c.prepared(rollbackAll); err == nil {
		_, _ = c.step(st, nil) // "no transaction is active" is what we are after
	}
}
