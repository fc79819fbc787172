package flow_test

import (
	"errors"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
)

func TestPriceOfA4GLotIsItsQuote(t *testing.T) {
	w := newWorld(t)
	w.enter(gateLot, "s1", 130*time.Minute)
	w.must(w.finished("o1", gateLot))
	p, err := w.flow.Price(t.Context(), gateLot, "s1", "")
	if err != nil || p.Total != 1500 || p.Price != 1000 || p.DerateDuration != 30 || p.Duration != 130 {
		t.Errorf("price %+v, %v; want 15.00 before and 10.00 after 30 minutes", p, err)
	}
}

// A lot that reports no price is no failure of the gateway: the caller gets a reason.
func TestNoPriceIsAnErrorOfItsOwn(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", time.Hour)
	if _, err := w.flow.Price(t.Context(), sdkLot, "s1", ""); !errors.Is(err, flow.ErrNoPrice) {
		t.Errorf("error %v, want ErrNoPrice", err)
	}
	if _, err := w.flow.Price(t.Context(), sdkLot, "s2", ""); !errors.Is(err, flow.ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
}

// Minutes that a 4G lot took off are worth what our own price says, and the statement has both.
func TestMinutesOfA4GLotHaveTheirWorthInTheLedger(t *testing.T) {
	w := newWorld(t)
	w.enter(gateLot, "s1", 130*time.Minute)
	w.must(w.finished("o1", gateLot))
	q, err := w.flow.Exit(t.Context(), lot.Exit{Lot: gateLot, OrderID: "s1", Plate: "京A12345", Left: w.clock.Now()})
	if err != nil || q.DerateMoney == 0 {
		t.Fatalf("the exit answers %+v, %v, want money off", q, err)
	}
	c := w.want("o1", charge.StateUsed, charge.ReasonOK)
	if c.Usage.Minutes == 0 || c.Usage.Amount != 0 || c.Usage.Yuan() != q.DerateMoney {
		t.Errorf("the usage is %+v, want minutes worth %s", c.Usage, q.DerateMoney)
	}
	rows, err := w.store.Statement(t.Context(), charge.StatementFilter{})
	if err != nil || len(rows) != 1 || rows[0].UsedMinutes != c.Usage.Minutes || rows[0].UsedAmount != q.DerateMoney {
		t.Errorf("the statement has %+v, %v, want %d minutes and %s yuan", rows, err, c.Usage.Minutes, q.DerateMoney)
	}
	if _, err := w.flow.Void(t.Context(), c.ID, flow.Action{Actor: "u:li", Reason: "by mistake"}); err != nil {
		t.Fatal(err)
	}
	rows, err = w.store.Statement(t.Context(), charge.StatementFilter{})
	if err != nil || len(rows) != 1 || rows[0].UsedMinutes != 0 || rows[0].UsedAmount != 0 {
		t.Errorf("after the void the statement has %+v, %v", rows, err)
	}
}
