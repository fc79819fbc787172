package flow_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
)

func TestChargeReachesTheLotAndIsUsed(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", 2*time.Hour)
	c := w.must(w.finished("o1", sdkLot))
	if c.Reduction == nil || c.Reduction.Minutes != 30 {
		t.Fatalf("granted %+v, want 30 minutes", c.Reduction)
	}
	o, done := w.next(w.line)
	if string(o.Payload) != "time 0.00 s1" || len(o.UUID) != 32 {
		t.Errorf("sent %q with uuid %q", o.Payload, o.UUID)
	}
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
	w.clock.pass(time.Minute)
	w.leave(sdkLot, "s1", nil)
	w.want("o1", charge.StateDelivered, charge.ReasonUsageNotTold)
	a, err := w.flow.Used(t.Context(),
		lot.Usage{Lot: sdkLot, OrderID: "s1", Order: "o1", Method: 1, Minutes: 28, Told: "27.5", Left: w.clock.Now()})
	if err != nil || a.State != 1 {
		t.Fatalf("usage: %+v, %v", a, err)
	}
	c = w.want("o1", charge.StateUsed, charge.ReasonOK)
	if c.Usage.Minutes != 28 || c.Usage.Told != "27.5" {
		t.Errorf("usage %+v", c.Usage)
	}
	if grant, usage := w.ledger("o1"); grant != 30 || usage != 28 {
		t.Errorf("ledger has %d granted and %d used, want 30 and 28", grant, usage)
	}
}

func TestBurstOfIdenticalPushesIsOneChargeOneDelivery(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", 2*time.Hour)
	var wg sync.WaitGroup
	outcomes := make(chan charge.Outcome, 100)
	for range 100 {
		wg.Go(func() { outcomes <- w.push(w.finished("o1", sdkLot)) })
	}
	wg.Wait()
	close(outcomes)
	count := map[charge.Outcome]int{}
	for o := range outcomes {
		count[o]++
	}
	if count[charge.OutcomeAccepted] != 1 || count[charge.OutcomeDuplicate] != 99 {
		t.Fatalf("outcomes %v, want 1 accepted and 99 duplicates", count)
	}
	_, done := w.next(w.line)
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
	w.none(w.line)
}

func TestChargeHeldUntilItsEntryComes(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "another", 5*time.Hour) // the lot reports stays: from here on they are required
	w.leave(sdkLot, "another", nil)
	w.clock.pass(3 * time.Hour)
	w.must(w.finished("o1", sdkLot))
	w.want("o1", charge.StateHeld, charge.ReasonWaitingForStay)
	w.none(w.line)
	w.clock.pass(30 * time.Minute)
	w.enter(sdkLot, "s1", 2*time.Hour) // reported late, after the charge had ended
	_, done := w.next(w.line)
	done(w.acked())
	c := w.settles("o1", charge.StateDelivered, charge.ReasonOK)
	if c.Decision.StayOrder != "s1" {
		t.Errorf("matched to %q, want s1", c.Decision.StayOrder)
	}
}

func TestHoldEnds(t *testing.T) {
	w := newWorld(t)
	w.must(w.finished("o1", gateLot))
	w.want("o1", charge.StateHeld, charge.ReasonWaitingForStay)
	w.clock.pass(2*time.Hour - time.Second)
	w.flow.ExpireHolds(t.Context())
	w.want("o1", charge.StateHeld, charge.ReasonWaitingForStay)
	w.clock.pass(time.Second)
	w.flow.ExpireHolds(t.Context())
	w.want("o1", charge.StateExpired, charge.ReasonHoldOver)
}

func TestNoHoldRefusesAtOnce(t *testing.T) {
	w := newWorld(t)
	w.estate.rule(gateLot, func(r *charge.Rule) { r.HoldSeconds = 0 })
	w.must(w.finished("o1", gateLot))
	w.want("o1", charge.StateNoGrant, charge.ReasonNoStay)
}

