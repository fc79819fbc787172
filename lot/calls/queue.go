// Package calls is the way to car parks that are called over HTTP: orders wait in a queue of their lot, a bounded
// number of workers takes turns over the lots, and a lot that does not answer gets a rest. What is sent and how an
// answer is read is the caller's affair.
package calls

import (
	"fmt"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/machine"
)

// Config bounds a Queue; zero limits have the defaults named.
type Config struct {
	Now     func() time.Time // nil: time.Now
	Workers int              // requests under way in all; 1024, which leaves room while 64 busy lots hang
	PerLot  int              // requests under way to one lot; 16
	Queue   int              // orders that wait for one lot; 2048
	Machine machine.Machine  // the zero Machine is the real one
}

// queueWait is how long an order may wait for its turn. One that waited longer is done without being sent, so
// that no order outlives its lease.
const queueWait = 5 * time.Second

// TimeLimit is the longest that an order may take from Deliver to done: waiting, waiting for the try before it,
// its own try. A lease must be longer.
const TimeLimit = 15 * time.Second

// Try sends one order and reads the answer.
type Try func() (lot.Result, Verdict)

// Queue makes tries in turns over the lots, so that a lot which is dead, hangs or is flooded keeps at most its own
// PerLot of the workers. Safe for concurrent use.
type Queue struct {
	cfg Config

	mu      sync.Mutex
	wake    *sync.Cond // a lot is ready, or the channel has stopped
	lots    map[charge.LotID]*line
	ready   fifo[*line] // a lot once for each of its tries that may begin
	workers int
	idle    int // workers that wait and have not been woken
	keeps   int // how many may wait
	stopped bool
	running sync.WaitGroup
}

// line is what is known of one lot.
type line struct {
	orders   fifo[waiting]
	ready    int // tries that may begin
	underWay int
	limit.Breaker
}

// waiting is an order that waits for its turn.
type waiting struct {
	try   Try
	done  func(lot.Result)
	since time.Time
}

// New makes a queue. Stop ends it.
func New(cfg Config) *Queue {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Workers <= 0 {
		cfg.Workers = 1024
	}
	if cfg.PerLot <= 0 {
		cfg.PerLot = 16
	}
	if cfg.Queue <= 0 {
		cfg.Queue = 2048
	}
	keeps := keptIdle
	if cfg.Machine.Go != nil {
		keeps = 0 // a simulator would wait for one that waits
	}
	cfg.Machine = cfg.Machine.Real()
	c := &Queue{cfg: cfg, keeps: keeps, lots: map[charge.LotID]*line{}}
	c.wake = sync.NewCond(&c.mu)
	return c
}

// Put makes one try of an order to a lot once it is its turn. Where there is no room, or the lot rests after failures,
// it is done at once with AttemptError, reason lot_error and Sent false: by the schedule, not by a login, comes the
// next try. done is called exactly once, on another goroutine: it may wait for a commit, and a platform for its answer.
func (c *Queue) Put(id charge.LotID, try Try, done func(lot.Result)) {
	now := c.cfg.Now()
	if err := c.enqueue(id, waiting{try: try, done: done, since: now}, now); err != nil {
		c.cfg.Machine.Go(func() { done(NotSent(err, now)) })
	}
}

func (c *Queue) enqueue(id charge.LotID, w waiting, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.lots[id]
	if q == nil {
		q = &line{}
		c.lots[id] = q
	}
	switch {
	case c.stopped:
		return errStopped
	case q.Resting(now):
		return q.restError()
	case q.orders.len() >= c.cfg.Queue:
		return charge.NewFault(charge.Say("delivery.queue_full", charge.Count("waiting", q.orders.len())),
			fmt.Sprintf("%d orders wait for this lot already", q.orders.len()))
	}
	q.orders.push(w)
	c.start(q)
	return nil
}

// start makes the lot's next try ready if there may be one, and finds a worker for it.
func (c *Queue) start(q *line) bool {
	most := c.cfg.PerLot
	if q.Tripped() {
		most = 1
	}
	if q.ready+q.underWay >= most || q.ready >= q.orders.len() {
		return false
	}
	q.ready++
	c.ready.push(q)
	switch {
	case c.idle > 0:
		c.idle-- // here and not by the woken one, so that two tries never count on the same worker
		c.wake.Signal()
	case c.workers < c.cfg.Workers:
		c.workers++
		c.running.Add(1)
		c.cfg.Machine.Go(c.work)
	}
	return true
}

// keptIdle is how many workers stay when there is nothing to do.
const keptIdle = 64

// work makes tries until there are none.
func (c *Queue) work() {
	defer c.running.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() { c.workers-- }()
	for {
		for c.ready.len() == 0 {
			if c.stopped || c.idle >= c.keeps {
				return
			}
			c.idle++
			c.wake.Wait()
		}
		q := c.ready.pop()
		q.ready--
		if q.orders.len() > 0 { // they may have been sent home meanwhile
			c.turn(q)
		}
	}
}

// turn tries the first order that waits for the lot. It is called, and returns, with the lock held.
func (c *Queue) turn(q *line) {
	w := q.orders.pop()
	q.underWay++
	c.mu.Unlock()
	defer c.mu.Lock()
	result, verdict := c.try(w)

	c.mu.Lock()
	q.underWay--
	if verdict != Untried {
		q.Record(verdict == Answered, result.At)
	}
	var home []waiting
	var why error
	if q.Resting(result.At) {
		home, why = q.orders.drain(), q.restError()
	}
	for c.start(q) {
	}
	c.mu.Unlock()

	w.done(result) // may wait for a commit: the lot's next try has begun already
	for _, h := range home {
		h.done(NotSent(why, result.At))
	}
}

// Stop sends waiting orders home, ends the workers and waits until the tries under way are done.
func (c *Queue) Stop() {
	c.mu.Lock()
	c.stopped = true
	var home []waiting
	for _, q := range c.lots {
		home = append(home, q.orders.drain()...)
	}
	c.wake.Broadcast()
	c.mu.Unlock()
	for _, h := range home {
		h.done(NotSent(errStopped, c.cfg.Now()))
	}
	c.running.Wait()
}

// fifo is a queue that reuses its room.
type fifo[T any] struct {
	items []T
	head  int
}

func (f *fifo[T]) len() int { return len(f.items) - f.head }

func (f *fifo[T]) push(x T) {
	if f.head > len(f.items)/2 && f.head > 32 {
		n := copy(f.items, f.items[f.head:])
		clear(f.items[n:])
		f.items, f.head = f.items[:n], 0
	}
	f.items = append(f.items, x)
}

func (f *fifo[T]) pop() T {
	var none T
	x := f.items[f.head]
	f.items[f.head] = none
	if f.head++; f.head == len(f.items) {
		f.items, f.head = f.items[:0], 0
	}
	return x
}

// drain takes everything out.
func (f *fifo[T]) drain() []T {
	all := f.items[f.head:]
	*f = fifo[T]{}
	return all
}
