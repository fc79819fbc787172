package outbox

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestModel lets three nodes work on one storage while they are stopped, killed and cut off from it, and holds:
// no two nodes work on a job while the first one's lease is good; no lane is fuller than it may be; every job is
// completed once, and completed it is.
func TestModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(noDeadline{t}, func(rt *rapid.T) {
			m := newModel(rt)
			defer m.end()
			rt.Repeat(map[string]func(*rapid.T){
				"add": func(rt *rapid.T) { m.add(rt) }, "finish": func(rt *rapid.T) { m.finish(rt) },
				"pass": func(rt *rapid.T) { m.pass(rt) }, "cut": func(rt *rapid.T) { m.cut(rt) },
				"kill": func(rt *rapid.T) { m.kill(rt) }, "stop": func(rt *rapid.T) { m.stop(rt) },
				"": func(rt *rapid.T) { m.check(rt) },
			})
			m.settle(rt)
		})
	})
}

// noDeadline hides the test's deadline, which is none of the bubble's time.
type noDeadline struct{ testing.TB }

// modelMost is how many jobs a node of the model works on at most.
const modelMost = 3

type model struct {
	storage   *shelf
	nodes     []*modelNode
	next      int64
	completed map[int64]int
}

// modelNode is one process. A killed one goes on in memory, as a frozen machine would, but is cut off for good.
type modelNode struct {
	name   string
	link   *link
	hands  *hands
	runner *Runner
	flying []given
}

// link is a node's way to the storage, which can be cut.
type link struct {
	*shelf
	cut atomic.Bool
}

var errCut = errors.New("cut off")

func (l *link) ClaimJobs(ctx context.Context, node string, kind Kind, now, until time.Time, limit int) ([]Job, error) {
	if l.cut.Load() {
		return nil, errCut
	}
	return l.shelf.ClaimJobs(ctx, node, kind, now, until, limit)
}

func (l *link) RenewJobs(ctx context.Context, node string, ids []int64, until time.Time) error {
	if l.cut.Load() {
		return errCut
	}
	return l.shelf.RenewJobs(ctx, node, ids, until)
}

func newModel(rt *rapid.T) *model {
	m := &model{storage: newShelf(), completed: map[int64]int{}}
	for range 3 {
		m.join()
	}
	return m
}

func (m *model) join() {
	n := &modelNode{name: "node" + time.Duration(len(m.nodes)).String(), link: &link{shelf: m.storage}, hands: &hands{}}
	n.runner = New(Config{Storage: n.link, Node: n.name, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Lanes: map[Kind]Lane{KindCallback: {Handle: n.hands.handle, Most: modelMost}}})
	n.runner.Start()
	m.nodes = append(m.nodes, n)
}

func (m *model) node(rt *rapid.T) *modelNode { return rapid.SampledFrom(m.nodes).Draw(rt, "node") }

// add stores a job, leased to a node that takes it at once, or free for any node.
func (m *model) add(rt *rapid.T) {
	m.next++
	j := Job{ID: m.next, Kind: KindCallback,
		DueAt: time.Now().Add(time.Duration(rapid.IntRange(0, 5).Draw(rt, "due")) * time.Second)}
	n := m.node(rt)
	if n.link.cut.Load() || rapid.Bool().Draw(rt, "unleased") {
		m.storage.put(j)
		n.runner.Hint(KindCallback)
		return
	}
	place, ok := n.runner.Reserve(KindCallback)
	if !ok {
		m.storage.put(j)
		return
	}
	if rapid.IntRange(0, 3).Draw(rt, "fails") == 0 { // the transaction
		place.Release()
		m.next--
		return
	}
	j.Lease, j.LeaseUntil, j.Fence = n.name, n.runner.LeaseUntil(time.Now()), 1
	m.storage.put(j)
	place.Hand(j, "memory")
}

// finish ends one try: done, or put off.
func (m *model) finish(rt *rapid.T) {
	n := m.node(rt)
	m.gather()
	if len(n.flying) == 0 {
		return
	}
	i := rapid.IntRange(0, len(n.flying)-1).Draw(rt, "which")
	again := time.Duration(0)
	if rapid.Bool().Draw(rt, "put off") {
		again = 10 * time.Second
	}
	n.land(m, i, again)
}

