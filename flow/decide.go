package flow

import (
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/rules"
)

// decide puts state, reason, decision and reduction into the charge. match has run.
func (d *deciding) decide() error {
	c := d.charge
	c.HoldUntil, c.StayID, c.Reduction = time.Time{}, 0, nil
	dec := charge.Decision{At: d.now, Rule: d.rule, Minutes: c.Minutes(), Energy: c.Energy}
	switch {
	case d.binding.Mode == charge.ModeOff:
		d.settle(dec, charge.StateNoGrant, charge.ReasonBindingOff, charge.Say("decision.binding_off"))
		return nil
	case !d.ruled:
		d.settle(dec, charge.StateNoGrant, charge.ReasonRuleUnmet, charge.Say("decision.no_rule", charge.When("at", c.At())))
		return nil
	case d.stay == nil && d.needsStay():
		d.wait(dec)
		return nil
	}
	before, from, err := d.granted()
	if err != nil {
		return err
	}
	past, err := d.past(from)
	if err != nil {
		return err
	}
	dec = rules.Decide(rules.Input{Charge: c, Rule: d.rule, Priced: lot.KindOf(d.target().Kind).NeedsTariff,
		Repeats: d.target().Repeats,
		Granted: before, Past: past, Bounds: d.f.bounds(), Stay: d.stay, Now: d.now})
	dec.VisitFrom = from
	if d.stay != nil {
		c.StayID = d.stay.ID
	}
	switch {
	case d.stay != nil && !d.stay.Open:
		d.settle(dec, charge.StateNoGrant, charge.ReasonLeftBeforeArrival,
			dec.Notes.And(charge.Say("decision.left", charge.When("left", d.stay.Left)))...)
	case dec.State != charge.StateSending:
		d.settle(dec, dec.State, dec.Reason, dec.Notes...)
	case d.binding.Mode == charge.ModeShadow:
		d.settle(dec, charge.StateShadow, charge.ReasonBindingShadow, dec.Notes...)
	default:
		r := dec.Reduction
		c.Reduction = &r
		d.settle(dec, charge.StateSending, charge.ReasonOK, dec.Notes...)
	}
	return nil
}

// trialHold is how long an invented car's charge waits for its stay at most: it must not be found afterwards.
const trialHold = 5 * time.Minute

// wait holds a charge for its stay, or refuses it at once where the rule says so.
func (d *deciding) wait(dec charge.Decision) {
	until := d.charge.Received.Add(time.Duration(d.rule.HoldSeconds) * time.Second)
	if d.charge.Plate.Trial() {
		until = d.charge.Received.Add(min(time.Duration(d.rule.HoldSeconds)*time.Second, trialHold))
	}
	switch {
	case d.rule.HoldSeconds == 0:
		d.settle(dec, charge.StateNoGrant, charge.ReasonNoStay, charge.Say("decision.no_stay"))
	case !d.now.Before(until):
		d.settle(dec, charge.StateExpired, charge.ReasonHoldOver,
			charge.Say("decision.hold_over", charge.When("until", until)))
	default:
		d.charge.HoldUntil = until
		d.settle(dec, charge.StateHeld, charge.ReasonWaitingForStay,
			charge.Say("decision.waits", charge.When("until", until)))
	}
}

func (d *deciding) settle(dec charge.Decision, s charge.State, r charge.Reason, notes ...charge.Note) {
	if d.clock != 0 {
		notes = append([]charge.Note{charge.Say("decision.by_clock", charge.Because("clock", charge.ClockNote(d.clock)))},
			notes...)
	}
	if d.byOtherName() && d.stay.Plate != d.charge.Plate {
		notes = append([]charge.Note{charge.Say("decision.other_name", charge.Masked("plate", d.stay.Plate))}, notes...)
	}
	// as the store keeps times
	dec.State, dec.Reason, dec.Notes, dec.At = s, r, notes, d.now.UTC().Truncate(time.Millisecond)
	c := d.charge
	c.State, c.Reason, c.UpdatedAt, c.Decision = s, r, d.now, &dec
	if d.stay != nil {
		dec.StayID, dec.StayOrder = d.stay.ID, d.stay.OrderID
	}
}

// decideAgain decides a stored charge anew: its stay has come, or support asked for it.
func (f *Flow) decideAgain(tx Tx, then *after, c *charge.Charge, now time.Time) error {
	d, err := f.decidingOn(tx, then, c, now)
	if err != nil {
		return err
	}
	if d == nil {
		return nil
	}
	if err := d.match(); err != nil {
		return err
	}
	return d.again()
}

// decidingOn prepares a new decision; nil where the binding or its lot is gone, so that the charge waits on.
func (f *Flow) decidingOn(tx Tx, then *after, c *charge.Charge, now time.Time) (*deciding, error) {
	est := f.cfg.Estate()
	target, _, ok := est.Lot(c.Lot)
	if !ok {
		return nil, nil
	}
	binding, ok := est.Binding(c.Account, c.Lot)
	if !ok {
		return nil, nil
	}
	d := &deciding{f: f, est: est, tx: tx, then: then, binding: binding, lot: target, charge: c,
		issuer: est.Issuer(c.Account, c.Lot), now: now}
	d.pickRule()
	return d, nil
}

// again decides, stores and launches; the stay has been matched or bound.
func (d *deciding) again() error {
	c, was, old := d.charge, d.charge.State, d.charge.Decision
	if err := d.decide(); err != nil {
		return err
	}
	if was == charge.StateHeld && c.State == charge.StateHeld {
		return nil
	}
	if old != nil {
		if err := d.tx.AddDecision(c.ID, old); err != nil {
			return err
		}
	}
	if d.stay != nil && isWindowKey(c.RepeatKey, c.ID) {
		if err := d.takeVisitKey(); err != nil {
			return err
		}
	}
	if err := d.tx.SetCharge(c); err != nil {
		return err
	}
	if d.stay != nil {
		if err := d.tx.AddEvent(charge.Event{Charge: c.ID, At: d.now, Step: "matched", Result: "stay",
			Reason: c.Reason, Detail: charge.Say("match.stay", charge.Text("stay", d.stay.OrderID),
				charge.When("entered", d.stay.Entered))}); err != nil {
			return err
		}
	}
	return d.launch(was)
}

// takeVisitKey sets the repeat key of a charge without order number to its stay's, now that it has one. Where another
// charge of the issuer has it, this one says that again and gets nothing.
func (d *deciding) takeVisitKey() error {
	c, key := d.charge, visitRepeatKey(d.stay)
	first, err := d.tx.ChargeByRepeat(c.Platform, key, d.issuer)
	if err != nil {
		return err
	}
	if first == nil {
		c.RepeatKey = key
		return nil
	}
	if c.State == charge.StateSending || c.State == charge.StateShadow {
		c.Reduction = nil
		d.settle(*c.Decision, charge.StateNoGrant, charge.ReasonCombineFirst,
			charge.Say("decision.same_visit", charge.Count("charge", first.ID)))
		c.Decision.Reduction, c.Decision.Send = charge.Reduction{}, charge.Reduction{}
	}
	return nil
}

// isWindowKey recognizes the stand-in repeat key of a push that had neither order number nor stay.
func isWindowKey(key string, id int64) bool {
	tail := "|" + strconv.FormatInt(id, 10)
	return len(key) > len(tail) && key[len(key)-len(tail):] == tail
}
