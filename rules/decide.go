// Package rules decides what a charge is worth in its stay. It is pure: the same input always returns the
// same decision, and everything it looked at is kept in the decision.
package rules

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Input is everything a decision may depend on.
type Input struct {
	Charge  *charge.Charge
	Rule    charge.Rule
	Priced  bool             // the gateway prices the stay itself, as in 4g lots
	Repeats charge.Repeats   // what a second message does in the lot; without meaning in 4g lots
	Granted []charge.Granted // everything already granted in the stay, by whichever platform, oldest first
	Past    []charge.Past    // what the plate was granted around the charge's end, in whichever stay; see Looks
	Bounds  charge.Bounds
	Stay    *charge.Stay // nil in lots without stays
	Now     time.Time
}

// Decide applies a rule to a charge and what its stay was granted before. State is sending with reason ok,
// or no_grant with the reason; Reduction is what this charge adds to the stay (the ledger's entry), Send
// what the lot is sent. Whether the binding is off or a shadow, and whether there is a stay at all, is the
// caller's affair.
//
// What per_day and lock look at depends on the ends of charges alone, so that their limits hold in whatever order
// charges come: see Looks.
func Decide(in Input) charge.Decision {
	d := charge.Decision{
		At: in.Now, Rule: in.Rule, State: charge.StateNoGrant, Granted: in.Granted,
		Minutes: in.Charge.Minutes(), Energy: in.Charge.Energy,
	}
	if in.Stay != nil {
		d.StayID, d.StayOrder = in.Stay.ID, in.Stay.OrderID
	}
	had := add(in.Granted)
	o := decide(in, had, &d.Wanted)
	d.Notes, d.Setting = o.notes, o.setting
	d.Past = counted(in)
	if o.reason != "" {
		d.Reason = o.reason
		return d
	}
	d.State, d.Reason = charge.StateSending, charge.ReasonOK
	d.Reduction, d.Send = o.reduction, o.reduction
	if in.replaces() {
		if d.Send = had.with(o.reduction); d.Send != d.Reduction {
			d.Notes = d.Notes.And(charge.Say("rule.new_total", charge.Grants("total", d.Send)))
		}
	}
	return d
}

// decide is the order of the steps.
func decide(in Input, had totals, want *charge.Reduction) outcome {
	o := conditions(in)
	if o.reason != "" {
		return o
	}
	o = wanted(in)
	*want = o.reduction
	for _, step := range []func(Input, totals, charge.Reduction) outcome{locked, combine, limit, limitDay} {
		if o.reason != "" {
			return o
		}
		next := step(in, had, o.reduction)
		next.notes = o.notes.And(next.notes...)
		if next.setting == "" {
			next.setting = o.setting
		}
		o = next
	}
	return o
}

// replaces reports whether a second message takes the first one's place.
func (in Input) replaces() bool {
	return !in.Priced && in.Repeats == charge.RepeatsReplace
}

// outcome is what a step makes of a reduction: a reason ends the decision with nothing granted.
type outcome struct {
	reduction charge.Reduction
	reason    charge.Reason
	notes     charge.Notes
	setting   string // that has cut the reduction
}

func pass(r charge.Reduction, notes ...charge.Note) outcome {
	return outcome{reduction: r, notes: notes}
}

// refuse keeps the reduction that was looked at, so that the decision can show what was wanted.
func refuse(r charge.Reduction, reason charge.Reason, notes ...charge.Note) outcome {
	return outcome{reduction: r, reason: reason, notes: notes}
}
