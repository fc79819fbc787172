package rules

import "github.com/chargestamp/chargestamp/charge"

// The settings that bound what a rule does not.
const (
	settingMinutes = "limits.minutes"
	settingAmount  = "limits.amount"
)

// limit holds the stay under the rule's caps, over all platforms, and where it names none under the site's bounds.
func limit(in Input, had totals, r charge.Reduction) outcome {
	most, setting := stayCap(in, r.Method)
	if most.IsZero() {
		return pass(r)
	}
	left := charge.Reduction{Minutes: most.Minutes - had.minutes, Amount: most.Amount - had.amount}
	by := func(left charge.Arg) charge.Note {
		return charge.Say("rule.cap_left", charge.Grants("cap", most), left)
	}
	if setting != "" {
		by = func(left charge.Arg) charge.Note {
			return charge.Say("rule.setting_left", charge.Text("setting", setting), charge.Grants("cap", most), left)
		}
	}
	o := cut(r, left, by, charge.ReasonCapReached)
	if o.reduction != r {
		o.setting = setting
	}
	return o
}

// stayCap is the most that a stay gets by a method, and the setting that says so where the rule does not; nothing
// where nothing does. A fixed reduction and a step are the operator's own word, which no setting bounds.
func stayCap(in Input, m charge.Method) (most charge.Reduction, setting string) {
	bounded := in.Rule.Grant == charge.GrantAsPushed || in.Rule.Grant == charge.GrantChargeTime
	switch {
	case m == charge.MethodTime && in.Rule.CapMinutes > 0:
		return charge.Reduction{Method: m, Minutes: in.Rule.CapMinutes}, ""
	case m == charge.MethodTime && bounded && in.Bounds.Minutes > 0:
		return charge.Reduction{Method: m, Minutes: in.Bounds.Minutes}, settingMinutes
	case m == charge.MethodAmount && in.Rule.CapAmount > 0:
		return charge.Reduction{Method: m, Amount: in.Rule.CapAmount}, ""
	case m == charge.MethodAmount && bounded && in.Bounds.Amount > 0:
		return charge.Reduction{Method: m, Amount: in.Bounds.Amount}, settingAmount
	}
	return charge.Reduction{}, ""
}

// cut leaves of a reduction what is left under a limit, and says by which; nothing left is refused for a reason.
func cut(r, left charge.Reduction, by func(left charge.Arg) charge.Note, reason charge.Reason) outcome {
	given := r
	switch r.Method {
	case charge.MethodTime:
		given.Minutes = min(r.Minutes, max(0, left.Minutes))
	case charge.MethodAmount:
		given.Amount = min(r.Amount, max(0, left.Amount))
	}
	if given == r {
		return pass(r)
	}
	note := by(charge.Grants("left", given))
	if given.Minutes == 0 && given.Amount == 0 {
		return refuse(given, reason, note)
	}
	return pass(given, note)
}
