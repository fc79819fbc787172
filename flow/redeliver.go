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
		plan, effect := a.plan()
		if plan == nil || action.DryRun {
			return Effect{Effect: effect, Allowed: plan != nil}, nil
		}
		if err := plan(); err != nil {
			return Effect{}, err
		}
		return a.done("redelivered", effect)
	})
}

// Redeliverable tells which of some charges, as they were read just now, Redeliver would do something for.
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
			plan, _ := a.plan()
			can[i] = plan != nil
		}
		return err
	})
	return can, err
}

// plan chooses what redelivering means for a charge; nil where it would be wrong, with the reason.
func (a *acting) plan() (func() error, string) {
	c, dl := a.charge, a.delivery
	if gone, err := a.carLeft(); err != nil {
		return func() error { return err }, ""
	} else if gone {
		return nil, "The car has left: a reduction would reach nobody."
	}
	switch c.State {
	case charge.StateDelivered, charge.StateUsed:
		return nil, "The lot has this reduction already; sending it again could give it twice."
	case charge.StateVoided:
		return nil, "The charge is voided."
	case charge.StateShadow:
		return nil, "The binding is a shadow: it decides and sends nothing. Set it live first."
	case charge.StateSending, charge.StateUnknown:
		return a.planAgain(dl)
	}
	return a.decideAnew, "The charge is decided again by its rule as it stands today and by what its stay has been granted; what comes out is sent as a new reduction. The lot has not had this one."
}

// planAgain sends the same bytes with the same id at once.
func (a *acting) planAgain(dl *charge.Delivery) (func() error, string) {
	l, _, known := a.f.cfg.Estate().Lot(dl.Lot)
	switch {
	case !known:
		return nil, "The lot is switched off."
	case l.Repeats == charge.RepeatsUnsafe && (dl.State == charge.DeliveryUnknown || dl.State == charge.DeliverySent):
		return nil, "Nobody knows whether the lot applied it, and this lot may not be told twice (repeats: unsafe). Ask the car park, then bind or void."
	case dl.State == charge.DeliveryLeased:
		return nil, "It is being sent at this moment."
	}
	return a.sendAgain, "The same message is sent again with the same id " + dl.UUID + "; a lot that has it will not add it twice."
}

func (a *acting) sendAgain() error {
	c, dl, now := a.charge, a.delivery, a.f.cfg.Now()
	j, err := a.tx.Job(dl.ID)
	if err != nil {
		return err
	}
	if j == nil {
		j = &outbox.Job{ID: dl.ID, Kind: jobKind(dl.Channel), Route: dl.Lot.String(), Ref: c.ID, DueAt: now}
		err = a.tx.AddJob(*j)
	} else {
		j.DueAt, j.Lease, j.LeaseUntil = now, "", time.Time{}
		err = a.tx.SetJob(*j)
	}
	if err != nil {
		return err
	}
	dl.State, dl.DueAt = charge.DeliveryDue, now
	if !dl.Until.IsZero() {
		dl.Until = now.Add(visitSpan)
	}
	if err := a.tx.SetDelivery(dl); err != nil {
		return err
	}
	a.then.wake = append(a.then.wake, j.Kind)
	if c.State == charge.StateUnknown {
		return nil
	}
	return move(a.tx, a.then, c, charge.StateSending, charge.ReasonOK, now)
}

func (a *acting) decideAnew() error {
	d, err := a.f.decidingOn(a.tx, a.then, a.charge, a.f.cfg.Now())
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

// carLeft reports whether the charge's stay is over.
func (a *acting) carLeft() (bool, error) {
	if a.charge.StayID == 0 {
		return false, nil
	}
	if a.told != nil {
		return a.told.Stay != nil && !a.told.Stay.Open, nil
	}
	s, err := a.tx.Stay(a.charge.StayID)
	return s != nil && !s.Open, err
}
