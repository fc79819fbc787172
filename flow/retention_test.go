package flow_test

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/store"
)

// A car stands for days in a 4G lot, longer than charges are kept: the price at the gate is the same, and so is what
// the exit takes. Only then does retention take the charge.
func TestRetentionLeavesWhatAnOpenStayWasGranted(t *testing.T) {
	for engine, place := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			w := newWorldOn(t, place)
			prune := func() (pruned store.Pruned) {
				t.Helper()
				pruned, err := w.store.Prune(t.Context(), store.Retention{Charges: 24 * time.Hour}, w.clock.Now())
				if err != nil {
					t.Fatal(err)
				}
				return pruned
			}
			w.enter(gateLot, "s1", 90*time.Minute)
			w.must(w.finished("o1", gateLot))
			w.want("o1", charge.StateDelivered, charge.ReasonOK)
			w.clock.pass(72 * time.Hour)
			if p := prune(); p.Charges != 0 {
				t.Fatalf("retention took %+v", p)
			}
			q, err := w.flow.Quote(t.Context(), ledger.QuoteQuestion{Lot: gateLot, Plate: "京A12345", At: w.clock.Now()})
			if err != nil || q.Price != q.Total-500 || q.DerateDuration != 30 {
				t.Fatalf("quote: %+v, %v; want 30 minutes off", q, err)
			}
			exit, err := w.flow.Exit(t.Context(), lot.Exit{Lot: gateLot, OrderID: "s1", Plate: "京A12345", Left: w.clock.Now()})
			if err != nil || exit.Price != q.Price {
				t.Fatalf("exit: %+v, %v; want %s", exit, err, q.Price)
			}
			w.want("o1", charge.StateUsed, charge.ReasonOK)
			w.clock.pass(48 * time.Hour)
			if p := prune(); p.Charges != 1 {
				t.Errorf("after the exit retention took %+v", p)
			}
			report, err := w.store.Verify(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range report.Checks {
				if !c.OK {
					t.Errorf("verify: %s: %s", c.Name, c.Detail)
				}
			}
		})
	}
}
