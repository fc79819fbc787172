package ledger

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/chargestamp/chargestamp/charge"
)

// charging is a grant of minutes whose price is that of the charging interval.
func charging(id int64, from time.Time, n int64, c charge.Combine) charge.Granted {
	g := mins(id, n, c)
	g.ChargeFrom = from
	return g
}

// naiveCharging is what a charging interval is worth in a stay, by naivePrice: the part of it that lies in the stay,
// from its first minute on, and never more than the stay costs.
func naiveCharging(t *charge.Tariff, entered, left, from time.Time, n int64) charge.Fen {
	to := from.Add(time.Duration(n) * time.Minute)
	if to.After(left) {
		to = left
	}
	if from.Before(entered) {
		from = entered
	}
	if !from.Before(to) {
		return 0
	}
	unfree := *t
	unfree.FreeMinutes = 0
	return min(naivePrice(t, entered, left), naivePrice(&unfree, from, to))
}

// TestChargingInterval holds testdata/charging.txt: what a charge takes off by its interval, and what the same minutes
// take off the end, both worked out by naivePrice as well.
func TestChargingInterval(t *testing.T) {
	text, err := os.ReadFile("testdata/charging.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := tariffs(t)
	rows := 0
	for n, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		where := fmt.Sprintf("charging.txt:%d", n+1)
		if len(f) != 11 {
			t.Fatalf("%s: %d fields", where, len(f))
		}
		tariff := known[f[0]]
		entered, left, from := local(t, f[1]+" "+f[2]), local(t, f[3]+" "+f[4]), local(t, f[5]+" "+f[6])
		granted, err := strconv.ParseInt(f[7], 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		stay := &charge.Stay{Entered: entered}
		total := naivePrice(tariff, entered, left)
		interval := naiveCharging(tariff, entered, left, from, granted)
		end := total - naivePrice(tariff, entered, left.Add(-time.Duration(granted)*time.Minute))
		byInterval := Settle(tariff, stay, []charge.Granted{charging(1, from, granted, charge.CombineBest)}, left)
		byEnd := Settle(tariff, stay, []charge.Granted{mins(1, granted, charge.CombineBest)}, left)
		for i, c := range []struct {
			what        string
			naive, ours charge.Fen
		}{{"total", total, byInterval.Total}, {"interval", interval, byInterval.DerateMoney},
			{"end", end, byEnd.DerateMoney}} {
			if f[8+i] != c.naive.String() || c.naive != c.ours {
				t.Errorf("%s: %s is %s by us, %s by the naive pricer, %s in the row", where, c.what, c.ours, c.naive, f[8+i])
			}
		}
		rows++
	}
	if rows < 41 {
		t.Errorf("%d rows, want the example and 40 more", rows)
	}
}

// TestSettleCharging settles stays with charging intervals beside other grants, in tariff "posted": 10.00 an hour from
// 08:00 to 20:00, 2.00 at night.
func TestSettleCharging(t *testing.T) {
	tariff := tariffs(t)["posted"]
	at := func(hour int) time.Time { return local(t, "2026-03-01 00:00:00").Add(time.Duration(hour) * time.Hour) }
	stay := &charge.Stay{Entered: at(10)} // until 22: 104.00
	const best, sum = charge.CombineBest, charge.CombineSum
	used := func(id, minutes int64, worth charge.Fen) Used {
		return Used{Charge: id, Minutes: minutes, Worth: worth}
	}
	cases := []struct {
		name   string
		grants []charge.Granted
		derate charge.Fen
		used   []Used
	}{
		{"interval", []charge.Granted{charging(1, at(10), 120, best)}, 2000, []Used{used(1, 120, 2000)}},
		{"end", []charge.Granted{mins(1, 120, best)}, 400, []Used{used(1, 120, 400)}},
		{"a charge after the exit", []charge.Granted{charging(1, at(23), 60, best)}, 0, []Used{used(1, 0, 0)}},
		{"a charge that ends after the exit", []charge.Granted{charging(1, at(21), 180, best)}, 200,
			[]Used{used(1, 60, 200)}},
		{"best of two intervals: the longer is the second",
			[]charge.Granted{charging(1, at(10), 60, best), charging(2, at(12), 60, best)}, 2000,
			[]Used{used(1, 60, 1000), used(2, 60, 1000)}},
		{"best of two intervals: the first is worth more",
			[]charge.Granted{charging(1, at(10), 60, best), charging(2, at(20), 60, best)}, 1000,
			[]Used{used(1, 60, 1000), used(2, 0, 0)}},
		{"best of interval and end", []charge.Granted{mins(1, 90, best), charging(2, at(15), 30, best)}, 2000,
			[]Used{used(1, 90, 2000), used(2, 30, 0)}},
		{"best of interval and amount", []charge.Granted{charging(1, at(10), 120, best), yuan(2, 2500, best)}, 2500,
			[]Used{used(1, 0, 0), {Charge: 2, Amount: 2500, Worth: 2500}}},
		{"sum of two intervals", []charge.Granted{charging(1, at(10), 60, sum), charging(2, at(21), 60, sum)}, 1200,
			[]Used{used(1, 60, 1000), used(2, 60, 200)}},
		{"sum counts what lies in two intervals once",
			[]charge.Granted{charging(1, at(10), 120, sum), charging(2, at(11), 120, sum)}, 3000,
			[]Used{used(1, 120, 2000), used(2, 60, 1000)}},
		{"sum of interval, end and amount",
			[]charge.Granted{charging(1, at(10), 60, sum), mins(2, 60, sum), yuan(3, 300, sum)}, 1500,
			[]Used{used(1, 60, 1000), used(2, 60, 200), {Charge: 3, Amount: 300, Worth: 300}}},
		{"free beats all", []charge.Granted{charging(1, at(10), 60, best), free(2, best)}, 10400,
			[]Used{{Charge: 1}, {Charge: 2, Amount: 10400, Worth: 10400}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := Settle(tariff, stay, c.grants, at(22))
			if s.Total != 10400 || s.DerateMoney != c.derate || s.Price != s.Total-c.derate {
				t.Errorf("%s of %s taken off, %s due; want %s", s.DerateMoney, s.Total, s.Price, c.derate)
			}
			if fmt.Sprint(s.Used) != fmt.Sprint(c.used) {
				t.Errorf("used %+v, want %+v", s.Used, c.used)
			}
		})
	}
}

// TestLeaveBy: a later exit loses the grant, the quote of that moment says so, and a payment made in time keeps it for
// the leave minutes.
func TestLeaveBy(t *testing.T) {
	tariff := tariffs(t)["hour"]
	clock := func(text string) time.Time { return local(t, "2026-03-01 "+text) }
	late := mins(1, 60, charge.CombineBest)
	late.LeaveBy = clock("12:30:00")
	both := []charge.Granted{late, yuan(2, 300, charge.CombineSum)}
	cases := []struct {
		name         string
		grants       []charge.Granted
		paid         charge.Fen
		paidAt, at   string
		price, worth charge.Fen
		late         bool
	}{
		{"in time", []charge.Granted{late}, 0, "", "12:30:00", 1000, 500, false},
		{"a second late", []charge.Granted{late}, 0, "", "12:30:01", 1500, 0, true},
		{"another grant stays", both, 0, "", "12:31:00", 1200, 300, true},
		{"paid in time, left within the leave minutes", []charge.Granted{late}, 1000, "12:25:00", "12:40:00", 0, 500, false},
		{"paid a moment after the quote", []charge.Granted{late}, 1000, "12:31:00", "12:32:00", 0, 500, false},
		{"paid the full price after it was lost", []charge.Granted{late}, 1500, "12:31:00", "12:32:00", 0, 0, true},
		{"paid in time, left after the leave minutes", []charge.Granted{late}, 1000, "12:25:00", "12:40:01", 500, 0, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			stay := &charge.Stay{Entered: clock("10:00:00"), Paid: c.paid}
			if c.paidAt != "" {
				stay.PaidAt = clock(c.paidAt)
			}
			s := Settle(tariff, stay, c.grants, clock(c.at))
			if s.Price != c.price || s.DerateMoney != c.worth || s.Used[0].Late != c.late {
				t.Errorf("%s due, %s taken off, late %t; want %s, %s, %t", s.Price, s.DerateMoney, s.Used[0].Late, c.price, c.worth,
					c.late)
			}
		})
	}
}

