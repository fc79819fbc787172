package alert

import (
	"context"
	"maps"
	"sync"
	"time"
)

// Delivered is an alert that was delivered to a target.
type Delivered struct {
	Alert Alert     `json:"alert"`
	At    time.Time `json:"at"`
}

// HoldFor is how long a Book is held since the last Hold. It is longer than anything a watcher does in between, and
// the time after which another node takes up what one that died has left.
const HoldFor = time.Minute

// Book keeps what targets have heard: for all nodes of a site, so that one of them reports it, and over restarts, so
// that it is sent once and what is over is sent too.
type Book interface {
	// Delivered returns the alerts that were delivered, by the watcher's keys.
	Delivered(ctx context.Context) (map[string]Delivered, error)
	// Hold takes the book for this node, or goes on holding it, until Free or for HoldFor. False: another node
	// has it.
	Hold(ctx context.Context) (bool, error)
	// Note keeps what a target has heard under a key; nil forgets it. It fails where another node has taken the
	// book since.
	Note(ctx context.Context, key string, delivered *Delivered) error
	// Free releases the book for the next node.
	Free(ctx context.Context) error
}

// memory is a Book of one process, for as long as it runs.
type memory struct {
	mu        sync.Mutex
	delivered map[string]Delivered
}

// Delivered implements Book.
func (m *memory) Delivered(context.Context) (map[string]Delivered, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.delivered), nil
}

// Hold implements Book.
func (m *memory) Hold(context.Context) (bool, error) { return true, nil }

// Note implements Book.
func (m *memory) Note(_ context.Context, key string, delivered *Delivered) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if delivered == nil {
		delete(m.delivered, key)
	} else {
		m.delivered[key] = *delivered
	}
	return nil
}

// Free implements Book.
func (m *memory) Free(context.Context) error { return nil }
