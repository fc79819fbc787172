package flow_test

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/store"
)

// replacing is a world whose API lot takes a second message in the place of the first.
func replacing(t *testing.T) *world {
	w := newWorld(t)
	w.estate.lot(apiLot, func(l *charge.Lot) { l.Repeats = charge.RepeatsReplace })
	w.estate.rule(apiLot, func(r *charge.Rule) { r.Combine = charge.CombineSum })
	w.enter(apiLot, "s1", 2*time.Hour)
	return w
}

// sent returns the reduction of the newest message that was composed.
func (c *channel) sent() charge.Reduction {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.notices[len(c.notices)-1].Reduction
}

func TestReplacingLotHearsTheTotal(t *testing.T) {
	w := replacing(t)
	w.must(w.finished("o1", apiLot))
	_, done := w.next(w.calls)
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
	c := w.must(w.finished("o2", apiLot))
	_, done = w.next(w.calls)
	done(w.acked())
	if c.Reduction.Minutes != 30 || w.calls.sent().Minutes != 60 {
		t.Errorf("granted %d and sent %d, want 30 and the total of 60", c.Reduction.Minutes, w.calls.sent().Minutes)
	}
}

func TestReplacingLotHearsTotalsInOrder(t *testing.T) {
	w := replacing(t)
	w.must(w.finished("o1", apiLot))
	first, done := w.next(w.calls)
	w.must(w.finished("o2", apiLot))
	w.none(w.calls) // it must not overtake the first
	done(w.silence())
	w.settles("o1", charge.StateUnknown, charge.ReasonNoAnswer)
	w.tried(11 * time.Second) // both are due
	second, done := w.next(w.calls)
	if second.UUID == first.UUID || w.calls.sent().Minutes != 60 {
		t.Fatalf("sent %+v after the first, want the newer total alone", w.calls.sent())
	}
	w.none(w.calls)
	done(w.acked())
	w.settles("o2", charge.StateDelivered, charge.ReasonOK)
	w.settles("o1", charge.StateDelivered, charge.ReasonOK) // it was in the total
}

func TestReplacingLotIsNotToldOfWhatItRefused(t *testing.T) {
	w := replacing(t)
	w.must(w.finished("o1", apiLot))
	_, done := w.next(w.calls)
	w.must(w.finished("o2", apiLot))
	done(w.refusal())
	w.settles("o1", charge.StateRefused, charge.ReasonLotRefused)
	w.tried(2 * time.Second)
	_, done = w.next(w.calls)
	if got := w.calls.sent(); got.Minutes != 30 {
		t.Errorf("sent a total of %d minutes, want 30: the lot refused the first 30", got.Minutes)
	}
	done(w.acked())
	w.settles("o2", charge.StateDelivered, charge.ReasonOK)
}

