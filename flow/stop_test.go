package flow_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
)

// slow hangs in every write from when the test says so, until it is let go.
type slow struct {
	flow.Storage
	came chan struct{}
	free chan struct{}
}

func (s slow) Write(ctx context.Context, v []charge.VisitKey, fn func(flow.Tx) error) error {
	select {
	case s.came <- struct{}{}:
	default:
	}
	<-s.free
	return s.Storage.Write(ctx, v, fn)
}

// A stop ends with its context, however long a write takes and however many holds are over; what is left is ended by
// the next process.
func TestStopEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	w.estate.lot(sdkLot, func(l *charge.Lot) { l.Stays = charge.StaysRequired })
	for i := range 5 {
		w.must(w.finished(fmt.Sprint("o", i), sdkLot))
	}
	disk := slow{came: make(chan struct{}, 1), free: make(chan struct{})}
	w.wrap = func(s flow.Storage) flow.Storage { disk.Storage = s; return disk }
	w.flow.Stop(t.Context())
	stopped := make(chan struct{})
	f := w.restart()
	f.Start()
	w.clock.pass(3 * time.Hour)
	<-disk.came // the expirer has begun
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(stopped)
		f.Stop(ctx)
	}()
	cancel()
	select {
	case <-stopped:
	case <-time.After(10 * time.Second):
		t.Fatal("Stop went on after its context had ended")
	}
	close(disk.free)
	f.Stop(t.Context()) // waits for the one that was being ended
	if n := w.held(); n < 4 {
		t.Errorf("%d of 5 holds are left after a stop during the first, want 4 at least", n)
	}
	w.wrap = nil
	w.restart().Start()
	for i := range 5 {
		w.settles(fmt.Sprint("o", i), charge.StateExpired, charge.ReasonHoldOver)
	}
}

// held counts the held charges.
func (w *world) held() (n int) {
	w.t.Helper()
	page, err := w.store.Charges(w.t.Context(), charge.ChargeFilter{States: []charge.State{charge.StateHeld}})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(page.Items)
}
