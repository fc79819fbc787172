// Package cache is a bounded map in two generations.
package cache

// Map is a map of bounded size: it always holds its newest entries, as many as Most, and drops older ones half a map
// at a time. The zero value with Most set is ready. It is not for concurrent use, but Get changes nothing.
type Map[K comparable, V any] struct {
	Most     int // entries of each half
	new, old map[K]V
}

// Get returns what was put last under a key.
func (m *Map[K, V]) Get(key K) (v V, found bool) {
	v, found = m.new[key]
	if !found {
		v, found = m.old[key]
	}
	return v, found
}

// Set puts a value. A key that is put again counts as new.
func (m *Map[K, V]) Set(key K, v V) {
	if _, again := m.new[key]; !again && (m.new == nil || len(m.new) >= m.Most) {
		m.old, m.new = m.new, make(map[K]V)
	}
	m.new[key] = v
}

// Drop deletes a key.
func (m *Map[K, V]) Drop(key K) {
	delete(m.new, key)
	delete(m.old, key)
}

// Clear deletes everything.
func (m *Map[K, V]) Clear() { m.new, m.old = nil, nil }
