package flow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/words"
)

// books is all that bad input must not change.
type books struct {
	Charges []*charge.Charge
	Stays   []*charge.Stay
	Ledger  []charge.LedgerEntry
}

func (w *world) books() (b books) {
	w.t.Helper()
	charges, err := w.store.Charges(w.t.Context(), charge.ChargeFilter{})
	if err != nil {
		w.t.Fatal(err)
	}
	stays, err := w.store.Stays(w.t.Context(), charge.StayFilter{})
	if err != nil {
		w.t.Fatal(err)
	}
	b.Charges, b.Stays = charges.Items, stays.Items
	err = w.store.Read(w.t.Context(), func(tx *store.Tx) error {
		for _, c := range b.Charges {
			entries, err := tx.LedgerOf(c.ID)
			if err != nil {
				return err
			}
			b.Ledger = append(b.Ledger, entries...)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// What lots tell wrongly is refused with a reason, changes nothing, and can be seen where a charge is concerned.
func TestBadInputOfLots(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", sdkLot)) // 30 minutes
	_, done := w.next(w.line)
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
	w.enter(gateLot, "g1", 2*time.Hour)
	w.must(w.finished("g", gateLot))
	now := w.clock.Now()
	ctx := t.Context()

	left := func(e lot.Exit) func() (lot.Answer, error) {
		return func() (lot.Answer, error) { return w.flow.Left(ctx, e) }
	}
	exit := func(e lot.Exit) func() (lot.Answer, error) {
		return func() (lot.Answer, error) {
			q, err := w.flow.Exit(ctx, e)
			return q.Answer, err
		}
	}
	used := func(u lot.Usage) func() (lot.Answer, error) {
		return func() (lot.Answer, error) { return w.flow.Used(ctx, u) }
	}
	entered := func(e lot.Entry) func() (lot.Answer, error) {
		return func() (lot.Answer, error) { return w.flow.Entered(ctx, e) }
	}
	paid := func(p ledger.Payment) func() (lot.Answer, error) {
		return func() (lot.Answer, error) { return w.flow.Paid(ctx, p) }
	}
	quote := func(q ledger.QuoteQuestion) func() (lot.Answer, error) {
		return func() (lot.Answer, error) {
			a, err := w.flow.Quote(ctx, q)
			return a.Answer, err
		}
	}
	for _, c := range []struct {
		name string
		tell func() (lot.Answer, error)
		says string
		seen string // order of the charge whose timeline shows it
		step string
	}{
		{"exit before its own in_time",
			left(lot.Exit{Lot: sdkLot, OrderID: "s1", Plate: "京A12345", Entered: now, Left: now.Add(-time.Minute)}),
			"lies before the entry", "", ""},
		{"exit before the entry", left(lot.Exit{Lot: sdkLot, OrderID: "s1", Plate: "京A12345", Left: now.Add(-3 * time.Hour)}),
			"out_time", "o1", "exit"},
		{"exit without a time", left(lot.Exit{Lot: sdkLot, OrderID: "s1", Plate: "京A12345"}), "time is missing", "", ""},
		{"exit years back", left(lot.Exit{Lot: sdkLot, OrderID: "s1", Plate: "京A12345", Left: now.AddDate(-30, 0, 0)}),
			"years back", "", ""},
		{"exit in the future", left(lot.Exit{Lot: sdkLot, OrderID: "s1", Plate: "京A12345", Left: now.AddDate(0, 0, 2)}),
			"future", "", ""},
		{"entry in the future", entered(lot.Entry{Lot: sdkLot, OrderID: "s2", Plate: "京A12345",
			Entered: now.AddDate(0, 0, 2)}), "future", "", ""},
		{"entry without a time", entered(lot.Entry{Lot: sdkLot, OrderID: "s2", Plate: "京A12345"}), "time is missing", "", ""},

		{"usage above the grant", used(lot.Usage{Lot: sdkLot, Order: "o1", Method: 1, Minutes: 31, Left: now}),
			"more than the 30 minutes", "o1", "usage"},
		{"usage above the grant, the lot deciding",
			used(lot.Usage{Lot: sdkLot, Order: "o1", Method: 3, Minutes: 31, Left: now}), "more than the 30 minutes", "o1",
			"usage"},
		{"usage below zero", used(lot.Usage{Lot: sdkLot, Order: "o1", Method: 1, Minutes: -1, Left: now}), "below zero", "o1",
			"usage"},
		{"yuan below zero", used(lot.Usage{Lot: sdkLot, Order: "o1", Method: 2, Amount: -1, Left: now}), "below zero", "o1",
			"usage"},
		{"usage before the entry", used(lot.Usage{Lot: sdkLot, Order: "o1", Method: 1, Minutes: 30,
			Left: now.Add(-3 * time.Hour)}), "before the entry", "o1", "usage"},
		{"usage of another platform", used(lot.Usage{Lot: sdkLot, Order: "o1", Platform: "aotexun", Method: 1, Minutes: 30,
			Left: now}), "another platform", "o1", "usage"},
		{"usage of another lot's order", used(lot.Usage{Lot: apiLot, Order: "o1", Method: 1, Minutes: 30, Left: now}),
			"no reduction of this lot", "", ""},
		{"usage of nothing", used(lot.Usage{Lot: sdkLot, Order: strings.Repeat("9", 300), Method: 1, Minutes: 30, Left: now}),
			"no reduction of this lot", "", ""},
		{"usage in the future", used(lot.Usage{Lot: sdkLot, Order: "o1", Method: 1, Minutes: 30, Left: now.AddDate(1, 0, 0)}),
			"future", "", ""},

		{"gate: exit before the entry",
			exit(lot.Exit{Lot: gateLot, OrderID: "g1", Plate: "京A12345", Left: now.Add(-3 * time.Hour)}), "before the entry",
			"g", "exit"},
		{"gate: exit of another car", exit(lot.Exit{Lot: gateLot, OrderID: "g1", Plate: "京B99999", Left: now}),
			"another plate", "g", "exit"},
		{"gate: exit of another lot's order", exit(lot.Exit{Lot: outerLot, OrderID: "g1", Plate: "京A12345", Left: now}),
			"no stay", "", ""},
		{"gate: exit of nothing", exit(lot.Exit{Lot: gateLot, OrderID: "g9", Plate: "京A12345", Left: now}), "no stay", "",
			""},
		{"gate: payment before the entry",
			paid(ledger.Payment{Lot: gateLot, OrderID: "g1", Amount: 500, TradeNo: "t1", At: now.Add(-3 * time.Hour)}),
			"before the entry", "", ""},
		{"gate: payment for nothing", paid(ledger.Payment{Lot: gateLot, OrderID: "g9", Amount: 500, TradeNo: "t1", At: now}),
			"no stay", "", ""},
		{"gate: quote before the entry",
			quote(ledger.QuoteQuestion{Lot: gateLot, OrderID: "g1", At: now.Add(-3 * time.Hour)}), "before the entry", "", ""},
		{"gate: quote of nothing", quote(ledger.QuoteQuestion{Lot: gateLot, OrderID: "g9", At: now}), "no stay", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := w.books()
			a, err := c.tell()
			if err != nil || a.State != 0 || a.ErrMsg == "" || !strings.Contains(words.Note(words.English, a.Why), c.says) {
				t.Errorf("answered %+v, %v; want state 0 saying %q", a, err, c.says)
			}
			if len(a.ErrMsg) > 200 || strings.Contains(a.ErrMsg, "京A12345") {
				t.Errorf("the answer is long or shows a plate: %s", a.ErrMsg)
			}
			if diff := cmp.Diff(before, w.books()); diff != "" {
				t.Errorf("it changed something:\n%s", diff)
			}
			if c.seen != "" {
				w.noted(c.seen, c.step, "refused")
			}
		})
	}
}

// An exit of the same number in another lot is that lot's own.
func TestExitOfAnotherLotsOrderIsItsOwn(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", sdkLot))
	_, done := w.next(w.line)
	done(w.acked())
	before := w.settles("o1", charge.StateDelivered, charge.ReasonOK)
	w.leave(apiLot, "s1", &lot.Reduced{Minutes: 30, Told: "30"})
	if diff := cmp.Diff(before, w.charge("o1")); diff != "" {
		t.Errorf("an exit in another lot changed the charge:\n%s", diff)
	}
	if open, err := w.flow.InPark(t.Context(), sdkLot, "京A12345"); err != nil || len(open) != 1 {
		t.Errorf("open stays %+v, %v; want the car still in", open, err)
	}
}

func TestUsageTwiceWithDifferentNumbers(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", sdkLot))
	_, done := w.next(w.line)
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
	tell := func(minutes int64, told string) lot.Answer {
		a, err := w.flow.Used(t.Context(),
			lot.Usage{Lot: sdkLot, OrderID: "s1", Order: "o1", Method: 1, Minutes: minutes, Told: told, Left: w.clock.Now()})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := tell(28, "27.5"); a.State != 1 {
		t.Fatalf("usage: %+v", a)
	}
	before := w.books()
	if a := tell(20, "20"); a.State != 0 || !strings.Contains(words.Note(words.English, a.Why), "other numbers") {
		t.Errorf("other numbers: %+v", a)
	}
	if a := tell(28, "27.5"); a.State != 1 {
		t.Errorf("the same again: %+v", a)
	}
	w.leave(sdkLot, "s1", &lot.Reduced{Minutes: 10, Told: "10"}) // what the lot said of the charge is better than its exit
	after := w.books()
	after.Stays = before.Stays
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("it changed something:\n%s", diff)
	}
	w.noted("o1", "usage", "refused")
}

// Two platforms may number their orders alike; a 3.11 says which is meant, a 2.34 does not.
func TestUsageOfOrdersNumberedAlike(t *testing.T) {
	w := newWorld(t)
	w.estate.rule(sdkLot, func(r *charge.Rule) { r.Combine = charge.CombineSum })
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("77", sdkLot))
	w.flow.Take(t.Context(), platform.Push{Platform: "aotexun", Path: "/x", Received: w.clock.Now()},
		platform.Account{ID: "main"},
		platform.Message{Charge: w.finished("77", sdkLot)}, func(platform.Verdict) platform.Reply { return platform.Reply{} })
	for range 2 {
		_, done := w.next(w.line)
		done(w.acked())
	}
	a, err := w.flow.Used(t.Context(),
		lot.Usage{Lot: sdkLot, Order: "77", Platform: "telaidian", Method: 1, Minutes: 12, Told: "12", Left: w.clock.Now()})
	if err != nil || a.State != 1 {
		t.Fatalf("usage: %+v, %v", a, err)
	}
	page, err := w.store.Charges(t.Context(), charge.ChargeFilter{Order: "77"})
	if err != nil || len(page.Items) != 2 {
		t.Fatalf("%d charges, %v", len(page.Items), err)
	}
	for _, c := range page.Items {
		if used := c.Usage != nil; used != (c.Platform == "telaidian") {
			t.Errorf("the charge of %s has usage %+v", c.Platform, c.Usage)
		}
	}
}

// A charge without a number is called by our id.
func TestUsageByOurID(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", 2*time.Hour)
	push := w.finished("", sdkLot)
	push.RepeatKey = "k"
	if w.push(push) != charge.OutcomeAccepted {
		t.Fatal("not accepted")
	}
	_, done := w.next(w.line)
	done(w.acked())
	name := w.line.notices[0].Order
	if c := w.charge("k"); name == "" || name == "k" || c.Order != "" {
		t.Fatalf("the lot was told start_charge_seq %q", name)
	}
	a, err := w.flow.Used(t.Context(), lot.Usage{Lot: sdkLot, Order: name, Method: 1, Minutes: 30, Left: w.clock.Now()})
	if err != nil || a.State != 1 {
		t.Fatalf("usage: %+v, %v", a, err)
	}
	w.want("k", charge.StateUsed, charge.ReasonOK)
}

// Charging times that cross cannot be granted as charging time; dialects refuse such pushes, this is the second lock.
func TestChargingTimesThatCross(t *testing.T) {
	w := newWorld(t)
	w.estate.rule(sdkLot, func(r *charge.Rule) { r.Grant, r.PlusMinutes = charge.GrantChargeTime, 60 })
	push := w.finished("o1", sdkLot)
	push.Started, push.Ended = push.Ended, push.Started
	w.must(push)
	w.want("o1", charge.StateNoGrant, charge.ReasonNothingPushed)
}
