package outbox

import "sync"

// Turns has the work of each route done one after the other, in the order in which it came; that of different routes
// goes on at once. The zero value is ready.
type Turns struct {
	Go   func(work func()) // begins work beside the caller; nil is a goroutine
	mu   sync.Mutex
	left map[string][]func() // by route; one that is worked on is there, if empty
}

// Take has work done when that of its route before it is. It does not wait.
func (t *Turns) Take(route string, work func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left == nil {
		t.left = map[string][]func(){}
	}
	left, busy := t.left[route]
	t.left[route] = append(left, work)
	switch {
	case busy:
	case t.Go != nil:
		t.Go(func() { t.run(route) })
	default:
		go t.run(route)
	}
}

func (t *Turns) run(route string) {
	for {
		t.mu.Lock()
		left := t.left[route]
		if len(left) == 0 {
			delete(t.left, route)
			t.mu.Unlock()
			return
		}
		t.left[route] = left[1:]
		t.mu.Unlock()
		left[0]()
	}
}
