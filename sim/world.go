package sim

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// world is everything around the code under test: its clock, network, disk and far ends.
type world struct {
	ctx     context.Context
	opts    Options
	rng     *rand.Rand
	luck    luck
	clock   atomic.Int64 // Unix nanoseconds
	stage   *stage
	agenda  agenda
	disk    *disk
	site    *site
	nodes   []*node // by number; nil while one is down
	parks   map[charge.LotID]*park
	book    *book
	history *history

	calm      bool
	awayUntil time.Time     // the database
	ambush    func(n *node) // happens to the next node that sends a reduction
	errands   int           // of far ends, that are not heard yet
	dials     int           // connections of PCs
	orders    map[string]int
	commits   int
	sweepAt   time.Time // the next sweep that is put down; zero for none
	renewing  bool      // the next renewal is put down
	quiet     int       // sweeps in a row that found nothing new
	steps     int
	counts    map[string]int
	names     map[string]string
	wrong     []string
}

// luck is the random numbers that the code under test draws. They are none of the world's own.
type luck struct{ source *rand.ChaCha8 }

// Read implements io.Reader.
func (l luck) Read(p []byte) (int, error) { return l.source.Read(p) }

func seeded(seed uint64, what byte) [32]byte {
	var s [32]byte
	for i := range 8 {
		s[i] = byte(seed >> (8 * i))
	}
	s[31] = what
	return s
}

// begins is when every history begins: a Tuesday morning in Shanghai.
var begins = time.Date(2026, 3, 3, 2, 0, 0, 0, time.UTC)

func newWorld(o Options) (*world, error) {
	w := &world{opts: o, rng: rand.New(rand.NewChaCha8(seeded(o.Seed, 1))), luck: luck{rand.NewChaCha8(seeded(o.Seed, 2))},
		stage: newStage(), parks: map[charge.LotID]*park{}, book: newBook(), history: newHistory(o.Trace),
		orders: map[string]int{}, counts: map[string]int{}, names: map[string]string{}}
	w.clock.Store(begins.UnixNano())
	var err error
	if w.disk, err = openDisk(o.URL, w.now); err != nil {
		return nil, err
	}
	w.site = newSite(w)
	for _, id := range w.site.all() {
		w.parks[id] = newPark(w, w.site.lots[id])
	}
	w.nodes = make([]*node, pick(w, 1, 1, 2, 3))
	for i := range w.nodes {
		if w.nodes[i], err = w.start(nodeName(i), uint16(i)); err != nil {
			return nil, err
		}
	}
	for _, p := range w.parksInOrder() {
		if p.pc != nil && w.chance(90) {
			p.pc.logIn(w.someNode())
		}
	}
	return w, nil
}

func nodeName(i int) string { return "node-" + string(rune('a'+i)) }

func (w *world) now() time.Time { return time.Unix(0, w.clock.Load()).UTC() }

// play runs the history to its end.
func (w *world) play() {
	arrivals := begins
	for range w.opts.Visits {
		w.agenda.put(arrivals, w.visit)
		arrivals = arrivals.Add(w.between(0, 8*time.Minute))
	}
	w.trouble()
	w.agenda.put(arrivals.Add(5*time.Hour), w.calmDown)
	for len(w.wrong) == 0 && w.ctx.Err() == nil && !w.over() {
		w.step()
	}
}

// patience is how long after the calm began something may still be under way. A report is tried for a day.
const patience = 60 * time.Hour

// over reports whether nothing is under way any more.
func (w *world) over() bool {
	if !w.calm {
		return false
	}
	if w.now().Sub(begins) > patience+time.Duration(w.opts.Visits)*8*time.Minute+5*time.Hour {
		w.wrongf("still under way long after all trouble: %s", w.underWay())
		return true
	}
	_, waits := w.book.soonest()
	return !waits && w.errands == 0 && len(w.stage.ready(w.mayRun)) == 0 && !w.flying()
}

func (w *world) underWay() string {
	return fmt.Sprintf("%d errands, jobs %+v, held %v, tasks %d", w.errands, w.book.jobs, w.book.held,
		len(w.stage.ready(w.mayRun)))
}

