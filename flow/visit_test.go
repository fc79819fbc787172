package flow_test

import (
	"errors"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/store"
)

// A visit of a lot without stays lasts 24 hours from its first charge, however many visits were before it.
func TestVisitsWithoutStaysKeepTheirBeginning(t *testing.T) {
	w := newWorld(t)
	w.estate.rule(apiLot, func(r *charge.Rule) { r.Combine, r.CapMinutes = charge.CombineSum, 60 })
	began := w.clock.Now()
	for _, c := range []struct {
		order   string
		after   time.Duration
		minutes int64 // granted of 40
	}{
		{"a1", 0, 40}, {"a2", 20 * time.Hour, 20},
		{"b1", 24*time.Hour + 30*time.Minute, 40}, {"b2", 47 * time.Hour, 20}, {"b3", 48*time.Hour + 12*time.Minute, 0},
		{"c1", 49 * time.Hour, 40}, {"d1", 73 * time.Hour, 40}, // a day later to the minute
	} {
		w.clock.pass(began.Add(c.after).Sub(w.clock.Now()))
		push := w.finished(c.order, apiLot)
		push.Ask.Minutes = 40
		got := int64(0)
		if r := w.must(push).Reduction; r != nil {
			got = r.Minutes
		}
		if got != c.minutes {
			t.Errorf("%s, %v after the first, was granted %d, want %d", c.order, c.after, got, c.minutes)
		}
	}
}

func TestVisitAcrossAClockThatWentBack(t *testing.T) {
	w := newWorld(t)
	w.estate.rule(apiLot, func(r *charge.Rule) { r.Combine = charge.CombineFirst })
	first := w.must(w.finished("o1", apiLot))
	w.clock.pass(-10 * time.Minute)
	w.must(w.finished("o2", apiLot))
	w.want("o2", charge.StateNoGrant, charge.ReasonCombineFirst)
	if e, err := w.flow.Void(t.Context(), first.ID, flow.Action{Actor: "a", Reason: "r"}); err != nil || !e.Done {
		t.Fatalf("void: %+v, %v", e, err)
	}
	w.must(w.finished("o3", apiLot))
	w.want("o3", charge.StateSending, charge.ReasonOK)
	if _, err := w.flow.Redeliver(t.Context(), w.charge("o2").ID, flow.Action{Actor: "a", Reason: "r"}); err != nil {
		t.Fatal(err)
	}
	w.want("o2", charge.StateNoGrant, charge.ReasonCombineFirst) // o3 was received before the visit began, by the clock
}

func TestGrantBeforeTheFirstEntryCountsInTheStay(t *testing.T) {
	w := newWorld(t)
	w.must(w.finished("o1", sdkLot)) // the lot has reported no stay yet
	w.enter(sdkLot, "s1", 2*time.Hour)
	second := w.finished("o2", sdkLot)
	second.Ask.Minutes = 50
	if c := w.must(second); c.StayID == 0 || c.Reduction.Minutes != 20 {
		t.Errorf("granted %+v in stay %d, want the 20 that the best grant is above the first", c.Reduction, c.StayID)
	}
	if c := w.charge("o1"); c.StayID == 0 {
		t.Error("the first charge was not given the stay it was in")
	}
}

func TestLotWithoutStaysIsNotToldByStrayEntries(t *testing.T) {
	w := newWorld(t)
	w.estate.lot(apiLot, func(l *charge.Lot) { l.Stays = charge.StaysNone })
	w.enter(apiLot, "s1", 3*time.Hour)
	w.leave(apiLot, "s1", nil)
	c := w.must(w.finished("o1", apiLot))
	w.want("o1", charge.StateSending, charge.ReasonOK)
	if c.StayID != 0 {
		t.Error("matched to a stay although the lot is said to tell none")
	}
}

func TestSecondPushWithoutANumberInOneStay(t *testing.T) {
	w := newWorld(t)
	w.estate.rule(gateLot, func(r *charge.Rule) { r.Combine = charge.CombineSum })
	form := func(minutes int64) *platform.Charge {
		return &platform.Charge{Plate: "京A12345", Lot: gateLot, Repeat: platform.RepeatVisit, RepeatKey: "f",
			Ask: charge.Ask{Method: charge.MethodTime, Minutes: minutes}}
	}
	if w.push(form(30)) != charge.OutcomeAccepted || w.push(form(30)) != charge.OutcomeDuplicate {
		t.Fatal("the same within ten minutes is a repeat")
	}
	w.clock.pass(11 * time.Minute)
	if w.push(form(30)) != charge.OutcomeDuplicate {
		t.Fatal("while one waits for the stay, another is a repeat")
	}
	w.enter(gateLot, "s1", 2*time.Hour)
	page, err := w.store.Charges(t.Context(), charge.ChargeFilter{})
	if err != nil || len(page.Items) != 1 || page.Items[0].State != charge.StateDelivered {
		t.Fatalf("%d charges, %v", len(page.Items), err)
	}
	if w.push(form(45)) != charge.OutcomeDuplicate {
		t.Error("in one stay there is one charge of a platform without numbers")
	}
}

func TestMessageThatCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	w.estate.lot(apiLot, func(l *charge.Lot) { l.Stays = charge.StaysRequired })
	w.calls.broken = errors.New("the vendor has no ukey")
	w.must(w.finished("o1", apiLot))   // is stored all the same
	w.enter(apiLot, "s1", 2*time.Hour) // and so is the entry that wakes it
	w.want("o1", charge.StateGaveUp, charge.ReasonLotError)
	w.noted("o1", "delivery", "error")
	if grant, _ := w.ledger("o1"); grant != 0 {
		t.Errorf("%d minutes count although nothing can be sent", grant)
	}
	w.calls.mu.Lock()
	w.calls.broken = nil
	w.calls.mu.Unlock()
	if e, err := w.flow.Redeliver(t.Context(), w.charge("o1").ID,
		flow.Action{Actor: "a", Reason: "ukey set"}); err != nil || !e.Done {
		t.Fatalf("redeliver: %+v, %v", e, err)
	}
	_, done := w.next(w.calls)
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
}

