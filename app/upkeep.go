package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/nodes"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// Rhythm of what runs beside the traffic.
const (
	refreshEvery = 2 * time.Second // the estate and guard of other nodes' changes
	flushEvery   = time.Minute
	pruneEvery   = 10 * time.Minute
)

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

// round is what is done at intervals beside the traffic.
type round struct {
	each time.Duration
	do   func(context.Context)
}

// rounds beat, look for dead nodes, take up other nodes' changes, store last uses, prune, take samples and note
// the audit log.
func (a *App) rounds() []round {
	heart := &nodes.Heart{Store: a.store, Clock: a.clock, Node: a.cfg.Node, Logger: a.logger,
		Back: func() { a.line.Recheck(charge.LotID{}) }}
	all := []round{{nodes.BeatEvery, heart.Beat}, {refreshEvery, a.refresh}, {flushEvery, a.storeUses},
		{pruneEvery, a.prune}, {sampleEvery, a.sample}, {noteAuditEvery, a.noteAudit}}
	if a.ballast != nil {
		all = append(all, round{ballastEvery, a.ballast.look})
	}
	return all
}

// upkeep makes the rounds and takes up hints until ctx ends.
func (a *App) upkeep(ctx context.Context) {
	for _, r := range a.rounds() {
		a.background.Go(func() { every(ctx, r.each, r.do) })
	}
	a.background.Go(func() { a.hints.Run(ctx) })
	a.background.Go(func() { a.alerts.Run(ctx) })
	<-ctx.Done()
}

// storeUses stores when tokens, sessions and keys were last used.
func (a *App) storeUses(ctx context.Context) {
	a.warn("storing last uses", errors.Join(a.guard.Flush(ctx), a.keyUses.Flush(ctx)))
}

// noteAuditEvery is how often the audit log's head goes into the log, which is often kept elsewhere.
const noteAuditEvery = time.Hour

// noteAudit notes how far the audit log has come: verify --audit-head proves later that it was not cut or made anew.
func (a *App) noteAudit(ctx context.Context) {
	head, last, err := a.guard.Audit.Head(ctx)
	if err != nil {
		a.warn("noting the audit log's head", err)
		return
	}
	a.logger.Info("the audit log's head", "rows", head.Rows, "hash", head.Hash, "last", last.At)
}

func (a *App) warn(what string, err error) {
	if err != nil {
		a.logger.Warn(what+" failed; it is tried again", "error", err)
	}
}

// hinted takes up a hint of another node; without it polling finds the same.
func (a *App) hinted(ctx context.Context, h store.Hint) {
	if h.Topic == nodes.TopicEstate {
		a.refresh(ctx)
		return
	}
	for text := range strings.Lines(h.Payload) {
		text = strings.TrimSpace(text)
		switch h.Topic {
		case nodes.TopicJobs:
			a.flow.Hint(outbox.Kind(text))
		case nodes.TopicLine:
			if id, err := charge.ParseLotID(text); err == nil {
				a.line.Recheck(id)
			}
		}
	}
}

func (a *App) refresh(ctx context.Context) {
	if _, err := a.book.Refresh(ctx); err != nil {
		a.warn("reading the estate", err)
	}
	a.warn("reading users and tokens", a.guard.Refresh(ctx))
}

// prune deletes what is older than the configuration keeps.
func (a *App) prune(ctx context.Context) {
	keep := a.cfg.Retention
	gone, err := a.store.Prune(ctx,
		store.Retention{Pushes: time.Duration(keep.Pushes), Refused: time.Duration(keep.Refused),
			Charges: time.Duration(keep.Charges)}, a.clock.Now())
	if gone != (store.Pruned{}) {
		a.logger.Info("deleted what the retention does not keep", "pushes", gone.Pushes, "charges", gone.Charges, "stays",
			gone.Stays)
	}
	if ctx.Err() == nil {
		a.warn("deleting what is too old", err)
	}
}
