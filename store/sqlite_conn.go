package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteConn is one connection with its prepared statements. It goes around database/sql, whose locks and
// conversions cost as much as SQLite itself. Not for concurrent use.
type sqliteConn struct {
	conn driver.Conn
	ctx  context.Context // of queries; one that can end costs a goroutine a statement
	stmt map[*statement]*sqliteStmt
	args []driver.NamedValue
	sunk error // what made the transaction unusable
}

type sqliteStmt struct {
	driver.StmtExecContext
	driver.StmtQueryContext
	io.Closer
}

// dialSQLite opens a connection to a database file; query ("mode=ro") goes into its address.
func dialSQLite(file, query string, pragmas ...string) (*sqliteConn, error) {
	address, err := sqliteAddress(file, query)
	if err != nil {
		return nil, err
	}
	conn, err := (&sqlite.Driver{}).Open(address)
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", file, err)
	}
	c := &sqliteConn{conn: conn, ctx: context.Background(), stmt: make(map[*statement]*sqliteStmt)}
	for _, p := range pragmas {
		if _, err := c.run("PRAGMA " + p); err != nil {
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

func (c *sqliteConn) close() error {
	for _, st := range c.stmt {
		st.Close()
	}
	return c.conn.Close()
}

// prepared gives the statement prepared on this connection.
func (c *sqliteConn) prepared(q *statement) (*sqliteStmt, error) {
	if st := c.stmt[q]; st != nil {
		return st, nil
	}
	st, err := c.prepare(q.text)
	if err == nil {
		c.stmt[q] = st
	}
	return st, err
}

func (c *sqliteConn) prepare(text string) (*sqliteStmt, error) {
	st, err := c.conn.Prepare(text)
	if err != nil {
		return nil, fmt.Errorf("store: %w in %q", err, text)
	}
	return &sqliteStmt{st.(driver.StmtExecContext), st.(driver.StmtQueryContext), st}, nil
}

// run runs a text that is not worth keeping prepared.
func (c *sqliteConn) run(text string, args ...any) (int64, error) {
	st, err := c.prepare(text)
	if err != nil {
		return 0, err
	}
	defer st.Close()
	return c.step(st, args)
}

// value runs a text and gives the first cell of its first row.
func (c *sqliteConn) value(text string, args ...any) (any, error) {
	st, err := c.prepare(text)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	var v any
	err = c.rows(st, args, func(row *cells) error {
		v = row.value()
		return io.EOF
	})
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return v, err
}

func (c *sqliteConn) named(args []any) []driver.NamedValue {
	clean(args)
	c.args = c.args[:0]
	for i, a := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return c.args
}

func (c *sqliteConn) step(st *sqliteStmt, args []any) (int64, error) {
	r, err := st.ExecContext(context.Background(), c.named(args))
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (c *sqliteConn) rows(st *sqliteStmt, args []any, each func(*cells) error) error {
	r, err := st.QueryContext(c.ctx, c.named(args))
	if err != nil {
		return err
	}
	defer r.Close()
	var row cells
	dest := make([]driver.Value, len(r.Columns()))
	row.vals = make([]any, len(dest))
	for {
		if err := r.Next(dest); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		for i, v := range dest {
			row.vals[i] = v
		}
		row.next = 0
		if err := each(&row); err != nil {
			return err
		}
		if row.err != nil {
			return row.err
		}
	}
}

// query implements link.
func (c *sqliteConn) query(q *statement, args []any, each func(*cells) error) error {
	var st *sqliteStmt
	var err error
	if q.once {
		if st, err = c.prepare(q.text); err == nil {
			defer st.Close()
		}
	} else {
		st, err = c.prepared(q)
	}
	if err == nil {
		err = c.rows(st, args, each)
	}
	return c.sink(err)
}

// exec implements link.
func (c *sqliteConn) exec(q *statement, args []any) (int64, error) {
	if c.sunk != nil {
		return 0, c.sunk
	}
	if q.once {
		n, err := c.run(q.text, args...)
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
	if c.sunk == nil && sinks(err) {
		c.sunk = err
	}
	return err
}

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return sqlite3.SQLITE_OK
}

// sinks reports errors that take the whole transaction with them.
func sinks(err error) bool {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_BUSY,
		sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_READONLY:
		return true
	}
	return false
}

// fatalSQLite reports errors after which nothing written can be trusted: after a failed fsync the system may
// have dropped the pages and call the next one a success.
func fatalSQLite(err error) bool {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY:
		return true
	}
	return false
}
