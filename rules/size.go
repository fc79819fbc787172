package rules

import "github.com/chargestamp/chargestamp/charge"

// wanted is the reduction before anything limits it.
func wanted(in Input) outcome {
	switch in.Rule.Grant {
	case charge.GrantFixed:
		return fixed(in.Rule.Fixed)
	case charge.GrantChargeTime:
		return chargeTime(in)
	case charge.GrantLotDecides:
		return lotDecides(in, "rule.lot_decides")
	case charge.GrantSteps:
		return steps(in)
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

// lotDecides needs somebody at the lot who can decide; a 4G lot has only the gateway.
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
	note := charge.Say("rule.charged", charge.Mins("charged", charged))
	if most := in.Rule.CapChargeMinutes; most > 0 && charged > most {
		note = charge.Say("rule.charged_capped", charge.Mins("charged", charged), charge.Mins("counted", most))
		charged = most
	}
	r := charge.Reduction{Method: charge.MethodTime, Minutes: charged + plus}
	notes := charge.Notes{note}
	if plus != 0 {
		added := charge.Say("rule.charged_plus", charge.Mins("charged", charged), charge.Mins("plus", plus),
			charge.Mins("sum", r.Minutes))
		if notes = notes.And(added); note.Code == "rule.charged" {
			notes = charge.Notes{added}
		}
	}
	if r.Minutes <= 0 {
		return refuse(charge.Reduction{}, charge.ReasonNothingPushed, notes.And(charge.Say("rule.nothing_to_give"))...)
	}
	return pass(r, notes...)
}

// steps is the last step that the charge has reached.
func steps(in Input) outcome {
	var reached *charge.Step
	for i := range in.Rule.Steps {
		s := &in.Rule.Steps[i]
		got, missing := measured(in.Charge, s.By)
		if missing != "" {
			return refuse(charge.Reduction{}, charge.ReasonRuleUnmet, charge.Say(missing))
		}
		if got >= s.From {
			reached = s
		}
	}
	if reached == nil {
		first := in.Rule.Steps[0]
		got, _ := measured(in.Charge, first.By)
		return refuse(charge.Reduction{}, charge.ReasonRuleUnmet,
			charge.Say("rule.below_steps", measure("got", first.By, got), measure("from", first.By, first.From)))
	}
	return pass(reached.Reduction, charge.Say("rule.step", measure("from", reached.By, reached.From),
		charge.Grants("grant", reached.Reduction)))
}

// measured is how much a charge has of what steps count; where the push does not tell it, missing is the note of that.
func measured(c *charge.Charge, by charge.StepBy) (got int64, missing string) {
	switch {
	case by == charge.StepByEnergy && !c.HasEnergy:
		return 0, "rule.steps_no_energy"
	case by == charge.StepByEnergy:
		return int64(c.Energy), ""
	case by == charge.StepByFee && !c.HasTotal:
		return 0, "rule.steps_no_fee"
	case by == charge.StepByFee:
		return int64(c.Total), ""
	case c.StartedAt.IsZero() || c.EndedAt.IsZero():
		return 0, "rule.steps_no_times"
	}
	return c.Minutes(), ""
}

// measure is what steps count as an argument of a note.
func measure(name string, by charge.StepBy, n int64) charge.Arg {
	switch by {
	case charge.StepByEnergy:
		return charge.KWh(name, charge.Energy(n))
	case charge.StepByFee:
		return charge.Money(name, charge.Fen(n))
	}
	return charge.Mins(name, n)
}
