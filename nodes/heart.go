package nodes

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"os"
	"time"

	"github.com/chargestamp/chargestamp/store"
)

// Rhythm of the nodes' heartbeats.
const (
	BeatEvery = 2 * time.Second  // a node says that it lives
	DeadAfter = 10 * time.Second // a node that has not beaten for so long has died
)

// Name makes up a name that no other process has. A server on SQLite, which has no database address, is always
// alone with its data: it keeps one name, and so takes up at its start what the process before it had left.
func Name(database string) string {
	if database == "" {
		return "alone"
	}
	var b [4]byte
	rand.Read(b[:])
	return Machine() + "-" + hex.EncodeToString(b[:])
}

// Machine is the machine's, over restarts.
func Machine() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "node"
	}
	return host[:min(len(host), 32)]
}

// Heart says that a node lives, and judges whether others do. All fields are required.
type Heart struct {
	Store  *store.Store
	Clock  *Clock
	Node   string
	Back   func() // is called when this node beats again: others may have taken its lines for dead
	Logger *slog.Logger

	since time.Time // of an unbroken row of beats; zero while the database is away
	begun bool
}

// Beat says that this node lives, and takes down the lines of nodes that do not. Their leases end by themselves.
// After its own start and after a time without the database a node judges no other: it cannot know which is dead
// from who was cut off as it was itself. Beat must not run twice at once.
func (h *Heart) Beat(ctx context.Context) {
	if !h.begun {
		h.begun, h.since = true, time.Now()
	}
	err := h.Clock.Follow(ctx, h.Store, h.Logger)
	if err == nil {
		err = h.Store.BeatNode(ctx, h.Node, h.Clock.Now())
	}
	if err != nil {
		h.since = time.Time{}
		h.warn("beating", err)
		return
	}
	if h.since.IsZero() {
		h.since = time.Now()
		h.Back()
	}
	if time.Since(h.since) < DeadAfter {
		return
	}
	dead, err := h.Store.DeadNodes(ctx, h.Clock.Now().Add(-DeadAfter))
	h.warn("looking for dead nodes", err)
	for _, name := range dead {
		if name == h.Node {
			continue
		}
		h.Logger.Warn("a node has died; its lines are off until their lots log in again", "node", name)
		h.warn("ending a dead node's lines", h.Store.EndNodeSessions(ctx, name))
	}
}

func (h *Heart) warn(what string, err error) {
	if err != nil {
		h.Logger.Warn(what+" failed; it is tried again", "error", err)
	}
}
