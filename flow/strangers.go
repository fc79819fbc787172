package flow

import (
	"sync"

	"github.com/chargestamp/chargestamp/limit"
	"github.com/chargestamp/chargestamp/platform"
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
}

// refusedBy is one network's pushes in one account's name.
type refusedBy struct{ platform, account, network string }

func newRefusals() *refusals { return &refusals{slow: limit.NewRate[refusedBy](1)} }

// take reports whether a refused push of so many bytes is recorded on a day.
func (r *refusals) take(p platform.Push, account, today string, bytes int) bool {
	by := refusedBy{p.Platform, account, limit.Network(p.Remote).String()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if today != r.day {
		r.day, r.shared, r.own, r.count = today, 0, map[[2]string]int64{}, map[refusedBy]int{}
	}
	if _, known := r.count[by]; !known && len(r.count) >= refusedKeys {
		return false
	}
	if r.count[by]++; r.count[by] > refusedNetwork && !r.slow.Allow(by, p.Received) {
		return false
	}
	of := [2]string{p.Platform, account}
	if account != "" && r.own[of]+int64(bytes) <= refusedReserve {
		r.own[of] += int64(bytes)
		return true
	}
	if r.shared+int64(bytes) > refusedBytes {
		return false
	}
	r.shared += int64(bytes)
	return true
}
