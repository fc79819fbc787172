package rules

import (
	"fmt"

	"github.com/chargestamp/chargestamp/charge"
)

// conditions holds the charge against the rule's minima. What a push does not tell is not fulfilled.
func conditions(in Input) outcome {
	var r charge.Reduction
	if got, least := in.Charge.Minutes(), in.Rule.MinChargeMinutes; got < least {
		return refuse(r, charge.ReasonRuleUnmet, fmt.Sprintf("charged %s, the rule asks for at least %d", minutes(got), least))
	}
	if least := in.Rule.MinEnergy; least > 0 {
		if !in.Charge.HasEnergy {
			return refuse(r, charge.ReasonRuleUnmet, fmt.Sprintf("the push tells no energy, the rule asks for at least %s kWh", least))
		}
		if got := in.Charge.Energy; got < least {
			return refuse(r, charge.ReasonRuleUnmet, fmt.Sprintf("charged %s kWh, the rule asks for at least %s", got, least))
		}
	}
	return pass(r, "")
}

// wanted is the reduction before anything limits it.
func wanted(in Input) outcome {
	switch in.Rule.Grant {
	case charge.GrantFixed:
		return fixed(in.Rule.Fixed)
	case charge.GrantChargeTime:
		return chargeTime(in)
	case charge.GrantLotDecides:
		return lotDecides(in, "the rule leaves the reduction to the lot")
	default:
		return asPushed(in)
	}
}

func fixed(r charge.Reduction) outcome {
	if r.Method != charge.MethodFree && r.Minutes <= 0 && r.Amount <= 0 {
		return refuse(charge.Reduction{}, charge.ReasonNothingPushed, "the rule gives nothing")
	}
	return pass(r, "the rule gives "+text(r))
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
		return lotDecides(in, "the push leaves the reduction to the lot")
	default:
		return refuse(charge.Reduction{}, charge.ReasonNothingPushed, "the push names no reduction")
	}
	return pass(r, "the push asks for "+text(r))
}

// lotDecides needs somebody at the lot who can decide; a 4G lot has nobody but us.
func lotDecides(in Input, note string) outcome {
	r := charge.Reduction{Method: charge.MethodLotDecides}
	if in.Kind == charge.Kind4G {
		return refuse(r, charge.ReasonLotDecides4G, note+", and a 4G lot has nothing that could decide")
	}
	return pass(r, note)
}

func chargeTime(in Input) outcome {
	if in.Charge.StartedAt.IsZero() || in.Charge.EndedAt.IsZero() {
		return refuse(charge.Reduction{}, charge.ReasonNothingPushed, "the rule gives the charging time and the push tells none")
	}
	if in.Charge.EndedAt.Before(in.Charge.StartedAt) {
		return refuse(charge.Reduction{}, charge.ReasonNothingPushed, "the rule gives the charging time and the push's times cross")
	}
	charged, plus := in.Charge.Minutes(), in.Rule.PlusMinutes
	r := charge.Reduction{Method: charge.MethodTime, Minutes: charged + plus}
	note := fmt.Sprintf("charged %s", minutes(charged))
	if plus != 0 {
		note = fmt.Sprintf("%s and %d on top make %d", note, plus, r.Minutes)
	}
	if r.Minutes <= 0 {
		return refuse(charge.Reduction{}, charge.ReasonNothingPushed, note+", which is nothing to give")
	}
	return pass(r, note)
}

// combine takes off what the stay was granted before.
func combine(in Input, had totals, r charge.Reduction) outcome {
	if had.grants == 0 {
		return freeToCap(in.Rule, r)
	}
	if in.Rule.Combine == charge.CombineFirst {
		return refuse(r, charge.ReasonCombineFirst, "only the first grant of a stay counts, and there was one")
	}
	if had.free {
		if r.Method == charge.MethodFree {
			return refuse(r, charge.ReasonCapReached, "the stay is free already")
		}
		return refuse(r, charge.ReasonCombineMethod, "the stay is free already, nothing can be put on top")
	}
	capped := freeToCap(in.Rule, r)
	r = capped.reduction
	var o outcome
	if in.Rule.Combine == charge.CombineSum {
		o = sum(in, had, r)
	} else {
		o = best(in, had, r)
	}
	o.note = join(capped.note, o.note)
	return o
}

// freeToCap turns free parking under a cap into the cap itself.
func freeToCap(rule charge.Rule, r charge.Reduction) outcome {
	if r.Method != charge.MethodFree {
		return pass(r, "")
	}
	switch {
	case rule.CapMinutes > 0:
		r = charge.Reduction{Method: charge.MethodTime, Minutes: rule.CapMinutes}
	case rule.CapAmount > 0:
		r = charge.Reduction{Method: charge.MethodAmount, Amount: rule.CapAmount}
	default:
		return pass(r, "")
	}
	return pass(r, "free under a cap is the cap, "+text(r))
}

// sum adds. Where a lot replaces, a message of another method would wipe out what was told before, unless
// it is free parking, which is more than anything before it.
func sum(in Input, had totals, r charge.Reduction) outcome {
	if in.replaces() && !had.only(r.Method) && r.Method != charge.MethodFree {
		return refuse(r, charge.ReasonCombineMethod,
			fmt.Sprintf("the stay has %s, and the lot would drop that for a message of another kind", had))
	}
	return pass(r, fmt.Sprintf("added to what the stay has, %s", had))
}

// best leaves the better single grant of one method. Two methods can be compared only where a tariff
// prices them: in 4g lots, at settlement.
func best(in Input, had totals, r charge.Reduction) outcome {
	if !had.only(r.Method) && in.Kind != charge.Kind4G {
		return refuse(r, charge.ReasonCombineMethod, fmt.Sprintf("the stay has %s, which is not comparable", had))
	}
	rest := r
	switch r.Method {
	case charge.MethodTime:
		rest.Minutes -= had.minutes
	case charge.MethodAmount:
		rest.Amount -= had.amount
	case charge.MethodLotDecides:
		return refuse(r, charge.ReasonCapReached, "the lot was left to decide for this stay already")
	case charge.MethodFree:
		return pass(r, fmt.Sprintf("the stay has %s, the worth at pricing decides", had))
	}
	note := fmt.Sprintf("the stay has %s and the best grant counts", had)
	if rest.Minutes <= 0 && rest.Amount <= 0 {
		return refuse(r, charge.ReasonCapReached, note+", this one is not better")
	}
	if !had.only(r.Method) {
		note = fmt.Sprintf("the stay has %s, the worth at pricing decides", had)
	}
	return pass(rest, fmt.Sprintf("%s, so %s are added", note, text(rest)))
}

// limit holds the stay under the rule's caps, over all platforms.
func limit(in Input, had totals, r charge.Reduction) outcome {
	switch ruleCap := in.Rule; {
	case r.Method == charge.MethodTime && ruleCap.CapMinutes > 0:
		left := max(0, ruleCap.CapMinutes-had.minutes)
		if r.Minutes <= left {
			return pass(r, "")
		}
		r.Minutes = left
	case r.Method == charge.MethodAmount && ruleCap.CapAmount > 0:
		left := max(0, ruleCap.CapAmount-had.amount)
		if r.Amount <= left {
			return pass(r, "")
		}
		r.Amount = left
	default:
		return pass(r, "")
	}
	note := fmt.Sprintf("the cap of %s leaves %s", capText(in.Rule, r.Method), text(r))
	if r.Minutes == 0 && r.Amount == 0 {
		return refuse(r, charge.ReasonCapReached, note)
	}
	return pass(r, note)
}