// flying reports whether a message is on its way.
func (w *world) flying() bool {
	for _, n := range w.nodes {
		if n != nil && n.flow.InFlight() > 0 {
			return true
		}
	}
	return false
}

// mayRun reports whether a task can be chosen.
func (w *world) mayRun(t *task) bool {
	if t.node == nil {
		return true
	}
	return !t.node.paused && (t.place != atStart || !t.spawn || t.node.spawns < mostSpawned)
}

// close ends every task.
func (w *world) close() {
	for _, n := range w.nodes {
		if n != nil {
			n.dead = true
		}
	}
	w.stage.bury()
	w.stage.close()
}

// linked is flow.Config's Linked.
func (w *world) linked(id charge.LotID) bool {
	p := w.parks[id]
	return p != nil && p.pc != nil && p.pc.up()
}

// step is one step of the history: a task goes on, or something happens.
func (w *world) step() {
	w.steps++
	tasks := w.stage.ready(w.mayRun)
	switch {
	case len(tasks) == 0 && w.agenda.empty():
		w.wrongf("nothing happens any more: %s", w.underWay())
	case len(tasks) == 0, !w.agenda.empty() && w.passes(w.agenda.next().Sub(w.now())):
		e := w.agenda.pop()
		if e.at.After(w.now()) {
			w.clock.Store(e.at.UnixNano())
		}
		e.do()
	default:
		w.runSome(tasks)
	}
	w.check()
	w.arrange()
}

// passes reports whether the next event happens although tasks could go on: its time has come, or they are slow.
func (w *world) passes(until time.Duration) bool {
	return until <= 0 || w.below(50) == 0 && until < 3*time.Second
}

// runSome lets one of the tasks go on, or has several of them write in one commit.
func (w *world) runSome(tasks []*task) {
	t := tasks[w.below(len(tasks))]
	if (t.place == atWrite || t.place == atStore) && !w.calm {
		switch w.below(60) {
		case 0:
			w.fault("write turned away")
			t.fault = turnedAway
		case 1:
			w.fault("commit without an answer")
			t.fault = unanswered
		case 2:
			w.fault("write came too late")
			t.fault = tooLate
		case 3:
			w.fault("write fails behind its changes")
			t.fault = undone
		}
	}
	writing := slices.DeleteFunc(slices.Clone(tasks), func(t *task) bool { return t.place != atWrite || t.fault != sound })
	if t.place == atWrite && t.fault == sound && len(writing) > 1 && !w.away() && w.disk.tears() && w.chance(60) {
		w.together(writing)
		return
	}
	w.run(t)
}

// run lets a task go on until it waits again, and takes down what it has committed.
func (w *world) run(t *task) {
	w.stage.run(t)
	w.commit([]*task{t})
}

func (w *world) commit(tasks []*task) {
	for _, d := range gather(tasks) {
		w.book.commit(w, d)
		if len(d.jobs) > 0 {
			w.quiet = 0
		}
	}
}

// together has tasks write in one commit: while the committer is held up they queue behind it.
func (w *world) together(tasks []*task) {
	w.rng.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
	w.count("shared commits")
	if w.chance(30) {
		w.fault("write fails in a shared commit")
		tasks[0].fault = undone
	}
	entered, open := make(chan struct{}), make(chan struct{})
	held := make(chan error, 1)
	go func() {
		held <- w.disk.store.Write(background, nil, func(*store.Tx) error {
			entered <- struct{}{}
			<-open
			return nil
		})
	}()
	<-entered
	halted := 0
	for i, t := range tasks {
		w.stage.release(t)
		for w.disk.store.Stats().Queued < i+1-halted {
			select {
			case <-w.stage.halted: // its time had ended: it has not written
				halted++
			case <-time.After(20 * time.Microsecond):
			}
		}
	}
	close(open)
	if err := <-held; err != nil {
		w.wrongf("a write that changes nothing fails: %v", err)
	}
	for range len(tasks) - halted {
		<-w.stage.halted
	}
	w.commit(tasks)
}

