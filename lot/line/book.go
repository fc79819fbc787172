package line

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// book carries sessions into the SessionBook in batches, so that a storm of logins is a few writes and no lot
// waits for one.
type book struct {
	keep SessionBook
	node string
	log  *slog.Logger
	now  func() time.Time
	all  func() []*session
	up   func(charge.LotID) // a lot's session has just been stored
	gone func(*session)     // its lot has logged in on another node

	beside func(work func())
	within func(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)

	telling chan struct{} // holds one for each up that runs
	beats   time.Time     // when heartbeats were last reported

	mu      sync.Mutex
	working bool // work runs
	wanted  bool // it goes round once more
	begun   []*session
	over    []*session
	recheck map[charge.LotID]bool // lots that have logged in somewhere; the zero one stands for all
}

// bookWait bounds one write into the SessionBook.
const bookWait = 10 * time.Second

// beatEvery is how far a stored heartbeat may lag behind.
const beatEvery = 15 * time.Second

func (b *book) began(n *session) {
	b.mu.Lock()
	b.begun = append(b.begun, n)
	b.mu.Unlock()
	b.nudge()
}

func (b *book) left(n *session) {
	b.mu.Lock()
	b.over = append(b.over, n)
	b.mu.Unlock()
	b.nudge()
}

// nudge has what there is to write written, beside the caller.
func (b *book) nudge() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wanted = true
	if !b.working {
		b.working = true
		b.beside(b.work)
	}
}

func (b *book) work() {
	for b.more() {
		b.write()
		b.beat()
	}
}

func (b *book) more() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.working, b.wanted = b.wanted, false
	return b.working
}

// write stores what has begun and deletes what is over. What cannot be written waits for the next time.
func (b *book) write() {
	b.mu.Lock()
	begun, over := b.begun, b.over
	b.begun, b.over = nil, nil
	b.mu.Unlock()

	begun = slices.DeleteFunc(begun, func(n *session) bool { return n.ended.Load() })
	b.inParts(begun, b.put)
	b.inParts(slices.DeleteFunc(over, func(n *session) bool { return n.epoch.Load() == 0 }), b.end)
}

// inParts works through sessions a few at a time, several at once: the store commits together what comes
// together.
func (b *book) inParts(sessions []*session, work func(context.Context, []*session, []charge.LineSession)) {
	var parts sync.WaitGroup
	room := make(chan struct{}, partsAtOnce)
	for part := range slices.Chunk(sessions, partHolds) {
		room <- struct{}{}
		parts.Go(func() {
			defer func() { <-room }()
			ctx, cancel := b.within(context.Background(), bookWait)
			defer cancel()
			rows := make([]charge.LineSession, len(part))
			for i, n := range part {
				rows[i] = n.row(b.node)
			}
			work(ctx, part, rows)
		})
	}
	parts.Wait()
}

const (
	partHolds   = 32
	partsAtOnce = 16
)

func (b *book) put(ctx context.Context, begun []*session, rows []charge.LineSession) {
	if err := b.keep.Put(ctx, rows); err != nil {
		b.log.Error("line sessions were not stored", "count", len(rows), "error", err)
		b.again(begun, nil)
		return
	}
	for i, n := range begun {
		n.epoch.Store(rows[i].Epoch)
		n.told = rows[i].Beat.UnixMilli()
		if n.cloud && !n.ended.Load() {
			b.tellUp(n.route)
		}
	}
}

func (b *book) end(ctx context.Context, over []*session, rows []charge.LineSession) {
	if err := b.keep.End(ctx, rows); err != nil {
		b.log.Error("ended line sessions were not deleted", "count", len(rows), "error", err)
		b.again(nil, over)
	}
}

// tellUp says that a lot's line is up. What waits for it is looked up in the store meanwhile, so several are reported
// at once; but only so many, that a storm of logins leaves the store to others.
func (b *book) tellUp(id charge.LotID) {
	b.telling <- struct{}{}
	b.beside(func() {
		defer func() { <-b.telling }()
		b.up(id)
	})
}

// tellAtOnce is how many lots are reported up at once.
const tellAtOnce = 16

func (b *book) again(begun, over []*session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.begun = append(b.begun, begun...)
	b.over = append(b.over, over...)
}

// doubtful is a silence after which we ask whether a lot has logged in elsewhere: a heartbeat is late then.
const doubtful = 40 * time.Second

// doubt has the sessions of a lot looked up at once, or with a zero id those of all.
func (b *book) doubt(id charge.LotID) {
	b.mu.Lock()
	if b.recheck == nil {
		b.recheck = make(map[charge.LotID]bool)
	}
	b.recheck[id] = true
	b.mu.Unlock()
	b.nudge()
}

// beat reports heartbeats, and ends sessions whose lot has meanwhile logged in elsewhere.
func (b *book) beat() {
	b.mu.Lock()
	recheck := b.recheck
	b.recheck = nil
	b.mu.Unlock()
	now := b.now()
	due := now.Sub(b.beats) >= beatEvery
	if !due && len(recheck) == 0 {
		return
	}
	if due {
		b.beats = now
	}
	var sessions []*session
	var rows []charge.LineSession
	for _, n := range slices.SortedFunc(slices.Values(b.all()), byLogin) {
		at := n.beat.Load()
		wanted := recheck[n.route] || recheck[charge.LotID{}] || due &&
			(at > n.told || now.Sub(time.UnixMilli(at)) >= doubtful)
		if n.epoch.Load() != 0 && wanted {
			n.told = at
			sessions, rows = append(sessions, n), append(rows, n.row(b.node))
		}
	}
	if len(rows) == 0 {
		return
	}
	ctx, cancel := b.within(context.Background(), bookWait)
	defer cancel()
	gone, err := b.keep.Beat(ctx, rows)
	if err != nil {
		b.log.Error("heartbeats were not stored", "count", len(rows), "error", err)
		return
	}
	lost := make(map[sessionKey]bool)
	for _, r := range gone {
		lost[sessionKey{r.Lot, r.LocalID, r.Link}] = true
	}
	for i, n := range sessions {
		n.epoch.Store(rows[i].Epoch)
		if lost[sessionKey{n.route, n.localID, n.link}] {
			b.gone(n)
		}
	}
}

type sessionKey struct {
	lot     charge.LotID
	localID string
	link    charge.Link
}
