package flow_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/platform"
)

// fragile is a world whose storage breaks where a test wants it to.
type fragile struct {
	*world
	ctx  context.Context // of what may meet a broken storage
	b    *brittle
	cars int // that have come
}

func newFragile(t *testing.T) *fragile {
	f := &fragile{world: newWorld(t), ctx: context.WithValue(t.Context(), breakable{}, true), b: &brittle{}}
	f.wrap = func(s flow.Storage) flow.Storage {
		f.b.Storage = s
		return f.b
	}
	f.wait = f.b.wait
	f.restart()
	return f
}

// everywhere does something until it succeeds, and before that once for each question and change it makes of the
// storage, with that one broken: then it must fail, and change nothing.
func (f *fragile) everywhere(what string, do func() error) {
	f.t.Helper()
	for n := 1; n < 500; n++ {
		before := f.books()
		f.b.arm(n, false)
		err := do()
		broke, _ := f.b.disarm()
		switch {
		case broke == "" && err != nil:
			f.t.Fatalf("%s fails with nothing broken: %v", what, err)
		case broke == "" && n == 1:
			f.t.Fatalf("%s asks nothing of the storage", what)
		case broke == "":
			return
		case err == nil:
			f.t.Fatalf("%s succeeds although its %d. call, %s, broke", what, n, broke)
		}
		if diff := cmp.Diff(before, f.books()); diff != "" {
			f.t.Fatalf("%s, whose %d. call, %s, broke, changes (-before +after):\n%s", what, n, broke, diff)
		}
	}
	f.t.Fatalf("%s does not come to an end", what)
}

// reports is a lot's message: its answer is a yes in the end, and an error, no refusal, where the storage broke.
func (f *fragile) reports(what string, report func() (state int, err error)) {
	f.t.Helper()
	var state int
	f.everywhere(what, func() (err error) {
		state, err = report()
		return err
	})
	if state != 1 {
		f.t.Fatalf("%s is answered with %d", what, state)
	}
}

func (f *fragile) enters(id charge.LotID, order string, ago time.Duration) {
	f.t.Helper()
	e := lot.Entry{Lot: id, OrderID: order, Plate: "京A12345", Entered: f.clock.Now().Add(-ago)}
	f.reports("an entry", func() (int, error) {
		a, err := f.flow.Entered(f.ctx, e)
		return a.State, err
	})
}

func (f *fragile) leaves(id charge.LotID, order string, reduced *lot.Reduced) {
	f.t.Helper()
	e := lot.Exit{Lot: id, OrderID: order, Plate: "京A12345", Left: f.clock.Now(), Reduced: reduced}
	f.reports("an exit", func() (int, error) {
		a, err := f.flow.Left(f.ctx, e)
		return a.State, err
	})
}

func (f *fragile) pushes(order string, id charge.LotID, minutes int64) *charge.Charge {
	f.t.Helper()
	c := f.finished(order, id)
	c.Ask.Minutes = minutes
	f.everywhere("a push", func() error {
		switch got := f.pushBy(f.ctx, c); got {
		case charge.OutcomeAccepted:
			return nil
		case charge.OutcomeBusy:
			return errBroken
		default:
			f.t.Fatalf("the push of %s is %s", order, got)
			return nil
		}
	})
	return f.charge(order)
}

// asks is a platform's question whether a car is in a lot.
func (f *fragile) asks(id charge.LotID, plate charge.Plate, in bool) {
	f.t.Helper()
	var v platform.Verdict
	f.everywhere("a question", func() error {
		f.flow.Take(f.ctx, platform.Push{Platform: "telaidian", Path: "/zld/telaidian/x", Received: f.clock.Now()},
			platform.Account{ID: "main"},
			platform.Message{Question: &platform.Question{Plate: &platform.PlateQuestion{Lot: id, Plate: plate}}},
			func(got platform.Verdict) platform.Reply {
				v = got
				return platform.Reply{Status: 200}
			})
		if v.Outcome == charge.OutcomeBusy {
			return errBroken
		}
		return nil
	})
	if v.Outcome != charge.OutcomeQuestion || v.InPark != in || v.Entered.IsZero() == in {
		f.t.Errorf("is %s in? %+v, want %t", plate, v, in)
	}
}

// completes has tries come to a result until one is stored with nothing broken, and before that once for each question
// and change of storing it, with that one broken: then it waits until the storage is mended, and is not lost.
func (f *fragile) completes(what string, result func() lot.Result, s charge.State) {
	f.t.Helper()
	for n := 1; n < 500; n++ {
		order := fmt.Sprint(what, n) // each of a car of its own: a visit's other charges are looked at as well
		c := f.finished(order, apiLot)
		c.Plate = charge.Plate(fmt.Sprintf("京B%05d", f.cars))
		f.cars++
		f.carIn(apiLot, order, c.Plate, "", time.Hour)
		f.must(c)
		_, done := f.next(f.calls)
		f.b.arm(n, true)
		done(result())
		broke, waits := f.b.disarm()
		if got := f.charge(order).State; got != s {
			f.t.Fatalf("after %s, whose %d. call, %s, broke, the charge is %s, want %s", what, n, broke, got, s)
		}
		switch {
		case broke == "" && n == 1:
			f.t.Fatalf("%s asks nothing of the storage", what)
		case broke == "":
			return
		case waits != 1:
			f.t.Errorf("after %s, whose %d. call, %s, broke, it was tried again %d times, want 1", what, n, broke, waits)
		}
	}
	f.t.Fatalf("%s does not come to an end", what)
}

