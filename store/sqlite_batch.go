package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/outbox"
)

const (
	// What is pending comes into the tables so often, when there are so many rows of it, and before somebody reads.
	flushEvery  = 100 * time.Millisecond
	mostPending = 16_000
)

// runBatch runs the writes of a batch one after the other. What they put stays pending, and a record keeps it; those that
// do more than put rows are run again behind the others, straight into the tables.
func (e *sqliteEngine) runBatch(batch []*write) (b ranBatch) {
	var flushes []*write
	for _, w := range batch {
		if w.flush {
			flushes = append(flushes, w)
		} else {
			b.pending = append(b.pending, w)
		}
	}
	if dead := e.store.dead.Load(); dead != nil {
		b.err = *dead
	} else if len(flushes) > 0 || e.stuck || len(e.pending.dirty) > mostPending {
		b.err = e.flush() // what those who wait want to see was written before
	}
	for _, w := range flushes {
		w.done <- b.err
	}
	if b.err != nil || len(b.pending) == 0 {
		return b
	}
	if b.err = e.runPending(&b); b.err == nil {
		e.finish(&b)
	}
	return b
}

// runPending runs the writes as such that stay pending. Those that cannot are moved to b.direct.
func (e *sqliteEngine) runPending(b *ranBatch) error {
	p, c := e.pending, e.write
	p.ops, p.undo = nil, p.undo[:0]
	c.sunk = nil
	if _, err := c.exec(beginDeferred, nil); err != nil {
		return err
	}
	defer c.unwind()
	var stay, direct []*write
	for _, w := range b.pending {
		l := e.deferring()
		if e.store.filling.Load() {
			l.direct = true
		} else {
			w.run(&Tx{link: l, store: e.store, recent: e.recent})
		}
		switch {
		case c.sunk != nil:
			p.takeBack(0, 0)
			e.recent.clear()
			return c.sunk
		case l.direct:
			l.takeBack()
			direct = append(direct, w)
			continue
		case w.err != nil:
			l.takeBack()
		default:
			e.recent.keep(w.tx.putCharges, w.tx.putDeliveries)
		}
		stay = append(stay, w)
	}
	b.pending, b.direct = stay, direct
	return nil
}

// finish finds what keeps the pending writes, and runs the others.
func (e *sqliteEngine) finish(b *ranBatch) {
	p := e.pending
	if len(p.dirty) > 0 {
		e.unflushed.Store(true)
	}
	if len(b.direct) > 0 {
		if b.directErr = e.flush(); b.directErr == nil {
			b.directErr = e.commitBatch(b.direct)
			p.forget()
			b.wal = true
		}
	}
	if len(p.ops) == 0 || b.wal {
		return
	}
	record := e.records.record(e.records.last+1, p.ops)
	fits, err := e.records.fits(len(record))
	if err == nil && fits {
		e.records.last++
		b.record, b.at = record, e.records.next
		e.records.next += int64(len(record))
		return
	}
	// Once SQLite's log keeps everything the records begin anew.
	if err = errors.Join(err, e.flush()); !e.stuck {
		e.records.next, b.wal = recordsBegin, true
		return
	}
	b.err = err
	p.takeBack(0, 0)
	e.recent.clear()
}

var setLogMark = statementOf("UPDATE log_mark SET record = ?")

// flush brings what is pending into the tables.
func (e *sqliteEngine) flush() error {
	if len(e.pending.dirty) == 0 {
		e.unflushed.Store(false)
		return nil
	}
	c := e.write
	c.sunk = nil
	_, err := c.exec(beginImmediate, nil)
	if err == nil {
		err = e.pending.apply(c)
	}
	if err == nil {
		_, err = c.exec(setLogMark, []any{e.records.last})
	}
	if err == nil {
		_, err = c.exec(commitAll, nil)
	}
	if e.stuck = err != nil; e.stuck {
		c.unwind()
		if errors.Is(err, errMissed) || fatalSQLite(err) {
			e.store.fail(fmt.Errorf("flush: %w", err))
		}
		return err
	}
	e.pending.flushed()
	e.records.have = e.records.last
	e.unflushed.Store(false)
	return nil
}

// flushWithin is flush between two reads of a batch that is being run.
func (e *sqliteEngine) flushWithin() error {
	if _, err := e.write.exec(commitAll, nil); err != nil {
		return err
	}
	if err := e.flush(); err != nil {
		return err
	}
	_, err := e.write.exec(beginDeferred, nil)
	return err
}

// current returns when a reader sees all that has been answered.
func (e *sqliteEngine) current(ctx context.Context) error {
	if !e.unflushed.Load() {
		return nil
	}
	w := &write{ctx: ctx, flush: true, done: make(chan error, 1)}
	select {
	case e.store.queues[0].look <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-e.store.stopped:
		return nil
	}
	select {
	case err := <-w.done:
		if err != nil {
			err = fmt.Errorf("%w: %w", outbox.ErrBusy, err)
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-e.store.stopped:
		return nil
	}
}

// pace flushes now and then.
func (e *sqliteEngine) pace() {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-e.store.closing:
			return
		case <-tick.C:
		}
		if !e.unflushed.Load() {
			continue
		}
		select {
		case e.store.queues[0].look <- &write{ctx: context.Background(), flush: true, done: make(chan error, 1)}:
		default: // readers ask for it
		}
	}
}
