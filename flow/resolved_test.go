package flow_test

import (
	"testing"

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
