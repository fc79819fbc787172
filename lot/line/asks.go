package line

import (
	"container/list"
	"slices"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/cache"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// askKey names a downlink that wants an answer. Its lot is part of it: no lot can answer for another.
type askKey struct {
	lot     charge.LotID
	service string
	id      string // uuid, order_id or query_order_no
}

func (k askKey) text() string { return k.lot.String() + " " + k.service + " " + k.id }

// silence is why a downlink got no answer: the code of a note.
type silence string

const (
	answered   silence = ""
	noAnswer   silence = "delivery.no_answer"
	lineClosed silence = "delivery.line_closed"
	unsent     silence = "delivery.line_full"
	moved      silence = "delivery.line_moved"
	unwanted   silence = "delivery.unwanted"
)

// wait is one downlink under way. done is called once, and does not block.
type wait struct {
	key     askKey
	session *session
	sentAt  time.Time
	until   time.Time
	done    []func(*lot.Fields, silence)
	place   *list.Element // nil until it is sent
}

// asks keeps the downlinks that wait to be sent and those under way. All wait equally long for their answer, so that
// the oldest is always the next to be given up, and one sweeper does for all.
type asks struct {
	beside func(work func()) // the server's
	mu     sync.Mutex
	byKey  map[askKey]*wait
	queue  *list.List             // of *wait that were sent, oldest first
	past   cache.Map[string, int] // downlinks that are waited for no more, with how often they were answered since
}

func newAsks(beside func(work func())) *asks {
	return &asks{beside: beside, byKey: make(map[askKey]*wait), queue: list.New(),
		past: cache.Map[string, int]{Most: rememberAsks}}
}

// A late or repeated answer is to a downlink of ours too. So many downlinks are remembered, and so many answers to
// each are taken for honest: an acknowledgement said for ever is a flood like any other.
const (
	rememberAsks = 20_000
	answersEach  = 3
)

// add enters a downlink before it is sent. It reports false where the same one is under way.
func (a *asks) add(w *wait) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.addLocked(w)
}

func (a *asks) addLocked(w *wait) bool {
	if a.byKey[w.key] != nil {
		return false
	}
	a.byKey[w.key] = w
	w.session.waits = append(w.session.waits, w)
	return true
}

// addOrJoin is add, but where the same downlink is under way its answer is heard too.
func (a *asks) addOrJoin(w *wait) (added bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.addLocked(w) {
		return true
	}
	same := a.byKey[w.key]
	same.done = append(same.done, w.done...)
	return false
}

// has reports whether a downlink is under way.
func (a *asks) has(k askKey) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.byKey[k] != nil
}

// ours reports whether an answer is to a downlink of ours: one under way, or one that was answered late, or
// already.
func (a *asks) ours(k askKey) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byKey[k] != nil {
		return true
	}
	times, _ := a.past.Get(k.text())
	if times == 0 || times > answersEach {
		return false
	}
	a.past.Set(k.text(), times+1)
	return true
}

// sent starts the wait for the answer; false where the downlink has been answered or taken out meanwhile.
func (a *asks) sent(w *wait, now, until time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byKey[w.key] != w {
		return false
	}
	w.sentAt, w.until = now, until
	w.place = a.queue.PushBack(w)
	return true
}

// settle ends the wait for an answer that came.
func (a *asks) settle(k askKey) *wait {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.byKey[k]
	if w != nil {
		a.endLocked(w)
	}
	return w
}

// unsent takes out a downlink that could not be sent. It reports false where its wait has ended already.
func (a *asks) unsent(w *wait) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byKey[w.key] != w {
		return false
	}
	a.removeLocked(w)
	return true
}

// endLocked ends the wait for a downlink that was sent. Sent again, it may be answered as often again.
func (a *asks) endLocked(w *wait) {
	a.removeLocked(w)
	a.past.Set(w.key.text(), 1)
}

func (a *asks) removeLocked(w *wait) {
	delete(a.byKey, w.key)
	if w.place != nil {
		a.queue.Remove(w.place)
	}
	n := w.session
	n.waits = slices.DeleteFunc(n.waits, func(o *wait) bool { return o == w })
	if len(n.waits) == 0 {
		n.waits = nil
	}
}

// answer hands the result to the callers that wait.
func (a *asks) answer(w *wait, f *lot.Fields, s silence) {
	for _, done := range w.done {
		a.beside(func() { done(f, s) })
	}
}

// late ends the waits that have lasted too long and returns them.
func (a *asks) late(now time.Time) (late []*wait) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for e := a.queue.Front(); e != nil; e = a.queue.Front() {
		w := e.Value.(*wait)
		if now.Before(w.until) {
			break
		}
		a.endLocked(w)
		late = append(late, w)
	}
	return late
}

// dropped ends the waits of a session that is no more.
func (a *asks) dropped(n *session) {
	a.mu.Lock()
	waits := slices.Clone(n.waits)
	for _, w := range waits {
		a.endLocked(w)
	}
	a.mu.Unlock()
	for _, w := range waits {
		why := lineClosed
		if w.place == nil {
			why = unsent
		}
		a.answer(w, nil, why)
	}
}

func (a *asks) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.byKey)
}

// underWay counts those that were sent.
func (a *asks) underWay() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.queue.Len()
}
