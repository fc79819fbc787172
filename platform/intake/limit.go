package intake

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/platform"
)

// ClientAddr is who sent a request: the peer, or, where the peer is a trusted proxy, the last address in
// X-Forwarded-For that is none. What stands before that one was written by the client himself. An entry that is no
// address ends the search at the proxy that passed it on.
func ClientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, ok := parseAddr(r.RemoteAddr)
	if !ok || !platform.Within(trusted, peer) {
		return peer
	}
	entries := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(entries) - 1; i >= 0; i-- {
		at, ok := parseAddr(strings.TrimSpace(entries[i]))
		if !ok {
			return peer
		}
		if peer = at; !platform.Within(trusted, at) {
			return at
		}
	}
	return peer
}

// parseAddr reads an address with or without a port.
func parseAddr(text string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	at, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return at.Unmap().WithZone(""), err == nil
}

// network is what rates are counted by: an IPv4 address, or the /64 that one IPv6 client owns whole.
func network(at netip.Addr) netip.Addr {
	if !at.Is6() {
		return at
	}
	p, err := at.Prefix(64)
	if err != nil {
		return at
	}
	return p.Addr()
}

// limiter lets a rate of events per second through for each key, a second's worth at once. It remembers for a
// key only when its allowance will be whole again (the generic cell rate algorithm), so an idle key is worth
// nothing and may be forgotten: memory is bounded however many keys there are.
type limiter[K comparable] struct {
	every  int64 // nanoseconds between two events
	seed   maphash.Seed
	shards [limiterShards]limiterShard[K]
}

type limiterShard[K comparable] struct {
	mu    sync.Mutex
	whole map[K]int64 // unix nanoseconds
}

const (
	limiterShards = 16
	shardKeys     = 4096
)

func newLimiter[K comparable](perSecond float64) *limiter[K] {
	l := &limiter[K]{every: max(int64(float64(time.Second)/perSecond), 1), seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].whole = map[K]int64{}
	}
	return l
}

// allow takes one event of a key, or refuses it and takes nothing.
func (l *limiter[K]) allow(key K, at time.Time) bool {
	s := &l.shards[maphash.Comparable(l.seed, key)%limiterShards]
	now := at.UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	whole, known := s.whole[key]
	whole = max(whole, now)
	if whole-now > max(int64(time.Second)-l.every, 0) {
		return false
	}
	if !known && len(s.whole) >= shardKeys {
		s.forget(now)
	}
	s.whole[key] = whole + l.every
	return true
}

// forget makes room: of a few keys it drops those that are whole again, and in any case one.
func (s *limiterShard[K]) forget(now int64) {
	looked := 0
	for key, whole := range s.whole {
		if looked++; whole <= now || looked == 8 {
			delete(s.whole, key)
		}
		if looked == 8 {
			return
		}
	}
}
