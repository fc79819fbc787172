package line

import (
	"container/list"
	"sync"
)

// The resend filter of the published server: a sign that was seen before, or more than two messages with the
// same token, service and order, are not taken again. Only what was taken counts, so that an uplink we could not
// store can come again; and a sign counts for its lot, since two lots of one vendor may sign alike.
const (
	rememberSigns = 5_000
	ordersTwice   = 2
)

type resend struct {
	mu     sync.Mutex
	signs  recent
	orders recent
}

func newResend() *resend {
	return &resend{signs: newRecent(rememberSigns), orders: newRecent(rememberSigns)}
}

// seen reports whether an uplink was taken before.
func (r *resend) seen(k resendKey) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.signs.count(k.sign) > 0 || r.orders.count(k.order) >= ordersTwice
}

func (r *resend) taken(k resendKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.signs.add(k.sign)
	r.orders.add(k.order)
}

// resendKey is what one uplink is known by.
type resendKey struct{ sign, order string }

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
