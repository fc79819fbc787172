package app

import (
	"slices"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// pulse remembers how long lots took lately, for the console's first page and the lots board.
type pulse struct {
	calls called

	mu   sync.Mutex
	all  ring
	lots map[charge.LotID]*ring
}

// ring holds the newest times; 4 KiB a busy lot at most.
type ring struct {
	times []time.Duration
	next  int
}

// Sizes of rings.
const (
	ringAll  = 4096
	ringLot  = 128
	ringLots = 20_000
)

func (r *ring) add(d time.Duration, most int) {
	if len(r.times) < most {
		r.times = append(r.times, d)
		return
	}
	r.times[r.next] = d
	r.next = (r.next + 1) % most
}

// part returns the time that p of 100 are not above.
func (r *ring) part(p int) time.Duration {
	if len(r.times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(r.times))
	return sorted[(len(sorted)-1)*p/100]
}

func newPulse() *pulse { return &pulse{lots: map[charge.LotID]*ring{}} }

// delivered notes how long a push took to be acknowledged by its lot.
func (p *pulse) delivered(id charge.LotID, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all.add(took, ringAll)
	r := p.lots[id]
	if r == nil {
		if len(p.lots) >= ringLots {
			return
		}
		r = &ring{}
		p.lots[id] = r
	}
	r.add(took, ringLot)
}

// Latency returns how long pushes took to reach their lots lately.
func (p *pulse) Latency() (p50, p99 time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all.part(50), p.all.part(99), len(p.all.times) > 0
}

// AckP95 returns how long a lot took to acknowledge, 95 of 100.
func (p *pulse) AckP95(id charge.LotID) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.lots[id]; r != nil {
		return r.part(95)
	}
	return 0
}

// Breaker reports how a lot's breaker stands.
func (p *pulse) Breaker(id charge.LotID) string { return p.calls.Breaker(id) }
