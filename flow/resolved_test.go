package flow_test

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
)

// A lot that says it has nothing is sent the message once more, and that is a way between two states which the table
// names. The simulator's seed 5 found that it did not.
func TestResolvedIsATransition(t *testing.T) {
	w, wrong := newWorld(t), &wrongs{}
	w.wrap = func(flow.Storage) flow.Storage { return watched{w.store, wrong} }
	w.restart()
	w.must(w.finished("A", apiLot))
	_, done := w.next(w.calls)
	done(w.silence())
	c := w.settles("A", charge.StateUnknown, charge.ReasonNoAnswer)
	e, err := w.flow.Resolve(t.Context(), c.ID, false, flow.Action{Actor: "support", Reason: "asked the lot"})
	if err != nil || !e.Done {
		t.Fatalf("%+v, %v", e, err)
	}
	w.want("A", charge.StateSending, charge.ReasonOK)
	for _, text := range wrong.list {
		t.Error(text)
	}
}

// TestResolve ends the doubt about a grant without an answer, on both engines and whatever a second message does in the
// lot: the dry run stores nothing, "it has it" counts as delivered and sends nothing, "it has it not" sends the same
// message once, or takes the grant back where the car has left.
func TestResolve(t *testing.T) {
	for engine, place := range bothEngines(t) {
		for _, repeats := range []charge.Repeats{charge.RepeatsAdd, charge.RepeatsReplace, charge.RepeatsUnsafe} {
			t.Run(engine+" "+string(repeats), func(t *testing.T) {
				w := newWorldOn(t, place)
				w.estate.lot(apiLot, func(l *charge.Lot) { l.Repeats = repeats })
				w.enter(apiLot, "s1", 2*time.Hour)
				w.testResolve("has", true)
				w.testResolve("has not", false)
				w.testResolveLeft("left")
			})
		}
	}
}

// unanswered pushes a charge whose message gets no answer.
func (w *world) unanswered(order string) (*charge.Charge, string) {
	w.t.Helper()
	c := w.finished(order, apiLot)
	c.Ask.Minutes = 30 + int64(len(w.uuids))*10 // under best each is worth more than those before it
	w.must(c)
	sent, done := w.next(w.calls)
	done(w.silence())
	w.uuids = append(w.uuids, sent.UUID)
	return w.settles(order, charge.StateUnknown, charge.ReasonNoAnswer), sent.UUID
}

func (w *world) testResolve(order string, lotHas bool) {
	w.t.Helper()
	c, uuid := w.unanswered(order)
	act := flow.Action{Actor: "support", Reason: "asked the booth", DryRun: true}
	dry, err := w.flow.Resolve(w.t.Context(), c.ID, lotHas, act)
	if err != nil || !dry.Allowed || dry.Done {
		w.t.Fatalf("%s, dry: %+v, %v", order, dry, err)
	}
	w.want(order, charge.StateUnknown, charge.ReasonNoAnswer)
	act.DryRun = false
	e, err := w.flow.Resolve(w.t.Context(), c.ID, lotHas, act)
	if err != nil || !e.Done || e.After.State != dry.After.State || e.After.Reason != dry.After.Reason {
		w.t.Fatalf("%s: %+v, %v; the dry run said %+v", order, e, err, dry.After)
	}
	if !lotHas {
		sent, done := w.next(w.calls)
		if sent.UUID != uuid {
			w.t.Errorf("%s: sent under %s, the first time under %s", order, sent.UUID, uuid)
		}
		done(w.acked())
	}
	w.settles(order, charge.StateDelivered, charge.ReasonOK)
	w.none(w.calls)
	if again, err := w.flow.Resolve(w.t.Context(), c.ID, lotHas, act); err != nil || again.Allowed {
		w.t.Errorf("%s, resolved again: %+v, %v; want it refused", order, again, err)
	}
	if grant, _ := w.ledger(order); grant != w.charge(order).Reduction.Minutes {
		w.t.Errorf("%s: the ledger holds %d minutes, granted were %d", order, grant, w.charge(order).Reduction.Minutes)
	}
}

func (w *world) testResolveLeft(order string) {
	w.t.Helper()
	c, _ := w.unanswered(order)
	w.leave(apiLot, "s1", nil)
	w.settles(order, charge.StateUnknown, charge.ReasonNoAnswer)
	e, err := w.flow.Resolve(w.t.Context(), c.ID, false, flow.Action{Actor: "support", Reason: "asked the booth"})
	if err != nil || !e.Done {
		w.t.Fatalf("%s: %+v, %v", order, e, err)
	}
	w.want(order, charge.StateGaveUp, charge.ReasonNoAnswer)
	w.none(w.calls)
	if grant, _ := w.ledger(order); grant != 0 {
		w.t.Errorf("%s: %d minutes still count as granted", order, grant)
	}
}

// TestRedeliverSaysWhatHolds: what waits for a line or a paused lot is not sent by asking again, and the effect says
// so; what never left is not called a repeat.
func TestRedeliverSaysWhatHolds(t *testing.T) {
	w := newWorld(t)
	w.line.here = false
	c := w.must(w.finished("o1", sdkLot))
	redeliver := func() flow.Effect {
		t.Helper()
		e, err := w.flow.Redeliver(t.Context(), c.ID, flow.Action{Actor: "support", Reason: "test"})
		if err != nil || !e.Done {
			t.Fatalf("%+v, %v", e, err)
		}
		return e
	}
	said := func(e flow.Effect) string { return charge.ParseNote(e.Note.Arg("what").Value).Code }
	if e := redeliver(); said(e) != "effect.sends_later" || e.After.Reason != charge.ReasonLineOff {
		t.Errorf("without a line: %s, %+v", said(e), e.After)
	}
	w.line.mu.Lock()
	w.line.here = true // and no session yet, which would have it sent before it is asked for
	w.line.mu.Unlock()
	if e := redeliver(); said(e) != "effect.sends" {
		t.Errorf("with a line, never sent: %s", said(e))
	}
	w.put(sdkLot)
	w.flow.LineUp(sdkLot)
	_, done := w.next(w.line)
	done(w.silence())
	w.settles("o1", charge.StateUnknown, charge.ReasonNoAnswer)
	if e := redeliver(); said(e) != "effect.sends_again" {
		t.Errorf("after a silence: %s", said(e))
	}
}

// A reduction that support has sent once more counts its day from then, where no stay ends it.
func TestResolvedIsTriedForADayMore(t *testing.T) {
	w := newWorld(t)
	w.estate.lot(apiLot, func(l *charge.Lot) { l.Stays = charge.StaysNone })
	c, _ := w.unanswered("o1")
	w.clock.pass(23 * time.Hour)
	e, err := w.flow.Resolve(t.Context(), c.ID, false, flow.Action{Actor: "support", Reason: "asked the booth"})
	if err != nil || !e.Done {
		t.Fatalf("%+v, %v", e, err)
	}
	if dl, _ := w.lastTry("o1"); !dl.Until.Equal(w.clock.Now().Add(24 * time.Hour)) {
		t.Errorf("it is tried until %s, want a day from %s", dl.Until, w.clock.Now())
	}
}