// Whatever intervals were granted, under best the worth is that of the best of them by the naive pricer, and all that
// is used adds up.
func TestChargingAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tariff := anyTariff.Draw(t, "tariff")
		stay := &charge.Stay{Entered: anyEntry.Draw(t, "entered")}
		at := stay.Entered.Add(anyLength.Draw(t, "length"))
		combine := rapid.SampledFrom([]charge.Combine{charge.CombineBest, charge.CombineSum}).Draw(t, "combine")
		var grants []charge.Granted
		var running int64
		var best charge.Fen
		for i := range rapid.IntRange(1, 4).Draw(t, "charges") {
			from := stay.Entered.Add(time.Duration(rapid.IntRange(-200, 3000).Draw(t, "from")) * tick)
			n := rapid.Int64Range(1, 400).Draw(t, "minutes")
			running += n
			grants = append(grants, charging(int64(i+1), from, n, combine))
			best = max(best, naiveCharging(tariff, stay.Entered, at, from, running))
		}
		s := Settle(tariff, stay, grants, at)
		if combine == charge.CombineBest && s.DerateMoney != best {
			t.Fatalf("worth %s, want %s", s.DerateMoney, best)
		}
		var minutes int64
		var worth charge.Fen
		for i, u := range s.Used {
			if u.Minutes < 0 || u.Minutes > grants[i].Reduction.Minutes || u.Worth < 0 {
				t.Fatalf("grant %+v used %+v", grants[i], u)
			}
			minutes, worth = minutes+u.Minutes, worth+u.Worth
		}
		if minutes != s.DerateDuration || minutes > s.Duration || worth != s.DerateMoney || s.Price+worth != s.Total {
			t.Fatalf("%+v", s)
		}
	})
}
