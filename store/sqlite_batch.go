package store

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/outbox"
)

// commit implements engine. While one batch is forced to disk the next one is run, and then waits for it.
func (e *sqliteEngine) commit(_ int, take func() []*write) {
	ran := make(chan ranBatch)
	var settled sync.WaitGroup
	settled.Go(func() {
		for b := range ran {
			e.settle(b)
		}
	})
	for batch := take(); batch != nil; batch = take() {
		ran <- e.timed(batch)
	}
	if len(e.later) > 0 {
		_ = e.flush()
		ran <- e.timed(nil)
	}
	if e.store.dead.Load() != nil {
		_ = e.endFlush(true) // the next start takes what the disk has kept
	} else if err := e.flush(); err != nil {
		e.store.log.Warn("the tables lack the last records; they are in the log of records and are added at the next start",
			"error", err)
	}
	close(ran)
	settled.Wait()
}

// timed runs a batch on one thread, whose processor time is that of the committer.
func (e *sqliteEngine) timed(batch []*write) ranBatch {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin, used := time.Now(), threadTime()
	b := e.runBatch(batch)
	e.store.committing.Add(int64(time.Since(begin)))
	e.store.committingCPU.Add(int64(threadTime() - used))
	return b
}

// ranBatch is a batch that has been run, and what keeps it once it is on the disk: a record of its own, or SQLite's
// log.
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
			// What the disk has kept is unknown, and a second try would not show it.
			e.store.fail(fmt.Errorf("sync: %w", err))
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

// runBatch runs the writes of a batch one after the other. What they put stays pending, and a record keeps it; those
// that do more than put rows are run again behind the others, straight into the tables.
func (e *sqliteEngine) runBatch(batch []*write) (b ranBatch) {
	var readers []*write // what they want to see was written before
	tick := false
	for _, w := range batch {
		switch {
		case w.tick:
			tick = true
		case w.flush:
			readers = append(readers, w)
		case !w.wake:
			b.pending = append(b.pending, w)
		}
	}
	if dead := e.store.dead.Load(); dead != nil {
		b.err = *dead
		answerAll(readers, b.err)
		e.answerReaders(b.err)
	} else {
		b.err = e.goOn(readers, tick, len(b.pending)+len(e.later) > 0)
	}
	var due []*write
	if b.err != nil || e.flushing == nil {
		due, e.later = e.later, nil
	}
	if b.err != nil {
		b.direct, b.directErr = due, b.err
		return b
	}
	e.pending.begin()
	if len(b.pending) > 0 {
		b.err = e.runPending(&b)
	}
	if len(due) == 0 && e.putOff(b.direct) {
		b.direct = nil
	}
	b.direct = append(due, b.direct...)
	if b.err == nil {
		e.finish(&b)
	}
	return b
}

// putOff makes direct writes wait for the flush that runs, or for one that begins now, and reports whether they do.
// They need all that is pending in the tables, and the pushes behind them need not wait for that.
func (e *sqliteEngine) putOff(direct []*write) bool {
	if len(direct) == 0 || e.flushing == nil && len(e.pending.dirty) <= fewPending {
		return false
	}
	if len(e.later) == 0 {
		e.rounds = 0
	}
	e.later = append(e.later, direct...)
	if e.flushing != nil {
		e.flushing.hasten()
	}
	e.wake()
	return true
}

// runPending runs the writes as such that stay pending. Those that cannot are moved to b.direct.
func (e *sqliteEngine) runPending(b *ranBatch) error {
	p, c := e.pending, e.look
	c.sunk = nil
	if _, err := c.exec(beginDeferred, nil); err != nil {
		return err
	}
	defer c.unwind()
	var stay, direct []*write
	for _, w := range b.pending {
		l := &deferring{pending: p, conn: c, flush: e.flushWithin, changes: len(p.undo), ops: len(p.ops)}
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
		e.tellReaders()
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
	failed := e.flush()
	if failed == nil {
		e.records.next, e.frozenAt, b.wal = recordsBegin, 0, true
		return
	}
	b.err = errors.Join(err, failed)
	p.takeBack(0, 0)
	e.recent.clear()
}
