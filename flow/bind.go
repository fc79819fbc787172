package flow

import (
	"context"
	"errors"
	"slices"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// Bind moves a charge that found no stay to one that support names by the lot's order number, and decides it.
func (f *Flow) Bind(ctx context.Context, id int64, stayOrder string, action Action) (Effect, error) {
	return f.act(ctx, id, action, func(a *acting) (Effect, error) {
		c := a.charge
		if why := (Facts{Charge: c}).mayBind(); !why.IsZero() {
			return refused(why)
		}
		if why, err := a.lockedOut(); err != nil {
			return Effect{}, err
		} else if !why.IsZero() {
			return refused(charge.Say("refused.locked_out", charge.Because("why", why)))
		}
		s, err := a.tx.StayByOrder(c.Lot, stayOrder)
		if err != nil {
			return Effect{}, err
		}
		if s == nil {
			return refused(charge.Say("refused.no_stay", charge.AtLot("lot", c.Lot), charge.Text("stay", clip(stayOrder))))
		}
		if !s.Open {
			return refused(charge.Say("refused.stay_over", charge.Text("stay", s.OrderID), charge.When("left", s.Left)))
		}
		if err := a.then.hold(charge.VisitKey{Lot: s.Lot, Plate: s.Plate}); err != nil {
			return Effect{}, err
		}
		d, err := f.decidingOn(a.tx, a.then, c, a.now)
		if err != nil {
			return Effect{}, err
		}
		if d == nil {
			return refused(charge.Say("refused.not_bound"))
		}
		if d.marks, err = a.tx.LotMarks(c.Lot); err != nil {
			return Effect{}, err
		}
		if err := a.noted("act.bound"); err != nil {
			return Effect{}, err
		}
		before := c.State
		d.stay = s
		if err := d.again(); err != nil {
			return Effect{}, err
		}
		return done(charge.Say("effect.bound", charge.Text("stay", s.OrderID), charge.Masked("plate", s.Plate),
			charge.Because("what", a.cameTo(before))))
	})
}

// lockedOut says why the push that a charge was last taken from would not pass its account's lock today; the zero note
// where it would, and where retention took the push away, which had passed when it came.
func (a *acting) lockedOut() (charge.Note, error) {
	pushes, err := a.tx.PushesOf(a.charge.ID)
	if err != nil {
		return charge.Note{}, err
	}
	for _, p := range slices.Backward(pushes) {
		if p.Outcome != charge.OutcomeAccepted {
			continue
		}
		_, _, _, err := a.f.cfg.Opener.Reopen(p)
		if refusal := (*platform.Refusal)(nil); errors.As(err, &refusal) && refusal.Outcome == charge.OutcomeWrongLock {
			return refusal.Why, nil
		}
		return charge.Note{}, nil
	}
	return charge.Note{}, nil
}
