package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"
)

const (
	queueLen = 4096 // writes that may wait; more are busy
	lookLen  = 256  // readers that may wait for a flush; more wait until they may
	batchLen = 512  // writes that share a commit at most

	// A write that no caller waits for waits so long for one that somebody does.
	soonAfter = 5 * time.Millisecond
)

// queue holds the writes of one committer.
type queue struct {
	now  chan *write
	soon chan *write // no caller waits for these: they share the commit of the next of the others
	look chan *write // flushes: they change nothing, and make what was written before them visible
}

func newQueue() queue {
	return queue{make(chan *write, queueLen), make(chan *write, queueLen), make(chan *write, lookLen)}
}

func (q queue) len() int { return len(q.now) + len(q.soon) }

// tryLook queues a flush, unless as many wait.
func (q queue) tryLook(w *write) {
	select {
	case q.look <- w:
	default:
	}
}

// write is one queued transaction.
type write struct {
	ctx   context.Context
	locks []int64
	fn    func(*Tx) error
	done  chan error // capacity 1
	state atomic.Int32
	flush bool // writes nothing itself: somebody wants to read
	wake  bool // nothing at all: the committer has something to take note of
	tick  bool // nothing at all: it is time for a flush

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

// errDirect ends a write that does something that cannot be put off, as a panic, so that it sees no answer that means
// nothing: it is run again, straight into the tables.
var errDirect = errors.New("store: to be written directly")

// run runs fn once in a transaction; a panic is an error of this write alone.
func (w *write) run(tx *Tx) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case errDirect:
			w.err = errDirect
		default:
			w.err = fmt.Errorf("store: panic in a write: %v\n%s", p, debug.Stack())
		}
	}()
	w.tx = tx
	w.err = w.fn(tx)
}

// answer reports to all what became of them; err, where it is set, is everybody's.
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

// taker returns a function that waits for the next batch of a queue: all that is there when it looks, without
// waiting for more, unless no caller waits for any of it. It returns nil when the store closes and nothing is queued.
func (s *Store) taker(q queue) func() []*write {
	buf := make([]*write, 0, batchLen)
	return func() []*write {
		for {
			buf = q.first(buf[:0], s.closing)
			if len(buf) == 0 {
				return nil
			}
			buf = drain(q.soon, buf, batchLen/2) // under load they are no more than the others, and must get their share
			buf = drain(q.now, buf, batchLen)
			buf = drain(q.look, buf, len(buf)+lookLen)
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

// first waits for the first write of a batch, and behind one that no caller waits for a moment for another.
func (q queue) first(buf []*write, closing <-chan struct{}) []*write {
	select {
	case w := <-q.now:
		return append(buf, w)
	case w := <-q.soon:
		buf = append(buf, w)
	case w := <-q.look:
		return append(buf, w)
	case <-closing:
		return drain(q.look, drain(q.soon, drain(q.now, buf, 1), 1), 1)
	}
	select {
	case w := <-q.now:
		buf = append(buf, w)
	case w := <-q.look:
		buf = append(buf, w)
	case <-time.After(soonAfter):
	case <-closing:
	}
	return buf
}

// drain takes what is there, until there are so many.
func drain(from <-chan *write, buf []*write, most int) []*write {
	for len(buf) < most {
		select {
		case w := <-from:
			buf = append(buf, w)
		default:
			return buf
		}
	}
	return buf
}
