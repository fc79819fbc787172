// Package flow is the story of a charge: accepted, matched to its stay, decided by rule, delivered into the lot,
// settled at the exit, reported to its platform. Each step is a file. What is stored at one step is stored
// in one transaction; an answer leaves only after its commit.
package flow

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
)

// ErrNotFound says that there is no such charge, stay, push or lot.
var ErrNotFound = errors.New("not found")

// ErrBusy says that nothing was read or taken: the database is away or too much waits for it. Try again later.
var ErrBusy = outbox.ErrBusy

// Estate is what the story needs to know of vendors, lots, accounts and bindings. One Estate is a snapshot
// that does not change.
type Estate interface {
	lot.Directory
	// Account finds an account that is not off.
	Account(id string) (charge.Account, bool)
	// Binding finds the binding of an account to a lot, switched off ones too.
	Binding(account string, id charge.LotID) (charge.Binding, bool)
	// LotOfCharger finds the lot whose binding with the account lists one of the charger ids, tried in order.
	LotOfCharger(account string, chargers []string) (id charge.LotID, charger string, ok bool)
	// Children lists the lots whose parent a lot is.
	Children(id charge.LotID) []charge.LotID
}

// Observer hears what happened, for metrics. Its methods must not block.
type Observer interface {
	Pushed(platform string, outcome charge.Outcome)
	Moved(state charge.State, reason charge.Reason)
	Tried(channel charge.DeliveryChannel, result charge.AttemptResult)
	Delivered(id charge.LotID, channel charge.DeliveryChannel, since time.Duration)
	StrayAck(id charge.LotID)
}

// Reports tells usages to platforms over HTTP; see report.go.
type Reports interface {
	// Report tells one usage to the account's target. taken is false where a new try can help.
	Report(ctx context.Context, a charge.Account, u platform.Used) (taken bool, detail string)
}

// Opener opens a stored request again, as intake would have at the time it was received.
type Opener interface {
	Reopen(p charge.Push) (platform.Push, platform.Account, platform.Message, error)
}

// Config is what a Flow is made of.
type Config struct {
	Storage  Storage
	Estate   func() Estate
	Dialect  func(id string) (platform.Dialect, bool)
	Channels map[charge.DeliveryChannel]lot.Channel // line and callback
	Prices   map[charge.LotKind]lot.Pricer          // sdk and api
	Reports  Reports
	Opener   Opener
	Observer Observer
	// Linked reports whether any node holds a line of a lot; nil: there is no other node.
	Linked func(charge.LotID) bool
	// Notify tells other nodes that jobs of a kind are due; nil where there are none.
	Notify func(outbox.Kind)
	IDs    func() int64
	Node   string
	Now    func() time.Time
	Logger *slog.Logger
	// Lease and Poll are the outbox's; 0 is its default.
	Lease, Poll time.Duration
}

// Flow tells the story. It implements platform.Taker, lot.Events and ledger.Gate.
type Flow struct {
	cfg     Config
	runner  *outbox.Runner
	expiry  *expirer
	floods  floods
	taking  chan struct{} // holds one for each push that is being stored
	retries chan struct{} // holds one for each delivery that is being looked at again before another try
}

// limits of work in flight on one node.
const (
	mostLines     = 20_000
	mostCallbacks = 4_096
	mostReports   = 64

	// Pushes beyond are told "busy" at once. The queue of the store is longer, but what waits at its end would be
	// answered after its platform has given up, and results of deliveries need room there too.
	mostTaking = 1024

	// What was put off for dead lots comes due in bursts. Looked at all at once it would fill the writer's batches,
	// and the pushes of healthy lots would wait for it.
	mostRetries = 8
)

// New makes a Flow; the outbox's own storage comes apart, since only the runner talks to it.
func New(cfg Config, jobs outbox.Storage) *Flow {
	if cfg.Linked == nil {
		cfg.Linked = func(charge.LotID) bool { return false }
	}
	f := &Flow{cfg: cfg, taking: make(chan struct{}, mostTaking), retries: make(chan struct{}, mostRetries)}
	f.expiry = newExpirer(f)
	f.runner = outbox.New(outbox.Config{
		Storage: jobs, Node: cfg.Node, Lease: cfg.Lease, Poll: cfg.Poll, Now: cfg.Now, Logger: cfg.Logger,
		Lanes: map[outbox.Kind]outbox.Lane{
			outbox.KindLine:     {Handle: f.handleDelivery, Most: mostLines},
			outbox.KindCallback: {Handle: f.handleDelivery, Most: mostCallbacks},
			outbox.KindReport:   {Handle: f.handleReport, Most: mostReports},
		},
	})
	return f
}

