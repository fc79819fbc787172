package flow_test

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
)

// A trade number counts once, and with another amount it is refused.
func TestTradeNumberWithAnotherAmount(t *testing.T) {
	w := newWorld(t)
	w.enter(gateLot, "g1", 2*time.Hour)
	for _, tt := range []struct {
		amount charge.Fen
		state  int
	}{{500, 1}, {500, 1}, {400, 0}, {500, 1}} {
		a, err := w.flow.Paid(t.Context(),
			ledger.Payment{Lot: gateLot, OrderID: "g1", Amount: tt.amount, TradeNo: "t-1", At: w.clock.Now()})
		if err != nil || a.State != tt.state {
			t.Errorf("%s yuan: %+v, %v", tt.amount, a, err)
		}
	}
}

// A usage that names another car than the charge and its stay have is refused.
func TestUsageOfAnotherCar(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", sdkLot))
	u := lot.Usage{Lot: sdkLot, OrderID: "s1", Order: "o1", Plate: "京B99999", Method: 1, Minutes: 20, Told: "20",
		Left: w.clock.Now()}
	if a, err := w.flow.Used(t.Context(), u); err != nil || a.State != 0 {
		t.Errorf("another car's: %+v, %v", a, err)
	}
	u.Plate = "京A12345"
	if a, err := w.flow.Used(t.Context(), u); err != nil || a.State != 1 {
		t.Errorf("its own: %+v, %v", a, err)
	}
}