func (n *modelNode) land(m *model, i int, again time.Duration) {
	g := n.flying[i]
	n.flying = append(n.flying[:i], n.flying[i+1:]...)
	switch {
	case n.link.cut.Load(): // nothing is stored; the lease will run out
	case again > 0:
		m.storage.putOff(g.job, n.name, again)
	case m.storage.complete(g.job, n.name):
		m.completed[g.job.ID]++
	}
	g.done()
}

func (s *shelf) putOff(j Job, node string, again time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cur := s.jobs[j.ID]; cur != nil && cur.Fence == j.Fence && cur.Lease == node {
		cur.Lease, cur.LeaseUntil, cur.DueAt = "", time.Time{}, time.Now().Add(again)
	}
}

func (m *model) pass(rt *rapid.T) {
	time.Sleep(time.Duration(rapid.IntRange(1, 40).Draw(rt, "seconds")) * time.Second)
}

func (m *model) cut(rt *rapid.T) {
	n := m.node(rt)
	n.link.cut.Store(!n.link.cut.Load())
}

// kill ends a node without a word and starts another one.
func (m *model) kill(rt *rapid.T) {
	i := rapid.IntRange(0, len(m.nodes)-1).Draw(rt, "killed")
	n := m.nodes[i]
	n.link.cut.Store(true)
	n.runner.Stop(ended())
	m.nodes = append(m.nodes[:i], m.nodes[i+1:]...)
	m.join()
}

// stop ends a node as an operator would: what it has in flight finishes.
func (m *model) stop(rt *rapid.T) {
	i := rapid.IntRange(0, len(m.nodes)-1).Draw(rt, "stopped")
	n := m.nodes[i]
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.runner.Stop(context.Background())
	}()
	m.gather()
	for len(n.flying) > 0 {
		n.land(m, 0, 0)
	}
	<-done
	m.nodes = append(m.nodes[:i], m.nodes[i+1:]...)
	m.join()
}

func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// gather sees what handlers were given.
func (m *model) gather() {
	synctest.Wait()
	for _, n := range m.nodes {
		n.flying = append(n.flying, n.hands.take()...)
	}
}

func (m *model) check(rt *rapid.T) {
	m.gather()
	holders := map[int64]int{}
	for _, n := range m.nodes {
		if len(n.flying) > modelMost || n.runner.InFlight() != len(n.flying) {
			rt.Fatalf("%s has %d jobs in flight, counts %d, may have %d", n.name, len(n.flying), n.runner.InFlight(), modelMost)
		}
		for _, g := range n.flying {
			if cur := m.storage.job(g.job.ID); cur != nil && cur.Lease == n.name && cur.Fence == g.job.Fence {
				holders[g.job.ID]++
			} else if !n.link.cut.Load() && cur != nil && cur.Fence == g.job.Fence {
				rt.Fatalf("%s works on job %d, which is leased to %q", n.name, g.job.ID, cur.Lease)
			}
		}
	}
	for id, n := range holders {
		if n > 1 {
			rt.Fatalf("job %d is held %d times", id, n)
		}
	}
	for id, n := range m.completed {
		if n > 1 {
			rt.Fatalf("job %d was completed %d times", id, n)
		}
	}
}

func (s *shelf) job(id int64) *Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.jobs[id] == nil {
		return nil
	}
	j := *s.jobs[id]
	return &j
}

// settle heals everything: each job must come to its end.
func (m *model) settle(rt *rapid.T) {
	for _, n := range m.nodes {
		n.link.cut.Store(false)
	}
	for range 100 + int(m.next) {
		m.gather()
		for _, n := range m.nodes {
			for len(n.flying) > 0 {
				n.land(m, 0, 0)
			}
		}
		time.Sleep(DefaultPoll)
	}
	for id := int64(1); id <= m.next; id++ {
		if m.completed[id] != 1 {
			rt.Fatalf("job %d was completed %d times: %+v", id, m.completed[id], m.storage.job(id))
		}
	}
}

func (m *model) end() {
	for _, n := range m.nodes {
		n.runner.Stop(ended())
	}
	synctest.Wait()
}
