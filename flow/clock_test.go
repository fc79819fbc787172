package flow_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// A clock that is set back while the gateway is down makes no id twice: pushes are stored at once, and not only when
// the clock has passed what was stored before.
func TestClockSetBackOverARestart(t *testing.T) {
	for engine, place := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			w := newWorldOn(t, place)
			for i := range 20 {
				w.must(w.finished(fmt.Sprint("before", i), apiLot))
				w.clock.pass(time.Millisecond)
			}
			w.clock.pass(-20 * time.Millisecond)
			last, err := w.store.LastID(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			w.ids = charge.NewIDs(1, w.clock.Now)
			w.ids.Pass(last)
			w.restart()
			for i := range 20 {
				w.must(w.finished(fmt.Sprint("after", i), apiLot))
				w.clock.pass(time.Millisecond)
			}
		})
	}
}
