package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/chargestamp/chargestamp/outbox"
)

const (
	minPostgres = 130000 // server_version_num
	poolSize    = 8
	patience    = 10 * time.Second // for one batch; a server that is silent for longer is taken for lost
	redialAfter = 250 * time.Millisecond

	hintChannel = "chargestamp"
)

// A page of a list is a few rows at one end of an index. Of a plate's part that is rarer than it thinks the planner
// expects so much work that it starts other processes and compiles the query, which takes ten times as long as to
// walk; and its workers read far ahead of the page.
var readerSettings = map[string]string{"jit": "off", "max_parallel_workers_per_gather": "0"}

var errURL = errors.New("store: the database url cannot be read: write postgres://user:password@host:port/database, " +
	"reserved characters as %XX")

// committers is how many transactions of this node may be under way at once: more share the work of a large machine,
// fewer put more writes into each.
func committers() int { return min(max(2, runtime.NumCPU()/2), 4) }

// postgresEngine is a connection for each committer, one that listens, and a pool that only reads.
type postgresEngine struct {
	store *Store
	cfg   *pgx.ConnConfig
	pool  *pgxpool.Pool
	ears  *pgx.Conn // the first that hears hints: none is lost that comes after Open
}

// check refuses a server that answers before it has written.
func (e *postgresEngine) check(ctx context.Context, conn *pgx.Conn) error {
	setting := func(name string) (value string, err error) {
		err = conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value)
		return value, wrapf(err, "read setting %s", name)
	}
	number, err := setting("server_version_num")
	if err != nil {
		return err
	}
	if n, _ := strconv.Atoi(number); n < minPostgres {
		return fmt.Errorf("store: PostgreSQL %s is too old, 13 is needed", number)
	}
	for _, name := range []string{"fsync", "synchronous_commit"} {
		value, err := setting(name)
		if err != nil {
			return err
		}
		if value == "off" {
			return fmt.Errorf("store: PostgreSQL runs with %s = off: what it has committed can be lost. Set it to on", name)
		}
	}
	return nil
}

func (e *postgresEngine) close() error {
	e.pool.Close()
	return nil
}

// glance implements engine.
func (e *postgresEngine) glance(ctx context.Context, fn func(link) error) error {
	return e.read(ctx, fn)
}

// misses implements engine.
func (e *postgresEngine) misses(int64) bool { return false }

// name implements engine.
func (e *postgresEngine) name() string { return "postgres" }

// schema implements engine.
func (e *postgresEngine) schema() schema { return postgresSchema() }

// far implements engine.
func (e *postgresEngine) far() bool { return true }

// read implements engine.
func (e *postgresEngine) read(ctx context.Context, fn func(link) error) error {
	conn, err := e.pool.Acquire(ctx)
	if err != nil {
		return lostAsBusy(ctx, err)
	}
	defer conn.Release()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return lostAsBusy(ctx, err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // there is nothing to undo
	return lostAsBusy(ctx, fn(readLink{&pgConn{conn: conn.Conn(), ctx: ctx}}))
}

// lostAsBusy makes an error of the connection outbox.ErrBusy: try again later. Those of a statement, of fn and
// of an ended ctx stay as they are.
func lostAsBusy(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || errors.Is(err, outbox.ErrBusy) || !lost(err) {
		return err
	}
	return asBusy(err)
}

// asBusy makes an error outbox.ErrBusy, and says so where it is the database that is away.
func asBusy(err error) error {
	if lost(err) {
		return awayError{err}
	}
	return fmt.Errorf("%w: %w", outbox.ErrBusy, err)
}

// awayError is outbox.ErrBusy where the database is the reason.
type awayError struct{ cause error }

func (e awayError) Error() string { return "the database does not answer: " + e.cause.Error() }

func (e awayError) Unwrap() []error { return []error{outbox.ErrBusy, e.cause} }

// lost reports errors that say nothing of the statement: the server is away, stopping, full or not up yet.
func lost(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		case "08", "53", "57", "58": // connection, resources, operator, system; XX and the rest are ours
			return true
		}
		return false
	}
	var net interface{ Timeout() bool }
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || errors.As(err, &net) || pgconn.SafeToRetry(err) || errors.Is(err, errConnLost)
}

var errConnLost = errors.New("connection lost")

// notify implements engine.
func (e *postgresEngine) notify(ctx context.Context, h Hint) error {
	_, err := e.pool.Exec(ctx, "SELECT pg_notify($1, $2)", hintChannel, h.Topic+"\n"+h.Payload)
	return lostAsBusy(ctx, err)
}

// place names the database. Its address may hold a password.
func (e *postgresEngine) place() string { return "PostgreSQL database " + e.cfg.Database }
