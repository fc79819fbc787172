package flow

import (
	"context"
	"fmt"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// Void takes a charge's reduction back: before it is used the lot's ledger forgets it, after that a
// counter-entry corrects the statement. What a car park has been told it cannot be told back; Effect says so.
func (f *Flow) Void(ctx context.Context, id int64, action Action) (Effect, error) {
	return f.act(ctx, id, action, func(a *acting) (Effect, error) {
		effect, ok := a.voidEffect()
		if !ok || action.DryRun {
			return Effect{Effect: effect, Allowed: ok}, nil
		}
		if err := a.void(); err != nil {
			return Effect{}, err
		}
		return a.done("voided", effect)
	})
}

func (a *acting) voidEffect() (string, bool) {
	c := a.charge
	switch c.State {
	case charge.StateVoided:
		return "The charge is voided already.", false
	case charge.StateHeld, charge.StateShadow, charge.StateNoGrant, charge.StateExpired, charge.StateRefused, charge.StateGaveUp:
		return "Nothing was given; the charge is marked voided and will get nothing.", true
	case charge.StateUsed:
		return "The car has left and " + a.usedText() + " was taken off. Counter-entries correct the statement; nobody is charged again.", true
	}
	switch {
	case a.delivery == nil:
		return "The grant is taken back.", true
	case lot.KindBy(a.delivery.Channel).CanRevoke:
		return "The reduction is struck from our ledger; the exit will take nothing off for it.", true
	case c.State == charge.StateSending && a.delivery.State == charge.DeliveryDue && a.neverSent(a.delivery):
		return "The car park has not been told yet and will not be.", true
	}
	return "The car park has been told, or may have been, and its protocol has no message to take a reduction back: " +
		"have it undone at the booth. Our ledger takes the grant back and nothing is sent again.", true
}

func (a *acting) usedText() string {
	u := a.charge.Usage
	if u == nil {
		return "nothing we know of"
	}
	return fmt.Sprintf("%d min, %s yuan", u.Minutes, u.Amount)
}

func (a *acting) void() error {
	c, now := a.charge, a.f.cfg.Now()
	if c.State.Granting() && c.Reduction != nil {
		if err := a.tx.AddLedger(grantEntry(a.f.cfg.IDs(), c, now, -1, "voided")); err != nil {
			return err
		}
	}
	if c.Usage != nil {
		if err := a.tx.AddLedger(a.f.usageEntry(c, *c.Usage, now, -1, "voided")); err != nil {
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
