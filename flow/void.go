package flow

import (
	"context"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// Void takes a charge's reduction back: before it is used the lot's ledger forgets it, after that a
// counter-entry corrects the statement. Where the lot takes back what it was given it is asked first, and a reduction
// that it keeps is not voided. What another lot has received cannot be recalled; Effect says so.
func (f *Flow) Void(ctx context.Context, id int64, action Action) (Effect, error) {
	came, said := recallNone, charge.Note{}
	if !action.DryRun {
		var err error
		if came, said, err = f.recall(ctx, id, action); err != nil {
			return Effect{}, err
		}
	}
	return f.act(ctx, id, action, func(a *acting) (Effect, error) {
		facts, err := a.facts()
		if err != nil {
			return Effect{}, err
		}
		if why := facts.mayVoid(); !why.IsZero() {
			return refused(why)
		}
		if came == recallRefused {
			return refused(said)
		}
		what := facts.voids()
		if err := a.noted("act.voided"); err != nil {
			return Effect{}, err
		}
		if err := a.void(); err != nil {
			return Effect{}, err
		}
		return done(what)
	})
}

// voids says what voiding a charge comes to.
func (f Facts) voids() charge.Note {
	c := f.Charge
	var granted charge.Arg
	if c.Reduction != nil {
		granted = charge.Grants("grant", *c.Reduction)
	}
	switch {
	case c.State == charge.StateUsed && c.Usage != nil:
		return charge.Say("effect.void_used", used("used", c.Usage))
	case !c.State.Granting():
		return charge.Say("effect.void_nothing")
	case f.Delivery != nil && lot.KindBy(f.Delivery.Channel).CanRevoke && f.left():
		return charge.Say("effect.void_left", granted)
	case f.Delivery != nil && lot.KindBy(f.Delivery.Channel).CanRevoke:
		return charge.Say("effect.void_ledger", granted)
	case !f.Told:
		return charge.Say("effect.void_unsent", granted)
	case f.Revocable:
		return charge.Say("effect.void_revoked", granted)
	case f.left():
		return charge.Say("effect.void_left", granted)
	}
	return charge.Say("effect.void_told", granted)
}

// used is a usage as an argument: minutes, yuan or both.
func used(name string, u *charge.Usage) charge.Arg {
	var list []charge.Reduction
	if u.Minutes != 0 || u.Amount == 0 {
		list = append(list, charge.Reduction{Method: charge.MethodTime, Minutes: u.Minutes})
	}
	if u.Amount != 0 {
		list = append(list, charge.Reduction{Method: charge.MethodAmount, Amount: u.Amount})
	}
	return charge.Grants(name, list...)
}

func (a *acting) void() error {
	c, now := a.charge, a.now
	if c.State.Granting() && c.Reduction != nil {
		if err := a.tx.AddLedger(grantEntry(a.f.cfg.IDs.Next(), c, now, -1, charge.Say("ledger.voided"))); err != nil {
			return err
		}
	}
	if c.Usage != nil {
		if err := a.tx.AddLedger(a.f.usageEntry(c, *c.Usage, now, -1, charge.Say("ledger.voided"))); err != nil {
			return err
		}
	}
	if a.delivery != nil {
		a.delivery.State = charge.DeliveryVoided
		if err := a.tx.SetDelivery(a.delivery); err != nil {
			return err
		}
		if err := a.tx.EndJob(a.delivery.ID); err != nil {
			return err
		}
	}
	return move(a.tx, a.then, c, charge.StateVoided, charge.ReasonVoidedByUser, now)
}
