package line

import (
	"net/netip"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

const noiseSpan = 10 * time.Second

// noise holds back repeated log lines.
type noise struct {
	mu    sync.Mutex
	last  map[string]time.Time
	count map[string]int
}

// allow gives how many there have been since the last line, or 0 for no line now.
func (o *noise) allow(reason string, now time.Time) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last == nil {
		o.last, o.count = make(map[string]time.Time), make(map[string]int)
	}
	o.count[reason]++
	if last, ok := o.last[reason]; ok && now.Sub(last) < noiseSpan {
		return 0
	}
	n := o.count[reason]
	o.last[reason], o.count[reason] = now, 0
	return n
}

// rate lets so many through for each lot in each second.
type rate struct {
	perSecond int
	mu        sync.Mutex
	second    int64
	counts    map[charge.LotID]int
}

func (r *rate) allow(id charge.LotID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if second := now.Unix(); second != r.second || r.counts == nil {
		r.second, r.counts = second, make(map[charge.LotID]int)
	}
	r.counts[id]++
	return r.counts[id] <= r.perSecond
}

// A login that names no vendor is tried against every lot of its park_id, so whoever fails with one is stopped sooner
// than others: after so many in a minute, for each address and park_id.
const (
	guessesPerMinute  = 10
	guessesRemembered = 10_000
)

// guesses counts failed logins that named no vendor.
type guesses struct {
	mu     sync.Mutex
	minute int64
	counts recent
}

func (g *guesses) tooMany(remote, park string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turnLocked(now)
	return g.counts.count(guess(remote, park)) >= guessesPerMinute
}

func (g *guesses) failed(remote, park string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turnLocked(now)
	g.counts.add(guess(remote, park))
}

func (g *guesses) turnLocked(now time.Time) {
	if minute := now.Unix() / 60; minute != g.minute || g.counts.order == nil {
		g.minute, g.counts = minute, newRecent(guessesRemembered)
	}
}

// guess names an address, without its port, and a park_id.
func guess(remote, park string) string {
	if at, err := netip.ParseAddrPort(remote); err == nil {
		remote = at.Addr().Unmap().String()
	}
	return remote + " " + clipTo(park, maxUUID)
}

// flood counts the uplinks of one token in spans of ten seconds.
type flood struct {
	mu    sync.Mutex
	from  time.Time
	count int
}

const floodSpan = 10 * time.Second

func (f *flood) over(now time.Time, most int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.from) >= floodSpan {
		f.from, f.count = now, 0
	}
	f.count++
	return f.count > most
}
