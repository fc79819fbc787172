package flow_test

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/platform"
)

// The lot's late yes to a message that was given up changes nothing once the charge was decided again: the newer
// message says what the lot has.
func TestLateAcknowledgementOfWhatWasDecidedAgain(t *testing.T) {
	w := newWorld(t)
	w.line.here = false
	w.must(w.finished("o1", sdkLot))
	old, _ := w.lastTry("o1")
	w.put(sdkLot)
	w.line.mu.Lock()
	w.line.here = false // claimed by its session, it meets no line until its time is over
	w.line.mu.Unlock()
	w.tried(25 * time.Hour)
	w.settles("o1", charge.StateGaveUp, charge.ReasonLineOff)
	w.put(sdkLot)
	if e, err := w.flow.Redeliver(t.Context(), w.charge("o1").ID, flow.Action{Actor: "li", Reason: "r"}); err != nil ||
		!e.Done {
		t.Fatalf("redeliver: %+v, %v", e, err)
	}
	_, done := w.next(w.line)
	if err := w.flow.Acked(t.Context(), sdkLot, old.UUID, w.acked()); err != nil {
		t.Fatal(err)
	}
	w.want("o1", charge.StateSending, charge.ReasonOK)
	if grant, _ := w.ledger("o1"); grant != 30 {
		t.Errorf("granted %d minutes by the ledger, want the 30 of the newer message", grant)
	}
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
	if grant, _ := w.ledger("o1"); grant != 30 {
		t.Errorf("granted %d minutes by the ledger at the end, want 30", grant)
	}
}

// An exit settles what was granted to a car before it left, in a lot that had reported no entry. What was pushed after
// it was another visit's, but for clocks that differ by minutes.
func TestExitSettlesOnlyWhatCameBeforeIt(t *testing.T) {
	for _, c := range []struct {
		left time.Duration // before the push
		want charge.State
	}{{4 * time.Minute, charge.StateUsed}, {6 * time.Minute, charge.StateDelivered}} {
		w := newWorld(t)
		w.must(w.finished("o1", apiLot))
		_, done := w.next(w.calls)
		done(w.acked())
		a, err := w.flow.Left(t.Context(),
			lot.Exit{Lot: apiLot, OrderID: "s1", Plate: "京A12345", Left: w.clock.Now().Add(-c.left),
				Reduced: &lot.Reduced{Minutes: 30, Told: "30"}})
		if err != nil || a.State != 1 {
			t.Fatalf("exit: %+v, %v", a, err)
		}
		if got := w.charge("o1").State; got != c.want {
			t.Errorf("after an exit %v before the push: %s, want %s", c.left, got, c.want)
		}
	}
}

// The same form filled in on two platforms is two charges.
func TestFormOfAnotherPlatformIsNoRepeat(t *testing.T) {
	w := newWorld(t)
	push := func(name string) (got charge.Outcome) {
		form := &platform.Charge{Plate: "京A12345", Lot: apiLot, Repeat: platform.RepeatVisit, RepeatKey: "f",
			Ask: charge.Ask{Method: charge.MethodTime, Minutes: 30}}
		w.flow.Take(t.Context(), platform.Push{Platform: name, Path: "/x", Received: w.clock.Now()},
			platform.Account{ID: "main"},
			platform.Message{Charge: form}, func(v platform.Verdict) platform.Reply {
				got = v.Outcome
				return platform.Reply{Status: 200}
			})
		return got
	}
	for _, step := range []struct {
		platform string
		want     charge.Outcome
	}{
		{"echongwang", charge.OutcomeAccepted}, {"xiaowei", charge.OutcomeAccepted},
		{"echongwang", charge.OutcomeDuplicate}, {"xiaowei", charge.OutcomeDuplicate},
	} {
		if got := push(step.platform); got != step.want {
			t.Errorf("the form from %s: %s, want %s", step.platform, got, step.want)
		}
	}
}