func TestCarThatLeftBeforeTheChargeCame(t *testing.T) {
	w := newWorld(t)
	w.enter(gateLot, "s1", 2*time.Hour)
	if q, err := w.flow.Exit(t.Context(),
		lot.Exit{Lot: gateLot, OrderID: "s1", Plate: "京A12345", Left: w.clock.Now()}); err != nil || q.State != 1 {
		t.Fatalf("exit: %+v, %v", q, err)
	}
	c := w.must(w.finished("o1", gateLot))
	w.want("o1", charge.StateNoGrant, charge.ReasonLeftBeforeArrival)
	if c.Decision.Wanted.Minutes != 30 {
		t.Errorf("the work list cannot say what was missed: wanted %+v", c.Decision.Wanted)
	}
}

func TestLotWithoutStaysIsSentAtOnce(t *testing.T) {
	w := newWorld(t)
	w.must(w.finished("o1", apiLot))
	_, done := w.next(w.calls)
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
	second := w.finished("o2", apiLot)
	second.Ask.Minutes = 50
	c := w.must(second)
	if c.Reduction.Minutes != 20 { // one visit: the best single grant is 50
		t.Errorf("second charge of the visit was granted %+v, want the difference of 20", c.Reduction)
	}
	w.clock.pass(25 * time.Hour)
	if c := w.must(w.finished("o3", apiLot)); c.Reduction == nil || c.Reduction.Minutes != 30 {
		t.Errorf("a charge of the next day was granted %+v, want 30", c.Reduction)
	}
}

func TestTwoChargesInOneStayUnderACap(t *testing.T) {
	w := newWorld(t)
	w.estate.rule(sdkLot, func(r *charge.Rule) { r.Combine, r.CapMinutes = charge.CombineSum, 50 })
	w.enter(sdkLot, "s1", 3*time.Hour)
	w.must(w.finished("o1", sdkLot))
	if c := w.must(w.finished("o2", sdkLot)); c.Reduction.Minutes != 20 {
		t.Errorf("granted %d, want what is left of the cap, 20", c.Reduction.Minutes)
	}
	w.must(w.finished("o3", sdkLot))
	w.want("o3", charge.StateNoGrant, charge.ReasonCapReached)
}

func TestNewerContentWinsWhileHeldOnly(t *testing.T) {
	w := newWorld(t)
	w.must(w.finished("o1", gateLot))
	changed := w.finished("o1", gateLot)
	changed.Ask.Minutes = 45
	if got := w.push(changed); got != charge.OutcomeDuplicate {
		t.Fatalf("changed push: %s", got)
	}
	w.enter(gateLot, "s1", 2*time.Hour)
	if c := w.want("o1", charge.StateDelivered, charge.ReasonOK); c.Reduction.Minutes != 45 {
		t.Errorf("granted %d, want the newer 45", c.Reduction.Minutes)
	}
	changed.Ask.Minutes = 90
	if got := w.push(changed); got != charge.OutcomeDuplicate {
		t.Fatalf("changed push: %s", got)
	}
	if c := w.charge("o1"); c.Reduction.Minutes != 45 {
		t.Errorf("granted %d after it was posted, want the first 45", c.Reduction.Minutes)
	}
}

func TestSilenceIsAskedAgainWithTheSameIDAndBytes(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", sdkLot))
	first, done := w.next(w.line)
	done(w.silence())
	w.settles("o1", charge.StateUnknown, charge.ReasonNoAnswer)
	w.clock.pass(11 * time.Second)
	w.flow.Hint("line")
	w.put(sdkLot)
	w.flow.LineUp(sdkLot)
	second, done := w.next(w.line)
	if first.UUID != second.UUID || string(first.Payload) != string(second.Payload) {
		t.Errorf("the repeat differs: %s %q, first %s %q", second.UUID, second.Payload, first.UUID, first.Payload)
	}
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
}

