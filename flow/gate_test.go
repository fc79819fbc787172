package flow_test

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
)

func TestGateQuoteMovesNothingAndExitIsFinal(t *testing.T) {
	w := newWorld(t)
	w.enter(gateLot, "s1", 90*time.Minute)
	quote := func() ledger.Quote {
		q, err := w.flow.Quote(t.Context(), ledger.QuoteQuestion{Lot: gateLot, Plate: "京A12345", At: w.clock.Now()})
		if err != nil || q.State != 1 {
			t.Fatalf("quote: %+v, %v", q, err)
		}
		return q
	}
	if q := quote(); q.Total != 1000 || q.Price != 1000 {
		t.Fatalf("quote before: %+v, want 10.00 for two started hours", q)
	}
	w.must(w.finished("o1", gateLot))
	w.want("o1", charge.StateDelivered, charge.ReasonOK)
	for range 2 {
		if q := quote(); q.Price != 500 || q.DerateDuration != 30 || q.DerateMoney != 500 {
			t.Fatalf("quote after: %+v, want 5.00 with 30 minutes off", q)
		}
	}
	exit := lot.Exit{Lot: gateLot, OrderID: "s1", Plate: "京A12345", Left: w.clock.Now(), Total: 700, HasTotal: true}
	first, err := w.flow.Exit(t.Context(), exit)
	if err != nil || first.Price != 500 {
		t.Fatalf("exit: %+v, %v", first, err)
	}
	c := w.want("o1", charge.StateUsed, charge.ReasonOK)
	if c.Usage.Minutes != 30 || c.Usage.Gap != 200 {
		t.Errorf("usage %+v, want 30 minutes and a gap of 2.00", c.Usage)
	}
	w.clock.pass(time.Hour)
	exit.Left, exit.Total = w.clock.Now(), 0
	if again, err := w.flow.Exit(t.Context(), exit); err != nil || again.Price != first.Price ||
		again.Total != first.Total || !again.QueryTime.Equal(first.QueryTime.Truncate(time.Second)) {
		t.Errorf("repeated exit: %+v, %v; want the first answer %+v", again, err, first)
	}
	if q, err := w.flow.Exit(t.Context(),
		lot.Exit{Lot: gateLot, OrderID: "none", Plate: "京A12345", Left: w.clock.Now()}); err != nil || q.State != 0 {
		t.Errorf("exit without a stay: %+v, %v", q, err)
	}
}

func TestPaymentCountsOnceAndOpensTheLeaveMinutes(t *testing.T) {
	w := newWorld(t)
	w.enter(gateLot, "s1", 59*time.Minute)
	pay := ledger.Payment{Lot: gateLot, OrderID: "s1", Amount: 500, TradeNo: "t1", At: w.clock.Now()}
	for range 2 {
		if a, err := w.flow.Paid(t.Context(), pay); err != nil || a.State != 1 {
			t.Fatalf("paid: %+v, %v", a, err)
		}
	}
	w.clock.pass(14 * time.Minute)
	q, err := w.flow.Quote(t.Context(), ledger.QuoteQuestion{Lot: gateLot, OrderID: "s1", At: w.clock.Now()})
	if err != nil || q.Price != 0 {
		t.Errorf("within the leave minutes: %+v, %v, want nothing due", q, err)
	}
	w.clock.pass(2 * time.Minute)
	q, err = w.flow.Quote(t.Context(), ledger.QuoteQuestion{Lot: gateLot, OrderID: "s1", At: w.clock.Now()})
	if err != nil || q.Price != 500 {
		t.Errorf("after them: %+v, %v, want the second hour due and the payment counted once", q, err)
	}
}

func TestNestedTargets(t *testing.T) {
	for target, want := range map[charge.Target]string{charge.TargetStay: "inner", charge.TargetOuter: "outer"} {
		w := newWorld(t)
		w.estate.rule(innerLot, func(r *charge.Rule) { r.Target = target })
		w.enter(outerLot, "outer", 3*time.Hour)
		w.enter(innerLot, "inner", 2*time.Hour)
		if c := w.must(w.finished("o1", innerLot)); c.Decision.StayOrder != want {
			t.Errorf("target %s took stay %q, want %q", target, c.Decision.StayOrder, want)
		}
	}
	w := newWorld(t)
	w.estate.rule(outerLot, func(r *charge.Rule) { r.Target = charge.TargetAtCharge })
	w.must(w.finished("o1", outerLot))
	w.want("o1", charge.StateHeld, charge.ReasonWaitingForStay)
	w.enter(innerLot, "inner", 2*time.Hour)
	if c := w.want("o1", charge.StateDelivered, charge.ReasonOK); c.Decision.StayOrder != "inner" {
		t.Errorf("at_charge took stay %q, want inner", c.Decision.StayOrder)
	}
}

func TestAtChargeWithoutAStayEndsAsNoStay(t *testing.T) {
	w := newWorld(t)
	w.estate.rule(outerLot, func(r *charge.Rule) { r.Target = charge.TargetAtCharge })
	w.must(w.finished("o1", outerLot))
	w.want("o1", charge.StateHeld, charge.ReasonWaitingForStay)
	w.clock.pass(2 * time.Hour)
	w.flow.ExpireHolds(t.Context())
	w.want("o1", charge.StateExpired, charge.ReasonNoStay)
}