// acts is what support does to a charge, tried out before it is done.
func (f *fragile) acts(what string, act func(flow.Action) (flow.Effect, error)) {
	f.t.Helper()
	for _, dry := range []bool{true, false} {
		var e flow.Effect
		f.everywhere(what, func() (err error) {
			e, err = act(flow.Action{Actor: "li", Reason: "asked the booth", DryRun: dry})
			return err
		})
		if !e.Allowed || e.Done == dry {
			f.t.Fatalf("%s, dry %t: %+v", what, dry, e)
		}
	}
}

// Wherever the storage breaks in the middle of something, it fails and changes nothing, and the next try of the same
// succeeds.
func TestStorageThatBreaksAnywhere(t *testing.T) {
	for _, repeats := range []charge.Repeats{charge.RepeatsAdd, charge.RepeatsReplace, charge.RepeatsUnsafe} {
		t.Run(string(repeats), func(t *testing.T) {
			f := newFragile(t)
			f.estate.lot(apiLot, func(l *charge.Lot) { l.Repeats = repeats })
			f.estate.rule(apiLot, func(r *charge.Rule) { r.Combine = charge.CombineSum })
			f.estate.account.Report = &charge.ReportTarget{URL: "https://report.example"}
			f.called()
		})
	}
	t.Run("4G", func(t *testing.T) {
		f := newFragile(t)
		f.gate()
	})
	t.Run("by hand", func(t *testing.T) {
		f := newFragile(t)
		f.byHand()
	})
	t.Run("late", func(t *testing.T) {
		f := newFragile(t)
		f.late()
	})
}

// called is a lot that is called: two charges of a stay, a silence, a yes that comes late, the exit and the usage.
func (f *fragile) called() {
	f.carIn(apiLot, "s0", "京C00001", "", time.Hour) // from now on the lot is known to report its cars
	c := f.pushes("o0", apiLot, 20)
	f.want("o0", charge.StateHeld, charge.ReasonWaitingForStay)
	f.enters(apiLot, "s1", 2*time.Hour)
	_, done := f.next(f.calls)
	done(f.acked())
	f.completes("a yes", f.acked, charge.StateDelivered)
	f.completes("a no", f.refusal, charge.StateRefused)
	f.completes("a silence", f.silence, charge.StateUnknown)
	f.pushes("o1", apiLot, 30)
	sent, done := f.next(f.calls)
	done(f.silence())
	f.settles("o1", charge.StateUnknown, charge.ReasonNoAnswer)
	f.pushes("o2", apiLot, 40)
	newer, done := f.next(f.calls)
	done(f.silence())
	for _, late := range []struct{ order, uuid string }{{"o2", newer.UUID}, {"o1", sent.UUID}} {
		f.everywhere("a late yes", func() error { return f.flow.Acked(f.ctx, apiLot, late.uuid, f.acked()) })
		f.want(late.order, charge.StateDelivered, charge.ReasonOK)
	}
	f.noted("o0", "matched", "stay")
	f.everywhere("a story", func() error {
		_, err := f.flow.Story(f.ctx, c.ID)
		return err
	})
	f.everywhere("a visit", func() error {
		_, _, err := f.flow.Visit(f.ctx, f.charge("o1").StayID)
		return err
	})
	f.everywhere("open stays", func() error {
		open, err := f.flow.InPark(f.ctx, apiLot, "京A12345")
		if err == nil && len(open) != 1 {
			err = fmt.Errorf("%d stays are open", len(open))
		}
		return err
	})
	f.asks(apiLot, "京A12345", true)
	f.asks(apiLot, "京C09999", false)
	f.leaves(apiLot, "s1", &lot.Reduced{Minutes: 90, Told: "90"})
	f.reports("a usage", func() (int, error) {
		a, err := f.flow.Used(f.ctx, lot.Usage{Lot: apiLot, Order: "o1", Plate: "京A12345", Left: f.clock.Now(),
			Method: 1, Minutes: 28, Told: "28"})
		return a.State, err
	})
	f.want("o1", charge.StateUsed, charge.ReasonOK)
}

