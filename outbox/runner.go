package outbox

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// Handler does one job and calls done exactly once, from any goroutine, when the job has been completed, put
// off or given up in storage. carry is what Place.Hand was called with, nil for claimed jobs. A handler must not
// block.
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
	flying map[int64]*flight // by job
	free   int               // places that are reserved and have no job yet
	count  map[Kind]int      // jobs in flight and places reserved
	routes map[string]*route // that have jobs in flight
	denied map[Kind]bool     // a place was asked for in vain since one was last given back
	wake   map[Kind]chan struct{}
	stop   context.CancelFunc // of claiming
	rest   context.CancelFunc // of renewing, which goes on until what is in flight is done
	loops  sync.WaitGroup
	keeper sync.WaitGroup
	idle   *sync.Cond
}

// flight is a job in flight.
type flight struct {
	job  Job
	next *Job // the same, claimed again meanwhile: its lease was taken away, so that the work in flight comes to nothing
}

// route counts the jobs in flight of one route.
type route struct {
	flying int
	full   bool // there have been RouteMost since there were few: more may wait in storage
}

// few is with how many jobs left in flight a route that was full is given more, so that it need not wait for a poll.
const few = RouteMost / 4

// New makes a Runner that does nothing until Start.
func New(cfg Config) *Runner {
	if cfg.Lease == 0 {
		cfg.Lease = DefaultLease
	}
	if cfg.Poll == 0 {
		cfg.Poll = DefaultPoll
	}
	r := &Runner{cfg: cfg, flying: map[int64]*flight{}, count: map[Kind]int{}, routes: map[string]*route{},
		denied: map[Kind]bool{}, wake: map[Kind]chan struct{}{}}
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
	sweeping, renewing, opened := r.open()
	if !opened {
		return
	}
	for kind := range r.cfg.Lanes {
		r.loops.Go(func() { r.sweep(sweeping, kind) })
	}
	r.keeper.Go(func() { r.renew(renewing) })
}

// Open is Start for a caller that calls Claim and Renew by itself: a simulator.
func (r *Runner) Open() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open()
}

func (r *Runner) open() (sweeping, renewing context.Context, opened bool) {
	if r.stop != nil {
		return nil, nil, false
	}
	sweeping, r.stop = context.WithCancel(context.Background())
	renewing, r.rest = context.WithCancel(context.Background())
	return sweeping, renewing, true
}

// Stop claims and reserves nothing more and waits until what is in flight is done or ctx ends. What is left keeps
// its lease and is taken up after it.
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
	for len(r.flying)+r.free > 0 && ctx.Err() == nil {
		r.idle.Wait()
	}
}

// Place is room in a lane for one job. Hand or Release uses it up.
type Place struct {
	r    *Runner
	kind Kind
}

// Reserve takes a place in a lane for a job that is about to be stored leased to this node. ok is false where the
// lane is full, unknown, or the Runner does not run: the job must then be stored due and not leased, since a lease
// says that this node works on it.
func (r *Runner) Reserve(kind Kind) (p Place, ok bool) {
	return Place{r, kind}, r.reserve(kind, 1) == 1
}

// Hand starts work on a job that was stored leased to this node. One that is in flight already is left alone, or where
// it has been claimed anew since, begun when it has landed.
func (p Place) Hand(j Job, carry any) {
	if p.r.board(p.kind, j) {
		p.r.handle(j, carry)
	}
}

func (r *Runner) handle(j Job, carry any) {
	r.cfg.Lanes[j.Kind].Handle(j, carry, func() {
		if next := r.land(j); next != nil {
			r.handle(*next, nil)
		}
	})
}

// Release returns a place that no job has come to need.
func (p Place) Release() { p.r.release(p.kind, 1) }

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

