package line

import "container/list"

// latest keeps the most recently used of its keys.
type latest[K comparable, V any] struct {
	most  int
	byKey map[K]*list.Element
	order *list.List // of *entry, most recent first
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newLatest[K comparable, V any](most int) latest[K, V] {
	return latest[K, V]{most: most, byKey: make(map[K]*list.Element), order: list.New()}
}

func (r *latest[K, V]) get(key K) (v V, known bool) {
	e := r.byKey[key]
	if e == nil {
		return v, false
	}
	r.order.MoveToFront(e)
	return e.Value.(*entry[K, V]).value, true
}

func (r *latest[K, V]) set(key K, v V) {
	if e := r.byKey[key]; e != nil {
		r.order.MoveToFront(e)
		e.Value.(*entry[K, V]).value = v
		return
	}
	r.byKey[key] = r.order.PushFront(&entry[K, V]{key, v})
	if r.order.Len() > r.most {
		delete(r.byKey, r.order.Remove(r.order.Back()).(*entry[K, V]).key)
	}
}

// recent counts the most recently used keys.
type recent struct{ latest[string, int] }

func newRecent(most int) recent { return recent{newLatest[string, int](most)} }

func (r *recent) count(key string) int {
	n, _ := r.get(key)
	return n
}

func (r *recent) add(key string) { r.set(key, r.count(key)+1) }
