package line

import "sync"

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
