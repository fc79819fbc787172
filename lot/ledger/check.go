package ledger

import (
	"fmt"

	"github.com/chargestamp/chargestamp/charge"
)

// mostMinutes bounds every length in a tariff: a year.
const mostMinutes = 366 * 24 * 60

// Check says what is wrong with a tariff: a unit of nothing, a negative or absurd value, periods that leave
// a gap in the day or overlap. The fields are named as in the estate file.
func Check(t *charge.Tariff) error {
	switch {
	case t.FreeMinutes < 0 || t.FreeMinutes > mostMinutes:
		return fmt.Errorf("tariff: free_minutes is %d; write 0 to %d", t.FreeMinutes, mostMinutes)
	case t.LeaveMinutes < 0 || t.LeaveMinutes > mostMinutes:
		return fmt.Errorf("tariff: leave_minutes is %d; write 0 to %d", t.LeaveMinutes, mostMinutes)
	case t.DailyCap < 0:
		return fmt.Errorf("tariff: daily_cap is %s; write an amount, or leave it out for none", t.DailyCap)
	case len(t.Periods) == 0:
		return checkUnit("tariff", t.UnitMinutes, t.UnitPrice)
	}
	for i, p := range t.Periods {
		where := fmt.Sprintf("tariff: period %s to %s", p.From, p.To)
		if err := checkUnit(where, p.UnitMinutes, p.UnitPrice); err != nil {
			return err
		}
		switch {
		case p.Cap < 0:
			return fmt.Errorf("%s: cap is %s; write an amount, or leave it out for none", where, p.Cap)
		case p.From < 0 || p.From >= dayMinutes || p.To < 0 || p.To > dayMinutes:
			return fmt.Errorf("%s: a period begins at 00:00 to 23:59 and ends at 00:00 to 24:00", where)
		case p.From == p.To:
			return fmt.Errorf("%s: is empty; write 00:00 to 24:00 for the whole day", where)
		}
		for _, other := range t.Periods[:i] {
			if at, both := overlap(p, other); both {
				return fmt.Errorf("%s: overlaps %s to %s at %s", where, other.From, other.To, at)
			}
		}
	}
	return checkCovered(t.Periods)
}

const dayMinutes = 24 * 60

func checkUnit(where string, unit int64, price charge.Fen) error {
	if unit <= 0 || unit > mostMinutes {
		return fmt.Errorf("%s: unit_minutes is %d; write 1 to %d", where, unit, mostMinutes)
	}
	if price < 0 {
		return fmt.Errorf("%s: unit_price is %s; a price is not negative", where, price)
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
			return fmt.Errorf("tariff: no period covers %s; the periods together must cover the day", at)
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
