package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// A committer asks the same few things again and again, each of rows that an index finds. Left to itself the server
// plans what has arrays anew each time, which costs it more than to do it; and while a site is young and its tables
// look small, it reads them whole.
var committerSettings = map[string]string{
	"plan_cache_mode": "force_generic_plan", "jit": "off",
	"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
	// A node that freezes in the middle must not keep others waiting for its locks.
	"idle_in_transaction_session_timeout": "5s", "lock_timeout": "5s", "tcp_keepalives_idle": "10",
}

// committer writes the batches of one queue over one connection.
type committer struct {
	engine  *postgresEngine
	conn    *pgx.Conn
	crew    crew
	lostAt  time.Time
	lostErr error
}

// commit implements engine.
func (e *postgresEngine) commit(_ int, take func() []*write) {
	c := &committer{engine: e, crew: make(crew)}
	defer close(c.crew)
	for batch := take(); batch != nil; batch = take() {
		e.store.answer(batch, c.commitBatch(batch))
	}
	if c.conn != nil {
		_ = c.conn.Close(context.Background())
	}
}

// commitBatch runs the writes of a batch side by side and commits them together. Where that does not work out
// for one of them, all are run again: one after the other, and where they and another node's stand in each
// other's way, each in a transaction of its own.
func (c *committer) commitBatch(batch []*write) error {
	if err := c.dial(); err != nil {
		return asBusy(err)
	}
	c.patient()
	err := runLanes(c.engine.store, c.conn, c.crew, batch)
	for _, again := range []func([]*write) error{c.oneByOne, c.eachAlone} {
		if err == nil || c.gone(err) {
			break
		}
		c.engine.store.reruns.Add(1)
		if err = c.undo(); err == nil {
			err = again(batch)
		}
	}
	if err == nil {
		return nil
	}
	if !c.gone(err) {
		err = errors.Join(err, c.undo())
	}
	if c.gone(err) {
		c.drop(err)
	}
	err = asBusy(err)
	c.engine.store.log.Warn("a batch was not written", "writes", len(batch), "error", err)
	return err
}

// patient lets the server take its time for what comes next.
func (c *committer) patient() {
	_ = c.conn.PgConn().Conn().SetDeadline(time.Now().Add(patience))
}

// drop leaves a connection that is of no more use.
func (c *committer) drop(err error) {
	_ = c.conn.PgConn().Conn().Close()
	_ = c.conn.Close(context.Background())
	c.conn, c.lostAt, c.lostErr = nil, time.Time{}, err
}

// gone reports whether the connection is of no more use.
func (c *committer) gone(err error) bool { return c.conn.IsClosed() || lost(err) }

// dial connects where there is no connection; for a moment after it failed it is not tried again.
func (c *committer) dial() error {
	if c.conn != nil {
		return nil
	}
	if time.Since(c.lostAt) < redialAfter {
		return c.lostErr
	}
	conn, err := pgx.ConnectConfig(context.Background(), c.engine.cfg.Copy())
	if err == nil {
		// A server may have been set up anew behind the same address.
		if err = c.engine.check(context.Background(), conn); err == nil {
			err = applySettings(context.Background(), conn, committerSettings)
		}
		if err == nil {
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
	if err := c.begin(batchLocks(batch)); err != nil {
		return err
	}
	for _, w := range batch {
		if err := c.exec("SAVEPOINT w"); err != nil {
			return err
		}
		if err := c.run(w); err != nil {
			return err
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

// eachAlone runs each write of a batch in a transaction of its own. What has been committed stays so, whatever
// becomes of those after it.
func (c *committer) eachAlone(batch []*write) error {
	for i, w := range batch {
		var err error
		for range 3 {
			c.patient()
			if err = c.alone(w); err == nil || c.gone(err) {
				break
			}
			if err = errors.Join(err, c.undo()); c.gone(err) {
				break
			}
		}
		if err == nil {
			continue
		}
		for _, rest := range batch[i:] {
			rest.err = asBusy(err)
			if !c.gone(err) {
				break // the next one may do better
			}
		}
		if c.gone(err) {
			c.drop(err)
			return nil
		}
	}
	return nil
}

func (c *committer) alone(w *write) error {
	if err := c.begin(w.locks); err != nil {
		return err
	}
	if err := c.run(w); err != nil {
		return err
	}
	if w.err != nil {
		return c.exec("ROLLBACK")
	}
	return c.exec("COMMIT")
}

func (c *committer) begin(locks []int64) error {
	if err := c.exec("BEGIN"); err != nil || len(locks) == 0 {
		return err
	}
	_, err := c.conn.Exec(context.Background(), takeLocks.dollars, locks)
	return err
}

// run runs a write statement by statement. It returns an error that ends the whole transaction; any other is the
// write's own.
func (c *committer) run(w *write) error {
	l := &pgConn{conn: c.conn, ctx: context.Background()}
	w.run(&Tx{link: l, store: c.engine.store})
	if l.sunk == nil {
		return nil
	}
	if code := pgCode(l.sunk); code == serializationFailure || code == deadlockDetected || c.gone(l.sunk) {
		return l.sunk
	}
	if w.err == nil {
		w.err = l.sunk
	}
	return nil
}
