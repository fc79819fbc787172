package flow_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/store"
)

// clockOf is how far a lot's clock is ahead, as measured.
func (w *world) clockOf(id charge.LotID) (ahead time.Duration) {
	w.t.Helper()
	err := w.store.Read(w.t.Context(), func(tx *store.Tx) error {
		m, err := tx.LotMarks(id)
		ahead = m.Clock
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return ahead
}

// comes lets a car in whose lot names a time ahead of now, or behind.
func (w *world) comes(id charge.LotID, n int, ahead time.Duration) {
	w.t.Helper()
	a, err := w.flow.Entered(w.t.Context(),
		lot.Entry{Lot: id, OrderID: fmt.Sprint("came", n), Plate: charge.Plate(fmt.Sprintf("京A7%04d", n)),
			Entered: w.clock.Now().Add(ahead)})
	if err != nil || a.State != 1 {
		w.t.Fatalf("entry %d: %+v, %v", n, a, err)
	}
	w.clock.pass(20 * time.Second)
}

// How far a lot's clock is off is the median of what it reports at once, fast or slow.
func TestClockOfALotIsMeasured(t *testing.T) {
	const m = time.Minute
	cases := map[string]struct {
		ahead []time.Duration
		want  time.Duration
	}{
		"right":                       {[]time.Duration{0, -time.Second, -2 * time.Second}, 0},
		"half an hour fast":           {[]time.Duration{30 * m, 30 * m, 30 * m}, 30 * m},
		"one mistake":                 {[]time.Duration{20 * 60 * m, 0, -time.Second}, 0},
		"half an hour slow":           {[]time.Duration{-30 * m, -30 * m, -30*m - time.Second, -30 * m, -30 * m}, -30 * m},
		"slow, too few to know":       {[]time.Duration{-30 * m, -30 * m, -30 * m}, 0},
		"late after an outage":        {[]time.Duration{-90 * m, -80 * m, -70 * m, -60 * m, -50 * m, -40 * m, -30 * m}, 0},
		"fast, late after an outage":  {[]time.Duration{30 * m, 30 * m, -90 * m, -70 * m, -50 * m, -31 * m}, 30 * m},
		"fast and put right since":    {[]time.Duration{30 * m, 30 * m, 0, 0, 0, 0}, 0},
		"fast, then faster by a step": {[]time.Duration{30 * m, 30 * m, 40 * m, 40 * m, 40 * m, 40 * m}, 40 * m},
	}
	for engine, place := range bothEngines(t) {
		for name, c := range cases {
			t.Run(engine+"/"+name, func(t *testing.T) {
				w := newWorldOn(t, place)
				for i, ahead := range c.ahead {
					w.comes(sdkLot, i, ahead)
				}
				if got := w.clockOf(sdkLot); (got - c.want).Abs() > 2*time.Second {
					t.Errorf("measured %v, want %v", got, c.want)
				}
			})
		}
	}
}

// A lot with a fast clock reports a stay after an outage: it is found as far off its times as the clock is, and the
// decision says so. A right clock's stay is not, and no clock's by more than two hours.
func TestLateStayOfAFastClock(t *testing.T) {
	for engine, place := range bothEngines(t) {
		for _, c := range []struct {
			name       string
			clock, off time.Duration
			found      bool
		}{
			{"a right clock", 0, 30 * time.Minute, false},
			{"as far off as the clock", 30 * time.Minute, 30 * time.Minute, true},
			{"further off than the clock", 30 * time.Minute, 50 * time.Minute, false},
			{"a wild clock, by two hours", 20 * time.Hour, 2 * time.Hour, true},
			{"a wild clock, by three", 20 * time.Hour, 3 * time.Hour, false},
		} {
			t.Run(engine+"/"+c.name, func(t *testing.T) {
				w := newWorldOn(t, place)
				for i := range 3 {
					w.comes(sdkLot, i, c.clock)
				}
				w.clock.pass(12 * time.Hour)
				pushed := w.finished("o1", sdkLot)
				pushed.Started, pushed.Ended = w.clock.Now().Add(-5*time.Hour), w.clock.Now().Add(-4*time.Hour)
				w.must(pushed)
				w.want("o1", charge.StateHeld, charge.ReasonWaitingForStay)
				if a, err := w.flow.Entered(t.Context(),
					lot.Entry{Lot: sdkLot, OrderID: "late", Plate: pushed.Plate, Entered: pushed.Ended.Add(c.off)}); err != nil ||
					a.State != 1 {
					t.Fatalf("the late entry: %+v, %v", a, err)
				}
				got := w.charge("o1")
				if matched := got.StayID != 0; matched != c.found {
					t.Fatalf("matched %v, want %v", matched, c.found)
				}
				said := false
				for _, n := range got.Decision.Notes {
					said = said || n.Code == "decision.by_clock"
				}
				if said != c.found {
					t.Errorf("the decision names the clock: %v, want %v: %v", said, c.found, got.Decision.Notes)
				}
			})
		}
	}
}
