package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chargestamp/chargestamp/machine"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a Storage in memory. It has no clock: time is what a test sets.
type shelf struct {
	mu     sync.Mutex
	jobs   map[int64]*Job
	fail   error
	claims int
	renews []int64
}

func newShelf(jobs ...Job) *shelf {
	s := &shelf{jobs: map[int64]*Job{}}
	for _, j := range jobs {
		s.jobs[j.ID] = &j
	}
	return s
}

func (s *shelf) ClaimJobs(_ context.Context, node string, kind Kind, now, until time.Time, limit int) ([]Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claims++
	if s.fail != nil {
		return nil, s.fail
	}
	var got []Job
	of := map[string]int{} // leased jobs of each line
	for _, j := range s.jobs {
		if j.Kind == KindLine && j.Lease != "" && j.LeaseUntil.After(now) {
			of[j.Route]++
		}
	}
	for _, j := range s.jobs {
		if j.Kind == KindLine && of[j.Route] == RouteMost {
			continue
		}
		if len(got) < limit && j.Kind == kind && !j.DueAt.After(now) && (j.Lease == "" || !j.LeaseUntil.After(now)) {
			j.Lease, j.LeaseUntil = node, until
			j.Fence++
			of[j.Route]++
			got = append(got, *j)
		}
	}
	return got, nil
}

func (s *shelf) RenewJobs(_ context.Context, node string, ids []int64, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	for _, id := range ids {
		if j := s.jobs[id]; j != nil && j.Lease == node {
			j.LeaseUntil = until
			s.renews = append(s.renews, id)
		}
	}
	return nil
}

func (s *shelf) put(j Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[j.ID] = &j
}

// complete ends a job as a handler's transaction would: only for the job's holder.
func (s *shelf) complete(j Job, node string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	cur := s.jobs[j.ID]
	if cur == nil || cur.Fence != j.Fence || cur.Lease != node {
		return false
	}
	delete(s.jobs, j.ID)
	return true
}

func (s *shelf) breakDown(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *shelf) lease(id int64) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.jobs[id].LeaseUntil
}

// hands is a Handler that keeps what it was given until a test lets it go on.
type hands struct {
	mu   sync.Mutex
	held []given
}

type given struct {
	job   Job
	carry any
	done  func()
}

func (h *hands) handle(j Job, carry any, done func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = append(h.held, given{j, carry, done})
}

func (h *hands) take() []given {
	h.mu.Lock()
	defer h.mu.Unlock()
	held := h.held
	h.held = nil
	slices.SortFunc(held, func(a, b given) int { return int(a.job.ID - b.job.ID) })
	return held
}

func ids(held []given) string {
	var all []int64
	for _, g := range held {
		all = append(all, g.job.ID)
	}
	return fmt.Sprint(all)
}

func start(t *testing.T, s *shelf, h *hands, most int) *Runner {
	t.Helper()
	r := New(Config{Storage: s, Node: "a", Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Lanes: map[Kind]Lane{KindCallback: {Handle: h.handle, Most: most}, KindLine: {Handle: h.handle, Most: most}}})
	r.Start()
	r.Start() // harmless twice
	return r
}

// due is a job that waits.
func due(id int64) Job { return Job{ID: id, Kind: KindCallback, DueAt: time.Now()} }

func TestClaimsWhatIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		later := due(2)
		later.DueAt = time.Now().Add(5 * time.Second)
		s, h := newShelf(due(1), later), &hands{}
		r := start(t, s, h, 10)
		defer r.Stop(t.Context())
		synctest.Wait()
		first := h.take()
		if ids(first) != "[1]" || first[0].job.Fence != 1 || first[0].carry != nil {
			t.Fatalf("at the start: %+v, want job 1 with fence 1", first)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if got := h.take(); len(got) > 0 {
			t.Errorf("before it was due: %s", ids(got))
		}
		time.Sleep(time.Second + DefaultPoll)
		synctest.Wait()
		second := h.take()
		if ids(second) != "[2]" {
			t.Errorf("once it was due: %s, want job 2 and no other", ids(second))
		}
		for _, g := range append(first, second...) {
			g.done()
		}
	})
}

// A hint is quicker than polling, and polling needs no hint.
func TestHintAndPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newShelf(), &hands{}
		r := start(t, s, h, 10)
		defer r.Stop(t.Context())
		synctest.Wait()
		at := time.Now()
		s.put(due(1))
		r.Hint(KindCallback)
		r.Hint(KindReport) // no such lane here
		synctest.Wait()
		got := h.take()
		if ids(got) != "[1]" || time.Since(at) != 0 {
			t.Errorf("after a hint: %s after %v", ids(got), time.Since(at))
		}
		s.put(due(2))
		time.Sleep(DefaultPoll)
		synctest.Wait()
		got = append(got, h.take()...)
		if ids(got) != "[1 2]" {
			t.Errorf("after a poll: %s", ids(got))
		}
		for _, g := range got {
			g.done()
		}
	})
}

// hand stores a job as this node's own and starts it, where the lane has a place.
func hand(r *Runner, s *shelf, j Job, carry any) bool {
	place, ok := r.Reserve(j.Kind)
	if ok {
		s.put(j)
		place.Hand(j, carry)
	}
	return ok
}

