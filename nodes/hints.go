package nodes

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"github.com/chargestamp/chargestamp/store"
)

// Topics of hints between nodes. What a hint holds stands a line each.
const (
	TopicJobs   = "jobs"   // outbox kinds: some are due
	TopicEstate = "estate" // nothing: it has changed
	TopicLine   = "line"   // lots: they have logged in anew, on whichever node
)

// Hints sends hints to other nodes in the background: no caller waits for it, and what waits for one topic goes out
// together. On SQLite there is no other node.
type Hints struct {
	store  *store.Store
	logger *slog.Logger
	wake   chan struct{} // holds one

	mu      sync.Mutex
	waiting map[string]map[string]bool // what to say, by topic
}

// mostHints bounds what waits of a topic while the database is away; what is beyond is found out by polling.
// hintBytes is what one hint holds at most.
const (
	mostHints = 20_000
	hintBytes = 6000
)

// NewHints returns hints that wait until Run sends them.
func NewHints(s *store.Store, logger *slog.Logger) *Hints {
	return &Hints{store: s, logger: logger, wake: make(chan struct{}, 1), waiting: map[string]map[string]bool{}}
}

// Send puts one thing into the next hint of a topic.
func (h *Hints) Send(topic, what string) {
	if alone(h.store) {
		return
	}
	h.mu.Lock()
	if h.waiting[topic] == nil {
		h.waiting[topic] = map[string]bool{}
	}
	if len(h.waiting[topic]) < mostHints {
		h.waiting[topic][what] = true
	}
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends.
func (h *Hints) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		}
		h.mu.Lock()
		waiting := h.waiting
		h.waiting = map[string]map[string]bool{}
		h.mu.Unlock()
		for topic, said := range waiting {
			for _, payload := range gather(said) {
				if err := h.store.Notify(ctx, topic, payload); err != nil {
					h.logger.Debug("a hint to other nodes was lost; they find out by polling", "topic", topic, "error", err)
				}
			}
		}
	}
}

// gather puts what is said together, a line each.
func gather(said map[string]bool) (payloads []string) {
	var b strings.Builder
	for what := range said {
		if b.Len()+len(what) >= hintBytes {
			payloads = append(payloads, b.String())
			b.Reset()
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(what)
	}
	return append(payloads, b.String())
}
