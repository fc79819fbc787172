package limit

import "sync"

// Places counts what is under way for each key, such as an address. A key that nothing is under way for takes no
// memory. The zero Places is empty; it is safe for concurrent use.
type Places[K comparable] struct {
	mu sync.Mutex
	by map[K]int
}

// Take counts one more for a key and returns how many there are now; false where there are most already, and none is
// added. most 0 is no bound.
func (p *Places[K]) Take(key K, most int) (n int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n = p.by[key]; most > 0 && n >= most {
		return n, false
	}
	if p.by == nil {
		p.by = map[K]int{}
	}
	p.by[key] = n + 1
	return n + 1, true
}

// Give takes back what Take has counted.
func (p *Places[K]) Give(key K) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by[key]--; p.by[key] <= 0 {
		delete(p.by, key)
	}
}
