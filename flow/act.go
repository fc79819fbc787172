package flow

import (
	"context"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Action is what support wants done to a charge, and on whose word.
type Action struct {
	Actor  string // user or token
	Reason string // why, for the audit log and the timeline
	DryRun bool   // say the effect only
}

// Standing is how a charge stands before or after an action.
type Standing struct {
	State     charge.State
	Reason    charge.Reason
	Reduction *charge.Reduction // nil where nothing is granted
}

// Effect is what an action does. A dry run makes the real decision and does not commit it, so that what it foretells is
// what the action would do at that moment.
type Effect struct {
	Note          charge.Note // what the lot, the ledger and the driver will see; why not, where it is not allowed
	Allowed       bool        // false: nothing can be done, Note says why
	Done          bool
	Before, After Standing
	Charge        *charge.Charge
}

func standing(c *charge.Charge) Standing {
	s := Standing{State: c.State, Reason: c.Reason}
	if c.Reduction != nil && (c.State.Granting() || c.State == charge.StateVoided) {
		r := *c.Reduction
		s.Reduction = &r
	}
	return s
}

// acting is one action of support on a charge, inside a transaction.
type acting struct {
	f        *Flow
	tx       Tx
	then     *after
	charge   *charge.Charge
	delivery *charge.Delivery // the last one; nil where there is none
	action   Action
	now      time.Time
	told     *charge.History // of a look at many charges at once; nil where tx is asked
}

// act runs fn on one charge in a transaction: it does the action, notes who wanted it, and says what came of it. With
// DryRun the same runs on a snapshot, and nothing is stored.
func (f *Flow) act(ctx context.Context, id int64, action Action, fn func(*acting) (Effect, error)) (Effect, error) {
	if action.DryRun {
		return f.dry(ctx, id, action, fn)
	}
	visits, err := f.visitsOfCharge(ctx, id)
	if err != nil {
		return Effect{}, err
	}
	if visits == nil {
		return Effect{}, ErrNotFound
	}
	var e Effect
	err = f.write(ctx, visits, func(tx Tx, then *after) (err error) {
		e, err = f.actIn(tx, then, id, action, fn)
		return err
	})
	if err != nil {
		return Effect{}, err
	}
	e.Done = e.Allowed
	if e.Done {
		e.Note = charge.Say("effect.done", charge.Word("from", "charge_state", e.Before.State),
			charge.Word("from_reason", "charge_reason", e.Before.Reason), charge.Word("to", "charge_state", e.After.State),
			charge.Word("to_reason", "charge_reason", e.After.Reason), charge.Because("what", e.Note))
	}
	return e, nil
}

// dry runs an action without committing it.
func (f *Flow) dry(ctx context.Context, id int64, action Action, fn func(*acting) (Effect, error)) (e Effect,
	err error) {
	then := &after{dry: true}
	defer then.reset()
	err = f.cfg.Storage.Read(ctx, func(tx Tx) (err error) {
		e, err = f.actIn(dryTx{tx}, then, id, action, fn)
		return err
	})
	return e, err
}

func (f *Flow) actIn(tx Tx, then *after, id int64, action Action, fn func(*acting) (Effect, error)) (Effect, error) {
	c, err := tx.Charge(id)
	if err != nil {
		return Effect{}, err
	}
	if c == nil {
		return Effect{}, ErrNotFound
	}
	dl, err := lastDelivery(tx, id)
	if err != nil {
		return Effect{}, err
	}
	before := standing(c)
	e, err := fn(&acting{f: f, tx: tx, then: then, charge: c, delivery: dl, action: action, now: f.cfg.Now()})
	e.Before, e.After, e.Charge = before, standing(c), c
	return e, err
}

// noted writes down who wanted what, before what follows from it.
func (a *acting) noted(code string) error {
	step := strings.TrimPrefix(code, "act.")
	return a.tx.AddEvent(charge.Event{Charge: a.charge.ID, At: a.now, Step: step, Result: "done", Reason: a.charge.Reason,
		Detail: charge.Say(code, charge.Text("reason", a.action.Reason)), Actor: a.action.Actor})
}

// done is the effect of an action that could be carried out.
func done(what charge.Note) (Effect, error) { return Effect{Note: what, Allowed: true}, nil }

// refused is the effect of one that could not.
func refused(why charge.Note) (Effect, error) { return Effect{Note: why}, nil }

// facts are what the action is judged by.
func (a *acting) facts() (Facts, error) {
	f := Facts{Charge: a.charge, Delivery: a.delivery}
	if a.delivery != nil {
		f.Lot, _, f.LotKnown = a.f.cfg.Estate().Lot(a.delivery.Lot)
	} else {
		f.Lot, _, f.LotKnown = a.f.cfg.Estate().Lot(a.charge.Lot)
	}
	f.Revocable = f.LotKnown && a.f.cfg.Revoker != nil && a.f.cfg.Revoker.CanRevoke(f.Lot.ID)
	if a.told != nil {
		f.Stay = a.told.Stay
		return f, nil
	}
	if a.charge.StayID != 0 {
		var err error
		if f.Stay, err = a.tx.Stay(a.charge.StayID); err != nil {
			return f, err
		}
	}
	if a.delivery == nil {
		return f, nil
	}
	tries, err := a.tx.Attempts(a.delivery)
	f.Told = mayHaveLeft(a.delivery, tries)
	return f, err
}

// cameTo says what a decision or a new try comes to, in the words of an effect.
func (a *acting) cameTo(before charge.State) charge.Note {
	c := a.charge
	target := charge.AtLot("lot", c.Lot)
	if a.delivery != nil {
		target = charge.AtLot("lot", a.delivery.Lot)
	}
	switch c.State {
	case charge.StateSending, charge.StateUnknown:
		if c.Reduction == nil {
			return charge.Say("effect.nothing")
		}
		if c.Reason == charge.ReasonOK || c.Reason == charge.ReasonNoAnswer {
			return charge.Say("effect.sends", charge.Grants("grant", *c.Reduction), target)
		}
		return charge.Say("effect.sends_later", charge.Grants("grant", *c.Reduction), target,
			charge.Word("reason", "charge_reason", c.Reason))
	case charge.StateDelivered:
		return charge.Say("effect.posts", charge.Grants("grant", *c.Reduction), target)
	case charge.StateHeld:
		return charge.Say("effect.waits", charge.When("until", c.HoldUntil))
	case charge.StateShadow:
		return charge.Say("effect.shadow", charge.Grants("grant", c.Decision.Reduction))
	}
	code := "effect.becomes"
	if c.State == before {
		code = "effect.stays"
	}
	return charge.Say(code, charge.Word("state", "charge_state", c.State),
		charge.Word("reason", "charge_reason", c.Reason),
		charge.Because("why", lastNote(c.Decision)))
}

// lastNote is the step that ended a decision.
func lastNote(d *charge.Decision) charge.Note {
	if d == nil || len(d.Notes) == 0 {
		return charge.Say("effect.no_figures")
	}
	return d.Notes[len(d.Notes)-1]
}
