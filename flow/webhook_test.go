package flow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// hook is a played receiver of changes.
type hook struct {
	mu    sync.Mutex
	down  bool
	tries map[string]int // by message
	ids   map[int64]string
	taken []string
}

func newHook() *hook { return &hook{tries: map[string]int{}, ids: map[int64]string{}} }

func (h *hook) Hearing(s charge.State) []string {
	if s == charge.StateVoided {
		return nil
	}
	return []string{"erp"}
}

func (h *hook) Compose(_ string, _ int64, c *charge.Charge, was charge.State) string {
	return fmt.Sprintf("%s: %s>%s %s", c.Order, was, c.State, c.Reason)
}

func (h *hook) Post(_ context.Context, target string, id int64, message string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tries[message]++
	if known, ok := h.ids[id]; ok && known != message || target != "erp" {
		return fmt.Errorf("id %d is of %q and of %q", id, known, message)
	}
	h.ids[id] = message
	if h.down {
		return errors.New("down")
	}
	h.taken = append(h.taken, message)
	return nil
}

// wants waits until the messages were taken, each once, whatever their order, and none is left.
func (h *hook) wants(w *world, want ...string) {
	w.t.Helper()
	got := func() []string {
		h.mu.Lock()
		defer h.mu.Unlock()
		return slices.Sorted(slices.Values(h.taken))
	}
	slices.Sort(want)
	w.until(func() bool { return len(got()) >= len(want) && w.jobs(outbox.KindWebhook) == 0 })
	if diff := cmp.Diff(want, got()); diff != "" {
		w.t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// until waits for what other goroutines do, a commit at a time, 10 s at most.
func (w *world) until(done func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done() && time.Now().Before(deadline); {
		if err := w.store.Write(w.t.Context(), nil, func(*store.Tx) error { return nil }); err != nil {
			w.t.Fatal(err)
		}
	}
}

// jobs counts what waits of a kind.
func (w *world) jobs(kind outbox.Kind) int64 {
	w.t.Helper()
	b, err := w.store.Backlog(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, j := range b.Jobs {
		if j.Kind == string(kind) {
			return j.Count
		}
	}
	return 0
}

// queue is what waits for the receiver.
func (w *world) queue() (q charge.WebhookQueue) {
	w.t.Helper()
	queues, err := w.store.WebhookQueues(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if len(queues) > 0 {
		q = queues[0]
	}
	return q
}

// TestWebhookHearsEachChange wants one message for each change of a charge's state, and none for a repeat.
func TestWebhookHearsEachChange(t *testing.T) {
	for engine, place := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			w, h := newWorldOn(t, place), newHook()
			w.hooks = h
			w.restart()
			w.enter(sdkLot, "s1", 2*time.Hour)
			w.must(w.finished("o1", sdkLot))
			if got := w.push(w.finished("o1", sdkLot)); got != charge.OutcomeDuplicate {
				t.Errorf("the same again is %s", got)
			}
			_, done := w.next(w.line)
			done(w.acked())
			w.settles("o1", charge.StateDelivered, charge.ReasonOK)
			w.leave(sdkLot, "s1", &lot.Reduced{Minutes: 30, Told: "30"})
			w.enter(gateLot, "g1", 2*time.Hour)
			w.must(w.finished("o2", gateLot)) // in effect as it is stored
			w.estate.rule(apiLot, func(r *charge.Rule) { r.HoldSeconds = 3600 })
			w.estate.lot(apiLot, func(l *charge.Lot) { l.Stays = charge.StaysRequired })
			w.must(w.finished("o3", apiLot)) // waits for its stay
			w.calls.broken = errors.New("no message can be written")
			w.enter(apiLot, "a1", 2*time.Hour)
			h.wants(w, "o1: >sending ok", "o1: sending>delivered ok", "o1: delivered>used ok", "o2: >delivered ok",
				"o3: >held waiting_for_stay", "o3: held>gave_up lot_error")
			if r, err := w.store.Verify(t.Context()); err != nil || !r.OK() {
				t.Errorf("verify: %v, %+v", err, r)
			}
		})
	}
}

// TestWebhookDown wants what a receiver does not take to be sent again with the same id, over a restart, and given up
// after a day; and nothing else to wait for it.
func TestWebhookDown(t *testing.T) {
	for engine, place := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			w, h := newWorldOn(t, place), newHook()
			h.down = true
			w.hooks = h
			w.restart()
			w.enter(sdkLot, "s1", 2*time.Hour)
			w.must(w.finished("o1", sdkLot))
			_, done := w.next(w.line)
			done(w.acked())
			w.settles("o1", charge.StateDelivered, charge.ReasonOK)
			tried := func(n int) {
				t.Helper()
				w.until(func() bool {
					h.mu.Lock()
					defer h.mu.Unlock()
					return h.tries["o1: >sending ok"] >= n && h.tries["o1: sending>delivered ok"] >= n
				})
				w.until(func() bool { return w.flow.InFlight() == 0 })
				h.mu.Lock()
				defer h.mu.Unlock()
				for _, m := range []string{"o1: >sending ok", "o1: sending>delivered ok"} {
					if h.tries[m] != n {
						t.Errorf("%q was tried %d times, want %d", m, h.tries[m], n)
					}
				}
			}
			tried(1)
			counts, err := w.store.Counts(t.Context(), start, w.clock.Now().Add(time.Hour))
			if err != nil || counts.Pending != 0 {
				t.Errorf("messages count as deliveries that wait: %+v, %v", counts, err)
			}
			w.tried(9 * time.Second)
			tried(1)
			w.tried(2 * time.Second)
			tried(2)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			w.flow.Stop(ctx)
			w.restart()
			w.tried(22 * time.Second)
			tried(3)
			h.mu.Lock()
			h.down = false
			h.mu.Unlock()
			w.tried(time.Minute)
			h.wants(w, "o1: >sending ok", "o1: sending>delivered ok")

			h.mu.Lock()
			h.down, h.taken = true, nil
			h.mu.Unlock()
			w.leave(sdkLot, "s1", &lot.Reduced{Minutes: 30, Told: "30"})
			w.until(func() bool { return w.jobs(outbox.KindWebhook) == 1 && w.flow.InFlight() == 0 })
			w.tried(25 * time.Hour)
			h.wants(w)

			queue := w.queue()
			if queue.Waiting != 0 || queue.GaveUp != 1 {
				t.Errorf("after a day: %+v", queue)
			}
			page, err := w.store.WebhookMessages(t.Context(), charge.WebhookFilter{Name: "erp"})
			if err != nil || len(page.Items) != 1 || page.Items[0].GaveUp.IsZero() ||
				page.Items[0].Body != "o1: delivered>used ok" || page.Items[0].Wrong.Arg("text").Value != "down" {
				t.Errorf("what was given up: %+v, %v", page.Items, err)
			}
			if awaits, err := w.store.AwaitsWebhook(t.Context(), "erp"); !awaits || err != nil {
				t.Errorf("a message waits, and the store does not say so: %v", err)
			}
			resend := func() {
				t.Helper()
				if n, err := w.store.WakeMessages(t.Context(), "erp", w.clock.Now(), 10); n != 1 || err != nil {
					t.Errorf("sent again: %d, %v", n, err)
				}
				w.tried(time.Second)
			}
			resend()
			w.until(func() bool { return w.queue().GaveUp == 1 })
			h.mu.Lock()
			h.down = false
			h.mu.Unlock()
			resend()
			h.wants(w, "o1: delivered>used ok")
			if queue := w.queue(); queue.GaveUp != 0 {
				t.Errorf("taken in the end: %+v", queue)
			}
			if awaits, err := w.store.AwaitsWebhook(t.Context(), "erp"); awaits || err != nil {
				t.Errorf("nothing waits, and the store says so: %v", err)
			}
		})
	}
}
