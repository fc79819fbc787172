package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// Hint topics between nodes. Payloads: an outbox kind, or nothing.
const (
	topicJobs   = "jobs"
	topicEstate = "estate"
)

// Rhythm of what runs beside the traffic.
const (
	beatEvery    = 2 * time.Second  // this node is alive
	deadAfter    = 10 * time.Second // a node that has not beaten for so long has died
	refreshEvery = 2 * time.Second  // the estate and guard of other nodes' changes
	flushEvery   = time.Minute
	pruneEvery   = 10 * time.Minute
)

// nodeName makes up a name that no other process has. A server on SQLite is always alone with its data: it keeps
// one name, and so takes up at its start what the process before it had left.
func nodeName(database string) string {
	if database == "" {
		return "alone"
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "node"
	}
	if len(host) > 32 {
		host = host[:32]
	}
	var b [4]byte
	rand.Read(b[:])
	return host + "-" + hex.EncodeToString(b[:])
}

// sessions keeps, for the store's other readers, which node holds which line.
type sessions struct {
	store *store.Store
	now   func() time.Time
}

// Put stores sessions and sets their epochs.
func (s sessions) Put(ctx context.Context, lines []charge.LineSession) error {
	for i := range lines {
		epoch, err := s.store.PutLineSession(ctx, lines[i])
		if err != nil {
			return err
		}
		lines[i].Epoch = epoch
	}
	return nil
}

// Beat moves beats and gives the sessions that have moved to another node.
func (s sessions) Beat(ctx context.Context, lines []charge.LineSession) ([]charge.LineSession, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	return s.store.BeatLineSessions(ctx, lines[0].Node, lines, s.now())
}

// End deletes sessions.
func (s sessions) End(ctx context.Context, lines []charge.LineSession) error {
	for _, l := range lines {
		if err := s.store.EndLineSession(ctx, l.Lot, l.LocalID, l.Node, l.Epoch); err != nil {
			return err
		}
	}
	return nil
}

// every calls fn at intervals until ctx ends.
func every(ctx context.Context, d time.Duration, fn func(context.Context)) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			fn(ctx)
		}
	}
}

// upkeep beats, looks for dead nodes, takes up other nodes' changes, flushes and prunes.
func (a *App) upkeep(ctx context.Context) {
	a.background.Go(func() { every(ctx, beatEvery, a.beat) })
	a.background.Go(func() { every(ctx, refreshEvery, a.refresh) })
	a.background.Go(func() {
		every(ctx, flushEvery, func(ctx context.Context) { a.warn("storing last uses", a.guard.Flush(ctx)) })
	})
	a.background.Go(func() { every(ctx, pruneEvery, a.prune) })
	if len(a.cfg.Alerts) > 0 {
		a.background.Go(func() { a.alerts.Run(ctx) })
	}
	<-ctx.Done()
}

func (a *App) warn(what string, err error) {
	if err != nil {
		a.logger.Warn(what+" failed; it is tried again", "error", err)
	}
}

// beat says that this node lives, and takes down the lines of nodes that do not. Their leases end by
// themselves.
func (a *App) beat(ctx context.Context) {
	now := time.Now()
	if err := a.store.BeatNode(ctx, a.cfg.Node, now); err != nil {
		a.warn("beating", err)
		return
	}
	dead, err := a.store.DeadNodes(ctx, now.Add(-deadAfter))
	a.warn("looking for dead nodes", err)
	for _, name := range dead {
		if name == a.cfg.Node {
			continue
		}
		a.logger.Warn("a node has died; its lines are off until their lots log in again", "node", name)
		a.warn("ending a dead node's lines", a.store.EndNodeSessions(ctx, name))
	}
}

func (a *App) refresh(ctx context.Context) {
	if _, err := a.book.Refresh(ctx); err != nil {
		a.warn("reading the estate", err)
	}
	a.warn("reading users and tokens", a.guard.Refresh(ctx))
}

// hinted takes up a hint of another node; without it polling finds the same.
func (a *App) hinted(ctx context.Context, h store.Hint) {
	switch h.Topic {
	case topicJobs:
		a.flow.Hint(outbox.Kind(h.Payload))
	case topicEstate:
		a.refresh(ctx)
	}
}

// quietLog sends the HTTP server's complaints about its clients to debug.
func quietLog(l *slog.Logger) *log.Logger { return log.New(&slogWriter{l}, "", 0) }

type slogWriter struct{ l *slog.Logger }

func (w *slogWriter) Write(b []byte) (int, error) {
	w.l.Debug("http", "message", strings.TrimSpace(string(b)))
	return len(b), nil
}

func (a *App) prune(context.Context) {}