func TestBoundChargeIsSentWithThePlateTheLotKnows(t *testing.T) {
	w := newWorld(t)
	w.estate.lot(apiLot, func(l *charge.Lot) { l.Stays = charge.StaysRequired })
	c := w.must(w.finished("o1", apiLot))
	a, err := w.flow.Entered(t.Context(),
		lot.Entry{Lot: apiLot, OrderID: "misread", Plate: "京A12346", Entered: w.clock.Now().Add(-2 * time.Hour)})
	if err != nil || a.State != 1 {
		t.Fatal(a, err)
	}
	if e, err := w.flow.Bind(t.Context(), c.ID, "misread", flow.Action{Actor: "a", Reason: "camera"}); err != nil ||
		!e.Done {
		t.Fatalf("bind: %+v, %v", e, err)
	}
	_, done := w.next(w.calls)
	if n := w.calls.notices[0]; n.Plate != "京A12346" || n.StayOrder != "misread" {
		t.Errorf("sent for plate %s, stay %s; want what the lot calls them", n.Plate.Full(), n.StayOrder)
	}
	done(w.refusal())
	w.settles("o1", charge.StateRefused, charge.ReasonLotRefused)
	if e, err := w.flow.Redeliver(t.Context(), c.ID, flow.Action{Actor: "a", Reason: "again"}); err != nil || !e.Done {
		t.Fatalf("redeliver: %+v, %v", e, err)
	}
	if got := w.charge("o1"); got.State != charge.StateSending || got.Decision.StayOrder != "misread" {
		t.Errorf("after redelivering it is %s in stay %q, want it in the stay it was bound to", got.State,
			got.Decision.StayOrder)
	}
}

func TestBindingSwitchedOffAfterTheGrant(t *testing.T) {
	w := newWorld(t)
	w.line.here = false
	w.must(w.finished("o1", sdkLot)) // granted: that stays a promise
	w.must(w.finished("h1", gateLot))
	w.estate.mode(sdkLot, charge.ModeOff)
	w.estate.mode(gateLot, charge.ModeOff)
	w.put(sdkLot)
	w.flow.LineUp(sdkLot)
	_, done := w.next(w.line)
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
	w.enter(gateLot, "s1", 2*time.Hour) // held: nothing was promised
	w.want("h1", charge.StateNoGrant, charge.ReasonBindingOff)
}

func TestLotSwitchedOffWithSomethingPending(t *testing.T) {
	w := newWorld(t)
	w.enter(apiLot, "s1", 2*time.Hour) // whose exit will not be heard
	w.must(w.finished("o1", apiLot))
	_, done := w.next(w.calls)
	w.estate.lot(apiLot, func(l *charge.Lot) { l.Off = true })
	done(lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, At: w.clock.Now()})
	w.tried(time.Minute)
	w.settles("o1", charge.StateSending, charge.ReasonLotPaused)
	w.none(w.calls)
	w.tried(25 * time.Hour)
	w.settles("o1", charge.StateGaveUp, charge.ReasonLotPaused)
	if grant, _ := w.ledger("o1"); grant != 0 {
		t.Errorf("%d minutes count although nothing was sent", grant)
	}
}

func TestPauseDoesNotForgetThatALotMayHaveIt(t *testing.T) {
	w := newWorld(t)
	w.must(w.finished("o1", apiLot))
	first, done := w.next(w.calls)
	done(w.silence())
	w.settles("o1", charge.StateUnknown, charge.ReasonNoAnswer)
	if _, err := w.flow.Pause(t.Context(), apiLot, flow.Action{Actor: "a", Reason: "r"}); err != nil {
		t.Fatal(err)
	}
	w.tried(11 * time.Second)
	w.putOff("o1")
	w.want("o1", charge.StateUnknown, charge.ReasonNoAnswer)
	w.none(w.calls)
	if _, err := w.flow.Resume(t.Context(), apiLot, flow.Action{Actor: "a", Reason: "r"}); err != nil {
		t.Fatal(err)
	}
	again, done := w.next(w.calls)
	if again.UUID != first.UUID {
		t.Error("asked again with another id")
	}
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
}

// putOff waits until a charge's delivery has been looked at and put off.
func (w *world) putOff(order string) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		waits := false
		err := w.store.Read(w.t.Context(), func(tx *store.Tx) error {
			all, err := tx.DeliveriesOf(w.charge(order).ID)
			if err != nil || len(all) == 0 {
				return err
			}
			j, err := tx.Job(all[0].ID)
			waits = j != nil && j.Lease == "" && j.DueAt.After(w.clock.Now())
			return err
		})
		if err != nil {
			w.t.Fatal(err)
		}
		if waits {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("the delivery of %s is still due or in flight after 10 s", order)
		}
	}
}

func TestTryOfANodeThatStopped(t *testing.T) {
	w := newWorld(t)
	w.must(w.finished("o1", apiLot))
	first, _ := w.next(w.calls) // and nothing more is heard of it
	restarted := w.restart()
	w.clock.pass(outbox.DefaultLease)
	restarted.Hint(outbox.KindCallback)
	again, done := w.next(w.calls)
	if again.UUID != first.UUID || string(again.Payload) != string(first.Payload) {
		t.Error("asked again with another id or other bytes")
	}
	w.want("o1", charge.StateUnknown, charge.ReasonNoAnswer) // the first may have arrived
	w.noted("o1", "delivery", "timeout")
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
}