// Start begins to deliver, report and expire.
func (f *Flow) Start() {
	f.runner.Start()
	f.expiry.start()
}

// Stop lets what is in flight finish, until ctx ends.
func (f *Flow) Stop(ctx context.Context) {
	f.expiry.stop()
	f.runner.Stop(ctx)
}

// InFlight counts the deliveries and reports in flight on this node.
func (f *Flow) InFlight() int { return f.runner.InFlight() }

// Hint says that another node has made jobs of a kind due for this one.
func (f *Flow) Hint(kind outbox.Kind) { f.runner.Hint(kind) }

// after knows the visits that a transaction holds, and collects what may happen only once it has been
// committed.
type after struct {
	held  []charge.VisitKey
	hands []handed
	moves []moved
	tell  []func(Observer)
	wake  []outbox.Kind // jobs of these kinds have become due
	afar  bool          // a line delivery was left to whichever node holds the line
}

type handed struct {
	job   outbox.Job
	carry any
}

type moved struct {
	state  charge.State
	reason charge.Reason
}

func (a *after) reset() {
	a.hands, a.moves, a.tell, a.wake, a.afar = a.hands[:0], a.moves[:0], a.tell[:0], a.wake[:0], false
}

// write runs fn in a transaction over visits, adding visits that turn out to be needed, and does what fn
// left for after the commit.
func (f *Flow) write(ctx context.Context, visits []charge.VisitKey, fn func(Tx, *after) error) error {
	return f.writeBy(ctx, f.cfg.Storage.Write, visits, fn)
}

// storageWrite is one of a Storage's ways to write.
type storageWrite func(ctx context.Context, visits []charge.VisitKey, fn func(Tx) error) error

// writeBy is write by one of the storage's ways.
func (f *Flow) writeBy(ctx context.Context, way storageWrite, visits []charge.VisitKey, fn func(Tx, *after) error) error {
	var then after
	for {
		var more *moreVisits
		err := way(ctx, visits, func(tx Tx) error {
			then.reset() // the store may run fn again
			then.held = visits
			return fn(tx, &then)
		})
		if errors.As(err, &more) && len(visits) < 16 {
			visits = append(visits, more.visits...)
			continue
		}
		if err != nil {
			return err
		}
		break
	}
	for _, m := range then.moves {
		f.cfg.Observer.Moved(m.state, m.reason)
	}
	for _, tell := range then.tell {
		tell(f.cfg.Observer)
	}
	for _, kind := range then.wake {
		f.runner.Hint(kind)
	}
	for _, h := range then.hands {
		f.runner.Hand(h.job, h.carry)
	}
	if then.afar && f.cfg.Notify != nil {
		f.cfg.Notify(outbox.KindLine)
	}
	return nil
}

// moreVisits says that a transaction has met a visit it does not hold.
type moreVisits struct{ visits []charge.VisitKey }

func (m *moreVisits) Error() string { return "needs more visits" }

// hold gives an error that makes write run again with a visit, where the transaction does not hold it.
func (a *after) hold(v charge.VisitKey) error {
	if containsVisit(a.held, v) {
		return nil
	}
	return &moreVisits{[]charge.VisitKey{v}}
}

func containsVisit(held []charge.VisitKey, v charge.VisitKey) bool {
	for _, h := range held {
		if h == v {
			return true
		}
	}
	return false
}

// move puts a charge into a state for a reason and stores it.
func move(tx Tx, then *after, c *charge.Charge, s charge.State, r charge.Reason, at time.Time) error {
	c.State, c.Reason, c.UpdatedAt = s, r, at
	then.moves = append(then.moves, moved{s, r})
	return tx.SetCharge(c)
}

// newUUID is a reduction's id, 32 hex digits as the documented examples have it. It begins with the time, so that the
// ids of one time lie together in their index, and the rest is random.
func newUUID(now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	rand.Read(b[6:])
	return hex.EncodeToString(b[:])
}

// day is the day of a time in Asia/Shanghai, "2026-01-31".
func day(t time.Time) string { return t.In(charge.Shanghai).Format(time.DateOnly) }
