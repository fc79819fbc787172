package flow

import (
	"net/netip"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/limit"
)

// What is kept of refused pushes, which anybody can send: so many of one account and day, beyond which they are
// counted; the head and the first bytes of the body; and so many bytes a day over all, of which a part is kept for
// each account that there is.
const (
	maxRefused     = 10_000
	refusedNetwork = maxRefused / 2 // of one account and network; beyond it one a second
	refusedBody    = 4 << 10
	refusedBytes   = 256 << 20
	refusedReserve = 1 << 20
	refusedKeys    = 50_000 // networks and accounts that are counted
)

// MostRefusedBytes is how many bytes of refused pushes are kept of a day in which so many accounts were named.
func MostRefusedBytes(accounts int) int64 { return refusedBytes + int64(accounts)*refusedReserve }

// refusals bounds the bytes of refused pushes that are kept in a day. Its counts live as long as the process.
type refusals struct {
	slow *limit.Rate[refusedBy]

	mu     sync.Mutex
	day    string
	shared int64 // bytes, over all
	own    map[[2]string]int64
	count  map[refusedBy]int
	over   map[[2]string]bool // accounts of which the day's most is recorded
}

// onDisk is what so many bytes of a refused push take in a database at most: a row and its places in indexes, and pages
// that it does not fill.
func onDisk(bytes int) int { return bytes + bytes/2 + 512 }

// refusedBy is one network's pushes in one account's name.
type refusedBy struct {
	of      [2]string // platform and account
	network netip.Addr
}

func newRefusals() *refusals { return &refusals{slow: limit.NewRate[refusedBy](1)} }

// open counts a refused push, and reports whether one more of its network and account may be recorded on a day. It
// comes before all that costs something.
func (r *refusals) open(of [2]string, network netip.Addr, today string, now time.Time) bool {
	by := refusedBy{of, network}
	r.mu.Lock()
	defer r.mu.Unlock()
	if today != r.day {
		r.day, r.shared = today, 0
		r.own, r.count, r.over = map[[2]string]int64{}, map[refusedBy]int{}, map[[2]string]bool{}
	}
	n, known := r.count[by]
	if !known && len(r.count) >= refusedKeys {
		return false
	}
	r.count[by] = n + 1
	if r.over[of] || r.shared >= refusedBytes && (of[1] == "" || r.own[of] >= refusedReserve) {
		return false
	}
	return n < refusedNetwork || r.slow.Allow(by, now)
}

// take reports whether there is room for a refused push of so many bytes, and takes it.
func (r *refusals) take(of [2]string, bytes int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if of[1] != "" && r.own[of]+int64(bytes) <= refusedReserve {
		r.own[of] += int64(bytes)
		return true
	}
	if r.shared+int64(bytes) > refusedBytes {
		return false
	}
	r.shared += int64(bytes)
	return true
}

// full notes that the day's most of an account is recorded.
func (r *refusals) full(of [2]string, today string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if today == r.day {
		r.over[of] = true
	}
}
