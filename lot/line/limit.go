package line

import (
	"net/netip"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/cache"
)

// A login that names no vendor is tried against every lot of its park_id, so an address that fails with one is stopped
// sooner than others: after so many in a minute, for each address and park_id.
const (
	guessesPerMinute  = 10
	guessesRemembered = 10_000
)

// guesses counts failed logins that named no vendor.
type guesses struct {
	mu     sync.Mutex
	minute int64
	counts cache.Map[string, int]
}

func (g *guesses) tooMany(remote, park string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turnLocked(now)
	return g.countLocked(guess(remote, park)) >= guessesPerMinute
}

func (g *guesses) failed(remote, park string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turnLocked(now)
	key := guess(remote, park)
	g.counts.Set(key, g.countLocked(key)+1)
}

func (g *guesses) turnLocked(now time.Time) {
	if minute := now.Unix() / 60; minute != g.minute {
		g.minute, g.counts = minute, cache.Map[string, int]{Most: guessesRemembered}
	}
}

func (g *guesses) countLocked(key string) int {
	n, _ := g.counts.Get(key)
	return n
}

// guess names an address, without its port, and a park_id.
func guess(remote, park string) string {
	if at, err := netip.ParseAddrPort(remote); err == nil {
		remote = at.Addr().Unmap().String()
	}
	return remote + " " + clipTo(park, maxUUID)
}
