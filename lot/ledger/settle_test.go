package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/chargestamp/chargestamp/charge"
)

func mins(charge1 int64, n int64, c charge.Combine) charge.Granted {
	return charge.Granted{Charge: charge1, Combine: c, Reduction: charge.Reduction{Method: charge.MethodTime, Minutes: n}}
}

func yuan(charge1 int64, fen charge.Fen, c charge.Combine) charge.Granted {
	return charge.Granted{Charge: charge1, Combine: c,
		Reduction: charge.Reduction{Method: charge.MethodAmount, Amount: fen}}
}

func free(charge1 int64, c charge.Combine) charge.Granted {
	return charge.Granted{Charge: charge1, Combine: c, Reduction: charge.Reduction{Method: charge.MethodFree}}
}

// TestSettle prices with tariff "hour" (15 minutes free, 5.00 an hour, 40.00 a day, 15 minutes to leave) and
// an entry at 10:00.
func TestSettle(t *testing.T) {
	const best, sum, first = charge.CombineBest, charge.CombineSum, charge.CombineFirst
	type grants = []charge.Granted
	cases := []struct {
		name   string
		grants grants
		paid   charge.Fen
		paidAt string // clock; empty: not paid
		at     string
		want   Settlement
	}{
		{name: "nothing granted", at: "12:30", want: Settlement{Total: 1500, Price: 1500, Duration: 150}},
		{name: "before entry", grants: grants{mins(1, 60, best)}, at: "09:00", want: Settlement{Used: []Used{{Charge: 1}}}},
		{name: "free minutes need no reduction", grants: grants{mins(1, 60, best)}, at: "10:15",
			want: Settlement{Duration: 15, Used: []Used{{Charge: 1}}}},

		// time: P(10:00, 12:30) = 15.00; the end moved
		{name: "time to 11:30", grants: grants{mins(1, 60, best)}, at: "12:30",
			want: Settlement{Total: 1500, Price: 1000, DerateMoney: 500, DerateDuration: 60, Duration: 150,
				Used: []Used{{Charge: 1, Minutes: 60}}}},
		{name: "time to 12:01 is worth nothing", grants: grants{mins(1, 29, best)}, at: "12:30",
			want: Settlement{Total: 1500, Price: 1500, DerateDuration: 29, Duration: 150,
				Used: []Used{{Charge: 1, Minutes: 29}}}},
		{name: "time to 12:00", grants: grants{mins(1, 30, best)}, at: "12:30",
			want: Settlement{Total: 1500, Price: 1000, DerateMoney: 500, DerateDuration: 30, Duration: 150,
				Used: []Used{{Charge: 1, Minutes: 30}}}},
		{name: "time to the free minutes", grants: grants{mins(1, 135, best)}, at: "12:30",
			want: Settlement{Total: 1500, DerateMoney: 1500, DerateDuration: 135, Duration: 150,
				Used: []Used{{Charge: 1, Minutes: 135}}}},
		{name: "time to just over the free minutes", grants: grants{mins(1, 134, best)}, at: "12:30",
			want: Settlement{Total: 1500, Price: 500, DerateMoney: 1000, DerateDuration: 134, Duration: 150,
				Used: []Used{{Charge: 1, Minutes: 134}}}},
		{name: "time to entry", grants: grants{mins(1, 150, best)}, at: "12:30",
			want: Settlement{Total: 1500, DerateMoney: 1500, DerateDuration: 150, Duration: 150,
				Used: []Used{{Charge: 1, Minutes: 150}}}},
		{name: "more time than stayed", grants: grants{mins(1, 1_000_000_000, best)}, at: "12:30",
			want: Settlement{Total: 1500, DerateMoney: 1500, DerateDuration: 150, Duration: 150,
				Used: []Used{{Charge: 1, Minutes: 150}}}},
		{name: "time under the daily cap is worth nothing", grants: grants{mins(1, 60, best)}, at: "22:00",
			want: Settlement{Total: 4000, Price: 4000, DerateDuration: 60, Duration: 720,
				Used: []Used{{Charge: 1, Minutes: 60}}}},
		{name: "differences of best add up, the oldest is used first",
			grants: grants{mins(1, 60, best), mins(2, 30, best), mins(3, 90, best)}, at: "12:00",
			want: Settlement{Total: 1000, DerateMoney: 1000, DerateDuration: 120, Duration: 120,
				Used: []Used{{Charge: 1, Minutes: 60}, {Charge: 2, Minutes: 30}, {Charge: 3, Minutes: 30}}}},

		// amount and free
		{name: "amount", grants: grants{yuan(1, 700, best)}, at: "12:30",
			want: Settlement{Total: 1500, Price: 800, DerateMoney: 700, Duration: 150, Used: []Used{{Charge: 1, Amount: 700}}}},
		{name: "never below zero", grants: grants{yuan(1, 9000, best)}, at: "12:30",
			want: Settlement{Total: 1500, DerateMoney: 1500, Duration: 150, Used: []Used{{Charge: 1, Amount: 1500}}}},
		{name: "two amounts", grants: grants{yuan(1, 1000, best), yuan(2, 700, best)}, at: "12:30",
			want: Settlement{Total: 1500, DerateMoney: 1500, Duration: 150,
				Used: []Used{{Charge: 1, Amount: 1000}, {Charge: 2, Amount: 500}}}},
		{name: "free", grants: grants{free(1, best)}, at: "12:30",
			want: Settlement{Total: 1500, DerateMoney: 1500, Duration: 150, Used: []Used{{Charge: 1, Amount: 1500}}}},
		{name: "free beats time", grants: grants{mins(1, 600, best), free(2, best)}, at: "12:30",
			want: Settlement{Total: 1500, DerateMoney: 1500, Duration: 150,
				Used: []Used{{Charge: 1}, {Charge: 2, Amount: 1500}}}},
		{name: "free beats in a sum", grants: grants{mins(1, 60, sum), free(2, sum)}, at: "12:30",
			want: Settlement{Total: 1500, DerateMoney: 1500, Duration: 150,
				Used: []Used{{Charge: 1}, {Charge: 2, Amount: 1500}}}},

		// two methods
		{name: "best: time is worth more", grants: grants{mins(1, 90, best), yuan(2, 900, best)}, at: "12:30",
			want: Settlement{Total: 1500, Price: 500, DerateMoney: 1000, DerateDuration: 90, Duration: 150,
				Used: []Used{{Charge: 1, Minutes: 90}, {Charge: 2}}}},
		{name: "best: amount is worth more", grants: grants{mins(1, 60, best), yuan(2, 900, best)}, at: "12:30",
			want: Settlement{Total: 1500, Price: 600, DerateMoney: 900, Duration: 150,
				Used: []Used{{Charge: 1}, {Charge: 2, Amount: 900}}}},
		{name: "best: equal worth is time", grants: grants{yuan(1, 500, best), mins(2, 60, best)}, at: "12:30",
			want: Settlement{Total: 1500, Price: 1000, DerateMoney: 500, DerateDuration: 60, Duration: 150,
				Used: []Used{{Charge: 1}, {Charge: 2, Minutes: 60}}}},
		{name: "the latest grant's rule combines", grants: grants{mins(1, 60, sum), yuan(2, 900, best)}, at: "12:30",
			want: Settlement{Total: 1500, Price: 600, DerateMoney: 900, Duration: 150,
				Used: []Used{{Charge: 1}, {Charge: 2, Amount: 900}}}},
		{name: "sum: time, then amount", grants: grants{yuan(1, 700, best), mins(2, 60, sum)}, at: "12:30",
			want: Settlement{Total: 1500, Price: 300, DerateMoney: 1200, DerateDuration: 60, Duration: 150,
				Used: []Used{{Charge: 1, Amount: 700}, {Charge: 2, Minutes: 60}}}},
		{name: "sum: amount takes what time left", grants: grants{mins(1, 60, sum), yuan(2, 5000, sum)}, at: "12:30",
			want: Settlement{Total: 1500, DerateMoney: 1500, DerateDuration: 60, Duration: 150,
				Used: []Used{{Charge: 1, Minutes: 60}, {Charge: 2, Amount: 1000}}}},
		{name: "first", grants: grants{mins(1, 60, first)}, at: "12:30",
			want: Settlement{Total: 1500, Price: 1000, DerateMoney: 500, DerateDuration: 60, Duration: 150,
				Used: []Used{{Charge: 1, Minutes: 60}}}},
		{name: "the lot's own is worth nothing",
			grants: grants{{Charge: 1, Reduction: charge.Reduction{Method: charge.MethodLotDecides}}}, at: "12:30",
			want: Settlement{Total: 1500, Price: 1500, Duration: 150, Used: []Used{{Charge: 1}}}},

		// payment: P(10:00, 11:30) = 10.00
		{name: "paid, leaving", paid: 1000, paidAt: "11:30", at: "11:45", want: Settlement{Total: 1000, Duration: 105}},
		{name: "paid, leaving over a unit", paid: 1000, paidAt: "11:50", at: "12:05",
			want: Settlement{Total: 1000, Duration: 125}},
		{name: "paid, left too late", paid: 1000, paidAt: "11:50", at: "12:06",
			want: Settlement{Total: 1500, Price: 500, Duration: 126}},
		{name: "paid, left too late within the unit", paid: 1000, paidAt: "11:10", at: "11:59",
			want: Settlement{Total: 1000, Duration: 119}},
		{name: "paid at a quote of a minute before", paid: 500, paidAt: "11:01", at: "11:10",
			want: Settlement{Total: 1000, Duration: 70}},
		{name: "paid at a quote of long before", paid: 500, paidAt: "11:20", at: "11:25",
			want: Settlement{Total: 1000, Price: 500, Duration: 85}},
		{name: "paid too little", paid: 300, paidAt: "11:30", at: "11:31",
			want: Settlement{Total: 1000, Price: 700, Duration: 91}},
		{name: "paid too much", paid: 3000, paidAt: "11:30", at: "13:10", want: Settlement{Total: 2000, Duration: 190}},
		{name: "asked for a time before the payment", paid: 1000, paidAt: "11:30", at: "11:00",
			want: Settlement{Total: 500, Duration: 60}},
		{name: "paid nothing for nothing", grants: grants{free(1, best)}, paidAt: "11:30", at: "11:40",
			want: Settlement{Total: 1000, DerateMoney: 1000, Duration: 100, Used: []Used{{Charge: 1, Amount: 1000}}}},
		{name: "paid the reduced price", grants: grants{mins(1, 60, best)}, paid: 500, paidAt: "11:55", at: "12:10",
			want: Settlement{Total: 1000, DerateMoney: 500, DerateDuration: 60, Duration: 130,
				Used: []Used{{Charge: 1, Minutes: 60}}}},
		{name: "paid the reduced price, left late", grants: grants{mins(1, 60, best)}, paid: 500, paidAt: "11:55",
			at: "12:11", want: Settlement{Total: 1500, Price: 500, DerateMoney: 500, DerateDuration: 60, Duration: 131,
				Used: []Used{{Charge: 1, Minutes: 60}}}},
		{name: "granted after the payment", grants: grants{mins(1, 60, best)}, paid: 1000, paidAt: "11:30", at: "12:30",
			want: Settlement{Total: 1500, DerateMoney: 500, DerateDuration: 60, Duration: 150,
				Used: []Used{{Charge: 1, Minutes: 60}}}},
	}
	tariff := tariffs(t)["hour"]
	clock := func(text string) time.Time { return local(t, "2026-03-01 "+text+":00") }
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			stay := &charge.Stay{Entered: clock("10:00"), Paid: c.paid}
			if c.paidAt != "" {
				stay.PaidAt = clock(c.paidAt)
			}
			if c.want.Used == nil {
				c.want.Used = []Used{}
			}
			if diff := cmp.Diff(c.want, Settle(tariff, stay, c.grants, clock(c.at)),
				cmpopts.IgnoreFields(Used{}, "Worth")); diff != "" {
				t.Errorf("settlement (-want +got):\n%s", diff)
			}
		})
	}
}

