package store

// generations is a map that forgets: when it is full, the half that was put first goes. The zero value with a limit
// is ready. Not for concurrent use.
type generations[K comparable, V any] struct {
	most     int // entries of each half
	new, old map[K]V
}

func (g *generations[K, V]) get(key K) (V, bool) {
	v, ok := g.new[key]
	if !ok {
		v, ok = g.old[key]
	}
	return v, ok
}

func (g *generations[K, V]) set(key K, v V) {
	if g.new == nil || len(g.new) >= g.most {
		g.old, g.new = g.new, make(map[K]V)
	}
	g.new[key] = v
}

func (g *generations[K, V]) drop(key K) {
	delete(g.new, key)
	delete(g.old, key)
}

// clear forgets everything.
func (g *generations[K, V]) clear() { g.new, g.old = nil, nil }
