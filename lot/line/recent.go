package line

import "container/list"

// recent counts the most recently used keys.
type recent struct {
	most  int
	byKey map[string]*list.Element
	order *list.List // of *counted, most recent first
}

type counted struct {
	key string
	n   int
}

func newRecent(most int) recent {
	return recent{most: most, byKey: make(map[string]*list.Element), order: list.New()}
}

func (r *recent) count(key string) int {
	e := r.byKey[key]
	if e == nil {
		return 0
	}
	r.order.MoveToFront(e)
	return e.Value.(*counted).n
}

func (r *recent) add(key string) { r.set(key, r.count(key)+1) }

func (r *recent) set(key string, n int) {
	if e := r.byKey[key]; e != nil {
		r.order.MoveToFront(e)
		e.Value.(*counted).n = n
		return
	}
	r.byKey[key] = r.order.PushFront(&counted{key: key, n: n})
	if r.order.Len() > r.most {
		last := r.order.Back()
		delete(r.byKey, r.order.Remove(last).(*counted).key)
	}
}
