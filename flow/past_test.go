package flow_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
)

// endedAt is a charge of an hour that ended at a time of 2026-03-03 or a day after it.
func (w *world) endedAt(order string, id charge.LotID, ended time.Time) *charge.Charge {
	w.t.Helper()
	c := w.finished(order, id)
	c.Started, c.Ended = ended.Add(-time.Hour), ended
	return w.must(c)
}

// visit lets the car of the tests stay in a lot from one time to another, and charges it once in between.
func (w *world) visit(order string, id charge.LotID, from, ended time.Time) *charge.Charge {
	w.t.Helper()
	w.clock.set(ended.Add(time.Minute))
	w.enter(id, "s-"+order, ended.Add(time.Minute).Sub(from))
	c := w.endedAt(order, id, ended)
	w.clock.pass(5 * time.Minute)
	if _, err := w.flow.Left(w.t.Context(),
		lot.Exit{Lot: id, OrderID: "s-" + order, Plate: c.Plate, Left: w.clock.Now()}); err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// at is a time of the day on which tests begin, or of a day after it.
func at(day, hour, minute int) time.Time {
	return time.Date(2026, 3, 3+day, hour, minute, 0, 0, charge.Shanghai)
}

// TestDayAndLockOverStays: per_day and lock count what a plate was granted in its other stays, by the ends of charges,
// on both engines.
func TestDayAndLockOverStays(t *testing.T) {
	for name, place := range bothEngines(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorldOn(t, place)
			w.estate.rule(apiLot, func(r *charge.Rule) { r.PerDay = charge.PerDay{Minutes: 50} })
			w.visit("d1", apiLot, at(0, 9, 0), at(0, 11, 0))
			if c := w.visit("d2", apiLot, at(0, 13, 0), at(0, 15, 0)); c.Reduction == nil || c.Reduction.Minutes != 20 {
				t.Errorf("the second stay of the day was granted %+v, want the 20 minutes that its day has left", c.Reduction)
			}
			w.visit("d3", apiLot, at(0, 16, 0), at(0, 18, 0))
			c := w.want("d3", charge.StateNoGrant, charge.ReasonDayLimit)
			if len(c.Decision.Past) != 2 {
				t.Errorf("the decision names %d earlier grants, want 2", len(c.Decision.Past))
			}
			if c := w.visit("d4", apiLot, at(0, 22, 0), at(1, 0, 0)); c.Reduction == nil || c.Reduction.Minutes != 30 {
				t.Errorf("a charge that ended at midnight was granted %+v, want the new day's 30 minutes", c.Reduction)
			}
			again := w.finished("d1", apiLot)
			again.Started, again.Ended = at(0, 10, 0), at(0, 11, 0)
			if got := w.push(again); got != charge.OutcomeDuplicate {
				t.Errorf("the first order again on the next day: %s", got)
			}
			w.want("d3", charge.StateNoGrant, charge.ReasonDayLimit)

			w.estate.rule(sdkLot, func(r *charge.Rule) { r.Lock = charge.Lock{Seconds: 4 * 3600} })
			w.visit("l1", sdkLot, at(2, 9, 0), at(2, 11, 0))
			w.visit("l2", sdkLot, at(2, 12, 0), at(2, 14, 59))
			w.want("l2", charge.StateNoGrant, charge.ReasonLocked)
			if c := w.visit("l3", sdkLot, at(2, 14, 30), at(2, 15, 0)); c.Reduction == nil {
				t.Errorf("four hours later: %s %s", c.State, c.Reason)
			}
		})
	}
}

// TestLockWhateverComesFirst: a push that comes late, of a charge that ended before one that was granted, is locked as
// well.
func TestLockWhateverComesFirst(t *testing.T) {
	w := newWorld(t)
	w.estate.rule(sdkLot, func(r *charge.Rule) { r.Lock = charge.Lock{Seconds: 4 * 3600} })
	w.clock.set(at(0, 12, 1))
	w.enter(sdkLot, "first", 5*time.Hour) // its exit has not been reported yet
	w.clock.set(at(0, 14, 1))
	w.enter(sdkLot, "second", time.Hour) // ends the first
	w.endedAt("later", sdkLot, at(0, 14, 0))
	w.endedAt("earlier", sdkLot, at(0, 12, 0))
	c := w.want("earlier", charge.StateNoGrant, charge.ReasonLeftBeforeArrival)
	if len(c.Decision.Past) != 1 {
		t.Errorf("the decision names %d grants of other stays, want 1", len(c.Decision.Past))
	}
}

// TestOneDayOverTheVendorsLots pushes charges of one car for two lots of a vendor at the same time: whatever the order
// in which they are stored, the day holds.
func TestOneDayOverTheVendorsLots(t *testing.T) {
	for name, place := range bothEngines(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorldOn(t, place)
			for _, id := range []charge.LotID{sdkLot, apiLot} {
				w.estate.rule(id, func(r *charge.Rule) {
					r.Combine, r.PerDay = charge.CombineSum, charge.PerDay{Times: 3, Minutes: 80, Per: charge.ReachVendor}
				})
			}
			var pushes sync.WaitGroup
			for i := range 24 {
				c := w.finished(fmt.Sprint("o", i), []charge.LotID{sdkLot, apiLot}[i%2])
				pushes.Go(func() { w.push(c) })
			}
			pushes.Wait()
			var granted, minutes int64
			for i := range 24 {
				if c := w.charge(fmt.Sprint("o", i)); c.Reduction != nil {
					granted, minutes = granted+1, minutes+c.Reduction.Minutes
				} else if c.Reason != charge.ReasonDayLimit {
					t.Errorf("%s: %s %s", c.Order, c.State, c.Reason)
				}
			}
			if granted != 3 || minutes != 80 {
				t.Errorf("%d charges were granted %d minutes, want 3 and 80", granted, minutes)
			}
		})
	}
}