// gate is a 4G lot, from the entry to the exit.
func (f *fragile) gate() {
	f.enters(gateLot, "g1", 3*time.Hour)
	f.pushes("o1", gateLot, 30)
	f.reports("a quote", func() (int, error) {
		q, err := f.flow.Quote(f.ctx, ledger.QuoteQuestion{Lot: gateLot, OrderID: "g1", At: f.clock.Now()})
		return q.State, err
	})
	f.everywhere("a price", func() error {
		_, err := f.flow.Price(f.ctx, gateLot, "g1", "")
		return err
	})
	f.reports("a payment", func() (int, error) {
		a, err := f.flow.Paid(f.ctx, ledger.Payment{Lot: gateLot, OrderID: "g1", Amount: 100, TradeNo: "t1",
			At: f.clock.Now()})
		return a.State, err
	})
	f.reports("an exit", func() (int, error) {
		q, err := f.flow.Exit(f.ctx, lot.Exit{Lot: gateLot, OrderID: "g1", Plate: "京A12345", Left: f.clock.Now()})
		return q.State, err
	})
	f.want("o1", charge.StateUsed, charge.ReasonOK)
}

// byHand is what support can do.
func (f *fragile) byHand() {
	at := func(order string) int64 { return f.charge(order).ID }
	ctx := f.ctx
	f.enters(apiLot, "s1", time.Hour)
	f.pushes("o1", apiLot, 30)
	_, done := f.next(f.calls)
	done(f.silence())
	f.settles("o1", charge.StateUnknown, charge.ReasonNoAnswer)
	f.acts("to resolve", func(a flow.Action) (flow.Effect, error) { return f.flow.Resolve(ctx, at("o1"), false, a) })
	_, done = f.next(f.calls) // once more
	done(f.silence())
	f.settles("o1", charge.StateUnknown, charge.ReasonNoAnswer)
	f.acts("to resolve", func(a flow.Action) (flow.Effect, error) { return f.flow.Resolve(ctx, at("o1"), true, a) })
	f.acts("to void", func(a flow.Action) (flow.Effect, error) { return f.flow.Void(ctx, at("o1"), a) })

	f.acts("to pause", func(a flow.Action) (flow.Effect, error) { return f.flow.Pause(ctx, apiLot, a) })
	f.pushes("o2", apiLot, 40)
	f.acts("to resume", func(a flow.Action) (flow.Effect, error) { return f.flow.Resume(ctx, apiLot, a) })
	_, done = f.next(f.calls)
	done(f.refusal())
	f.settles("o2", charge.StateRefused, charge.ReasonLotRefused)
	f.everywhere("what can be sent again", func() error {
		_, err := f.flow.Redeliverable(ctx, []*charge.Charge{f.charge("o2")})
		return err
	})
	f.acts("to redeliver", func(a flow.Action) (flow.Effect, error) { return f.flow.Redeliver(ctx, at("o2"), a) })
	_, done = f.next(f.calls)
	done(f.acked())
	f.settles("o2", charge.StateDelivered, charge.ReasonOK)

	stray := f.finished("o4", apiLot)
	stray.Plate = "京C00003" // misread: its car is in as another
	f.must(stray)
	f.carIn(apiLot, "s4", "京C00008", "", 2*time.Hour)
	f.acts("to bind", func(a flow.Action) (flow.Effect, error) { return f.flow.Bind(ctx, at("o4"), "s4", a) })
	_, done = f.next(f.calls)
	done(f.acked())
	f.settles("o4", charge.StateDelivered, charge.ReasonOK)

	missing := f.finished("o3", apiLot)
	missing.Plate = "京C00002" // no such car has come
	f.must(missing)
	f.want("o3", charge.StateHeld, charge.ReasonWaitingForStay)
	f.clock.pass(3 * time.Hour)
	f.everywhere("to end what waited too long", func() error {
		if f.flow.ExpireHolds(ctx) == 0 {
			return errors.New("none has ended")
		}
		return nil
	})
}

// late is what comes behind what it belongs before: an exit without its entry, and a yes to what was given up.
func (f *fragile) late() {
	f.leaves(apiLot, "s1", nil)
	f.pushes("o1", apiLot, 30)
	f.enters(apiLot, "s1", 2*time.Hour)
	f.want("o1", charge.StateNoGrant, charge.ReasonLeftBeforeArrival)

	f.enter(apiLot, "s2", time.Hour)
	c, uuid := f.unanswered("o2")
	f.leaves(apiLot, "s2", nil)
	e, err := f.flow.Resolve(f.ctx, c.ID, false, flow.Action{Actor: "li", Reason: "asked the booth"})
	if err != nil || !e.Done {
		f.t.Fatalf("%+v, %v", e, err)
	}
	f.everywhere("a yes to what was given up", func() error {
		return f.flow.Acked(f.ctx, apiLot, uuid, f.acked())
	})
	f.want("o2", charge.StateDelivered, charge.ReasonUsageNotTold)
	if grant, _ := f.ledger("o2"); grant != c.Reduction.Minutes {
		f.t.Errorf("the ledger has %d minutes, granted were %d", grant, c.Reduction.Minutes)
	}
}