// renewEvery is how often a node renews its leases.
const renewEvery = outbox.DefaultLease / 3

// arrange puts down the next sweep, where something waits, and the next renewal, where something is under way.
func (w *world) arrange() {
	if !w.renewing && w.flying() {
		w.renewing = true
		w.after(renewEvery, func() {
			w.renewing = false
			for _, n := range w.nodes {
				if n != nil && !n.paused {
					n.renew()
				}
			}
		})
	}
	soonest, waits := w.book.soonest()
	if !waits {
		return
	}
	at := soonest.Add(w.pollDelay())
	if earliest := w.now().Add(w.pollDelay() << min(w.quiet, 9)); at.Before(earliest) {
		at = earliest
	}
	if !w.sweepAt.IsZero() && !at.Before(w.sweepAt) {
		return
	}
	w.sweepAt = at
	w.agenda.put(at, func() {
		if w.sweepAt.Equal(at) {
			w.sweepAt = time.Time{}
			w.sweep()
		}
	})
}

// pollDelay is how long after a job is due it is looked for.
func (w *world) pollDelay() time.Duration { return time.Second }

// stir has everything looked for at once, as a hint does.
func (w *world) stir() {
	w.quiet = 0
	w.agenda.put(w.now(), w.sweep)
}

// sweep has every node do what it does once in a while.
func (w *world) sweep() {
	w.quiet++
	for _, n := range w.nodes {
		if n == nil || n.paused {
			continue
		}
		now := n.now()
		for _, kind := range []outbox.Kind{outbox.KindLine, outbox.KindCallback, outbox.KindReport} {
			if w.book.waits(kind, now) {
				n.claim(kind)
			}
		}
		if w.book.holdsOver(now) {
			n.expire()
		}
	}
}

// fault counts something that went wrong on purpose.
func (w *world) fault(what string) {
	w.count(what)
	w.note("fault: %s", what)
}

func (w *world) count(what string) { w.counts[what]++ }

func (w *world) note(format string, args ...any) {
	w.history.note(w.now().Sub(begins), format, args...)
}

// name is a short name for an id, by when it was first met: ids differ where a transaction has run twice.
func (w *world) name(id string) string {
	n, ok := w.names[id]
	if !ok {
		n = "#" + strconv.Itoa(len(w.names)+1)
		w.names[id] = n
	}
	return n
}

func (w *world) wrongf(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

func (w *world) after(d time.Duration, do func()) { w.agenda.put(w.now().Add(max(d, 0)), do) }

// sleep lets the running task wait.
func (w *world) sleep(d time.Duration) {
	t := w.stage.running
	w.after(d, func() { w.stage.wake(t) })
	w.stage.wait(t, asleep)
}

func (w *world) below(n int) int { return w.rng.IntN(n) }

// chance is true in so many of a hundred cases.
func (w *world) chance(percent int) bool { return w.rng.IntN(100) < percent }

func (w *world) between(from, to time.Duration) time.Duration {
	return from + time.Duration(w.rng.Int64N(int64(to-from)/int64(time.Millisecond)+1))*time.Millisecond
}

func pick[T any](w *world, from ...T) T { return from[w.below(len(from))] }

// someNode is a node that is up; nil where there is none.
func (w *world) someNode() *node {
	var up []*node
	for _, n := range w.nodes {
		if n != nil {
			up = append(up, n)
		}
	}
	if len(up) == 0 {
		return nil
	}
	return up[w.below(len(up))]
}

func (w *world) parksInOrder() []*park {
	var all []*park
	for _, id := range w.site.all() {
		all = append(all, w.parks[id])
	}
	return all
}

func sortedKeys[K comparable, V any](m map[K]V, name func(K) string) []K {
	return slices.SortedFunc(maps.Keys(m), func(a, b K) int { return cmp.Compare(name(a), name(b)) })
}

func sortedIDs[V any](m map[int64]V) []int64 { return slices.Sorted(maps.Keys(m)) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
