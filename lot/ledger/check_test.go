package ledger

import (
	"strings"
	"testing"
	"unicode"

	"github.com/chargestamp/chargestamp/charge"
)

func TestCheck(t *testing.T) {
	for name, tariff := range tariffs(t) {
		if err := Check(tariff); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	period := func(from, to string) charge.Period {
		return charge.Period{From: clock(t, from), To: clock(t, to), UnitMinutes: 60, UnitPrice: 100}
	}
	flat := charge.Tariff{UnitMinutes: 60, UnitPrice: 500}
	change := func(f func(*charge.Tariff)) *charge.Tariff {
		t := flat
		f(&t)
		return &t
	}
	periods := func(ps ...charge.Period) *charge.Tariff { return &charge.Tariff{Periods: ps} }
	cases := []struct {
		tariff *charge.Tariff
		want   string
	}{
		{&charge.Tariff{}, "tariff: unit_minutes is 0; write 1 to 527040"},
		{change(func(t *charge.Tariff) { t.UnitMinutes = -1 }), "tariff: unit_minutes is -1; write 1 to 527040"},
		{change(func(t *charge.Tariff) { t.UnitMinutes = 1 << 40 }),
			"tariff: unit_minutes is 1099511627776; write 1 to 527040"},
		{change(func(t *charge.Tariff) { t.UnitPrice = -1 }), "tariff: unit_price is -0.01; a price is not negative"},
		{change(func(t *charge.Tariff) { t.DailyCap = -1 }),
			"tariff: daily_cap is -0.01; write an amount, or leave it out for none"},
		{change(func(t *charge.Tariff) { t.FreeMinutes = -1 }), "tariff: free_minutes is -1; write 0 to 527040"},
		{change(func(t *charge.Tariff) { t.LeaveMinutes = -1 }), "tariff: leave_minutes is -1; write 0 to 527040"},
		{periods(period("08:00", "20:00")), "tariff: no period covers 00:00; the periods together must cover the day"},
		{periods(period("08:00", "20:00"), period("20:00", "07:59")),
			"tariff: no period covers 07:59; the periods together must cover the day"},
		{periods(period("08:00", "20:00"), period("19:59", "08:00")),
			"tariff: period 19:59 to 08:00: overlaps 08:00 to 20:00 at 19:59"},
		{periods(period("08:00", "20:00"), period("20:00", "08:01")),
			"tariff: period 20:00 to 08:01: overlaps 08:00 to 20:00 at 08:00"},
		{periods(period("00:00", "24:00"), period("10:00", "11:00")),
			"tariff: period 10:00 to 11:00: overlaps 00:00 to 24:00 at 10:00"},
		{periods(period("10:00", "11:00"), period("00:00", "24:00")),
			"tariff: period 00:00 to 24:00: overlaps 10:00 to 11:00 at 10:00"},
		{periods(period("08:00", "08:00")),
			"tariff: period 08:00 to 08:00: is empty; write 00:00 to 24:00 for the whole day"},
		{periods(charge.Period{From: 1440, To: 60, UnitMinutes: 1}),
			"tariff: period 24:00 to 01:00: a period begins at 00:00 to 23:59 and ends at 00:00 to 24:00"},
		{periods(charge.Period{To: 1440, UnitMinutes: 0}),
			"tariff: period 00:00 to 24:00: unit_minutes is 0; write 1 to 527040"},
		{periods(charge.Period{To: 1440, UnitMinutes: 1, Cap: -5}),
			"tariff: period 00:00 to 24:00: cap is -0.05; write an amount, or leave it out for none"},
	}
	for _, c := range cases {
		err := Check(c.tariff)
		if err == nil || err.Error() != c.want {
			t.Errorf("%+v: %v, want %s", *c.tariff, err, c.want)
		}
		fault, both := err.(*Fault)
		if !both || strings.Contains(fault.Chinese(), "%!") || strings.Contains(fault.Chinese(), " is ") ||
			!strings.ContainsFunc(fault.Chinese(), func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("%s in Chinese: %v", c.want, fault)
		}
	}
}
