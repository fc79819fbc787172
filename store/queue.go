package store

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
)

const (
	queueLen = 4096 // writes that may wait; more are busy
	batchLen = 512  // writes that share a commit at most
)

// write is one queued transaction.
type write struct {
	ctx   context.Context
	locks []int64
	fn    func(*Tx) error
	done  chan error // capacity 1
	state atomic.Int32

	tx  *Tx   // of its last run
	err error // of its last run
}

const (
	writeQueued = iota
	writeBegun
	writeCancelled
)

// cancel takes back a write that has not begun.
func (w *write) cancel() bool { return w.state.CompareAndSwap(writeQueued, writeCancelled) }

// begin reports whether the write is to be run; one whose ctx has ended is answered here.
func (w *write) begin() bool {
	if !w.state.CompareAndSwap(writeQueued, writeBegun) {
		return false
	}
	if err := w.ctx.Err(); err != nil {
		w.done <- err
		return false
	}
	return true
}

// run runs fn once in a transaction; a panic is an error of this write alone.
func (w *write) run(tx *Tx) {
	defer func() {
		if p := recover(); p != nil {
			w.err = fmt.Errorf("store: panic in a write: %v\n%s", p, debug.Stack())
		}
	}()
	w.tx = tx
	w.err = w.fn(tx)
}

// answer tells all what became of them; err, where it is set, is everybody's.
func (s *Store) answer(batch []*write, err error) {
	s.batches.Add(1)
	s.writes.Add(int64(len(batch)))
	for _, w := range batch {
		if err == nil && w.err == nil && w.tx != nil {
			s.plates.add(w.tx.plates)
		}
		if err != nil {
			w.done <- err
		} else {
			w.done <- w.err
		}
	}
}

// taker gives a function that waits for the next batch of a queue: all that is there when it looks, without
// waiting for more. It gives nil when the store closes and nothing is queued.
func (s *Store) taker(queue int) func() []*write {
	q := s.queues[queue]
	buf := make([]*write, 0, batchLen)
	return func() []*write {
		for {
			buf = buf[:0]
			select {
			case w := <-q:
				buf = append(buf, w)
			case <-s.closing:
				select {
				case w := <-q:
					buf = append(buf, w)
				default:
					return nil
				}
			}
			for more := true; more && len(buf) < batchLen; {
				select {
				case w := <-q:
					buf = append(buf, w)
				default:
					more = false
				}
			}
			batch := buf[:0]
			for _, w := range buf {
				if w.begin() {
					batch = append(batch, w)
				}
			}
			if len(batch) > 0 {
				return batch
			}
		}
	}
}
