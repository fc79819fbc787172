package outbox

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Handler does one job and calls done exactly once, from any goroutine, when the job has been completed, put
// off or given up in storage. carry is what Hand was given, nil for claimed jobs. A handler must not block.
type Handler func(j Job, carry any, done func())

// Lane is how one kind of job is worked on.
type Lane struct {
	Handle Handler
	Most   int // jobs in flight on this node
}

// Config sets up a Runner.
type Config struct {
	Storage Storage
	Node    string
	Lanes   map[Kind]Lane
	Lease   time.Duration // longer than any handler's own time limit; renewed at a third of it
	Poll    time.Duration // the backstop to Hint
	Now     func() time.Time
	Logger  *slog.Logger
}

// Defaults of Config.
const (
	DefaultLease = 30 * time.Second
	DefaultPoll  = time.Second
	claimAtOnce  = 256
)

// Runner keeps jobs going. Start returns at once, Stop waits; both are harmless twice.
type Runner struct {
	cfg    Config
	mu     sync.Mutex
	flying map[int64]Kind
	count  map[Kind]int
	wake   map[Kind]chan struct{}
	stop   context.CancelFunc // of claiming
	rest   context.CancelFunc // of renewing, which goes on until what is in flight is done
	loops  sync.WaitGroup
	keeper sync.WaitGroup
	idle   *sync.Cond
}

// New makes a Runner that does nothing until Start.
func New(cfg Config) *Runner {
	if cfg.Lease == 0 {
		cfg.Lease = DefaultLease
	}
	if cfg.Poll == 0 {
		cfg.Poll = DefaultPoll
	}
	r := &Runner{cfg: cfg, flying: map[int64]Kind{}, count: map[Kind]int{}, wake: map[Kind]chan struct{}{}}
	r.idle = sync.NewCond(&r.mu)
	for kind := range cfg.Lanes {
		r.wake[kind] = make(chan struct{}, 1)
	}
	return r
}

// LeaseUntil is how long a lease taken now holds, for jobs that are stored already leased to this node.
func (r *Runner) LeaseUntil(now time.Time) time.Time { return now.Add(r.cfg.Lease) }

// Start begins to claim and renew.
func (r *Runner) Start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop != nil {
		return
	}
	sweeping, stop := context.WithCancel(context.Background())
	renewing, rest := context.WithCancel(context.Background())
	r.stop, r.rest = stop, rest
	for kind := range r.cfg.Lanes {
		r.loops.Go(func() { r.sweep(sweeping, kind) })
	}
	r.keeper.Go(func() { r.renew(renewing) })
}

// Stop claims nothing more and waits until what is in flight is done or ctx ends. What is left keeps its
// lease and is taken up after it.
func (r *Runner) Stop(ctx context.Context) {
	r.mu.Lock()
	stop, rest := r.stop, r.rest
	r.stop = nil
	r.mu.Unlock()
	if stop == nil {
		return
	}
	stop()
	r.loops.Wait()
	defer r.keeper.Wait()
	defer rest()
	unblock := context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.idle.Broadcast()
	})
	defer unblock()
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.flying) > 0 && ctx.Err() == nil {
		r.idle.Wait()
	}
}

// Hand gives a job that this node stored already leased to itself. Where its lane is full the job stays
// in storage: its lease runs out and a claim takes it up.
func (r *Runner) Hand(j Job, carry any) {
	if r.board(j) {
		r.cfg.Lanes[j.Kind].Handle(j, carry, func() { r.land(j) })
	}
}

// Hint says that jobs of a kind may be due now.
func (r *Runner) Hint(kind Kind) {
	select {
	case r.wake[kind] <- struct{}{}:
	default:
	}
}

// InFlight counts the jobs in flight.
func (r *Runner) InFlight() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.flying)
}

// board notes a job as in flight; false where it already is, or its lane is full or closed.
func (r *Runner) board(j Job) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	lane, known := r.cfg.Lanes[j.Kind]
	if _, twice := r.flying[j.ID]; twice || !known || r.stop == nil || r.count[j.Kind] >= lane.Most {
		return false
	}
	r.flying[j.ID] = j.Kind
	r.count[j.Kind]++
	return true
}

func (r *Runner) land(j Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, flying := r.flying[j.ID]; !flying {
		return
	}
	delete(r.flying, j.ID)
	r.count[j.Kind]--
	if len(r.flying) == 0 {
		r.idle.Broadcast()
	}
	if r.count[j.Kind] == r.cfg.Lanes[j.Kind].Most-1 {
		r.Hint(j.Kind) // there is room again
	}
}

func (r *Runner) room(kind Kind) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return min(r.cfg.Lanes[kind].Most-r.count[kind], claimAtOnce)
}

// sweep claims what is due, at every hint and every poll.
func (r *Runner) sweep(ctx context.Context, kind Kind) {
	tick := time.NewTicker(r.cfg.Poll)
	defer tick.Stop()
	for {
		for r.claim(ctx, kind) {
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.wake[kind]:
		}
	}
}

// claim takes one helping and reports whether there may be more.
func (r *Runner) claim(ctx context.Context, kind Kind) bool {
	room := r.room(kind)
	if room <= 0 || ctx.Err() != nil {
		return false
	}
	now := r.cfg.Now()
	jobs, err := r.cfg.Storage.ClaimJobs(ctx, r.cfg.Node, kind, now, r.LeaseUntil(now), room)
	if err != nil {
		if ctx.Err() == nil {
			r.cfg.Logger.Warn("claiming due work failed; it is tried again", "kind", kind, "error", err)
		}
		return false
	}
	for _, j := range jobs {
		r.Hand(j, nil)
	}
	return len(jobs) == room
}

// renew keeps the leases of what is in flight.
func (r *Runner) renew(ctx context.Context) {
	tick := time.NewTicker(r.cfg.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.mu.Lock()
		ids := make([]int64, 0, len(r.flying))
		for id := range r.flying {
			ids = append(ids, id)
		}
		r.mu.Unlock()
		if len(ids) == 0 {
			continue
		}
		if err := r.cfg.Storage.RenewJobs(ctx, r.cfg.Node, ids, r.LeaseUntil(r.cfg.Now())); err != nil && ctx.Err() == nil {
			r.cfg.Logger.Warn("renewing leases failed; work may be taken over", "jobs", len(ids), "error", err)
		}
	}
}