var anyGrants = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) charge.Granted {
	combine := rapid.SampledFrom([]charge.Combine{charge.CombineBest, charge.CombineSum, charge.CombineFirst}).Draw(t,
		"combine")
	switch rapid.IntRange(0, 5).Draw(t, "method") {
	case 0:
		return free(1, combine)
	case 1, 2:
		return yuan(1, charge.Fen(rapid.Int64Range(1, 9000).Draw(t, "fen")), combine)
	}
	return mins(1, rapid.Int64Range(1, 3000).Draw(t, "minutes"), combine)
}), 0, 5)

// Whatever was granted, nothing is used that was not granted, nothing is worth more than the price, and what
// is taken off is what is missing from the price.
func TestSettleAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tariff, grants := anyTariff.Draw(t, "tariff"), anyGrants.Draw(t, "grants")
		stay := &charge.Stay{Entered: anyEntry.Draw(t, "entered")}
		at := stay.Entered.Add(anyLength.Draw(t, "length"))
		s := Settle(tariff, stay, grants, at)
		if s.Total != naivePrice(tariff, stay.Entered, at) || s.Price < 0 || s.DerateMoney < 0 ||
			s.Price+s.DerateMoney != s.Total {
			t.Fatalf("%+v", s)
		}
		var minutes int64
		var amount, worth charge.Fen
		for i, u := range s.Used {
			g := grants[i].Reduction
			worth += u.Worth
			if u.Worth < 0 || g.Method != charge.MethodTime && u.Worth != u.Amount || u.Minutes < 0 || u.Minutes > g.Minutes ||
				u.Amount < 0 || g.Method != charge.MethodFree && u.Amount > g.Amount {
				t.Fatalf("grant %+v used %+v", g, u)
			}
			minutes += u.Minutes
			amount += u.Amount
		}
		if minutes != s.DerateDuration || minutes > s.Duration || minutes == 0 && amount != s.DerateMoney ||
			worth != s.DerateMoney {
			t.Fatalf("used %d minutes and %s of %+v", minutes, amount, s)
		}
		if again := Settle(tariff, stay, grants, at); cmp.Diff(s, again) != "" {
			t.Fatal("a second question gets another answer")
		}
	})
}

