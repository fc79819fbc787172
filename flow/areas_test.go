package flow_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// A lot with as many areas as there may be works as any other: its cars are charged in every one of them, the plate
// of the stay is corrected twice, and the exit settles what all areas granted.
func TestStayAroundAsManyAreasAsThereMayBe(t *testing.T) {
	for engine, place := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			w := newWorldOn(t, place)
			w.estate.nest(charge.MostAreas - 1)
			enter := func(plate charge.Plate) {
				t.Helper()
				a, err := w.flow.Entered(t.Context(),
					lot.Entry{Lot: outerLot, OrderID: "s1", Plate: plate, Entered: start.Add(-2 * time.Hour)})
				if err != nil || a.State != 1 {
					t.Fatalf("entry with plate %s: %+v, %v", plate, a, err)
				}
			}
			enter("京A12346")
			for i, id := range w.estate.Children(outerLot) {
				w.estate.rule(id, func(r *charge.Rule) { r.Target, r.Combine = charge.TargetOuter, charge.CombineSum })
				c := w.finished(fmt.Sprint("o", i), id)
				if c.Plate = "京A12346"; i%2 == 0 {
					c.Plate = "京A12345" // read right at the charger: held until the correction comes
				}
				w.must(c)
			}
			enter("京A12347")
			enter("京A12345")
			q, err := w.flow.Exit(t.Context(), lot.Exit{Lot: outerLot, OrderID: "s1", Plate: "京A12345", Left: w.clock.Now()})
			if err != nil || q.State != 1 || q.DerateDuration == 0 {
				t.Fatalf("exit: %+v, %v", q, err)
			}
			for i := range charge.MostAreas {
				w.want(fmt.Sprint("o", i), charge.StateUsed, charge.ReasonOK)
			}
		})
	}
}