// reserve takes up to most places in a lane and returns how many it got.
func (r *Runner) reserve(kind Kind, most int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	lane, known := r.cfg.Lanes[kind]
	if !known || r.stop == nil {
		return 0
	}
	n := max(0, min(lane.Most-r.count[kind], most))
	if n == 0 {
		r.denied[kind] = true
	}
	r.count[kind] += n
	r.free += n
	return n
}

// release returns n places.
func (r *Runner) release(kind Kind, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free -= n
	r.vacate(kind, n)
}

// board puts a job in its reserved place; false where it is in flight already.
func (r *Runner) board(kind Kind, j Job) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free--
	if f := r.flying[j.ID]; f != nil {
		if j.Fence > f.job.Fence {
			f.next = &j
		}
		r.vacate(kind, 1)
		return false
	}
	r.flying[j.ID] = &flight{job: j}
	of := r.routes[j.Route]
	if of == nil {
		of = &route{}
		r.routes[j.Route] = of
	}
	of.flying++
	of.full = of.full || of.flying >= RouteMost
	return true
}

// land ends a job's flight, and returns what takes its place: the same job where it has been claimed anew. One that
// goes another way now, or that a stop leaves, waits for the end of its lease.
func (r *Runner) land(j Job) (next *Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.flying[j.ID]
	if f == nil || f.job.Fence != j.Fence {
		return nil // has landed
	}
	if f.next != nil && f.next.Route == j.Route && r.stop != nil {
		next, f.next = f.next, nil
		f.job = *next
		return next
	}
	delete(r.flying, j.ID)
	of := r.routes[j.Route]
	of.flying--
	if of.full && of.flying <= few {
		of.full = false
		r.Hint(j.Kind)
	}
	if of.flying == 0 {
		delete(r.routes, j.Route)
	}
	r.vacate(j.Kind, 1)
	return nil
}

// vacate counts n places of a lane as free again; where somebody had asked in vain, what waits in storage is
// claimed.
func (r *Runner) vacate(kind Kind, n int) {
	r.count[kind] -= n
	if len(r.flying)+r.free == 0 {
		r.idle.Broadcast()
	}
	if n > 0 && r.denied[kind] {
		r.denied[kind] = false
		r.Hint(kind)
	}
}

// sweep claims what is due, at every hint and every poll.
func (r *Runner) sweep(ctx context.Context, kind Kind) {
	tick := time.NewTicker(r.cfg.Poll)
	defer tick.Stop()
	for {
		for r.Claim(ctx, kind) {
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.wake[kind]:
		}
	}
}

// Claim takes one helping of what is due and reports whether there may be more.
func (r *Runner) Claim(ctx context.Context, kind Kind) bool {
	if ctx.Err() != nil {
		return false
	}
	room := r.reserve(kind, claimAtOnce)
	if room == 0 {
		return false
	}
	now := r.cfg.Now()
	jobs, err := r.cfg.Storage.ClaimJobs(ctx, r.cfg.Node, kind, now, r.LeaseUntil(now), room)
	if err != nil {
		r.release(kind, room)
		if ctx.Err() == nil {
			r.cfg.Logger.Warn("claiming due work failed; it is tried again", "kind", kind, "error", err)
		}
		return false
	}
	for _, j := range jobs {
		Place{r, kind}.Hand(j, nil)
	}
	r.release(kind, room-len(jobs))
	return len(jobs) == room
}

// renew keeps the leases of what is in flight until ctx ends.
func (r *Runner) renew(ctx context.Context) {
	tick := time.NewTicker(r.cfg.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.Renew(ctx)
	}
}

// Renew extends the leases of the jobs in flight.
func (r *Runner) Renew(ctx context.Context) {
	r.mu.Lock()
	ids := slices.Sorted(maps.Keys(r.flying))
	r.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	if err := r.cfg.Storage.RenewJobs(ctx, r.cfg.Node, ids, r.LeaseUntil(r.cfg.Now())); err != nil && ctx.Err() == nil {
		r.cfg.Logger.Warn("renewing leases failed; work may be taken over", "jobs", len(ids), "error", err)
	}
}