func TestUnsafeLotIsNotAskedAgain(t *testing.T) {
	w := newWorld(t)
	w.estate.lot(apiLot, func(l *charge.Lot) { l.Repeats = charge.RepeatsUnsafe })
	c := w.must(w.finished("o1", apiLot))
	_, done := w.next(w.calls)
	done(w.silence())
	w.settles("o1", charge.StateUnknown, charge.ReasonNoAnswer)
	w.clock.pass(time.Hour)
	e, err := w.flow.Redeliver(t.Context(), c.ID, flow.Action{Actor: "a", Reason: "test"})
	if err != nil || e.Allowed {
		t.Errorf("redelivering to an unsafe lot: %+v, %v; want it refused", e, err)
	}
	w.none(w.calls)
}

func TestRefusalOfTheLotFreesTheCap(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", sdkLot))
	_, done := w.next(w.line)
	done(w.refusal())
	w.settles("o1", charge.StateRefused, charge.ReasonLotRefused)
	if grant, _ := w.ledger("o1"); grant != 0 {
		t.Errorf("%d minutes still count as granted", grant)
	}
	if c := w.must(w.finished("o2", sdkLot)); c.Reduction.Minutes != 30 {
		t.Errorf("the next charge was granted %d, want 30", c.Reduction.Minutes)
	}
}

func TestLineOffWaitsForTheLogin(t *testing.T) {
	w := newWorld(t)
	w.line.here = false
	w.must(w.finished("o1", sdkLot))
	w.want("o1", charge.StateSending, charge.ReasonLineOff)
	w.none(w.line)
	w.put(sdkLot)
	w.flow.LineUp(sdkLot)
	_, done := w.next(w.line)
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
}

// A lot's PC that logs in again before its lost session is noticed gets at once what that session did not answer,
// however often that has happened: the wait between tries is for a lot that stays silent.
func TestLoginBeforeTheLostTryIsStored(t *testing.T) {
	for engine, place := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			w := newWorldOn(t, place)
			w.put(sdkLot)
			w.must(w.finished("o1", sdkLot))
			for range 6 {
				_, done := w.next(w.line)
				r := w.silence()
				r.SentAt = w.clock.Now()
				w.clock.pass(time.Second)
				w.flow.LineUp(sdkLot) // the new session
				done(r)               // the old one is over
				w.settles("o1", charge.StateUnknown, charge.ReasonNoAnswer)
			}
			_, done := w.next(w.line)
			done(lot.Result{Result: charge.AttemptOffLine, Reason: charge.ReasonLineOff, At: w.clock.Now()})
			w.tried(9 * time.Second)
			w.none(w.line) // no login since
			w.tried(2 * time.Second)
			_, done = w.next(w.line)
			w.clock.pass(time.Second)
			w.flow.LineUp(sdkLot)
			done(lot.Result{Result: charge.AttemptOffLine, Reason: charge.ReasonLineOff, At: w.clock.Now()})
			_, done = w.next(w.line)
			done(w.acked())
			w.settles("o1", charge.StateDelivered, charge.ReasonOK)
		})
	}
}

func TestExitEndsWhatWasNeverSent(t *testing.T) {
	w := newWorld(t)
	w.line.here = false
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", sdkLot))
	w.leave(sdkLot, "s1", nil)
	w.want("o1", charge.StateGaveUp, charge.ReasonLineOff)
	w.put(sdkLot)
	w.flow.LineUp(sdkLot)
	w.must(w.finished("o2", apiLot)) // something else goes through all the same
	w.next(w.calls)
	w.none(w.line)
}

func TestLateAcknowledgementOfAnUnknown(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", sdkLot))
	o, done := w.next(w.line)
	done(w.silence())
	w.settles("o1", charge.StateUnknown, charge.ReasonNoAnswer)
	w.leave(sdkLot, "s1", nil)
	w.want("o1", charge.StateUnknown, charge.ReasonNoAnswer)
	if err := w.flow.Acked(t.Context(), apiLot, o.UUID, w.acked()); !errors.Is(err, lot.ErrNeverSent) {
		t.Fatalf("another lot's acknowledgement gave %v, want ErrNeverSent", err)
	}
	w.want("o1", charge.StateUnknown, charge.ReasonNoAnswer) // another lot's word counts for nothing
	if err := w.flow.Acked(t.Context(), sdkLot, o.UUID, w.acked()); err != nil {
		t.Fatal(err)
	}
	w.want("o1", charge.StateDelivered, charge.ReasonUsageNotTold)
}

