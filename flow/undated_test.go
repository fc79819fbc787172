package flow_test

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// undated is a push without order and times.
func undated(id charge.LotID, minutes int64) *platform.Charge {
	return &platform.Charge{Plate: "京A12345", Lot: id, Repeat: platform.RepeatVisit, RepeatKey: id.String() + "|京A12345",
		Ask: charge.Ask{Method: charge.MethodTime, Minutes: minutes}}
}

// pushes pushes an undated charge and wants the outcome.
func (w *world) pushes(c *platform.Charge, want charge.Outcome, why string) {
	w.t.Helper()
	if got := w.push(c); got != want {
		w.t.Errorf("%s: %s, want %s", why, got, want)
	}
}

// grants counts the charges that were granted something.
func (w *world) grants() (n int) {
	w.t.Helper()
	page, err := w.store.Charges(w.t.Context(), charge.ChargeFilter{Limit: 500})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range page.Items {
		if c.Reduction != nil {
			n++
		}
	}
	return n
}

func TestUndatedPushIsRefused(t *testing.T) {
	for engine, place := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			w := newWorldOn(t, place)
			w.estate.account.Undated = charge.UndatedRefuse
			w.enter(gateLot, "s1", 2*time.Hour)
			w.pushes(undated(gateLot, 30), charge.OutcomeUndated, "an account that refuses them")
			w.estate.account.Undated = ""
			w.pushes(undated(gateLot, 30), charge.OutcomeUndated, "an account that says nothing")
			if n := w.grants(); n != 0 {
				t.Errorf("%d grants, want none", n)
			}
			page, err := w.store.Pushes(t.Context(), charge.PushFilter{Outcome: charge.OutcomeUndated})
			if err != nil || len(page.Items) != 2 || len(page.Items[0].Reason) == 0 {
				t.Errorf("recorded: %+v, %v", page.Items, err)
			}
		})
	}
}

func TestUndatedPushCountsOnceAStay(t *testing.T) {
	for engine, place := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			w := newWorldOn(t, place)
			for stay, order := range []string{"s1", "s2"} { // the same bytes in a later stay too
				w.enter(gateLot, order, 2*time.Hour)
				w.pushes(undated(gateLot, 30), charge.OutcomeAccepted, "the first in "+order)
				w.pushes(undated(gateLot, 30), charge.OutcomeDuplicate, "again in "+order)
				w.clock.pass(time.Hour)
				w.pushes(undated(gateLot, 60), charge.OutcomeDuplicate, "with other content in "+order)
				if n := w.grants(); n != stay+1 {
					t.Errorf("%d grants in %d stays", n, stay+1)
				}
				w.leave(gateLot, order, nil)
				w.clock.pass(3 * time.Hour)
			}
		})
	}
}

func TestUndatedPushCountsOnceADayWithoutStays(t *testing.T) {
	w := newWorld(t)
	w.estate.lot(apiLot, func(l *charge.Lot) { l.Stays = charge.StaysNone })
	w.pushes(undated(apiLot, 30), charge.OutcomeAccepted, "the first")
	w.clock.pass(23 * time.Hour)
	w.pushes(undated(apiLot, 30), charge.OutcomeDuplicate, "within 24 hours")
	w.pushes(undated(apiLot, 60), charge.OutcomeDuplicate, "with other content within 24 hours")
	w.clock.pass(2 * time.Hour)
	w.pushes(undated(apiLot, 30), charge.OutcomeAccepted, "after 24 hours from the first")
	if n := w.grants(); n != 2 {
		t.Errorf("%d grants, want 2", n)
	}
}
