package flow

import (
	"context"
	"fmt"

	"github.com/chargestamp/chargestamp/charge"
)

// Bind gives a charge that found no stay to one that support names by the lot's order number, and decides it.
func (f *Flow) Bind(ctx context.Context, id int64, stayOrder string, action Action) (Effect, error) {
	return f.act(ctx, id, action, func(a *acting) (Effect, error) {
		c := a.charge
		switch c.State {
		case charge.StateHeld, charge.StateExpired, charge.StateNoGrant:
		default:
			return refuseAction("Only a charge that got nothing can be bound to a stay; this one is %s.", c.State)
		}
		s, err := a.tx.StayByOrder(c.Lot, stayOrder)
		if err != nil {
			return Effect{}, err
		}
		if s == nil {
			return refuseAction("Lot %s has told no stay %q.", c.Lot, clip(stayOrder))
		}
		if !s.Open {
			return refuseAction("Stay %q is over: a reduction would reach nobody.", s.OrderID)
		}
		if err := a.then.hold(charge.VisitKey{Lot: s.Lot, Plate: s.Plate}); err != nil {
			return Effect{}, err
		}
		effect := fmt.Sprintf("The charge is decided for stay %s of plate %s and what comes out is sent.", s.OrderID, s.Plate)
		if action.DryRun {
			return Effect{Effect: effect, Allowed: true}, nil
		}
		d, err := f.decidingOn(a.tx, a.then, c, f.cfg.Now())
		if err != nil {
			return Effect{}, err
		}
		if d == nil {
			return refuseAction("The charge's binding or lot is gone.")
		}
		if d.marks, err = a.tx.LotMarks(c.Lot); err != nil {
			return Effect{}, err
		}
		d.stay = s
		if err := d.again(); err != nil {
			return Effect{}, err
		}
		return a.done("bound", effect)
	})
}
