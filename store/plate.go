package store

import (
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/cache"
)

// seenPlates remembers plates that are known to be stored, so that a regular guest's push does not look for
// its plate again. It remembers for an hour only: another node may prune a plate in the meantime, though not one of a
// charge of the last day.
type seenPlates struct {
	mu    sync.Mutex
	seen  cache.Map[string, struct{}]
	since time.Time
}

// seenFor is how long a plate is remembered.
const seenFor = time.Hour

// seenPlatesLen bounds each generation.
const seenPlatesLen = 100_000

func (s *seenPlates) has(plate string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := now.Sub(s.since); age >= seenFor || age < 0 {
		s.seen.Clear()
		s.since = now
	}
	_, ok := s.seen.Get(plate)
	return ok
}

// forget is called before a plate is deleted: the next push shows it anew.
func (s *seenPlates) forget(plate string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.Drop(plate)
}

// add is called after the commit that stored them.
func (s *seenPlates) add(plates []string) {
	if len(plates) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.Most = seenPlatesLen
	for _, p := range plates {
		s.seen.Set(p, struct{}{})
	}
}

// reverse writes a text from its end.
func reverse(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}
