package rules

import "github.com/chargestamp/chargestamp/charge"

// conditions holds the charge against what the rule asks of it. What a push does not tell is not fulfilled.
func conditions(in Input) outcome {
	for _, ask := range []func(Input) outcome{plate, charger, least} {
		if o := ask(in); o.reason != "" {
			return o
		}
	}
	return pass(charge.Reduction{})
}

// plate refuses temporary plates where the rule does.
func plate(in Input) outcome {
	if in.Rule.NoTemporary && in.Charge.Plate.Temporary() {
		return refuse(charge.Reduction{}, charge.ReasonPlateExcluded, charge.Say("rule.temporary_plate"))
	}
	return pass(charge.Reduction{})
}

// charger holds the charge to the points that the rule names.
func charger(in Input) outcome {
	if len(in.Rule.OnlyChargers) == 0 {
		return pass(charge.Reduction{})
	}
	names := in.Charge.Detail.Points()
	for _, name := range names {
		for _, listed := range in.Rule.OnlyChargers {
			if charge.SamePoint(listed, name) {
				return pass(charge.Reduction{})
			}
		}
	}
	if len(names) == 0 {
		return refuse(charge.Reduction{}, charge.ReasonChargerExcluded, charge.Say("rule.no_point"))
	}
	return refuse(charge.Reduction{}, charge.ReasonChargerExcluded,
		charge.Say("rule.other_point", charge.Text("point", names[0])))
}

// least holds the charge against the rule's minima.
func least(in Input) outcome {
	c, rule := in.Charge, in.Rule
	switch got := c.Minutes(); {
	case got < rule.MinChargeMinutes:
		return unmet(charge.Say("rule.too_short", charge.Mins("got", got), charge.Mins("least", rule.MinChargeMinutes)))
	case rule.MinEnergy > 0 && !c.HasEnergy:
		return unmet(charge.Say("rule.no_energy", charge.KWh("least", rule.MinEnergy)))
	case rule.MinEnergy > 0 && c.Energy < rule.MinEnergy:
		return unmet(charge.Say("rule.too_little", charge.KWh("got", c.Energy), charge.KWh("least", rule.MinEnergy)))
	case rule.MinFee > 0 && !c.HasTotal:
		return unmet(charge.Say("rule.no_fee", charge.Money("least", rule.MinFee)))
	case rule.MinFee > 0 && c.Total < rule.MinFee:
		return unmet(charge.Say("rule.fee_too_low", charge.Money("got", c.Total), charge.Money("least", rule.MinFee)))
	}
	return pass(charge.Reduction{})
}

func unmet(note charge.Note) outcome {
	return refuse(charge.Reduction{}, charge.ReasonRuleUnmet, note)
}
