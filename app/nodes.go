package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
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
	var b [4]byte
	rand.Read(b[:])
	return machineName() + "-" + hex.EncodeToString(b[:])
}

// machineName is the machine's, over restarts.
func machineName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "node"
	}
	return host[:min(len(host), 32)]
}

// sessions keeps, for the store's other readers, which node holds which line.
type sessions struct {
	store *store.Store
	hints *hinter
}

// Put stores sessions and sets their epochs. The holder before is notified: a node cannot see for minutes that the
// far end of a line is gone.
func (s sessions) Put(ctx context.Context, lines []charge.LineSession) error {
	for i := range lines {
		epoch, err := s.store.PutLineSession(ctx, lines[i])
		if err != nil {
			return err
		}
		lines[i].Epoch = epoch
		if epoch > 1 {
			s.hints.tell(topicLine, lines[i].Lot.String())
		}
	}
	return nil
}

// Beat stores when lines were last heard and returns those that have moved to another node. A line that was taken
// for dead with its node, but is not, and that no other node holds, is put anew.
func (s sessions) Beat(ctx context.Context, lines []charge.LineSession) (gone []charge.LineSession, err error) {
	if len(lines) == 0 {
		return nil, nil
	}
	lost, err := s.store.BeatLineSessions(ctx, lines[0].Node, lines)
	if err != nil {
		return nil, err
	}
	for _, l := range lost {
		held, err := s.store.LineNodes(ctx, l.Lot)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(held, func(h charge.LineSession) bool { return sameLine(h, l) }) {
			gone = append(gone, l)
			continue
		}
		i := slices.IndexFunc(lines, func(m charge.LineSession) bool { return sameLine(m, l) })
		if lines[i].Epoch, err = s.store.PutLineSession(ctx, l); err != nil {
			return nil, err
		}
	}
	return gone, nil
}

// sameLine reports whether two sessions are of one link of one PC.
func sameLine(a, b charge.LineSession) bool {
	return a.Lot == b.Lot && a.LocalID == b.LocalID && a.Link == b.Link
}

// End deletes sessions.
func (s sessions) End(ctx context.Context, lines []charge.LineSession) error {
	for _, l := range lines {
		if err := s.store.EndLineSession(ctx, l); err != nil {
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

// upkeep beats, looks for dead nodes, takes up other nodes' changes, hints, flushes and prunes.
func (a *App) upkeep(ctx context.Context) {
	alive := &alive{app: a, since: time.Now()}
	a.background.Go(func() { every(ctx, beatEvery, alive.beat) })
	a.background.Go(func() { every(ctx, refreshEvery, a.refresh) })
	a.background.Go(func() { a.hints.run(ctx) })
	a.background.Go(func() {
		every(ctx, flushEvery, a.storeUses)
	})
	a.background.Go(func() { every(ctx, pruneEvery, a.prune) })
	a.background.Go(func() { every(ctx, noteAuditEvery, a.noteAudit) })
	if a.ballast != nil {
		a.background.Go(func() { every(ctx, ballastEvery, a.ballast.look) })
	}
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

// alive says that this node lives and judges whether others do.
type alive struct {
	app   *App
	since time.Time // of an unbroken row of beats; zero while the database is away
}

// beat says that this node lives, and takes down the lines of nodes that do not. Their leases end by
// themselves. After its own start and after a time without the database a node judges no other: it cannot know which is
// dead from who was cut off as it was itself.
func (v *alive) beat(ctx context.Context) {
	a := v.app
	err := a.readClock(ctx)
	if err == nil {
		err = a.store.BeatNode(ctx, a.cfg.Node, a.clock.Now())
	}
	if err != nil {
		v.since = time.Time{}
		a.warn("beating", err)
		return
	}
	if v.since.IsZero() {
		v.since = time.Now()
		a.line.Recheck(charge.LotID{}) // others may have taken our lines for dead
	}
	if time.Since(v.since) < deadAfter {
		return
	}
	dead, err := a.store.DeadNodes(ctx, a.clock.Now().Add(-deadAfter))
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

// prune deletes what is older than the configuration keeps.
func (a *App) prune(ctx context.Context) {
	keep := a.cfg.Retention
	gone, err := a.store.Prune(ctx,
		store.Retention{Pushes: time.Duration(keep.Pushes), Refused: time.Duration(keep.Refused),
			Charges: time.Duration(keep.Charges)}, a.clock.Now())
	if gone != (store.Pruned{}) {
		a.logger.Info("older than the retention: deleted", "pushes", gone.Pushes, "charges", gone.Charges, "stays",
			gone.Stays)
	}
	if ctx.Err() == nil {
		a.warn("deleting what is too old", err)
	}
}
