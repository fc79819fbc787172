package rules

import "github.com/chargestamp/chargestamp/charge"

// combine takes off what the stay was granted before.
func combine(in Input, had totals, r charge.Reduction) outcome {
	if had.grants == 0 {
		return freeToCap(in.Rule, r)
	}
	if in.Rule.Combine == charge.CombineFirst {
		return refuse(r, charge.ReasonCombineFirst, charge.Say("rule.first_was", had.had()))
	}
	if had.free {
		if r.Method == charge.MethodFree {
			return refuse(r, charge.ReasonCombineBest, charge.Say("rule.free_already"))
		}
		return refuse(r, charge.ReasonCombineMethod, charge.Say("rule.free_on_top"))
	}
	capped := freeToCap(in.Rule, r)
	r = capped.reduction
	var o outcome
	if in.Rule.Combine == charge.CombineSum {
		o = sum(in, had, r)
	} else {
		o = best(in, had, r)
	}
	if o.reason == charge.ReasonCombineBest && len(capped.notes) > 0 {
		o.reason = charge.ReasonCapReached // free parking wanted more; its cap is what the stay has had
	}
	o.notes = capped.notes.And(o.notes...)
	return o
}

// freeToCap turns free parking under a cap, of the stay or of the day, into the cap itself.
func freeToCap(rule charge.Rule, r charge.Reduction) outcome {
	if r.Method != charge.MethodFree {
		return pass(r)
	}
	mostMinutes, mostAmount := lower(rule.CapMinutes, rule.PerDay.Minutes), lower(rule.CapAmount, rule.PerDay.Amount)
	switch {
	case mostMinutes > 0:
		r = charge.Reduction{Method: charge.MethodTime, Minutes: mostMinutes}
	case mostAmount > 0:
		r = charge.Reduction{Method: charge.MethodAmount, Amount: mostAmount}
	default:
		return pass(r)
	}
	return pass(r, charge.Say("rule.free_is_cap", charge.Grants("cap", r)))
}

// lower is the lower of two caps of which 0 is none.
func lower[T int64 | charge.Fen](a, b T) T {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// sum adds. Where a lot replaces, a message of another method would wipe out what was reported before, unless
// it is free parking, which is more than anything before it.
func sum(in Input, had totals, r charge.Reduction) outcome {
	if in.replaces() && !had.only(r.Method) && r.Method != charge.MethodFree {
		return refuse(r, charge.ReasonCombineMethod, charge.Say("rule.lot_would_drop", had.had()))
	}
	return pass(r, charge.Say("rule.added_to", had.had()))
}

// best leaves the better single grant of one method. Two methods can be compared only where a tariff
// prices them: in 4g lots, at settlement.
func best(in Input, had totals, r charge.Reduction) outcome {
	if !had.only(r.Method) && !in.Priced {
		return refuse(r, charge.ReasonCombineMethod, charge.Say("rule.not_comparable", had.had()))
	}
	rest := r
	switch r.Method {
	case charge.MethodTime:
		rest.Minutes -= had.minutes
	case charge.MethodAmount:
		rest.Amount -= had.amount
	case charge.MethodLotDecides:
		return refuse(r, charge.ReasonCombineBest, charge.Say("rule.lot_decides_already"))
	case charge.MethodFree:
		return pass(r, charge.Say("rule.worth_decides", had.had()))
	}
	if rest.Minutes <= 0 && rest.Amount <= 0 {
		return refuse(r, charge.ReasonCombineBest, charge.Say("rule.not_better", had.had(), charge.Grants("grant", r)))
	}
	code := "rule.best_adds"
	if !had.only(r.Method) {
		code = "rule.worth_adds"
	}
	return pass(rest, charge.Say(code, had.had(), charge.Grants("rest", rest)))
}
