package flow_test

import (
	"context"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
)

func TestVoidAndRedeliver(t *testing.T) {
	w := newWorld(t)
	w.enter(gateLot, "s1", 2*time.Hour)
	c := w.must(w.finished("o1", gateLot))
	dry, err := w.flow.Void(t.Context(), c.ID, flow.Action{Actor: "a", Reason: "r", DryRun: true})
	if err != nil || !dry.Allowed || dry.Done {
		t.Fatalf("dry run: %+v, %v", dry, err)
	}
	w.want("o1", charge.StateDelivered, charge.ReasonOK)
	if e, err := w.flow.Void(t.Context(), c.ID, flow.Action{Actor: "a", Reason: "r"}); err != nil || !e.Done {
		t.Fatalf("void: %+v, %v", e, err)
	}
	w.want("o1", charge.StateVoided, charge.ReasonVoidedByUser)
	if grant, _ := w.ledger("o1"); grant != 0 {
		t.Errorf("%d minutes still count", grant)
	}
	q, err := w.flow.Exit(t.Context(), lot.Exit{Lot: gateLot, OrderID: "s1", Plate: "京A12345", Left: w.clock.Now()})
	if err != nil || q.DerateMoney != 0 {
		t.Errorf("exit took off %s after the void, %v", q.DerateMoney, err)
	}
	if e, err := w.flow.Redeliver(t.Context(), c.ID, flow.Action{Actor: "a", Reason: "r"}); err != nil || e.Allowed {
		t.Errorf("redelivering a voided charge: %+v, %v", e, err)
	}
}

// Of many charges at once it says what a dry run says of each.
func TestRedeliverable(t *testing.T) {
	w := newWorld(t)
	expired := w.must(w.finished("expired", gateLot))
	w.clock.pass(3 * time.Hour)
	w.flow.ExpireHolds(t.Context())
	w.enter(gateLot, "s1", 2*time.Hour)
	delivered := w.must(w.finished("delivered", gateLot))
	charges := []*charge.Charge{expired, delivered}
	for i, c := range charges { // as they are now
		charges[i] = w.want(c.Order,
			map[string]charge.State{"expired": charge.StateExpired, "delivered": charge.StateDelivered}[c.Order],
			map[string]charge.Reason{"expired": charge.ReasonHoldOver, "delivered": charge.ReasonOK}[c.Order])
	}
	can, err := w.flow.Redeliverable(t.Context(), charges)
	if err != nil || len(can) != 2 || !can[0] || can[1] {
		t.Fatalf("%v, %v", can, err)
	}
	for i, c := range charges {
		e, err := w.flow.Redeliver(t.Context(), c.ID, flow.Action{Actor: "a", DryRun: true})
		if err != nil || e.Allowed != can[i] {
			t.Errorf("%s: alone %+v, %v; together %v", c.Order, e, err, can[i])
		}
	}
}

func TestBindGivesAnExpiredChargeItsStay(t *testing.T) {
	w := newWorld(t)
	c := w.must(w.finished("o1", gateLot))
	w.clock.pass(3 * time.Hour)
	w.flow.ExpireHolds(t.Context())
	w.want("o1", charge.StateExpired, charge.ReasonHoldOver)
	a, err := w.flow.Entered(t.Context(),
		lot.Entry{Lot: gateLot, OrderID: "misread", Plate: "京A12346", Entered: w.clock.Now().Add(-5 * time.Hour)})
	if err != nil || a.State != 1 {
		t.Fatal(a, err)
	}
	e, err := w.flow.Bind(t.Context(), c.ID, "misread", flow.Action{Actor: "a", Reason: "camera"})
	if err != nil || !e.Done {
		t.Fatalf("bind: %+v, %v", e, err)
	}
	if c := w.want("o1", charge.StateDelivered, charge.ReasonOK); c.Decision.StayOrder != "misread" {
		t.Errorf("bound to %q", c.Decision.StayOrder)
	}
}

// keeper is a lot that is asked for what it was given, and answers as a test wants.
type keeper struct {
	answer lot.Result
	asked  int
}

// CanRevoke is so of every lot.
func (*keeper) CanRevoke(charge.LotID) bool { return true }

// Revoke counts the question.
func (k *keeper) Revoke(context.Context, lot.Order) lot.Result {
	k.asked++
	return k.answer
}

// A lot is asked for what it has before a void, and not for a dry run; what it keeps is not voided.
func TestVoidAsksTheLotFirst(t *testing.T) {
	for _, c := range []struct {
		result charge.AttemptResult
		state  charge.State
	}{
		{charge.AttemptAcked, charge.StateVoided},
		{charge.AttemptRefused, charge.StateDelivered},
		{charge.AttemptTimeout, charge.StateDelivered},
	} {
		w := newWorld(t)
		k := &keeper{answer: lot.Result{Result: c.result, Detail: charge.Say("delivery.no_line"), At: w.clock.Now()}}
		w.revoker = k
		w.restart()
		w.must(w.finished("o1", apiLot))
		_, done := w.next(w.calls)
		done(w.acked())
		id := w.settles("o1", charge.StateDelivered, charge.ReasonOK).ID
		if e, err := w.flow.Void(t.Context(), id, flow.Action{Actor: "li", DryRun: true}); err != nil || !e.Allowed ||
			k.asked != 0 {
			t.Fatalf("%s, dry: %+v, %v, the lot was asked %d times", c.result, e, err, k.asked)
		}
		e, err := w.flow.Void(t.Context(), id, flow.Action{Actor: "li", Reason: "asked for"})
		if voids := c.state == charge.StateVoided; err != nil || e.Done != voids || k.asked != 1 {
			t.Errorf("%s: %+v, %v, the lot was asked %d times", c.result, e, err, k.asked)
		}
		if got := w.charge("o1").State; got != c.state {
			t.Errorf("%s: the charge is %s, want %s", c.result, got, c.state)
		}
		w.noted("o1", "revoked", string(c.result))
	}
}

// What is voided cannot be voided again.
func TestVoidTwice(t *testing.T) {
	w := newWorld(t)
	w.must(w.finished("o1", apiLot))
	_, done := w.next(w.calls)
	done(w.refusal())
	id := w.settles("o1", charge.StateRefused, charge.ReasonLotRefused).ID
	for _, allowed := range []bool{true, false} {
		e, err := w.flow.Void(t.Context(), id, flow.Action{Actor: "li", Reason: "r"})
		if err != nil || e.Allowed != allowed || e.Done != allowed {
			t.Errorf("%+v, %v; want it done: %t", e, err, allowed)
		}
	}
	w.want("o1", charge.StateVoided, charge.ReasonVoidedByUser)
}
