package flow_test

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// A flood stands in the list of pushes, once a second, and does not fill it.
func TestFloodIsRecordedOnceASecond(t *testing.T) {
	w := newWorld(t)
	for range 30 {
		for range 10 {
			w.flow.Refuse(t.Context(), platform.Push{Platform: "telaidian", Received: w.clock.Now()}, "main",
				platform.Refuse(platform.StepAccount, charge.OutcomeRateLimited, charge.Say("push.many_of_account")),
				platform.Reply{})
		}
		w.clock.pass(100 * time.Millisecond)
	}
	p, err := w.store.Pushes(t.Context(), charge.PushFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Items) != 3 || p.Items[0].Outcome != charge.OutcomeRateLimited {
		t.Errorf("%d pushes are recorded of 300 in three seconds, want 3: %+v", len(p.Items), p.Items)
	}
}