func TestUsageBeyondTheGrantOrToldTwiceChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", sdkLot))
	_, done := w.next(w.line)
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
	tell := func(minutes int64) lot.Answer {
		a, err := w.flow.Used(t.Context(),
			lot.Usage{Lot: sdkLot, Order: "o1", Method: 1, Minutes: minutes, Left: w.clock.Now()})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := tell(31); a.State != 0 {
		t.Errorf("usage above the grant was taken")
	}
	w.want("o1", charge.StateDelivered, charge.ReasonOK)
	if a := tell(20); a.State != 1 {
		t.Errorf("usage was refused: %+v", a)
	}
	if a := tell(20); a.State != 1 {
		t.Errorf("the same usage again was refused: %+v", a)
	}
	if a := tell(21); a.State != 0 {
		t.Errorf("another number was taken")
	}
	if _, usage := w.ledger("o1"); usage != 20 {
		t.Errorf("ledger has %d used, want 20", usage)
	}
	story, err := w.flow.Story(t.Context(), w.charge("o1").ID)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, e := range story.Events {
		if e.Step == "usage" && e.Result == "refused" {
			refused++
		}
	}
	if refused != 2 {
		t.Errorf("%d refused usages can be seen, want 2", refused)
	}
	if a, err := w.flow.Used(t.Context(),
		lot.Usage{Lot: sdkLot, Order: "never", Method: 1, Minutes: 1, Left: w.clock.Now()}); err != nil || a.State != 0 {
		t.Errorf("usage of an order never reduced: %+v, %v", a, err)
	}
}

func TestEntryClosesOnlyEarlierStays(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "new", time.Hour)
	w.enter(sdkLot, "old", 5*time.Hour) // uploaded late
	stays, err := w.store.Stays(t.Context(), charge.StayFilter{Lot: sdkLot})
	if err != nil {
		t.Fatal(err)
	}
	open := map[string]bool{}
	for _, s := range stays.Items {
		open[s.OrderID] = s.Open
	}
	if !open["new"] || open["old"] {
		t.Errorf("open: %v, want new only", open)
	}
	w.enter(sdkLot, "newest", time.Minute)
	stays, _ = w.store.Stays(t.Context(), charge.StayFilter{Lot: sdkLot, Open: true})
	if len(stays.Items) != 1 || stays.Items[0].OrderID != "newest" {
		t.Errorf("open stays %v, want newest alone", stays.Items)
	}
}

func TestShadowDecidesAndSendsNothing(t *testing.T) {
	w := newWorld(t)
	w.estate.mode(sdkLot, charge.ModeShadow)
	c := w.must(w.finished("o1", sdkLot))
	w.want("o1", charge.StateShadow, charge.ReasonBindingShadow)
	if c.Reduction != nil || c.Decision.Reduction.Minutes != 30 {
		t.Errorf("reduction %v, decided %+v; want none granted and 30 shown", c.Reduction, c.Decision.Reduction)
	}
	w.estate.mode(sdkLot, charge.ModeOff)
	w.must(w.finished("o2", sdkLot))
	w.want("o2", charge.StateNoGrant, charge.ReasonBindingOff)
	w.none(w.line)
}

func TestPausedLotIsSentNothingUntilResumed(t *testing.T) {
	w := newWorld(t)
	if _, err := w.flow.Pause(t.Context(), apiLot, flow.Action{Actor: "a", Reason: "moving house"}); err != nil {
		t.Fatal(err)
	}
	w.must(w.finished("o1", apiLot))
	w.want("o1", charge.StateSending, charge.ReasonLotPaused)
	w.none(w.calls)
	if _, err := w.flow.Resume(t.Context(), apiLot, flow.Action{Actor: "a", Reason: "done"}); err != nil {
		t.Fatal(err)
	}
	_, done := w.next(w.calls)
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
}
