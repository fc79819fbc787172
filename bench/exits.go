package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// exits lets cars out of the 4G lots once the charge of each was accepted: their reductions are settled. An exit that
// got no answer is reported again.
type exits struct {
	ends   *Ends
	inside chan parked
	asking atomic.Int64 // that have no answer yet

	mu   sync.Mutex
	open []parked // reported, and without an answer
}

// parked is a car in a 4G lot.
type parked struct {
	lot   charge.LotID
	plate charge.Plate
}

// exitEvery is how often one of exitHands lets a car out. A 4G lot of a kill run gets a few dozen charges a second.
const (
	exitEvery = 25 * time.Millisecond
	exitHands = 2
)

func newExits(ends *Ends) *exits { return &exits{ends: ends, inside: make(chan parked, 4*carsAhead)} }

// pushed takes note of a car whose charge was accepted. Where too many wait, it stays inside.
func (e *exits) pushed(s play.Shot) {
	if e.ends.gates[s.Push.Lot] == nil || !s.Accepted {
		return
	}
	select {
	case e.inside <- parked{s.Push.Lot, s.Push.Plate}:
	default:
	}
}

// begin lets cars out until the context ends.
func (e *exits) begin(ctx context.Context) *sync.WaitGroup {
	var hands sync.WaitGroup
	for range exitHands {
		hands.Go(func() {
			tick := time.NewTicker(exitEvery)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				select {
				case car := <-e.inside:
					e.letOut(ctx, car)
				default:
				}
			}
		})
	}
	return &hands
}

func (e *exits) letOut(ctx context.Context, car parked) {
	e.asking.Add(1)
	err := e.ends.LetOut(ctx, car.lot, car.plate)
	e.asking.Add(-1)
	if err != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.open = append(e.open, car)
	}
}

// again reports the exits once more that got no answer.
func (e *exits) again(ctx context.Context) error {
	e.mu.Lock()
	open := e.open
	e.open = nil
	e.mu.Unlock()
	return parallel(4, open, func(car parked) error { return e.ends.LetOut(ctx, car.lot, car.plate) })
}
