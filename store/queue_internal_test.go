package store

import (
	"testing"
	"testing/synctest"
	"time"
)

// taken runs a taker over a queue and returns what it takes, batch by batch.
func taken(t *testing.T, q queue) (batches <-chan []*write, end func()) {
	s := &Store{closing: make(chan struct{})}
	take, out := s.taker(q), make(chan []*write)
	go func() {
		defer close(out)
		for b := take(); b != nil; b = take() {
			out <- append([]*write(nil), b...)
		}
	}()
	return out, func() {
		close(s.closing)
		for b := range out {
			t.Errorf("%d writes were taken after all", len(b))
		}
	}
}

func newWrite(t *testing.T) *write { return &write{ctx: t.Context(), done: make(chan error, 1)} }

// A write that no caller waits for shares the commit of the next one that somebody waits for, and waits only so long.
func TestSoonSharesACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		batches, end := taken(t, q)
		defer end()

		begin := time.Now()
		q.soon <- newWrite(t)
		synctest.Wait() // it has been taken, and waits
		q.now <- newWrite(t)
		if b := <-batches; len(b) != 2 || time.Since(begin) != 0 {
			t.Errorf("a batch of %d after %s, want both at once", len(b), time.Since(begin))
		}

		begin = time.Now()
		q.soon <- newWrite(t)
		if b := <-batches; len(b) != 1 || time.Since(begin) != soonAfter {
			t.Errorf("alone: a batch of %d after %s, want 1 after %s", len(b), time.Since(begin), soonAfter)
		}

		q.now <- newWrite(t)
		begin = time.Now()
		if b := <-batches; len(b) != 1 || time.Since(begin) != 0 {
			t.Errorf("what somebody waits for: a batch of %d after %s, want 1 at once", len(b), time.Since(begin))
		}
	})
}

// Neither kind keeps the other from its share of a full batch, and closing leaves none behind.
func TestQueueShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		soon := map[*write]bool{}
		for range batchLen {
			w := newWrite(t)
			soon[w] = true
			q.soon <- w
			q.now <- newWrite(t)
		}
		s := &Store{closing: make(chan struct{})}
		close(s.closing)
		take := s.taker(q)
		var all int
		for b := take(); b != nil; b = take() {
			if all += len(b); all > batchLen {
				continue
			}
			n := 0
			for _, w := range b {
				if soon[w] {
					n++
				}
			}
			if len(b) != batchLen || n < batchLen/2-1 || n > batchLen/2+1 {
				t.Errorf("the first batch holds %d, %d of them of those nobody waits for, want %d and half of it, one more or less",
					len(b), n, batchLen)
			}
		}
		if all != 2*batchLen {
			t.Errorf("%d writes taken, want all %d", all, 2*batchLen)
		}
	})
}
