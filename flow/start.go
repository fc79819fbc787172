package flow

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbox"
)

// mostReports bounds the reports in flight on one node; deliveries are bounded by the kind of lot.
const mostReports = 64

// New makes a Flow. jobs is a separate parameter because only the runner uses it.
func New(cfg Config, jobs outbox.Storage) *Flow {
	if cfg.Linked == nil {
		cfg.Linked = func(charge.LotID) bool { return false }
	}
	cfg.Machine = cfg.Machine.Real()
	f := &Flow{cfg: cfg, turns: outbox.Turns{Go: cfg.Machine.Go}, floods: limit.NewRate[[2]string](1),
		strangers: newRefusals(), recording: newRecording(), taking: make(chan struct{}, mostTaking),
		retries: make(chan struct{}, mostRetries)}
	f.expiry = newExpirer(f)
	f.runner = outbox.New(outbox.Config{
		Storage: jobs, Node: cfg.Node, Lease: cfg.Lease, Poll: cfg.Poll, Now: cfg.Now, Logger: cfg.Logger,
		Lanes: f.lanes(),
	})
	return f
}

// mostPosts bounds the webhooks' messages in flight on one node.
const mostPosts = 128

// lanes makes one lane for each kind of lot that something is sent to, one for reports and one for webhooks.
func (f *Flow) lanes() map[outbox.Kind]outbox.Lane {
	lanes := map[outbox.Kind]outbox.Lane{outbox.KindReport: {Handle: f.handleReport, Most: mostReports}}
	if f.cfg.Webhooks != nil {
		lanes[outbox.KindWebhook] = outbox.Lane{Handle: f.handleWebhook, Most: mostPosts}
	}
	for _, kind := range lot.Kinds() {
		if kind.Sends() {
			lanes[jobKind(kind.Channel)] = outbox.Lane{Handle: f.handleDelivery, Most: kind.AtOnce}
		}
	}
	return lanes
}

// Start begins to deliver, report and expire.
func (f *Flow) Start() {
	f.runner.Start()
	f.expiry.start()
}

// Stop lets what is in flight finish, until ctx ends. It expires no more holds: they are stored.
func (f *Flow) Stop(ctx context.Context) {
	gone := f.expiry.end()
	f.runner.Stop(ctx)
	select {
	case <-gone:
	case <-ctx.Done():
	}
}

// Runner is what claims due work. Only a simulator needs it: it opens the runner in place of Start, and says itself
// when work is claimed, leases are renewed and holds expire.
func (f *Flow) Runner() *outbox.Runner { return f.runner }

// InFlight counts the deliveries and reports in flight on this node.
func (f *Flow) InFlight() int { return f.runner.InFlight() }

// Hint says that another node has made jobs of a kind due for this one.
func (f *Flow) Hint(kind outbox.Kind) { f.runner.Hint(kind) }

// expireEvery is how often deadlines are looked at.
const expireEvery = time.Second

func newExpirer(f *Flow) *expirer { return &expirer{f: f} }

func (e *expirer) start() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stop != nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	gone := make(chan struct{})
	e.stop, e.gone = stop, gone
	go func() {
		defer close(gone)
		tick := time.NewTicker(expireEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			for e.f.ExpireHolds(ctx) == expireAtOnce {
			}
		}
	}()
}

// end asks the expirer to stop; what it returns is closed once it has. It is harmless twice, and before start.
func (e *expirer) end() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone == nil {
		e.gone = make(chan struct{})
		close(e.gone)
	}
	if e.stop != nil {
		e.stop()
		e.stop = nil
	}
	return e.gone
}
