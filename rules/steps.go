package rules

import "github.com/chargestamp/chargestamp/charge"

// conditions holds the charge against the rule's minima. What a push does not tell is not fulfilled.
func conditions(in Input) outcome {
	var r charge.Reduction
	if got, least := in.Charge.Minutes(), in.Rule.MinChargeMinutes; got < least {
		return refuse(r, charge.ReasonRuleUnmet, charge.Say("rule.too_short", charge.Mins("got", got), charge.Mins("least", least)))
	}
	if least := in.Rule.MinEnergy; least > 0 {
		if !in.Charge.HasEnergy {
			return refuse(r, charge.ReasonRuleUnmet, charge.Say("rule.no_energy", charge.KWh("least", least)))
		}
		if got := in.Charge.Energy; got < least {
			return refuse(r, charge.ReasonRuleUnmet, charge.Say("rule.too_little", charge.KWh("got", got), charge.KWh("least", least)))
		}
	}
	return pass(r)
}

// wanted is the reduction before anything limits it.
func wanted(in Input) outcome {
	switch in.Rule.Grant {
	case charge.GrantFixed:
		return fixed(in.Rule.Fixed)
	case charge.GrantChargeTime:
		return chargeTime(in)
	case charge.GrantLotDecides:
		return lotDecides(in, "rule.lot_decides")
	default:
		return asPushed(in)
	}
}

func fixed(r charge.Reduction) outcome {
	if r.Method != charge.MethodFree && r.Minutes <= 0 && r.Amount <= 0 {
		return refuse(charge.Reduction{}, charge.ReasonNothingPushed, charge.Say("rule.gives_nothing"))
	}
	return pass(r, charge.Say("rule.gives", charge.Grants("grant", r)))
}

func asPushed(in Input) outcome {
	ask := in.Charge.Ask
	r := charge.Reduction{Method: ask.Method}
	switch {
	case ask.Method == charge.MethodTime && ask.Minutes > 0:
		r.Minutes = ask.Minutes
	case ask.Method == charge.MethodAmount && ask.Amount > 0:
		r.Amount = ask.Amount
	case ask.Method == charge.MethodFree:
	case ask.Method == charge.MethodLotDecides:
		return lotDecides(in, "rule.push_lot_decides")
	default:
		return refuse(charge.Reduction{}, charge.ReasonNothingPushed, charge.Say("rule.nothing_pushed"))
	}
	return pass(r, charge.Say("rule.push_asks", charge.Grants("grant", r)))
}

// lotDecides needs somebody at the lot who can decide; a 4G lot has nobody but us.
func lotDecides(in Input, code string) outcome {
	r := charge.Reduction{Method: charge.MethodLotDecides}
	if in.Priced {
		return refuse(r, charge.ReasonLotDecides4G, charge.Say(code), charge.Say("rule.lot_cannot_decide"))
	}
	return pass(r, charge.Say(code))
}

func chargeTime(in Input) outcome {
	if in.Charge.StartedAt.IsZero() || in.Charge.EndedAt.IsZero() {
		return refuse(charge.Reduction{}, charge.ReasonNothingPushed, charge.Say("rule.no_times"))
	}
	if in.Charge.EndedAt.Before(in.Charge.StartedAt) {
		return refuse(charge.Reduction{}, charge.ReasonNothingPushed, charge.Say("rule.times_cross"))
	}
	charged, plus := in.Charge.Minutes(), in.Rule.PlusMinutes
	r := charge.Reduction{Method: charge.MethodTime, Minutes: charged + plus}
	note := charge.Say("rule.charged", charge.Mins("charged", charged))
	if plus != 0 {
		note = charge.Say("rule.charged_plus", charge.Mins("charged", charged), charge.Mins("plus", plus), charge.Mins("sum", r.Minutes))
	}
	if r.Minutes <= 0 {
		return refuse(charge.Reduction{}, charge.ReasonNothingPushed, note, charge.Say("rule.nothing_to_give"))
	}
	return pass(r, note)
}

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

// freeToCap turns free parking under a cap into the cap itself.
func freeToCap(rule charge.Rule, r charge.Reduction) outcome {
	if r.Method != charge.MethodFree {
		return pass(r)
	}
	switch {
	case rule.CapMinutes > 0:
		r = charge.Reduction{Method: charge.MethodTime, Minutes: rule.CapMinutes}
	case rule.CapAmount > 0:
		r = charge.Reduction{Method: charge.MethodAmount, Amount: rule.CapAmount}
	default:
		return pass(r)
	}
	return pass(r, charge.Say("rule.free_is_cap", charge.Grants("cap", r)))
}

// sum adds. Where a lot replaces, a message of another method would wipe out what was told before, unless
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

// limit holds the stay under the rule's caps, over all platforms.
func limit(in Input, had totals, r charge.Reduction) outcome {
	switch ruleCap := in.Rule; {
	case r.Method == charge.MethodTime && ruleCap.CapMinutes > 0:
		left := max(0, ruleCap.CapMinutes-had.minutes)
		if r.Minutes <= left {
			return pass(r)
		}
		r.Minutes = left
	case r.Method == charge.MethodAmount && ruleCap.CapAmount > 0:
		left := max(0, ruleCap.CapAmount-had.amount)
		if r.Amount <= left {
			return pass(r)
		}
		r.Amount = left
	default:
		return pass(r)
	}
	note := charge.Say("rule.cap_left", capOf(in.Rule, r.Method), charge.Grants("left", r))
	if r.Minutes == 0 && r.Amount == 0 {
		return refuse(r, charge.ReasonCapReached, note)
	}
	return pass(r, note)
}
