package charge

import (
	"slices"
	"strings"
	"time"
)

// pointsNamed is how many charging points a clause names; of more it says how many.
const pointsNamed = 5

// Clauses is the rule in words, a note a clause: what it takes off, for which charges, up to how much, and how several
// charges of one plate go together. What the rule does not limit is left out. Package words joins them to a sentence.
func (r *Rule) Clauses() Notes {
	return slices.Concat(r.grantClauses(), r.conditionClauses(), r.capClauses(), r.dayClauses(), r.stayClauses())
}

// grantClauses say what is taken off.
func (r *Rule) grantClauses() Notes {
	switch r.Grant {
	case GrantFixed:
		return Notes{takesOff(r.Fixed)}
	case GrantLotDecides:
		return Notes{Say("clause.lot_decides")}
	case GrantSteps:
		return r.stepClauses()
	case GrantChargeTime:
		return r.timeClauses()
	}
	return Notes{Say("clause.as_pushed")}
}

func takesOff(r Reduction) Note {
	if r.Method == MethodFree {
		return Say("clause.free")
	}
	return Say("clause.fixed", Grants("grant", r))
}

func (r *Rule) timeClauses() Notes {
	code := "clause.charged"
	switch {
	case r.Takes == TakesCharge && r.PlusMinutes != 0:
		code = "clause.interval_plus"
	case r.Takes == TakesCharge:
		code = "clause.interval"
	case r.PlusMinutes != 0:
		code = "clause.charged_plus"
	}
	said := Notes{Say(code, Mins("plus", r.PlusMinutes))}
	if r.CapChargeMinutes > 0 {
		said = said.And(Say("clause.cap_charged", Mins("most", r.CapChargeMinutes)))
	}
	return said
}

func (r *Rule) stepClauses() Notes {
	var said Notes
	for _, s := range r.Steps {
		said = said.And(s.clause())
	}
	return said.And(Say("clause.steps"))
}

func (s Step) clause() Note {
	takes := Because("takes", takesOff(s.Reduction))
	switch {
	case s.From == 0:
		return Say("clause.step_any", takes)
	case s.By == StepByEnergy:
		return Say("clause.step_energy", KWh("from", Energy(s.From)), takes)
	case s.By == StepByFee:
		return Say("clause.step_fee", Money("from", Fen(s.From)), takes)
	}
	return Say("clause.step_minutes", Mins("from", s.From), takes)
}

// conditionClauses say which charges get something at all.
func (r *Rule) conditionClauses() Notes {
	var said Notes
	if r.MinChargeMinutes > 0 {
		said = said.And(Say("clause.min_charge", Mins("least", r.MinChargeMinutes)))
	}
	if r.MinEnergy > 0 {
		said = said.And(Say("clause.min_energy", KWh("least", r.MinEnergy)))
	}
	if r.MinFee > 0 {
		said = said.And(Say("clause.min_fee", Money("least", r.MinFee)))
	}
	if n := len(r.OnlyChargers); n > pointsNamed {
		said = said.And(Say("clause.many_points", Count("n", int64(n))))
	} else if n > 0 {
		said = said.And(Say("clause.points", Text("points", strings.Join(r.OnlyChargers, ", "))))
	}
	if r.NoTemporary {
		said = said.And(Say("clause.no_temporary"))
	}
	return said
}

// capClauses say how much one stay gets.
func (r *Rule) capClauses() Notes {
	if most := sizes(r.CapMinutes, r.CapAmount); len(most) > 0 {
		return Notes{Say("clause.cap", Grants("cap", most...))}
	}
	return nil
}

// dayClauses say what a plate gets over several stays.
func (r *Rule) dayClauses() Notes {
	var said Notes
	if r.PerDay.Times > 0 {
		said = said.And(Say("clause.day_times", Count("n", r.PerDay.Times), r.PerDay.Per.where()))
	}
	if most := sizes(r.PerDay.Minutes, r.PerDay.Amount); len(most) > 0 {
		said = said.And(Say("clause.day", Grants("cap", most...), r.PerDay.Per.where()))
	}
	if r.Lock.Seconds > 0 {
		said = said.And(Say("clause.lock", seconds("for", r.Lock.Seconds), r.Lock.Per.where()))
	}
	return said
}

func (r Reach) where() Arg {
	if r == ReachVendor {
		return Because("where", Say("clause.of_vendor"))
	}
	return Because("where", Say("clause.of_lot"))
}

// stayClauses say how several charges of a stay go together, which stay it is, and until when a car must leave.
func (r *Rule) stayClauses() Notes {
	var said Notes
	if r.LeaveWithinSeconds > 0 {
		said = said.And(Say("clause.leave_within", seconds("within", r.LeaveWithinSeconds)))
	}
	switch r.Combine {
	case CombineSum:
		said = said.And(Say("clause.sum"))
	case CombineFirst:
		said = said.And(Say("clause.first"))
	default:
		said = said.And(Say("clause.best"))
	}
	switch r.Target {
	case TargetOuter:
		said = said.And(Say("clause.outer"))
	case TargetAtCharge:
		said = said.And(Say("clause.at_charge"))
	}
	if r.HoldSeconds > 0 {
		said = said.And(Say("clause.hold", seconds("hold", r.HoldSeconds)))
	} else {
		said = said.And(Say("clause.no_hold"))
	}
	if !r.Effective.IsZero() {
		said = said.And(Say("clause.effective", When("at", r.Effective)))
	}
	return said
}

func seconds(name string, n int64) Arg { return Span(name, time.Duration(n)*time.Second) }

// sizes are the limits in minutes and yuan that there are.
func sizes(minutes int64, amount Fen) []Reduction {
	var list []Reduction
	if minutes > 0 {
		list = append(list, Reduction{Method: MethodTime, Minutes: minutes})
	}
	if amount > 0 {
		list = append(list, Reduction{Method: MethodAmount, Amount: amount})
	}
	return list
}
