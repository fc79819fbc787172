package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/chargestamp/chargestamp/outbox"
)

// Locks are taken in one statement and in their order, so that no two batches wait for each other.
var takeLocks = statementOf("SELECT pg_advisory_xact_lock(k) FROM unnest(?::bigint[]) AS k")

// committer writes the batches of one queue over one connection.
type committer struct {
	engine  *postgresEngine
	conn    *pgx.Conn
	lostAt  time.Time
	lostErr error
}

// commit implements engine.
func (e *postgresEngine) commit(_ int, take func() []*write) {
	c := &committer{engine: e}
	for batch := take(); batch != nil; batch = take() {
		e.store.answer(batch, c.commitBatch(batch))
	}
	if c.conn != nil {
		_ = c.conn.Close(context.Background())
	}
}

// commitBatch runs the writes of a batch side by side and commits them together. Where that does not work out
// for one of them, all are run again, one after the other.
func (c *committer) commitBatch(batch []*write) error {
	if err := c.dial(); err != nil {
		return fmt.Errorf("%w: %w", outbox.ErrBusy, err)
	}
	_ = c.conn.PgConn().Conn().SetDeadline(time.Now().Add(patience))
	err := runLanes(c.engine.store, c.conn, batch)
	for try := 0; err != nil && try < 3 && !c.gone(err); try++ {
		c.engine.store.reruns.Add(1)
		if err = c.undo(); err == nil {
			err = c.oneByOne(batch)
		}
	}
	if err == nil {
		return nil
	}
	if c.gone(err) {
		_ = c.conn.PgConn().Conn().Close()
		_ = c.conn.Close(context.Background())
		c.conn, c.lostAt, c.lostErr = nil, time.Time{}, err
	} else if undoErr := c.undo(); undoErr != nil {
		err = errors.Join(err, undoErr)
	}
	c.engine.store.log.Warn("a batch was not written", "writes", len(batch), "error", err)
	return fmt.Errorf("%w: %w", outbox.ErrBusy, err)
}

// gone reports whether the connection is of no more use.
func (c *committer) gone(err error) bool { return c.conn.IsClosed() || lost(err) }

// dial connects where there is no connection; for a moment after it failed nobody tries again.
func (c *committer) dial() error {
	if c.conn != nil {
		return nil
	}
	if time.Since(c.lostAt) < redialAfter {
		return c.lostErr
	}
	cfg := c.engine.cfg.Copy()
	// A node that freezes in the middle must not keep others waiting for its locks.
	cfg.RuntimeParams["idle_in_transaction_session_timeout"] = "5s"
	cfg.RuntimeParams["lock_timeout"] = "5s"
	cfg.RuntimeParams["tcp_keepalives_idle"] = "10"
	conn, err := pgx.ConnectConfig(context.Background(), cfg)
	if err == nil {
		// A server may have been set up anew behind the same address.
		if err = c.engine.check(context.Background(), conn); err == nil {
			c.conn = conn
			return nil
		}
		conn.Close(context.Background())
	}
	c.lostAt, c.lostErr = time.Now(), err
	return err
}

func (c *committer) exec(text string) error {
	_, err := c.conn.Exec(context.Background(), text)
	return err
}

// undo ends a transaction that may be open.
func (c *committer) undo() error {
	if c.conn.PgConn().TxStatus() == 'I' {
		return nil
	}
	return c.exec("ROLLBACK")
}

// oneByOne runs each write of a batch in a savepoint of its own.
func (c *committer) oneByOne(batch []*write) error {
	if err := c.exec("BEGIN"); err != nil {
		return err
	}
	if locks := batchLocks(batch); len(locks) > 0 {
		if _, err := c.conn.Exec(context.Background(), takeLocks.dollars, locks); err != nil {
			return err
		}
	}
	for _, w := range batch {
		if err := c.exec("SAVEPOINT w"); err != nil {
			return err
		}
		l := &pgConn{conn: c.conn, ctx: context.Background()}
		w.run(c.engine.store, l)
		if l.sunk != nil {
			if code := pgCode(l.sunk); code == serializationFailure || code == deadlockDetected || c.gone(l.sunk) {
				return l.sunk // the transaction is over, and all of the batch with it
			}
			if w.err == nil {
				w.err = l.sunk
			}
		}
		end := "RELEASE w"
		if w.err != nil {
			end = "ROLLBACK TO w"
		}
		if err := c.exec(end); err != nil {
			return err
		}
	}
	return c.exec("COMMIT")
}

func batchLocks(batch []*write) []int64 {
	var locks []int64
	for _, w := range batch {
		locks = append(locks, w.locks...)
	}
	slices.Sort(locks)
	return slices.Compact(locks)
}
