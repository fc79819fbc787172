package flow

import (
	"context"

	"github.com/chargestamp/chargestamp/charge"
)

// Resolve ends the doubt about a charge whose delivery got no answer, on the word of the car park: it has the
// reduction, or it has it not. In the second case the same message goes out once more while the car is in, and the
// grant is taken back once it has left.
func (f *Flow) Resolve(ctx context.Context, id int64, lotHas bool, action Action) (Effect, error) {
	return f.act(ctx, id, action, func(a *acting) (Effect, error) {
		facts, err := a.facts()
		if err != nil {
			return Effect{}, err
		}
		if why := facts.mayResolve(); !why.IsZero() {
			return refused(why)
		}
		if lotHas {
			return a.lotHas()
		}
		return a.lotHasNot(facts)
	})
}

func (a *acting) lotHas() (Effect, error) {
	if err := a.noted("act.lot_has"); err != nil {
		return Effect{}, err
	}
	if err := a.f.acked(a.tx, a.then, a.charge, a.delivery, a.now); err != nil {
		return Effect{}, err
	}
	return done(charge.Say("effect.lot_has", charge.Grants("grant", *a.charge.Reduction)))
}

func (a *acting) lotHasNot(facts Facts) (Effect, error) {
	if !facts.LotKnown {
		return refused(charge.Say("refused.lot_off"))
	}
	if err := a.noted("act.lot_has_not"); err != nil {
		return Effect{}, err
	}
	if facts.left() {
		end := ending{charge.DeliveryGaveUp, charge.StateGaveUp, charge.ReasonNoAnswer, charge.Say("ledger.not_delivered"),
			a.now}
		if err := a.f.end(a.tx, a.then, a.charge, a.delivery, end); err != nil {
			return Effect{}, err
		}
		return done(charge.Say("effect.too_late", charge.Grants("grant", *a.charge.Reduction)))
	}
	// The lot surely has nothing: what is sent now is a first time, also where a lot may not be sent a reduction twice.
	if err := move(a.tx, a.then, a.charge, charge.StateSending, charge.ReasonOK, a.now); err != nil {
		return Effect{}, err
	}
	return a.resend("effect.sends_once")
}