// best returns the method that is worth most by a second way of working it out: each method alone.
func TestSettleBestIsTheBestMethod(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tariff, grants := anyTariff.Draw(t, "tariff"), anyGrants.Draw(t, "grants")
		entered := anyEntry.Draw(t, "entered")
		at := entered.Add(anyLength.Draw(t, "length"))
		total := naivePrice(tariff, entered, at)
		var byTime int64
		var byAmount, want charge.Fen
		for i := range grants {
			grants[i].Combine = charge.CombineBest
			switch r := grants[i].Reduction; r.Method {
			case charge.MethodTime:
				byTime += r.Minutes
			case charge.MethodAmount:
				byAmount += r.Amount
			case charge.MethodFree:
				want = total
			}
		}
		want = max(want, min(byAmount, total), total-naivePrice(tariff, entered, at.Add(-time.Duration(byTime)*time.Minute)))
		if got := Settle(tariff, &charge.Stay{Entered: entered}, grants, at); got.DerateMoney != want {
			t.Fatalf("worth %s, want %s", got.DerateMoney, want)
		}
	})
}

// Paying what is due makes the leave minutes free, and never twice what the stay costs is asked.
func TestSettlePayment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tariff, grants := anyTariff.Draw(t, "tariff"), anyGrants.Draw(t, "grants")
		stay := &charge.Stay{Entered: anyEntry.Draw(t, "entered")}
		paidAt := stay.Entered.Add(anyLength.Draw(t, "until payment"))
		stay.Paid = Settle(tariff, stay, grants, paidAt).Price
		stay.PaidAt = paidAt
		leave := time.Duration(tariff.LeaveMinutes) * time.Minute
		if s := Settle(tariff, stay, grants, paidAt.Add(leave)); s.Price != 0 {
			t.Fatalf("%s due within the leave minutes", s.Price)
		}
		late := paidAt.Add(leave + tick + anyLength.Draw(t, "late"))
		s := Settle(tariff, stay, grants, late)
		if s.Price != max(0, s.Total-s.DerateMoney-stay.Paid) {
			t.Fatalf("%s due after the leave minutes: %+v", s.Price, s)
		}
	})
}
