package flow_test

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/store"
)

// Cars without a plate have stays of their own: the second closes no other, and each leaves by its order.
func TestUnplatedCarsAreFoundByOrder(t *testing.T) {
	for engine, place := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			w := newWorldOn(t, place)
			enter := func(id charge.LotID, order string, plate charge.Plate, ago time.Duration) {
				t.Helper()
				a, err := w.flow.Entered(t.Context(),
					lot.Entry{Lot: id, OrderID: order, Plate: plate, Entered: w.clock.Now().Add(-ago)})
				if err != nil || a.State != 1 {
					t.Fatalf("entry %s: %+v, %v", order, a, err)
				}
			}
			enter(sdkLot, "n1", charge.UnplatedBy("n1"), 3*time.Hour)
			enter(sdkLot, "n2", charge.UnplatedBy("n2"), 2*time.Hour)
			w.open(sdkLot, "n1", true)
			w.open(sdkLot, "n2", true)
			if a, err := w.flow.Left(t.Context(),
				lot.Exit{Lot: sdkLot, OrderID: "n1", Plate: charge.UnplatedBy("n1"), Left: w.clock.Now()}); err != nil ||
				a.State != 1 {
				t.Fatalf("%+v, %v", a, err)
			}
			w.open(sdkLot, "n1", false)
			w.open(sdkLot, "n2", true)

			enter(gateLot, "g1", charge.UnplatedBy("g1"), 2*time.Hour)
			enter(gateLot, "g2", charge.UnplatedBy("g2"), time.Hour)
			q, err := w.flow.Quote(t.Context(), ledger.QuoteQuestion{Lot: gateLot, OrderID: "g1", At: w.clock.Now()})
			if err != nil || q.State != 1 || q.Total == 0 {
				t.Fatalf("quote: %+v, %v", q, err)
			}
			out, err := w.flow.Exit(t.Context(), lot.Exit{Lot: gateLot, OrderID: "g1", Plate: "京A12345", Left: w.clock.Now()})
			if err != nil || out.State != 1 || out.Total != q.Total {
				t.Fatalf("exit: %+v, %v", out, err)
			}
			w.open(gateLot, "g2", true)

			// The booth writes down the plate; a camera that reads none later does not take it away again.
			enter(sdkLot, "n2", "京A12345", 2*time.Hour)
			enter(sdkLot, "n2", charge.UnplatedBy("n2"), 2*time.Hour)
			w.must(w.finished("o1", sdkLot))
			w.want("o1", charge.StateSending, charge.ReasonOK)
		})
	}
}

// open checks whether a stay is open.
func (w *world) open(id charge.LotID, order string, want bool) {
	w.t.Helper()
	err := w.store.Read(w.t.Context(), func(tx *store.Tx) error {
		s, err := tx.StayByOrder(id, order)
		if err == nil && (s == nil || s.Open != want) {
			w.t.Errorf("stay %s is %+v, want open: %t", order, s, want)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
