package flow_test

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/outbox"
)

// A try that is under way when the car leaves still says what came of it.
func TestTryUnderWayAtTheExit(t *testing.T) {
	for _, c := range []struct {
		name   string
		result func(*world) lot.Result
		state  charge.State
		reason charge.Reason
		grant  int64
	}{
		{"acknowledged", (*world).acked, charge.StateDelivered, charge.ReasonUsageNotTold, 30},
		{"silence", (*world).silence, charge.StateUnknown, charge.ReasonNoAnswer, 30},
		{"refused", (*world).refusal, charge.StateRefused, charge.ReasonLotRefused, 0},
		{"never left", func(w *world) lot.Result {
			return lot.Result{Result: charge.AttemptOffLine, Reason: charge.ReasonLineOff, At: w.clock.Now()}
		}, charge.StateGaveUp, charge.ReasonLineOff, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.enter(sdkLot, "s1", 2*time.Hour)
			w.must(w.finished("o1", sdkLot))
			_, done := w.next(w.line)
			w.leave(sdkLot, "s1", nil)
			w.want("o1", charge.StateUnknown, charge.ReasonNoAnswer) // the lot may have it
			done(c.result(w))
			w.want("o1", c.state, c.reason)
			if grant, _ := w.ledger("o1"); grant != c.grant {
				t.Errorf("%d minutes count, want %d", grant, c.grant)
			}
		})
	}
}

func TestExitTellsAUsageBeforeTheAcknowledgement(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", sdkLot))
	_, done := w.next(w.line)
	w.leave(sdkLot, "s1", &lot.Reduced{Minutes: 30, Told: "30"})
	w.want("o1", charge.StateUsed, charge.ReasonOK)
	done(w.refusal()) // what the exit has reported stands
	w.want("o1", charge.StateUsed, charge.ReasonOK)
	if grant, usage := w.ledger("o1"); grant != 30 || usage != 30 {
		t.Errorf("ledger has %d granted and %d used, want 30 and 30", grant, usage)
	}
}

func TestExitInYuanOfATimeGrantIsNoGap(t *testing.T) {
	for _, c := range []struct {
		reduced *lot.Reduced
		gap     bool
	}{
		{nil, true}, // never reported
		{&lot.Reduced{Amount: 500, Told: "5.00"}, false},             // another unit
		{&lot.Reduced{Minutes: 30, Told: "30"}, false},               // as granted
		{&lot.Reduced{Minutes: 20, Told: "20"}, true},                // less
		{&lot.Reduced{Told: "0"}, true},                              // nothing
		{&lot.Reduced{Amount: 500, Minutes: 20, Told: "5.00"}, true}, // less, and what that was worth
	} {
		w := newWorld(t)
		w.enter(sdkLot, "s1", 2*time.Hour)
		w.must(w.finished("o1", sdkLot))
		_, done := w.next(w.line)
		done(w.acked())
		w.leave(sdkLot, "s1", c.reduced)
		if got := w.charge("o1"); got.Gap() != c.gap {
			t.Errorf("exit naming %+v: usage %+v, gap %t, want %t", c.reduced, got.Usage, got.Gap(), c.gap)
		}
	}
}

func TestExitPartsWhatItNames(t *testing.T) {
	w := newWorld(t)
	w.estate.rule(sdkLot, func(r *charge.Rule) { r.Combine = charge.CombineSum })
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", sdkLot)) // 30 minutes
	amount := w.finished("o2", sdkLot)
	amount.Ask = charge.Ask{Method: charge.MethodAmount, Amount: 300}
	w.must(amount)
	w.must(w.finished("o3", sdkLot)) // 30 minutes
	for range 3 {
		_, done := w.next(w.line)
		done(w.acked())
	}
	w.leave(sdkLot, "s1", &lot.Reduced{Amount: 1000, Minutes: 45, Told: "10.00"})
	for _, want := range []struct {
		order   string
		minutes int64
		amount  charge.Fen
	}{{"o1", 30, 700}, {"o2", 0, 300}, {"o3", 15, 0}} { // yuan beyond the amount are worth of the first other grant
		if c := w.want(want.order, charge.StateUsed, charge.ReasonOK); c.Usage.Minutes != want.minutes ||
			c.Usage.Amount != want.amount {
			t.Errorf("%s used %d min, %s yuan; want %d and %s", want.order, c.Usage.Minutes, c.Usage.Amount, want.minutes,
				want.amount)
		}
	}
}

