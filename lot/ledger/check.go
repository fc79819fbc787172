package ledger

import (
	"fmt"

	"github.com/chargestamp/chargestamp/charge"
)

// mostMinutes bounds every length in a tariff: a year.
const mostMinutes = 366 * 24 * 60

// Fault is what is wrong with a tariff, in both languages.
type Fault struct{ english, chinese string }

// Error says it in English.
func (f *Fault) Error() string { return f.english }

// Chinese says it in Chinese.
func (f *Fault) Chinese() string { return f.chinese }

// place is the part of a tariff that is looked at.
type place struct{ english, chinese string }

var wholeTariff = place{"tariff", "tariff"}

// wrong makes a Fault; both forms take the same arguments.
func (p place) wrong(english, chinese string, args ...any) error {
	return &Fault{fmt.Sprintf(p.english+": "+english, args...), fmt.Sprintf(p.chinese+"："+chinese, args...)}
}

// Check says what is wrong with a tariff: a unit of nothing, a negative or absurd value, periods that leave
// a gap in the day or overlap. The fields are named as in the estate file. Errors are *Fault.
func Check(t *charge.Tariff) error {
	switch {
	case t.FreeMinutes < 0 || t.FreeMinutes > mostMinutes:
		return wholeTariff.wrong("free_minutes is %d; write 0 to %d",
			"free_minutes 为 %d，应为 0 到 %d", t.FreeMinutes, mostMinutes)
	case t.LeaveMinutes < 0 || t.LeaveMinutes > mostMinutes:
		return wholeTariff.wrong("leave_minutes is %d; write 0 to %d",
			"leave_minutes 为 %d，应为 0 到 %d", t.LeaveMinutes, mostMinutes)
	case t.DailyCap < 0:
		return wholeTariff.wrong("daily_cap is %s; write an amount, or leave it out for none",
			"daily_cap 为 %s，请填写金额，不封顶则不填", t.DailyCap)
	case len(t.Periods) == 0:
		return checkUnit(wholeTariff, t.UnitMinutes, t.UnitPrice)
	}
	for i, p := range t.Periods {
		where := place{fmt.Sprintf("tariff: period %s to %s", p.From, p.To),
			fmt.Sprintf("tariff：时段 %s 至 %s", p.From, p.To)}
		if err := checkUnit(where, p.UnitMinutes, p.UnitPrice); err != nil {
			return err
		}
		switch {
		case p.Cap < 0:
			return where.wrong("cap is %s; write an amount, or leave it out for none",
				"cap 为 %s，请填写金额，不封顶则不填", p.Cap)
		case p.From < 0 || p.From >= dayMinutes || p.To < 0 || p.To > dayMinutes:
			return where.wrong("a period begins at 00:00 to 23:59 and ends at 00:00 to 24:00",
				"时段从 00:00 至 23:59 开始，到 00:00 至 24:00 结束")
		case p.From == p.To:
			return where.wrong("is empty; write 00:00 to 24:00 for the whole day",
				"时段为空，全天请写 00:00 到 24:00")
		}
		for _, other := range t.Periods[:i] {
			if at, both := overlap(p, other); both {
				return where.wrong("overlaps %s to %s at %s", "与 %s 至 %s 在 %s 重叠", other.From, other.To, at)
			}
		}
	}
	return checkCovered(t.Periods)
}

const dayMinutes = 24 * 60

func checkUnit(where place, unit int64, price charge.Fen) error {
	if unit <= 0 || unit > mostMinutes {
		return where.wrong("unit_minutes is %d; write 1 to %d", "unit_minutes 为 %d，应为 1 到 %d", unit, mostMinutes)
	}
	if price < 0 {
		return where.wrong("unit_price is %s; a price is not negative", "unit_price 为 %s，价格不能为负", price)
	}
	return nil
}

// checkCovered finds the first minute of the day that no period prices.
func checkCovered(periods []charge.Period) error {
	for at := charge.ClockTime(0); at < dayMinutes; at++ {
		covered := false
		for _, p := range periods {
			covered = covered || holds(p, at)
		}
		if !covered {
			return wholeTariff.wrong("no period covers %s; the periods together must cover the day",
				"没有时段包含 %s，各时段合起来应覆盖全天", at)
		}
	}
	return nil
}

// overlap returns a time of day that lies in both periods: where one lies in the other, it begins there.
func overlap(a, b charge.Period) (at charge.ClockTime, both bool) {
	if holds(a, b.From) {
		return b.From, true
	}
	return a.From, holds(b, a.From)
}

func holds(p charge.Period, at charge.ClockTime) bool {
	if p.From < p.To {
		return at >= p.From && at < p.To
	}
	return at >= p.From || at < p.To
}
