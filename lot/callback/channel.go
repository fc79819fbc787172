package callback

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/calls"
	"github.com/chargestamp/chargestamp/machine"
)

// ChannelConfig is what the channel needs; zero limits have the defaults of package calls.
type ChannelConfig struct {
	Directory lot.Directory
	Client    Client // with a time limit of 5 s: a callback waits no longer for its answer
	Now       func() time.Time
	Machine   machine.Machine // the zero Machine is the real one
	Workers   int             // requests under way in all
	PerLot    int             // requests under way to one lot
	Queue     int             // orders that wait for one lot
}

// Channel delivers 5.14 and asks 5.1.
type Channel struct {
	cfg   ChannelConfig
	calls *calls.Queue
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
	return &Channel{cfg: cfg, calls: calls.New(calls.Config{Now: cfg.Now, Workers: cfg.Workers, PerLot: cfg.PerLot,
		Queue: cfg.Queue, Machine: cfg.Machine})}
}

// Here is always true: any node can call a lot.
func (c *Channel) Here(charge.LotID) bool { return true }

// Deliver tries one order once, as calls.Queue.Put does it; an order to a lot without an address is not sent.
func (c *Channel) Deliver(o lot.Order, done func(lot.Result)) {
	place, _, err := placeOf(c.cfg.Directory, o.Lot)
	if err != nil {
		c.cfg.Machine.Real().Go(func() { done(calls.NotSent(err, c.cfg.Now())) })
		return
	}
	c.calls.Put(o.Lot, func() (lot.Result, calls.Verdict) { return c.try(o, place) }, done)
}

// Breaker reports how a lot stands: "closed", "open" while it rests after failures, "half_open" while one try at a time
// finds out whether it answers again.
func (c *Channel) Breaker(id charge.LotID) string { return c.calls.Breaker(id) }

// Stop sends waiting orders home, ends the workers and waits until the tries under way are done.
func (c *Channel) Stop() { c.calls.Stop() }
