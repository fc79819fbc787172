package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// What is pending comes into the tables so often, where flushRows are pending, and before somebody reads.
	flushEvery = 500 * time.Millisecond
	// With so many rows pending the committer waits for the tables.
	mostPending = 48_000
	// A direct write waits for so many flushes at most, until so few rows are pending that the committer brings them
	// into the tables itself.
	fewPending = 100
	mostRounds = 3
)

// bring runs a flush in one transaction.
func (e *sqliteEngine) bring(f *flush) error {
	c := e.write
	c.sunk = nil
	_, err := c.exec(beginImmediate, nil)
	if err == nil {
		err = f.apply(c)
	}
	if err == nil && f.index {
		_, err = c.exec(indexPlates, []any{platesInBulk})
	}
	if err == nil {
		_, err = c.exec(setLogMark, []any{f.record})
	}
	if err == nil {
		_, err = c.exec(commitAll, nil)
	}
	if err == nil {
		beginWriting(e.log)
	} else {
		c.unwind()
		if errors.Is(err, errMissed) || fatalSQLite(err) {
			e.store.fail(fmt.Errorf("flush: %w", err))
		}
	}
	return err
}

// beginFlush begins to bring what is pending into the tables, or what a flush that has failed could not. No other runs.
func (e *sqliteEngine) beginFlush() {
	f := e.flushing
	if f == nil {
		f = e.pending.freeze(e.records.last)
		if e.unindexed += f.plates; e.unindexed >= platesTogether {
			f.index, e.unindexed = true, 0
		}
		e.flushing, e.frozenAt = f, e.records.next
	}
	f.pause = e.pause
	if f.readers, e.readers = e.readers, nil; len(f.readers)+len(e.later) > 0 {
		f.hasten()
	}
	f.over, f.failed = make(chan error, 1), false
	e.rounds++
	go func() {
		err := e.bring(f)
		answerAll(f.readers, err)
		f.over <- err
		e.wake()
	}()
}

// endFlush takes note of the end of the flush that runs, if one does.
func (e *sqliteEngine) endFlush(wait bool) error {
	f := e.flushing
	if f == nil || f.failed || !wait && len(f.over) == 0 {
		return nil
	}
	f.hasten()
	err := <-f.over
	if f.failed = err != nil; f.failed {
		return err
	}
	e.flushing = nil
	e.records.have = f.record
	e.pending.flushed(f)
	e.tellReaders()
	return nil
}

// tellReaders says what reads would miss.
func (e *sqliteEngine) tellReaders() {
	p := e.pending
	e.unflushed.Store(len(p.dirty) > 0 || e.flushing != nil)
	e.ready.Store(min(p.unflushed.ready, p.flushing.ready))
}

// flush returns when the tables have everything, and say so: a record that they do not count among what they have would
// be run again at the next start, over what is written straight into them. Where it fails, what was not being flushed
// is pending as before.
func (e *sqliteEngine) flush() error {
	_ = e.endFlush(true) // one that has failed is tried again
	for e.flushing != nil || len(e.pending.dirty) > 0 || e.records.have < e.records.last {
		fresh := e.flushing == nil
		e.beginFlush()
		if err := e.endFlush(true); err != nil {
			if fresh {
				e.pending.thaw(e.flushing)
				e.flushing = nil
			}
			e.stuck = true
			return err
		}
	}
	e.pending.undo, e.stuck = e.pending.undo[:0], false
	e.answerReaders(nil)
	return nil
}

// goOn takes note of a flush that is over, and begins one for those who wait to read, where it is time (tick), or where
// enough is pending. It returns the error of the tables where they cannot take what is pending. writes says that a
// write waits behind it.
func (e *sqliteEngine) goOn(readers []*write, tick, writes bool) error {
	_ = e.endFlush(false) // its readers have heard
	e.readers = append(e.readers, readers...)
	p := e.pending
	switch {
	case (e.stuck || e.flushing != nil && e.flushing.failed) && !tick && len(e.readers) == 0 && !writes:
		return nil // a flush that failed is tried again for who waits for it: by itself it would go round and round
	case e.stuck, e.flushing != nil && e.flushing.failed:
		err := e.flush()
		e.answerReaders(err)
		return err
	case len(p.rows) > mostPending:
		if err := e.flush(); err != nil {
			return err
		}
		p.forget()
	case e.flushing != nil:
		if len(e.readers) > 0 {
			e.flushing.hasten()
		}
	case len(p.dirty) == 0:
		if tick || len(readers) > 0 {
			p.forget()
		}
		e.tellReaders()
		e.answerReaders(nil)
	case tick || len(e.readers) > 0 || len(e.later) > 0 && e.rounds < mostRounds && len(p.dirty) > fewPending ||
		len(p.dirty) > flushRows || e.records.nearlyFull(e.frozenAt):
		e.beginFlush()
	}
	return nil
}

func (e *sqliteEngine) answerReaders(err error) {
	answerAll(e.readers, err)
	e.readers = nil
}

func answerAll(readers []*write, err error) {
	for _, r := range readers {
		r.done <- err
	}
}

// flushWithin is flush between two reads of a batch that is being run.
func (e *sqliteEngine) flushWithin() error {
	if _, err := e.look.exec(commitAll, nil); err != nil {
		return err
	}
	if err := e.flush(); err != nil {
		return err
	}
	_, err := e.look.exec(beginDeferred, nil)
	return err
}

// wake makes the committer take note of a flush that is over.
func (e *sqliteEngine) wake() {
	e.store.queues[0].tryLook(&write{ctx: context.Background(), wake: true})
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
		if e.unflushed.Load() {
			e.store.queues[0].tryLook(&write{ctx: context.Background(), tick: true})
		}
	}
}