func TestUsageOfATotalIsParted(t *testing.T) {
	w := replacing(t)
	for _, o := range []string{"o1", "o2"} {
		w.must(w.finished(o, apiLot))
		_, done := w.next(w.calls)
		done(w.acked())
		w.settles(o, charge.StateDelivered, charge.ReasonOK)
	}
	tell := func(minutes int64, told string) lot.Answer {
		a, err := w.flow.Used(t.Context(),
			lot.Usage{Lot: apiLot, Order: "o2", Platform: "telaidian", Method: 1, Minutes: minutes, Told: told,
				Left: w.clock.Now()})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for range 2 { // sent twice: the same numbers
		if a := tell(50, "50"); a.State != 1 {
			t.Fatalf("usage of the total was refused: %+v", a)
		}
	}
	for order, want := range map[string]int64{"o1": 30, "o2": 20} {
		if c := w.want(order, charge.StateUsed, charge.ReasonOK); c.Usage.Minutes != want {
			t.Errorf("%s used %d, want %d", order, c.Usage.Minutes, want)
		}
	}
	if a := tell(61, "61"); a.State != 0 {
		t.Error("more than the total was taken")
	}
}

func TestVoidedGrantIsNotSentAgainInATotal(t *testing.T) {
	w := replacing(t)
	c := w.must(w.finished("o1", apiLot))
	_, done := w.next(w.calls)
	w.must(w.finished("o2", apiLot)) // waits for the first
	if e, err := w.flow.Void(t.Context(), c.ID, flow.Action{Actor: "a", Reason: "r"}); err != nil || !e.Done {
		t.Fatalf("void: %+v, %v", e, err)
	}
	done(w.silence())
	w.tried(2 * time.Second)
	_, done = w.next(w.calls)
	if got := w.calls.sent(); got.Minutes != 30 {
		t.Errorf("sent a total of %d minutes, want 30 without the voided ones", got.Minutes)
	}
	done(w.acked())
	w.settles("o2", charge.StateDelivered, charge.ReasonOK)
}

// A reduction that stands in the total of a newer message without an answer is not given up when its time is over: the
// lot may have it. The simulator's seed 61001249 found a charge that waited for its paused lot while a newer one went
// out.
func TestReductionInAnOpenTotalIsNotGivenUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(w *world) lot.Result
		older  charge.State
		why    charge.Reason
	}{
		{"no answer", (*world).silence, charge.StateUnknown, charge.ReasonNoAnswer},
		{"refused", (*world).refusal, charge.StateGaveUp, charge.ReasonLotPaused},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.estate.lot(apiLot, func(l *charge.Lot) { l.Repeats, l.Stays = charge.RepeatsReplace, charge.StaysNone })
			w.estate.rule(apiLot, func(r *charge.Rule) { r.Combine = charge.CombineSum })
			pause := func(paused bool) {
				err := w.store.Write(t.Context(), nil, func(tx *store.Tx) error {
					return tx.SetLotMarks(apiLot, charge.LotMarks{Paused: paused})
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			pause(true)
			w.must(w.finished("o1", apiLot))
			w.want("o1", charge.StateSending, charge.ReasonLotPaused)
			pause(false)
			w.must(w.finished("o2", apiLot))
			sent, done := w.next(w.calls)
			if got := w.calls.sent(); got.Minutes != 60 {
				t.Fatalf("sent a total of %d minutes, want 60", got.Minutes)
			}
			w.clock.pass(25 * time.Hour)
			done(c.answer(w))
			w.tried(0)
			w.settles("o1", c.older, c.why)
			if c.older != charge.StateUnknown {
				return
			}
			if grant, _ := w.ledger("o1"); grant != 30 {
				t.Errorf("%d minutes of it count, want 30", grant)
			}
			if err := w.flow.Acked(t.Context(), apiLot, sent.UUID, w.acked()); err != nil { // the lot answers after all
				t.Fatal(err)
			}
			w.want("o1", charge.StateDelivered, charge.ReasonOK)
			w.want("o2", charge.StateDelivered, charge.ReasonOK)
		})
	}
}

// A charge's last delivery is the one made last, though the node that made it has a clock that is behind. The
// simulator's seed 61001104 found an order by clocks.
func TestLastDeliveryOfANodeWhoseClockIsBehind(t *testing.T) {
	w := newWorld(t)
	c := w.must(w.finished("o1", apiLot))
	first, done := w.next(w.calls)
	done(w.refusal())
	w.settles("o1", charge.StateRefused, charge.ReasonLotRefused)
	w.ids = charge.NewIDs(2, func() time.Time { return w.clock.Now().Add(-3 * time.Minute) })
	w.restart()
	e, err := w.flow.Redeliver(t.Context(), c.ID, flow.Action{Actor: "li", Reason: "the booth has put it right"})
	if err != nil || !e.Done {
		t.Fatalf("%+v, %v", e, err)
	}
	second, done := w.next(w.calls)
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
	if dl, _ := w.lastTry("o1"); dl.UUID != second.UUID || second.UUID == first.UUID {
		t.Errorf("the last delivery is %s, want %s, which came after %s", dl.UUID, second.UUID, first.UUID)
	}
}
