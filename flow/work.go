package flow

import (
	"context"
	"errors"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

// completing bounds one completion's wait for its commit.
const completing = 20 * time.Second

// after knows the visits that a transaction holds, and collects what may happen only once it has been
// committed.
type after struct {
	f     *Flow
	held  []charge.VisitKey
	hands []handed
	moves []moved
	tell  []func(Observer)
	wake  []outbox.Kind // jobs of these kinds have become due
	afar  bool          // a line delivery was left to whichever node holds the line
	dry   bool          // nothing will be committed: every visit counts as held
}

// handed is a job that is stored leased to this node and starts once it is committed.
type handed struct {
	place outbox.Place
	job   outbox.Job
	carry any
}

type moved struct {
	state  charge.State
	reason charge.Reason
}

// reset forgets what a run of the transaction left that will not be committed.
func (a *after) reset() {
	for _, h := range a.hands {
		h.place.Release()
	}
	a.hands, a.moves, a.tell, a.wake, a.afar = a.hands[:0], a.moves[:0], a.tell[:0], a.wake[:0], false
}

// write runs fn in a transaction over visits, adding visits that turn out to be needed, and does what fn
// left for after the commit.
func (f *Flow) write(ctx context.Context, visits []charge.VisitKey, fn func(Tx, *after) error) error {
	return f.writeBy(ctx, f.cfg.Storage.Write, visits, fn)
}

// storageWrite is one of a Storage's ways to write.
type storageWrite func(ctx context.Context, visits []charge.VisitKey, fn func(Tx) error) error

// writeBy is write by one of the storage's ways.
func (f *Flow) writeBy(ctx context.Context, way storageWrite, visits []charge.VisitKey,
	fn func(Tx, *after) error) error {
	then := after{f: f}
	for round := 1; ; round++ {
		err := way(ctx, visits, func(tx Tx) error {
			then.reset() // the store may run fn again
			then.held = visits
			return fn(tx, &then)
		})
		if err == nil {
			break
		}
		then.reset()
		var more *moreVisits
		if !errors.As(err, &more) || round == mostRounds {
			return err
		}
		visits = append(visits, more.visits...)
	}
	for _, m := range then.moves {
		f.cfg.Observer.Moved(m.state, m.reason)
	}
	for _, tell := range then.tell {
		tell(f.cfg.Observer)
	}
	for _, kind := range then.wake {
		f.runner.Hint(kind)
	}
	for _, h := range then.hands {
		h.place.Hand(h.job, h.carry)
	}
	if then.afar && f.cfg.Notify != nil {
		f.cfg.Notify(outbox.KindLine)
	}
	return nil
}

// mostRounds bounds how often a transaction begins again with more visits. Each round adds all that one step of the
// story needs, so a round more means another step.
const mostRounds = 32

// moreVisits says that a transaction has met visits that it does not hold.
type moreVisits struct{ visits []charge.VisitKey }

func (m *moreVisits) Error() string { return "needs more visits" }

// hold returns an error that makes write run again with the visits that the transaction does not hold yet.
func (a *after) hold(visits ...charge.VisitKey) error {
	var more []charge.VisitKey
	for _, v := range visits {
		if !containsVisit(a.held, v) && !containsVisit(more, v) {
			more = append(more, v)
		}
	}
	if more == nil || a.dry {
		return nil
	}
	return &moreVisits{more}
}

// holdCharges is hold for the visits of charges.
func (a *after) holdCharges(charges []*charge.Charge) error {
	visits := make([]charge.VisitKey, len(charges))
	for i, c := range charges {
		visits[i] = charge.VisitKey{Lot: c.Lot, Plate: c.Plate}
	}
	return a.hold(visits...)
}

func containsVisit(held []charge.VisitKey, v charge.VisitKey) bool {
	for _, h := range held {
		if h == v {
			return true
		}
	}
	return false
}

// move puts a charge into a state for a reason and stores it.
func move(tx Tx, then *after, c *charge.Charge, s charge.State, r charge.Reason, at time.Time) error {
	was := c.State
	c.State, c.Reason, c.UpdatedAt = s, r, at
	then.moves = append(then.moves, moved{s, r})
	if err := tx.SetCharge(c); err != nil {
		return err
	}
	return then.announce(tx, c, was)
}

// announce stores, for each webhook that hears of it, the message that a charge's state has changed. Like a delivery it
// is this node's from the start where there is room.
func (a *after) announce(tx Tx, c *charge.Charge, was charge.State) error {
	if a.dry || a.f.cfg.Webhooks == nil || c.State == was || c.Plate.Trial() {
		return nil
	}
	for _, target := range a.f.cfg.Webhooks.Hearing(c.State) {
		id, now := a.f.cfg.IDs.Next(), a.f.cfg.Now()
		j := outbox.Job{ID: id, Kind: outbox.KindWebhook, Route: target, Ref: c.ID, DueAt: now,
			Body: a.f.cfg.Webhooks.Compose(target, id, c, was)}
		if place, ok := a.f.runner.Reserve(j.Kind); ok {
			j.Lease, j.LeaseUntil, j.Fence = a.f.cfg.Node, a.f.runner.LeaseUntil(now), 1
			a.hands = append(a.hands, handed{place, j, nil})
		}
		if err := tx.AddJob(j); err != nil {
			return err
		}
	}
	return nil
}

// day is the day of a time in Asia/Shanghai, "2026-01-31".
func day(t time.Time) string { return t.In(charge.Shanghai).Format(time.DateOnly) }

func (f *Flow) visitsOfCharge(ctx context.Context, id int64) ([]charge.VisitKey, error) {
	var visits []charge.VisitKey
	err := f.cfg.Storage.Read(ctx, func(tx Tx) error {
		c, err := tx.Charge(id)
		if c != nil {
			visits = []charge.VisitKey{{Lot: c.Lot, Plate: c.Plate}}
		}
		return err
	})
	return visits, err
}

func deliveryAndCharge(tx Tx, id int64) (*charge.Delivery, *charge.Charge, error) {
	dl, err := tx.Delivery(id)
	if err != nil || dl == nil {
		return nil, nil, err
	}
	c, err := tx.Charge(dl.Charge)
	if err != nil || c == nil {
		return nil, nil, err
	}
	return dl, c, nil
}

func lastDelivery(tx Tx, chargeID int64) (*charge.Delivery, error) {
	all, err := tx.DeliveriesOf(chargeID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[len(all)-1], nil
}