// TestChargingIntervalAtTheGate settles a 4G stay by the price of its charging interval, and by a time to leave by.
func TestChargingIntervalAtTheGate(t *testing.T) {
	day := &charge.Tariff{LeaveMinutes: 15, Periods: []charge.Period{
		{From: 8 * 60, To: 20 * 60, UnitMinutes: 60, UnitPrice: 1000},
		{From: 20 * 60, To: 8 * 60, UnitMinutes: 60, UnitPrice: 200}}}
	for _, c := range []struct {
		name          string
		change        func(*charge.Rule)
		left          time.Time
		total, derate charge.Fen
		reason        charge.Reason
	}{
		{"end", func(*charge.Rule) {}, at(0, 22, 0), 10400, 400, charge.ReasonOK},
		{"charge", func(r *charge.Rule) { r.Takes = charge.TakesCharge }, at(0, 22, 0), 10400, 2000, charge.ReasonOK},
		{"exit before the charge's end", func(r *charge.Rule) { r.Takes = charge.TakesCharge }, at(0, 11, 30), 2000, 2000,
			charge.ReasonOK},
		{"left in time", func(r *charge.Rule) { r.LeaveWithinSeconds = 1800 }, at(0, 12, 30), 3000, 2000, charge.ReasonOK},
		{"left late", func(r *charge.Rule) { r.LeaveWithinSeconds = 1800 }, at(0, 12, 31), 3000, 0, charge.ReasonLeftLate},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.estate.lot(gateLot, func(l *charge.Lot) { l.Tariff = day })
			w.estate.rule(gateLot, func(r *charge.Rule) { r.Grant = charge.GrantChargeTime; c.change(r) })
			w.clock.set(at(0, 10, 0))
			w.enter(gateLot, "s1", 0)
			push := w.finished("o1", gateLot)
			push.Started, push.Ended = at(0, 10, 0), at(0, 12, 0)
			w.must(push)
			w.clock.set(c.left)
			quote, err := w.flow.Quote(t.Context(), ledger.QuoteQuestion{Lot: gateLot, OrderID: "s1", At: c.left})
			if err != nil || quote.Total != c.total || quote.DerateMoney != c.derate || quote.Price != c.total-c.derate {
				t.Errorf("quote %+v, %v; want %s off %s", quote, err, c.derate, c.total)
			}
			exit, err := w.flow.Exit(t.Context(), lot.Exit{Lot: gateLot, OrderID: "s1", Plate: push.Plate, Left: c.left})
			if err != nil || exit.Price != quote.Price {
				t.Errorf("exit %+v, %v; the quote was %s", exit, err, quote.Price)
			}
			ch := w.want("o1", charge.StateUsed, c.reason)
			if ch.Usage.Worth != c.derate {
				t.Errorf("the usage is worth %s, want %s", ch.Usage.Worth, c.derate)
			}
		})
	}
}

// TestBacktestOfADay replays stays by a rule that counts days, with what another account was granted beside.
func TestBacktestOfADay(t *testing.T) {
	w := newWorld(t)
	w.visit("o1", apiLot, at(0, 9, 0), at(0, 11, 0))
	w.visit("o2", apiLot, at(0, 12, 0), at(0, 14, 0))
	w.visit("o3", apiLot, at(0, 15, 0), at(0, 17, 0))
	w.visit("o4", apiLot, at(1, 9, 0), at(1, 11, 0))
	all := []*charge.Charge{w.charge("o1"), w.charge("o2"), w.charge("o3"), w.charge("o4")}
	rule := all[0].Decision.Rule
	rule.PerDay = charge.PerDay{Minutes: 70}
	got := flow.ReplayRule(flow.BacktestInput{Rule: rule, Kind: charge.KindAPI, Repeats: charge.RepeatsAdd, Charges: all})
	if got.Was.Minutes != 120 || got.Would.Minutes != 100 || len(got.Changed) != 1 ||
		got.Changed[0].Charge.Order != "o3" || got.Changed[0].Would.Reduction.Minutes != 10 {
		t.Errorf("alone: %+v would be %+v, changed %+v", got.Was, got.Would, got.Changed)
	}
	got = flow.ReplayRule(flow.BacktestInput{Rule: rule, Kind: charge.KindAPI, Repeats: charge.RepeatsAdd,
		Charges: all[1:], Others: all[:1]})
	if got.Would.Minutes != 70 || len(got.Changed) != 1 || got.Changed[0].Charge.Order != "o3" {
		t.Errorf("beside another's: would be %+v, changed %+v", got.Would, got.Changed)
	}
}
