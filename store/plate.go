package store

import "sync"

// seenPlates remembers plates that are known to be stored, so that a regular guest's push does not look for
// its plate again. It forgets the older half when it is full.
type seenPlates struct {
	mu       sync.Mutex
	new, old map[string]struct{}
}

const seenPlatesLen = 200_000

func (s *seenPlates) has(plate string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.new[plate]; ok {
		return true
	}
	_, ok := s.old[plate]
	return ok
}

// forget is called before a plate is deleted: the next push shows it anew.
func (s *seenPlates) forget(plate string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.new, plate)
	delete(s.old, plate)
}

// add is called after the commit that stored them.
func (s *seenPlates) add(plates []string) {
	if len(plates) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.new == nil || len(s.new) >= seenPlatesLen/2 {
		s.old, s.new = s.new, make(map[string]struct{})
	}
	for _, p := range plates {
		s.new[p] = struct{}{}
	}
}
