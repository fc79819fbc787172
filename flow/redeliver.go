package flow

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

// Redeliver tries again to get a charge's reduction into its lot. What may have been applied is sent with
// the same id and the same bytes; what surely was not is decided anew, so that caps hold.
func (f *Flow) Redeliver(ctx context.Context, id int64, action Action) (Effect, error) {
	return f.act(ctx, id, action, func(a *acting) (Effect, error) {
		facts, err := a.facts()
		if err != nil {
			return Effect{}, err
		}
		if why := facts.mayRedeliver(); !why.IsZero() {
			return refused(why)
		}
		if err := a.noted("act.redelivered"); err != nil {
			return Effect{}, err
		}
		switch s := a.charge.State; {
		case (s == charge.StateSending || s == charge.StateUnknown) && !facts.Told:
			return a.resend("effect.sends")
		case s == charge.StateSending, s == charge.StateUnknown:
			return a.resend("effect.sends_again")
		}
		before := a.charge.State
		if err := a.decideAnew(); err != nil {
			return Effect{}, err
		}
		return done(a.cameTo(before))
	})
}

// Redeliverable reports of some charges, as they were read just now, which Redeliver would do something for.
func (f *Flow) Redeliverable(ctx context.Context, charges []*charge.Charge) ([]bool, error) {
	var can []bool
	err := f.cfg.Storage.Read(ctx, func(tx Tx) error {
		all, err := tx.Sendings(charges)
		can = make([]bool, len(all))
		for i, h := range all {
			a := &acting{f: f, tx: tx, charge: h.Charge, told: h}
			if n := len(h.Deliveries); n > 0 {
				a.delivery = h.Deliveries[n-1]
			}
			facts, err := a.facts()
			if err != nil {
				return err
			}
			can[i] = facts.mayRedeliver().IsZero()
		}
		return err
	})
	return can, err
}

// resend sends the same bytes with the same id at once, or as soon as it can be.
func (a *acting) resend(code string) (Effect, error) {
	why, err := a.obstacle()
	if err != nil {
		return Effect{}, err
	}
	if err := a.sendAgain(why); err != nil {
		return Effect{}, err
	}
	var grant []charge.Reduction
	if a.charge.Decision != nil {
		grant = append(grant, a.charge.Decision.Send)
	}
	grants, target := charge.Grants("grant", grant...), charge.AtLot("lot", a.delivery.Lot)
	if why != charge.ReasonOK {
		return done(charge.Say("effect.sends_later", grants, target, charge.Word("reason", "charge_reason", why)))
	}
	return done(charge.Say(code, grants, target, charge.Text("uuid", a.delivery.UUID)))
}

// obstacle is why what is sent now does not leave at once; ReasonOK where it does.
func (a *acting) obstacle() (charge.Reason, error) {
	marks, err := a.tx.LotMarks(a.delivery.Lot)
	if err != nil {
		return "", err
	}
	line := lineOf(a.delivery, a.charge.Plate)
	switch {
	case marks.Paused:
		return charge.ReasonLotPaused, nil
	case !a.f.cfg.Channels[a.delivery.Channel].Here(line) && !a.f.cfg.Linked(line):
		return charge.ReasonLineOff, nil
	}
	return charge.ReasonOK, nil
}

func (a *acting) sendAgain(why charge.Reason) error {
	c, dl := a.charge, a.delivery
	j, err := a.tx.Job(dl.ID)
	if err != nil {
		return err
	}
	if j == nil {
		j = &outbox.Job{ID: dl.ID, Kind: jobKind(dl.Channel), Route: lineOf(dl, c.Plate).String(), Ref: c.ID, DueAt: a.now}
		err = a.tx.AddJob(*j)
	} else {
		j.DueAt, j.Lease, j.LeaseUntil = a.now, "", time.Time{}
		err = a.tx.SetJob(*j)
	}
	if err != nil {
		return err
	}
	dl.State, dl.DueAt = charge.DeliveryDue, a.now
	if !dl.Until.IsZero() {
		dl.Until = a.now.Add(visitSpan)
	}
	if err := a.tx.SetDelivery(dl); err != nil {
		return err
	}
	a.then.wake = append(a.then.wake, j.Kind)
	if c.State == charge.StateUnknown {
		return nil
	}
	return move(a.tx, a.then, c, charge.StateSending, why, a.now)
}

func (a *acting) decideAnew() error {
	d, err := a.f.decidingOn(a.tx, a.then, a.charge, a.now)
	if err != nil {
		return err
	}
	if d == nil {
		return ErrNotFound
	}
	if err := d.match(); err != nil {
		return err
	}
	if a.charge.StayID != 0 { // perhaps bound by hand
		if d.stay, err = a.tx.Stay(a.charge.StayID); err != nil {
			return err
		}
	}
	if d.stay != nil {
		if err := a.then.hold(charge.VisitKey{Lot: d.stay.Lot, Plate: d.stay.Plate}); err != nil {
			return err
		}
	}
	return d.again()
}
