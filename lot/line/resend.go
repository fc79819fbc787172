package line

import (
	"strings"
	"sync"

	"github.com/chargestamp/chargestamp/cache"
	"github.com/chargestamp/chargestamp/charge"
)

// The resend filter: an entry or exit that says what the last one of its order has said is not taken again. The
// published server counts how often a number comes, which loses the visit of a number that comes back; we compare
// what was said. Only what was taken counts, so that an uplink we could not store can come again, and each link for
// itself: the vendor's SDK reports everything on both, and the cloud link reports more.
const rememberOrders = 5_000

type resend struct {
	mu   sync.Mutex
	last cache.Map[resendKey, string]
}

func newResend() *resend { return &resend{last: cache.Map[resendKey, string]{Most: rememberOrders}} }

// seen reports whether an uplink says the same as the last one of its order that was taken.
func (r *resend) seen(k resendKey, said string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, known := r.last.Get(k)
	if known && last == said {
		r.last.Set(k, said) // repeats keep it new
		return true
	}
	return false
}

func (r *resend) taken(k resendKey, said string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last.Set(k, said)
}

// resendKey is what an uplink is about.
type resendKey struct {
	lot   charge.LotID
	link  charge.Link
	label string
	order string
}

func (u uplink) resendKey() resendKey {
	return resendKey{u.session.lot, u.session.link, u.label(), clipTo(u.fields.Text("order_id"), maxUUID)}
}

// said is what an entry or exit says: plate, times, and what was paid and taken off.
func (u uplink) said() string {
	var b strings.Builder
	for _, name := range []string{
		"car_number", "in_time", "out_time", "total", "reduce_amount", "derate_duration", "force_update",
	} {
		b.WriteString(clipTo(u.fields.Text(name), maxUUID))
		b.WriteByte(0)
	}
	return b.String()
}
