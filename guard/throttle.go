package guard

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// throttle slows down guessing of passwords. Failures are counted per user and network together, and more loosely per
// user and per network alone. The right password is let in all the same, after a wait of at most
// delayMost: a stranger's tries must not shut anybody out.
type throttle struct {
	now  func() time.Time
	wait func(context.Context, time.Duration) error

	mu      sync.Mutex
	fails   map[throttleKey]failures
	waiting map[string]int // tries that wait, by network
}

type throttleKey struct{ user, network string }

type failures struct {
	count int
	last  time.Time
}

const (
	failsTogether = 5  // free tries of one user from one network
	failsAlone    = 30 // of one user, or from one network
	failsForget   = 30 * time.Minute
	delayFirst    = 250 * time.Millisecond
	delayMost     = 5 * time.Second
	waitingMost   = 64     // tries of one network that wait at a time; more are refused unseen
	throttleMost  = 20_000 // keys kept
)

func newThrottle(now func() time.Time, wait func(context.Context, time.Duration) error) *throttle {
	if wait == nil {
		wait = sleep
	}
	return &throttle{now: now, wait: wait, fails: map[throttleKey]failures{}, waiting: map[string]int{}}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// network is what tries are counted by: the /24 of an IPv4 address, the /64 of an IPv6 address, else the text itself.
func network(remote string) string {
	addr, err := netip.ParseAddr(remote)
	if err != nil {
		return clip(remote)
	}
	addr = addr.Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(addr, bits).Masked().String()
}

func throttleKeys(user, network string) map[throttleKey]int {
	keys := map[throttleKey]int{{user, network}: failsTogether, {user, ""}: failsAlone}
	if network != "" {
		keys[throttleKey{"", network}] = failsAlone
	}
	return keys
}

// begin counts a try as failed until done or undo says better, so that many at once are counted too, and waits as long
// as the failures before it ask for. It returns a *Throttled where too many of the network wait already, or the
// context's error.
func (t *throttle) begin(ctx context.Context, user, network string) error {
	delay, full := t.count(user, network)
	switch {
	case full:
		return &Throttled{Wait: delayMost}
	case delay == 0:
		return nil
	}
	err := t.wait(ctx, delay)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting[network]--; t.waiting[network] == 0 {
		delete(t.waiting, network)
	}
	return err
}

// count counts a try, and returns how long it must wait. Full reports that it may not even wait.
func (t *throttle) count(user, network string) (delay time.Duration, full bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.prune(now)
	for key, free := range throttleKeys(user, network) {
		f := t.fails[key]
		if now.Sub(f.last) > failsForget {
			f = failures{}
		}
		if over := f.count - free; over >= 0 {
			delay = max(delay, min(delayMost, delayFirst<<min(over, 20)))
		}
		f.count++
		f.last = now
		t.fails[key] = f
	}
	if delay == 0 {
		return 0, false
	}
	if t.waiting[network] >= waitingMost {
		return 0, true
	}
	t.waiting[network]++
	return delay, false
}

// done ends the counting of a user from a network: that was no guessing.
func (t *throttle) done(user, network string) {
	t.undo(user, network)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.fails, throttleKey{user, network})
}

// undo takes one try back and leaves the failures before it: a right password without a code must not buy
// another guess at the code.
func (t *throttle) undo(user, network string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key := range throttleKeys(user, network) {
		if f, found := t.fails[key]; found {
			f.count--
			t.fails[key] = f
		}
	}
}

// prune forgets what is old, and some of all where an attack has filled the table with names.
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

// codes counts wrong codes of a second factor by user. Only who has the right password comes so far, so that a user
// who has guessed too often is refused here, for longer each time.
type codes struct {
	now func() time.Time

	mu    sync.Mutex
	wrong map[string]codeFails
}

type codeFails struct {
	count int
	until time.Time // no code before
}

const (
	codesFree = 5
	codeWait  = 15 * time.Minute // at most
)

// try returns a *Throttled where it is too early, else counts a code as wrong until right says better.
func (c *codes) try(user string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	f, now := c.wrong[user], c.now()
	if wait := f.until.Sub(now); wait > 0 {
		return &Throttled{Wait: wait}
	}
	f.count++
	if over := f.count - codesFree; over >= 0 {
		f.until = now.Add(min(codeWait, time.Second<<min(over, 20)))
	}
	c.wrong[user] = f
	return nil
}

func (c *codes) right(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.wrong, user)
}
