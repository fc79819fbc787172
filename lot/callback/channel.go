package callback

import (
	"fmt"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// ChannelConfig is what the channel needs; zero limits have the defaults named.
type ChannelConfig struct {
	Directory lot.Directory
	Client    Client // with a time limit of 5 s: a callback waits no longer for its answer
	Now       func() time.Time
	Workers   int // requests under way in all; 1024, which leaves room while 64 busy lots hang
	PerLot    int // requests under way to one lot; 16
	Queue     int // orders that wait for one lot; 2048
}

// queueWait is how long an order may wait for its turn. One that waited longer is done without being sent, so
// that no order outlives its lease.
const queueWait = 5 * time.Second

// TimeLimit is the longest that an order may take from Deliver to done: waiting, waiting for the try before it,
// its own try. A lease must be longer.
const TimeLimit = 15 * time.Second

// Channel delivers 5.14 and asks 5.1. Orders wait in a queue of their lot; a bounded number of workers takes
// turns over the lots, so that a lot which is dead, hangs or is flooded keeps at most its own PerLot of them.
type Channel struct {
	cfg ChannelConfig

	mu      sync.Mutex
	wake    *sync.Cond // a lot is ready, or the channel has stopped
	lots    map[charge.LotID]*queue
	ready   fifo[*queue] // a lot once for each of its tries that may begin
	workers int
	idle    int // workers that wait and have not been woken
	stopped bool
	running sync.WaitGroup
}

// queue is what is known of one lot.
type queue struct {
	orders   fifo[waiting]
	ready    int // tries that may begin
	underWay int
	breaker
}

// waiting is an order that waits for its turn.
type waiting struct {
	order lot.Order
	place place
	done  func(lot.Result)
	since time.Time
}

var _ interface {
	lot.Channel
	lot.Pricer
} = (*Channel)(nil)

// NewChannel makes a channel. Stop ends it.
func NewChannel(cfg ChannelConfig) *Channel {
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
	c := &Channel{cfg: cfg, lots: map[charge.LotID]*queue{}}
	c.wake = sync.NewCond(&c.mu)
	return c
}

// Here is always true: any node can call a lot.
func (c *Channel) Here(charge.LotID) bool { return true }

// Deliver tries one order once. Where there is no room, no address, or the lot rests after failures, the order
// is done at once with AttemptError, reason lot_error and Sent false: by the schedule, not by a login, comes
// the next try. done is called on another goroutine: it may wait for a commit, and a platform for its answer.
func (c *Channel) Deliver(o lot.Order, done func(lot.Result)) {
	now := c.cfg.Now()
	place, _, err := placeOf(c.cfg.Directory, o.Lot)
	if err == nil {
		err = c.enqueue(waiting{order: o, place: place, done: done, since: now}, now)
	}
	if err != nil {
		go done(notSent(err, now))
	}
}

func (c *Channel) enqueue(w waiting, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.lots[w.order.Lot]
	if q == nil {
		q = &queue{}
		c.lots[w.order.Lot] = q
	}
	switch {
	case c.stopped:
		return errStopped
	case q.resting(now):
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
func (c *Channel) start(q *queue) bool {
	most := c.cfg.PerLot
	if q.tripped() {
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
		go c.work()
	}
	return true
}

// keptIdle is how many workers stay when there is nothing to do.
const keptIdle = 64

// work makes tries until there are none.
func (c *Channel) work() {
	defer c.running.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() { c.workers-- }()
	for {
		for c.ready.len() == 0 {
			if c.stopped || c.idle >= keptIdle {
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

// turn makes the try of the lot's first order. It is called, and returns, with the lock held.
func (c *Channel) turn(q *queue) {
	w := q.orders.pop()
	q.underWay++
	c.mu.Unlock()
	result, verdict := c.try(w)

	c.mu.Lock()
	q.underWay--
	if verdict != untried {
		q.record(verdict == answered, result.At)
	}
	var home []waiting
	var why error
	if q.resting(result.At) {
		home, why = q.orders.drain(), q.restError()
	}
	for c.start(q) {
	}
	c.mu.Unlock()

	w.done(result) // may wait for a commit: the lot's next try has begun already
	for _, h := range home {
		h.done(notSent(why, result.At))
	}
	c.mu.Lock()
}

// Stop sends waiting orders home, ends the workers and waits until the tries under way are done.
func (c *Channel) Stop() {
	c.mu.Lock()
	c.stopped = true
	var home []waiting
	for _, q := range c.lots {
		home = append(home, q.orders.drain()...)
	}
	c.wake.Broadcast()
	c.mu.Unlock()
	for _, h := range home {
		h.done(notSent(errStopped, c.cfg.Now()))
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