// A full lane takes nothing in, neither by hand nor by claim; room brings the next ones at once. A job that found no
// place is stored due, so no lease says that this node works on it.
func TestFullLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newShelf(due(1), due(2), due(3)), &hands{}
		r := start(t, s, h, 2)
		defer r.Stop(t.Context())
		synctest.Wait()
		first := h.take()
		if len(first) != 2 || r.InFlight() != 2 {
			t.Fatalf("%d of 3 jobs in a lane of 2, %d in flight", len(first), r.InFlight())
		}
		if hand(r, s, Job{ID: 9, Kind: KindCallback, Lease: "a", LeaseUntil: r.LeaseUntil(time.Now()), Fence: 1}, "memory") {
			t.Fatal("a full lane had a place")
		}
		s.put(due(9))
		for _, g := range first {
			if !s.complete(g.job, "a") {
				t.Errorf("job %d is not ours", g.job.ID)
			}
			g.done()
			g.done() // harmless twice
		}
		synctest.Wait()
		last := h.take()
		if len(last) != 2 || last[1].job.ID != 9 || last[1].job.Fence != 1 || r.InFlight() != 2 {
			t.Fatalf("after there was room: %s, %d in flight", ids(last), r.InFlight())
		}
		for _, g := range last {
			s.complete(g.job, "a")
			g.done()
		}
	})
}

// A line that had as many jobs as it may have is given more as soon as few are left, not at the next poll.
func TestFullRouteGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const waiting = 5 * RouteMost
		s, h := newShelf(), &hands{}
		for id := range int64(waiting) {
			s.put(Job{ID: id + 1, Kind: KindLine, Route: "610001/1", DueAt: time.Now()})
		}
		r := start(t, s, h, 10*RouteMost)
		defer r.Stop(t.Context())
		begin := time.Now()
		var held []given
		for done := 0; done < waiting; done++ {
			synctest.Wait()
			if held = append(held, h.take()...); len(held) == 0 {
				t.Fatalf("after %d of %d jobs there are none in flight", done, waiting)
			}
			if len(held) > RouteMost {
				t.Fatalf("%d jobs of one line are in flight", len(held))
			}
			if !s.complete(held[0].job, "a") {
				t.Fatalf("job %d is not ours", held[0].job.ID)
			}
			held[0].done()
			held = held[1:]
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("%d jobs waited %v for polls", waiting, took)
		}
	})
}

// A place counts against the lane until it is used or given back, and a lane without work is not claimed for again
// and again because claiming itself takes places.
func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newShelf(), &hands{}
		r := start(t, s, h, 2)
		synctest.Wait()
		first, ok1 := r.Reserve(KindCallback)
		second, ok2 := r.Reserve(KindCallback)
		if _, ok := r.Reserve(KindCallback); !ok1 || !ok2 || ok {
			t.Fatalf("three places asked for in a lane of two: %v, %v, %v", ok1, ok2, ok)
		}
		s.put(due(1))
		time.Sleep(DefaultPoll)
		synctest.Wait()
		if got := h.take(); len(got) > 0 {
			t.Fatalf("a lane whose places are reserved took %s", ids(got))
		}
		first.Release()
		synctest.Wait()
		got := h.take()
		if ids(got) != "[1]" {
			t.Fatalf("once a place was given back: %s, want job 1", ids(got))
		}
		s.complete(got[0].job, "a")
		got[0].done()
		synctest.Wait()
		s.mu.Lock()
		claims := s.claims
		s.mu.Unlock()
		time.Sleep(10*DefaultPoll + DefaultPoll/2)
		synctest.Wait()
		s.mu.Lock()
		claims = s.claims - claims
		s.mu.Unlock()
		if claims != 20 { // two lanes
			t.Errorf("asked %d times in ten polls, want 20", claims)
		}

		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			r.Stop(context.Background())
		}()
		synctest.Wait()
		select {
		case <-stopped:
			t.Fatal("Stop did not wait for a place whose job may be stored already")
		default:
		}
		if _, ok := r.Reserve(KindCallback); ok {
			t.Error("a place was given while stopping")
		}
		second.Hand(Job{ID: 2, Kind: KindCallback}, "memory")
		got = h.take()
		if ids(got) != "[2]" {
			t.Fatalf("the reserved place was not good for its job: %s", ids(got))
		}
		got[0].done()
		<-stopped
	})
}

// What this node stored already leased is handed over with what it carries, and once only.
func TestHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newShelf(), &hands{}
		r := start(t, s, h, 10)
		own := Job{ID: 1, Kind: KindCallback, DueAt: time.Now(), Lease: "a", LeaseUntil: r.LeaseUntil(time.Now()), Fence: 1}
		hand(r, s, own, "memory")
		hand(r, s, own, "again")
		if hand(r, s, Job{ID: 2, Kind: KindReport}, "no lane") {
			t.Error("a lane that is not there had a place")
		}
		synctest.Wait()
		got := h.take()
		if len(got) != 1 || got[0].carry != "memory" {
			t.Fatalf("handed over: %+v", got)
		}
		got[0].done()
		r.Stop(t.Context())
		if hand(r, s, own, "after the stop") {
			t.Error("a stopped runner had a place")
		}
	})
}

