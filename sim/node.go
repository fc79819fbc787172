package sim

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/callback"
	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/lot/line"
	"github.com/chargestamp/chargestamp/machine"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
)

// targets are the coupon systems, read once.
var targets = sync.OnceValue(coupon.Builtin)

// node is one process of the gateway, from its start to its crash.
type node struct {
	w      *world
	name   string
	number uint16
	flow   *flow.Flow
	dead   bool
	paused bool          // it is stopped, and goes on later as if nothing had been
	offset time.Duration // of its clock
	lines  *line.Server
	// What the lines wait for: connections that have come, and time.
	arrivals []*wire
	accepts  *task
	sweeps   *task
	sweepsAt time.Time
	spawns   int             // tasks that the code under test has begun, and that have not ended
	busy     map[string]bool // loops that are under way
}

// start starts a node anew on what is stored.
func (w *world) start(name string, number uint16) (*node, error) {
	n := &node{w: w, name: name, number: number, busy: map[string]bool{}}
	last, err := w.disk.store.LastID(context.Background())
	if err != nil {
		return nil, err
	}
	ids := charge.NewIDs(number, n.now)
	ids.Pass(last)
	on := machine.Machine{Go: n.beside, Wait: n.waitOfLines, Within: n.within, Random: w.luck}
	callbacks := callback.NewChannel(callback.ChannelConfig{Directory: w.site, Client: poster{n}, Now: n.now, Machine: on})
	coupons := coupon.NewChannel(coupon.ChannelConfig{Directory: w.site, Client: poster{n}, Targets: targets(),
		Now: n.now, Machine: on})
	n.flow = flow.New(flow.Config{
		Storage: storage{w, n}, Estate: func() flow.Estate { return w.site },
		Dialect: func(string) (platform.Dialect, bool) { return reporting{}, true },
		Channels: map[charge.DeliveryChannel]lot.Channel{
			charge.ChannelLine: way{n, func(charge.LotID) lot.Channel { return n.lines }},
			charge.ChannelCallback: way{n, func(id charge.LotID) lot.Channel {
				if w.parks[id].kind == charge.KindCoupon {
					return coupons
				}
				return callbacks
			}},
		},
		Reports: n, Observer: silent{}, IDs: ids, Node: name, Now: n.now, Logger: slog.New(slog.DiscardHandler),
		Linked:  w.linked,
		Notify:  func(outbox.Kind) { w.stir() },
		Machine: machine.Machine{Go: n.spawn, Wait: n.wait, Within: n.within, Random: w.luck},
	}, storage{w, n})
	n.lines = line.New(line.Config{Directory: w.site, Events: n.flow, Sessions: sessions{storage{w, n}}, Node: name,
		Now: n.now, Machine: on, Logger: slog.New(slog.DiscardHandler)})
	n.flow.Runner().Open()
	n.beside(func() { _ = n.lines.Serve(door{n}) })
	return n, nil
}

func (n *node) now() time.Time { return n.w.now().Add(n.offset) }

// mostSpawned bounds the tasks of the code under test that are under way on a node: flow lets eight look at deliveries
// at a time, and a ninth would wait where the stage cannot see it.
const mostSpawned = 7

// spawn is machine.Machine's Go.
func (n *node) spawn(work func()) {
	t := n.w.stage.begin(n, "work", func() {
		n.spawns++
		defer func() { n.spawns-- }()
		work()
	})
	t.spawn = true
}

// wait is machine.Machine's Wait.
func (n *node) wait(_ context.Context, d time.Duration) { n.w.sleep(d) }

// within is machine.Machine's Within, by the simulated clock.
func (n *node) within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	n.w.agenda.put(n.w.now().Add(d), func() { cancel(context.DeadlineExceeded) })
	return ctx, func() { cancel(context.Canceled) }
}

// Report implements flow.Reports: the platform hears a usage, sometimes too late to say so.
func (n *node) Report(_ context.Context, a charge.Account, u platform.Used) (bool, charge.Note) {
	w := n.w
	w.sleep(w.between(10*time.Millisecond, 3*time.Second))
	if !w.calm && w.chance(20) {
		w.fault("report lost")
		return false, charge.Say("report.failed", charge.Text("cause", "no answer"))
	}
	w.book.told[a.ID+" "+u.Order] = u
	if !w.calm && w.chance(10) {
		w.fault("report's answer lost")
		return false, charge.Say("report.failed", charge.Text("cause", "no answer"))
	}
	return true, charge.Say("report.taken")
}

// silent is an observer that does not look.
type silent struct{}

func (silent) Pushed(string, charge.Outcome)                                 {}
func (silent) Moved(charge.State, charge.Reason)                             {}
func (silent) Tried(charge.DeliveryChannel, charge.AttemptResult)            {}
func (silent) Delivered(charge.LotID, charge.DeliveryChannel, time.Duration) {}
func (silent) StrayAck(charge.LotID)                                         {}
func (silent) Posted(string, bool)                                           {}

// beside is machine.Machine's Go for lines and for what is called over HTTP.
func (n *node) beside(work func()) { n.w.stage.begin(n, "channel", work) }

// How often a node looks after its lines: while something is under way there, and at rest.
const (
	linesBusy = 500 * time.Millisecond
	linesRest = 30 * time.Second
)

// waitOfLines is machine.Machine's Wait for the sweep over lines, which comes less often than it wants to where there
// is nothing for it to do.
func (n *node) waitOfLines(context.Context, time.Duration) {
	n.sweeps = n.w.stage.running
	n.sweepIn(linesRest)
	if n.lines.Stats().Pending > 0 {
		n.sweepIn(linesBusy)
	}
	n.w.stage.wait(n.sweeps, asleep)
	n.sweepsAt = time.Time{}
}

// sweepIn has the lines swept after a time, unless they are sooner.
func (n *node) sweepIn(d time.Duration) {
	at := n.w.now().Add(d)
	if n.sweeps == nil || !n.sweepsAt.IsZero() && !at.Before(n.sweepsAt) {
		return
	}
	n.sweepsAt = at
	n.w.agenda.put(at, func() {
		if n.sweepsAt.Equal(at) {
			n.w.stage.wake(n.sweeps)
		}
	})
}

// loop begins what the node does by itself, unless it does it already.
func (n *node) loop(what string, work func(ctx context.Context)) {
	if n.busy[what] {
		return
	}
	n.busy[what] = true
	n.w.stage.begin(n, what, func() {
		defer func() { n.busy[what] = false }()
		work(context.Background())
	})
}

// claim takes up what is due.
func (n *node) claim(kind outbox.Kind) {
	n.loop("claim "+string(kind), func(ctx context.Context) {
		for n.flow.Runner().Claim(ctx, kind) {
		}
	})
}

// renew keeps the leases of what is under way.
func (n *node) renew() {
	if n.flow.InFlight() > 0 {
		n.loop("renew", n.flow.Runner().Renew)
	}
}

// expire ends the holds that are over.
func (n *node) expire() {
	n.loop("expire", func(ctx context.Context) { n.flow.ExpireHolds(ctx) })
}
