package flow_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/store/storetest"
)

func TestRepeatedAcknowledgementIsNoAttempt(t *testing.T) {
	testRepeatedAcknowledgements(t, storetest.SQLite)
}

func TestRepeatedAcknowledgementIsNoAttemptOnPostgres(t *testing.T) {
	testRepeatedAcknowledgements(t, storetest.SharedPostgres(t))
}

// testRepeatedAcknowledgements lets a lot say yes several times, in every order in which that can reach the store.
func testRepeatedAcknowledgements(t *testing.T, place storetest.Place) {
	acked := []charge.AttemptResult{charge.AttemptAcked}
	for name, c := range map[string]struct {
		play func(w *world, stray func(), done func())
		want []charge.AttemptResult
	}{
		// The line hands the first to the try that waits for it; the second comes as a stray, and is stored first.
		"a stray is stored before the try's own": {func(_ *world, stray, done func()) { stray(); done() }, acked},
		"the try's own, then strays":             {func(_ *world, stray, done func()) { done(); stray(); stray() }, acked},
		"late, of what was voided meanwhile": {func(w *world, stray, done func()) {
			if _, err := w.flow.Void(t.Context(), w.charge("o1").ID, flow.Action{Actor: "li", Reason: "r"}); err != nil {
				t.Fatal(err)
			}
			stray()
			stray()
			done()
		}, acked},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOn(t, place)
			w.enter(sdkLot, "s1", 2*time.Hour)
			w.must(w.finished("o1", sdkLot))
			o, answer := w.next(w.line)
			c.play(w, func() {
				if err := w.flow.Acked(t.Context(), sdkLot, o.UUID, w.acked()); err != nil {
					t.Fatal(err)
				}
			}, func() { answer(w.acked()) })
			story, err := w.flow.Story(t.Context(), w.charge("o1").ID)
			if err != nil {
				t.Fatal(err)
			}
			var got []charge.AttemptResult
			for _, a := range story.Deliveries[0].Attempts {
				got = append(got, a.Result)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || story.Deliveries[0].Delivery.Attempts != len(c.want) {
				t.Errorf("%d attempts counted (-want +got):\n%s", story.Deliveries[0].Delivery.Attempts, diff)
			}
		})
	}
}
