package rules

import (
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Looks returns the span, from inclusive and to exclusive, in which other charges of a plate must have ended for a
// rule's per_day and lock to count them beside a charge. Both ends are zero where the rule has neither limit. The span
// depends on when charges ended, not on when they were pushed or decided.
func Looks(rule *charge.Rule, c *charge.Charge) (from, to time.Time) {
	if rule.PerDay != (charge.PerDay{}) {
		from, to = dayOf(c.At())
	}
	if lock := lockSpan(rule); lock > 0 {
		if first := c.At().Add(-lock); from.IsZero() || first.Before(from) {
			from = first
		}
		if last := c.At().Add(lock); last.After(to) {
			to = last
		}
	}
	return from, to
}

// dayOf is the day that a time lies in, in Asia/Shanghai: from inclusive, to exclusive.
func dayOf(at time.Time) (from, to time.Time) {
	y, m, d := at.In(charge.Shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, charge.Shanghai), time.Date(y, m, d+1, 0, 0, 0, 0, charge.Shanghai)
}

func lockSpan(rule *charge.Rule) time.Duration { return time.Duration(rule.Lock.Seconds) * time.Second }

// onDay reports whether an earlier grant counts for the rule's per_day.
func onDay(in Input, p charge.Past) bool {
	from, to := dayOf(in.Charge.At())
	return in.Rule.PerDay != charge.PerDay{} && in.Rule.PerDay.Per.Covers(in.Charge.Lot, p.Lot) &&
		!p.Ended.Before(from) && p.Ended.Before(to)
}

// locks reports whether a grant in another stay keeps this charge from one. The time between the two ends counts,
// whichever lies first: a push may come late.
func locks(in Input, p charge.Past) bool {
	apart := in.Charge.At().Sub(p.Ended).Abs()
	return !p.Same && in.Rule.Lock.Per.Covers(in.Charge.Lot, p.Lot) && apart < lockSpan(&in.Rule)
}

// counted is what of the past counted.
func counted(in Input) []charge.Past {
	var out []charge.Past
	for _, p := range in.Past {
		if onDay(in, p) || locks(in, p) {
			out = append(out, p)
		}
	}
	return out
}

// locked refuses a plate that was granted something in another stay a short time before, or after.
func locked(in Input, _ totals, r charge.Reduction) outcome {
	i := slices.IndexFunc(in.Past, func(p charge.Past) bool { return locks(in, p) })
	if i < 0 {
		return pass(r)
	}
	p := in.Past[i]
	return refuse(r, charge.ReasonLocked,
		charge.Say("rule.locked", charge.Grants("had", p.Reduction), charge.AtLot("lot", p.Lot),
			charge.When("ended", p.Ended), charge.Count("charge", p.Charge), charge.Span("lock", lockSpan(&in.Rule))))
}

// limitDay holds the plate's day under the rule's per_day.
func limitDay(in Input, _ totals, r charge.Reduction) outcome {
	day, most := dayTotals(in), in.Rule.PerDay
	if most.Times > 0 && day.times >= most.Times {
		return refuse(r, charge.ReasonDayLimit, charge.Say("rule.day_times", charge.Count("times", day.times)))
	}
	allowed := charge.Reduction{Method: r.Method}
	switch {
	case r.Method == charge.MethodTime && most.Minutes > 0:
		allowed.Minutes = most.Minutes
	case r.Method == charge.MethodAmount && most.Amount > 0:
		allowed.Amount = most.Amount
	default:
		return pass(r)
	}
	left := charge.Reduction{Minutes: most.Minutes - day.minutes, Amount: most.Amount - day.amount}
	by := func(left charge.Arg) charge.Note {
		return charge.Say("rule.day_left", charge.Grants("cap", allowed), left)
	}
	return cut(r, left, by, charge.ReasonDayLimit)
}

// dayTotal is what a plate was granted on a day.
type dayTotal struct {
	times   int64
	minutes int64
	amount  charge.Fen
}

// dayTotals adds up what counts for the rule's per_day. Free parking and what a lot decides have no size: they count
// as times alone.
func dayTotals(in Input) (day dayTotal) {
	for _, p := range in.Past {
		if !onDay(in, p) {
			continue
		}
		day.times++
		switch p.Reduction.Method {
		case charge.MethodTime:
			day.minutes += p.Reduction.Minutes
		case charge.MethodAmount:
			day.amount += p.Reduction.Amount
		}
	}
	return day
}
