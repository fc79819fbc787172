package guard

import (
	"sync"
	"time"
)

// throttle slows down guessing. Failures are counted per user and address together, and more loosely per
// user and per address alone: somebody else's guessing must not lock a user out at once.
type throttle struct {
	now func() time.Time

	mu    sync.Mutex
	fails map[throttleKey]failures
}

type throttleKey struct{ user, address string }

type failures struct {
	count int
	until time.Time // no try before
	last  time.Time
}

const (
	failsTogether = 5  // free tries of one user from one address
	failsAlone    = 30 // of one user, or from one address
	failsForget   = 30 * time.Minute
	waitMost      = 15 * time.Minute
	throttleMost  = 20_000 // keys kept
)

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, fails: map[throttleKey]failures{}}
}

func throttleKeys(user, address string) map[throttleKey]int {
	keys := map[throttleKey]int{{user, address}: failsTogether, {user, ""}: failsAlone}
	if address != "" {
		keys[throttleKey{"", address}] = failsAlone
	}
	return keys
}

// begin counts a try as failed until done says better, so that many at once are counted too. It gives a
// *Throttled where it is too early.
func (t *throttle) begin(user, address string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	var wait time.Duration
	keys := throttleKeys(user, address)
	for key := range keys {
		wait = max(wait, t.fails[key].until.Sub(now))
	}
	if wait > 0 {
		return &Throttled{Wait: wait}
	}
	t.prune(now)
	for key, free := range keys {
		f := t.fails[key]
		if now.Sub(f.last) > failsForget {
			f = failures{}
		}
		f.count++
		f.last = now
		if over := f.count - free; over >= 0 {
			f.until = now.Add(min(waitMost, time.Second<<min(over, 20)))
		}
		t.fails[key] = f
	}
	return nil
}

// done ends the counting of a user from an address: that was no guessing.
func (t *throttle) done(user, address string) {
	t.undo(user, address)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.fails, throttleKey{user, address})
}

// undo takes one try back and leaves the failures before it: a right password without a code must not buy
// another guess at the code.
func (t *throttle) undo(user, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key := range throttleKeys(user, address) {
		if f, found := t.fails[key]; found {
			f.count--
			f.until = time.Time{}
			t.fails[key] = f
		}
	}
}

// prune forgets what is old, and all where an attack has filled the table with names.
func (t *throttle) prune(now time.Time) {
	if len(t.fails) < throttleMost {
		return
	}
	for key, f := range t.fails {
		if now.Sub(f.last) > failsForget {
			delete(t.fails, key)
		}
	}
	for key := range t.fails {
		if len(t.fails) < throttleMost*3/4 {
			break
		}
		delete(t.fails, key)
	}
}