func TestExitThatNamesMoreThanWasGrantedIsNoted(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", sdkLot))
	_, done := w.next(w.line)
	done(w.acked())
	w.leave(sdkLot, "s1", &lot.Reduced{Minutes: 50, Told: "50"})
	if c := w.want("o1", charge.StateUsed, charge.ReasonOK); c.Usage.Minutes != 30 {
		t.Errorf("%d minutes used, want the 30 that were granted", c.Usage.Minutes)
	}
	w.noted("o1", "exit", "more_than_granted")
}

// noted checks that a charge's timeline has an event.
func (w *world) noted(order, step, result string) {
	w.t.Helper()
	story, err := w.flow.Story(w.t.Context(), w.charge(order).ID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range story.Timeline {
		if s.Step == step && s.Result == result {
			return
		}
	}
	w.t.Errorf("the timeline of %s has no %s %s: %+v", order, step, result, story.Timeline)
}

func TestCorrectedUsageIsReportedOnceMore(t *testing.T) {
	w := newWorld(t)
	w.estate.account.Report = &charge.ReportTarget{URL: "https://report.example"}
	w.enter(sdkLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", sdkLot))
	_, done := w.next(w.line)
	done(w.acked())
	w.leave(sdkLot, "s1", &lot.Reduced{Minutes: 30, Told: "30"}) // owes a report in half a minute
	used := lot.Usage{Lot: sdkLot, OrderID: "s1", Order: "o1", Method: 1, Minutes: 28, Told: "27.5", Left: w.clock.Now()}
	if a, err := w.flow.Used(t.Context(), used); err != nil || a.State != 1 {
		t.Fatalf("usage: %+v, %v", a, err)
	}
	w.reported("o1")
	if left, err := w.store.ClaimJobs(t.Context(), "another", outbox.KindReport, w.clock.Now().Add(time.Hour),
		w.clock.Now(), 10); err != nil || len(left) != 0 {
		t.Errorf("reports are left to tell: %+v, %v", left, err)
	}
	if len(w.told) != 1 || w.told[0].Minutes != "27.5" {
		t.Errorf("the platform was told %+v, want 27.5 minutes once", w.told)
	}
}

// reported waits until a charge's report is done.
func (w *world) reported(order string) {
	w.t.Helper()
	w.tried(0)
	for deadline := time.Now().Add(10 * time.Second); w.charge(order).Report != charge.ReportDone; {
		if time.Now().After(deadline) {
			w.t.Fatalf("the report of %s is %s after 10 s", order, w.charge(order).Report)
		}
	}
}

func TestVoidedUsageIsNotReported(t *testing.T) {
	w := newWorld(t)
	w.estate.account.Report = &charge.ReportTarget{URL: "https://report.example"}
	w.enter(sdkLot, "s1", 2*time.Hour)
	c := w.must(w.finished("o1", sdkLot))
	_, done := w.next(w.line)
	done(w.acked())
	w.leave(sdkLot, "s1", &lot.Reduced{Minutes: 20, Told: "20"}) // owes a report in half a minute
	if e, err := w.flow.Void(t.Context(), c.ID, flow.Action{Actor: "a", Reason: "r"}); err != nil || !e.Done {
		t.Fatalf("void: %+v, %v", e, err)
	}
	w.tried(time.Minute)
	for deadline := time.Now().Add(10 * time.Second); w.charge("o1").Report == charge.ReportDue; {
		if time.Now().After(deadline) {
			t.Fatal("the report of a voided charge is still due")
		}
	}
	if got := w.charge("o1"); len(w.told) != 0 || got.Report != charge.ReportOff || got.State != charge.StateVoided ||
		got.Gap() {
		t.Errorf("told %+v; report %s, charge %s, gap %t", w.told, got.Report, got.State, got.Gap())
	}
}

func TestCorrectionLeavesOneOpenStay(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "older", 3*time.Hour)
	a, err := w.flow.Entered(t.Context(),
		lot.Entry{Lot: sdkLot, OrderID: "misread", Plate: "京A12346", Entered: w.clock.Now().Add(-2 * time.Hour)})
	if err != nil || a.State != 1 {
		t.Fatal(a, err)
	}
	w.must(w.finished("o1", sdkLot)) // matched to the older stay, which is the only one
	w.enter(sdkLot, "misread", 2*time.Hour)
	page, err := w.store.Stays(t.Context(), charge.StayFilter{Lot: sdkLot, Open: true})
	if err != nil || len(page.Items) != 1 || page.Items[0].OrderID != "misread" || page.Items[0].Plate != "京A12345" {
		t.Fatalf("open stays %+v, %v; want the corrected one alone", page.Items, err)
	}
}

func TestEntryToldAfterItsExit(t *testing.T) {
	w := newWorld(t)
	w.estate.lot(sdkLot, func(l *charge.Lot) { l.Stays = charge.StaysRequired })
	w.leave(sdkLot, "s1", nil) // in_time was not sent
	w.enter(sdkLot, "s1", 2*time.Hour)
	page, err := w.store.Stays(t.Context(), charge.StayFilter{Lot: sdkLot})
	if err != nil || len(page.Items) != 1 || page.Items[0].Open ||
		!page.Items[0].Entered.Equal(w.clock.Now().Add(-2*time.Hour)) {
		t.Fatalf("stays %+v, %v; want one, closed, entered two hours ago", page.Items, err)
	}
}

func TestHeldChargeOfACarWhoseExitCameAlone(t *testing.T) {
	w := newWorld(t)
	w.estate.lot(sdkLot, func(l *charge.Lot) { l.Stays = charge.StaysRequired })
	w.must(w.finished("o1", sdkLot))
	w.want("o1", charge.StateHeld, charge.ReasonWaitingForStay)
	w.clock.pass(20 * time.Minute)
	w.leave(sdkLot, "s1", nil) // neither entry nor in_time: it may have been in all day
	w.want("o1", charge.StateNoGrant, charge.ReasonLeftBeforeArrival)
}

// A payment beside our price is a gap of the statement.
func TestGateThatTookAnotherPrice(t *testing.T) {
	w := newWorld(t)
	w.enter(gateLot, "s1", 90*time.Minute)
	w.must(w.finished("o1", gateLot))
	if q, err := w.flow.Quote(t.Context(),
		ledger.QuoteQuestion{Lot: gateLot, OrderID: "s1", At: w.clock.Now()}); err != nil || q.Price != 500 {
		t.Fatalf("quote %+v, %v", q, err)
	}
	if _, err := w.flow.Exit(t.Context(),
		lot.Exit{Lot: gateLot, OrderID: "s1", Plate: "京A12345", Left: w.clock.Now(), Total: 1000,
			HasTotal: true}); err != nil {
		t.Fatal(err)
	}
	c := w.want("o1", charge.StateUsed, charge.ReasonOK)
	if c.Usage.Minutes != c.Reduction.Minutes || !c.Gap() {
		t.Errorf("usage %+v, gap %t; want a gap of 5.00 although the minutes agree", c.Usage, c.Gap())
	}
	rows, err := w.store.Statement(t.Context(), charge.StatementFilter{})
	if err != nil || len(rows) != 1 || rows[0].Gaps != 1 {
		t.Errorf("statement %+v, %v; want one gap", rows, err)
	}
}
