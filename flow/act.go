package flow

import (
	"context"
	"fmt"

	"github.com/chargestamp/chargestamp/charge"
)

// Action is what support wants done to a charge, and on whose word.
type Action struct {
	Actor  string // user or token
	Reason string // why, for the audit log and the timeline
	DryRun bool   // say the effect only
}

// Effect is what an action does, told before it is done and again when it has been.
type Effect struct {
	Effect  string         `json:"effect"`  // one sentence: what the lot, the ledger and the driver will see
	Allowed bool           `json:"allowed"` // false: nothing can be done, Effect says why
	Done    bool           `json:"done"`
	Charge  *charge.Charge `json:"-"`
}

// act runs fn on one charge in a transaction and records who wanted it. With DryRun nothing is stored: fn
// has only said its effect.
func (f *Flow) act(ctx context.Context, id int64, a Action, fn func(*acting) (Effect, error)) (Effect, error) {
	visits, err := f.visitsOfCharge(ctx, id)
	if err != nil {
		return Effect{}, err
	}
	if visits == nil {
		return Effect{}, ErrNotFound
	}
	var e Effect
	err = f.write(ctx, visits, func(tx Tx, then *after) error {
		c, err := tx.Charge(id)
		if err != nil {
			return err
		}
		if c == nil {
			return ErrNotFound
		}
		dl, err := lastDelivery(tx, id)
		if err != nil {
			return err
		}
		e, err = fn(&acting{f: f, tx: tx, then: then, charge: c, delivery: dl, action: a})
		e.Charge = c
		return err
	})
	return e, err
}

// acting is one action of support on a charge, inside a transaction.
type acting struct {
	f        *Flow
	tx       Tx
	then     *after
	charge   *charge.Charge
	delivery *charge.Delivery // the last one; nil where there is none
	action   Action
	told     *charge.History // of a look at many charges at once; nil where tx is asked
}

// done records the action; effect has been carried out.
func (a *acting) done(step, effect string) (Effect, error) {
	err := a.tx.AddEvent(charge.Event{Charge: a.charge.ID, At: a.f.cfg.Now(), Step: step, Result: "done",
		Reason: a.charge.Reason, Detail: effect + " Reason given: " + a.action.Reason, Actor: a.action.Actor})
	return Effect{Effect: effect, Allowed: true, Done: true}, err
}

func refuseAction(format string, args ...any) (Effect, error) {
	return Effect{Effect: fmt.Sprintf(format, args...)}, nil
}

// neverSent reports whether no byte of a delivery ever left.
func (a *acting) neverSent(dl *charge.Delivery) bool {
	tries, err := a.tx.Attempts(dl.ID)
	if err != nil {
		return false
	}
	for _, t := range tries {
		if t.Result != charge.AttemptOffLine {
			return false
		}
	}
	return true
}
