package store

import "sync"

// seenPlates remembers plates that are known to be stored, so that a regular guest's push does not look for
// its plate again.
type seenPlates struct {
	mu   sync.Mutex
	seen generations[string, struct{}]
}

// seenPlatesLen bounds each generation.
const seenPlatesLen = 100_000

func (s *seenPlates) has(plate string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.seen.get(plate)
	return ok
}

// forget is called before a plate is deleted: the next push shows it anew.
func (s *seenPlates) forget(plate string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.drop(plate)
}

// add is called after the commit that stored them.
func (s *seenPlates) add(plates []string) {
	if len(plates) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.most = seenPlatesLen
	for _, p := range plates {
		s.seen.set(p, struct{}{})
	}
}
