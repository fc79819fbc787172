package sim

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// stage lets one task run at a time. A task is a goroutine that waits wherever the code under test meets the world:
// before it reads or writes, after a commit, while it sleeps. Which of the waiting ones goes on is drawn from the
// seed, so that the same seed has the same order of everything.
type stage struct {
	mu      sync.Mutex
	waiting []*task
	next    int
	running *task
	halted  chan struct{} // one for each task that waits again, or has ended
	idle    []chan *task  // goroutines whose task has ended
	stuck   *time.Timer
}

// place is where a task waits.
type place string

// Places.
const (
	atStart   place = "start"
	atRead    place = "read"
	atWrite   place = "write"
	atStore   place = "store"   // before a write that the store makes by itself, which reads first
	atWritten place = "written" // its commit is done, and it has not heard of it
	asleep    place = "asleep"
	awake     place = "awake"
)

// task is one goroutine of the code under test.
type task struct {
	id     int
	node   *node // it ends with its node
	what   string
	place  place
	spawn  bool // begun by the code under test itself
	work   func()
	began  bool
	resume chan struct{}

	fault fault  // what the storage does to it next
	draft *draft // what its last write has put, not yet in the book
}

func newStage() *stage {
	return &stage{halted: make(chan struct{}), stuck: time.NewTimer(stuckAfter)}
}

// begin makes a task that waits to be run.
func (s *stage) begin(n *node, what string, work func()) *task {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	t := &task{id: s.next, node: n, what: what, place: atStart, work: work, resume: make(chan struct{})}
	s.waiting = append(s.waiting, t)
	return t
}

// perform does a task's work, and that of tasks after it: a goroutine's stack that has grown is used again.
func (s *stage) perform(t *task) {
	over := false
	defer func() {
		if !over { // its node has crashed: by Goexit
			s.halted <- struct{}{}
		}
	}()
	for next := make(chan *task); t != nil; t = <-next {
		over = false
		if !t.dead() {
			t.work()
		}
		over = true
		s.mu.Lock()
		s.idle = append(s.idle, next)
		s.mu.Unlock()
		s.halted <- struct{}{}
	}
}

// start has a goroutine do a task's work.
func (s *stage) start(t *task) {
	s.mu.Lock()
	var idle chan *task
	if last := len(s.idle) - 1; last >= 0 {
		idle, s.idle = s.idle[last], s.idle[:last]
	}
	s.mu.Unlock()
	if idle == nil {
		go s.perform(t)
		return
	}
	idle <- t
}

// close ends the goroutines that have nothing to do.
func (s *stage) close() {
	for _, idle := range s.idle {
		close(idle)
	}
}

func (t *task) dead() bool { return t.node != nil && t.node.dead }

// pause lets the running task wait at a place, and returns it when it runs again. A task whose node has crashed ends
// there.
func (s *stage) pause(at place) *task {
	t := s.running
	s.wait(t, at)
	return t
}

// wait lets a task wait that may be one of several which have just been in the store.
func (s *stage) wait(t *task, at place) {
	s.mu.Lock()
	t.place = at
	s.waiting = append(s.waiting, t)
	s.mu.Unlock()
	s.halted <- struct{}{}
	<-t.resume
	if t.dead() {
		runtime.Goexit()
	}
}

// ready lists the tasks that may run, in the order in which they were made.
func (s *stage) ready(may func(*task) bool) []*task {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*task
	for _, t := range s.waiting {
		if t.place != asleep && may(t) {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b *task) int { return cmp.Compare(a.id, b.id) })
	return list
}

// release lets a task go on. The caller sees to it that the others wait.
func (s *stage) release(t *task) {
	s.mu.Lock()
	s.waiting = slices.DeleteFunc(s.waiting, func(o *task) bool { return o == t })
	s.running = t
	s.mu.Unlock()
	if t.began {
		t.resume <- struct{}{}
		return
	}
	t.began = true
	s.start(t)
}

// run lets a task go on until it waits again or ends.
func (s *stage) run(t *task) {
	s.release(t)
	s.join(t)
}

// stuckAfter is how long real time may pass in one step before it counts as stuck.
const stuckAfter = time.Minute

// join waits for one task to wait or end.
func (s *stage) join(t *task) {
	s.stuck.Reset(stuckAfter)
	select {
	case <-s.halted:
	case <-s.stuck.C:
		buf := make([]byte, 1<<20)
		panic(fmt.Sprintf("task %d %s hangs behind %s:\n%s", t.id, t.what, t.place, buf[:runtime.Stack(buf, true)]))
	}
}

// wake makes a task ready where it sleeps; nil is none.
func (s *stage) wake(t *task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t != nil && t.place == asleep {
		t.place = awake
	}
}

// bury ends the tasks of nodes that have crashed.
func (s *stage) bury() {
	for {
		s.mu.Lock()
		i := slices.IndexFunc(s.waiting, (*task).dead)
		var t *task
		if i >= 0 {
			t = s.waiting[i]
		}
		s.mu.Unlock()
		if t == nil {
			return
		}
		s.run(t)
	}
}