// A job whose lease was taken away while it was in flight, and that was claimed anew, is begun when it has landed: what
// was in flight comes to nothing, and its lease would keep everybody else from it.
func TestClaimedAnewInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newShelf(due(1)), &hands{}
		r := start(t, s, h, 10)
		synctest.Wait()
		first := h.take()
		s.mu.Lock()
		s.jobs[1].Lease, s.jobs[1].LeaseUntil = "", time.Time{} // as support has it sent again
		s.mu.Unlock()
		r.Hint(KindCallback)
		synctest.Wait()
		if got := h.take(); len(got) != 0 || r.InFlight() != 1 {
			t.Fatalf("in flight twice: %s, %d counted", ids(got), r.InFlight())
		}
		first[0].done()
		synctest.Wait()
		second := h.take()
		if ids(second) != "[1]" || second[0].job.Fence != 2 || r.InFlight() != 1 {
			t.Fatalf("behind the first flight: %+v, %d counted", second, r.InFlight())
		}
		first[0].done() // of a flight that is over
		if r.InFlight() != 1 {
			t.Error("the end of the first flight ended the second")
		}
		s.mu.Lock()
		s.jobs[1].DueAt = time.Now().Add(time.Hour)
		s.mu.Unlock()
		second[0].done()
		synctest.Wait()
		if got := h.take(); len(got) != 0 || r.InFlight() != 0 {
			t.Errorf("behind the second flight: %s, %d counted", ids(got), r.InFlight())
		}
		r.Stop(t.Context())
	})
}

// The lease of what is in flight is renewed for as long as it takes, through a stop as well; what came back from
// another node's hands is fenced off.
func TestRenewalAndFence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newShelf(due(1)), &hands{}
		r := start(t, s, h, 10)
		synctest.Wait()
		held := h.take()
		for range 10 {
			time.Sleep(DefaultLease / 2)
			synctest.Wait()
			if left := time.Until(s.lease(1)); left < DefaultLease/3 {
				t.Fatalf("the lease of a job in flight has %v left", left)
			}
		}
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			r.Stop(context.Background())
		}()
		time.Sleep(2 * DefaultLease)
		synctest.Wait()
		if left := time.Until(s.lease(1)); left < DefaultLease/3 {
			t.Errorf("the lease of a job in flight has %v left while stopping", left)
		}
		select {
		case <-stopped:
			t.Fatal("Stop did not wait for what is in flight")
		default:
		}

		// The database is away: another node takes over after the lease, and the first one's word counts no more.
		s.breakDown(errors.New("away"))
		time.Sleep(DefaultLease + time.Second)
		s.breakDown(nil)
		taken, err := s.ClaimJobs(t.Context(), "b", KindCallback, time.Now(), time.Now().Add(DefaultLease), 1)
		if err != nil || len(taken) != 1 || taken[0].Fence != 2 {
			t.Fatalf("b took over %+v, %v", taken, err)
		}
		if s.complete(held[0].job, "a") {
			t.Error("a completed what b holds")
		}
		held[0].done()
		<-stopped
		if !s.complete(taken[0], "b") {
			t.Error("b cannot complete what it holds")
		}
	})
}

// A stop ends in time even where a handler does not; the job stays for somebody else.
func TestStopInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newShelf(due(1)), &hands{}
		r := start(t, s, h, 10)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		at := time.Now()
		r.Stop(ctx)
		if took := time.Since(at); took != 3*time.Second {
			t.Errorf("Stop took %v, want 3 s", took)
		}
		r.Stop(ctx) // harmless twice
		if r.InFlight() != 1 {
			t.Errorf("%d in flight", r.InFlight())
		}
	})
}

// A storage that fails is asked again, at the poll's pace.
func TestStorageFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := newShelf(due(1)), &hands{}
		s.breakDown(errors.New("away"))
		r := start(t, s, h, 10)
		defer r.Stop(t.Context())
		time.Sleep(10*DefaultPoll + DefaultPoll/2)
		synctest.Wait()
		s.mu.Lock()
		claims := s.claims
		s.mu.Unlock()
		if claims != 22 { // two lanes: at the start and ten polls
			t.Errorf("asked %d times in ten polls, want 22", claims)
		}
		s.breakDown(nil)
		time.Sleep(DefaultPoll)
		synctest.Wait()
		got := h.take()
		if ids(got) != "[1]" {
			t.Fatalf("once it works: %s", ids(got))
		}
		got[0].done()
	})
}

func TestSchedule(t *testing.T) {
	s := Schedule{10 * time.Second, time.Minute}
	for tries, want := range map[int]time.Duration{-1: s[0], 0: s[0], 1: s[0], 2: s[1], 3: s[1], 100: s[1]} {
		for range 100 {
			if got := s.After(tries, machine.Machine{}.Real()); got < want || got > want+want/20 {
				t.Errorf("after %d tries: %v, want %v and a twentieth at most", tries, got, want)
			}
		}
	}
}
