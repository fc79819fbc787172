// Package limit holds what may come too often, in bounded memory: events by key, log lines, connections.
package limit

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// Rate lets a rate of events per second through for each key, and so many at once. It remembers for a
// key only when its allowance will be whole again (the generic cell rate algorithm), so an idle key is worth
// nothing and may be forgotten: memory is bounded however many keys there are. Safe for concurrent use.
type Rate[K comparable] struct {
	every  int64 // nanoseconds between two events
	ahead  int64 // nanoseconds of allowance that may be used at once, before the last event
	seed   maphash.Seed
	shards [shardCount]shard[K]
}

type shard[K comparable] struct {
	mu    sync.Mutex
	whole map[K]int64 // unix nanoseconds
}

const (
	shardCount = 16
	shardKeys  = 4096
)

// NewRate makes a Rate of so many events per second, which may be less than one, a second's worth at once.
func NewRate[K comparable](perSecond float64) *Rate[K] {
	return NewBurst[K](perSecond, 0)
}

// NewBurst makes a Rate of so many events per second, and so many at once; 0 is a second's worth.
func NewBurst[K comparable](perSecond float64, atOnce int64) *Rate[K] {
	l := &Rate[K]{every: max(int64(float64(time.Second)/perSecond), 1), seed: maphash.MakeSeed()}
	if l.ahead = max(int64(time.Second)-l.every, 0); atOnce > 0 {
		l.ahead = (atOnce - 1) * l.every
	}
	for i := range l.shards {
		l.shards[i].whole = map[K]int64{}
	}
	return l
}

// Allow takes one event of a key, or refuses it and takes nothing.
func (l *Rate[K]) Allow(key K, at time.Time) bool {
	s := l.shard(key)
	now := at.UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	whole, known := s.whole[key]
	if whole = max(whole, now); whole-now > l.ahead {
		return false
	}
	if !known && len(s.whole) >= shardKeys {
		s.forget(now)
	}
	s.whole[key] = whole + l.every
	return true
}

// Undo takes back an event of a key that was allowed.
func (l *Rate[K]) Undo(key K) {
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if whole, known := s.whole[key]; known {
		s.whole[key] = whole - l.every
	}
}

func (l *Rate[K]) shard(key K) *shard[K] {
	return &l.shards[maphash.Comparable(l.seed, key)%shardCount]
}

// forget makes room: of a few keys it drops those that are whole again, and in any case one.
func (s *shard[K]) forget(now int64) {
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

// Network is what rates of callers are counted by: an IPv4 address, or the /64 that one IPv6 client owns whole.
func Network(at netip.Addr) netip.Addr {
	at = at.Unmap().WithZone("")
	if !at.Is6() {
		return at
	}
	return netip.PrefixFrom(at, 64).Masked().Addr()
}
