package flow

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

// limits of work in flight on one node.
const (
	mostLines     = 20_000
	mostCallbacks = 4_096
	mostReports   = 64
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

// expireEvery is how often deadlines are looked at.
const expireEvery = time.Second

func newExpirer(f *Flow) *expirer { return &expirer{f: f} }

func (e *expirer) start() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.quit != nil {
		return
	}
	quit := make(chan struct{})
	e.quit = quit
	e.gone.Go(func() {
		tick := time.NewTicker(expireEvery)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
			}
			for e.f.ExpireHolds(context.Background()) == expireAtOnce {
			}
		}
	})
}

func (e *expirer) stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.quit != nil {
		close(e.quit)
		e.quit = nil
		e.gone.Wait()
	}
}
