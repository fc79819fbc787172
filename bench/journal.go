package bench

import (
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// Journal is the platforms' own account of a run: what was pushed, and what was answered. A push counts as
// accepted only after its success answer.
type Journal struct {
	mu       sync.Mutex
	entries  map[string]*Entry // by order
	order    []*Entry
	accepted int
	flying   int
}

// Entry is one charge as its platform knows it.
type Entry struct {
	Platform string
	Push     play.Push
	Accepted bool
	Meant    time.Time // when it was to leave
	Answered time.Time // when success was heard
}

// NewJournal makes an empty journal.
func NewJournal() *Journal { return &Journal{entries: map[string]*Entry{}} }

// sent notes a push that is about to leave.
func (j *Journal) sent(platform string, p play.Push) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.flying++
	if j.entries[p.Order] == nil {
		e := &Entry{Platform: platform, Push: p}
		j.entries[p.Order] = e
		j.order = append(j.order, e)
	}
}

// heard notes what came of it.
func (j *Journal) heard(s play.Shot) {
	now := time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.flying--
	e := j.entries[s.Push.Order]
	if e.Meant.IsZero() {
		e.Meant = now.Add(-s.Latency)
	}
	if s.Accepted && !e.Accepted {
		e.Accepted, e.Answered = true, now
		j.accepted++
	}
}

// Counts are how many pushes have been accepted and how many are on their way.
func (j *Journal) Counts() (accepted, flying int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.accepted, j.flying
}

// Entries copies all entries in the order of their sending.
func (j *Journal) Entries() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := make([]Entry, len(j.order))
	for i, e := range j.order {
		all[i] = *e
	}
	return all
}

// Unanswered are the pushes without a yes, in order.
func (j *Journal) Unanswered() []Entry {
	var open []Entry
	for _, e := range j.Entries() {
		if !e.Accepted {
			open = append(open, e)
		}
	}
	return open
}

// byPlate returns the order of each plate that was pushed about a lot whose book names no charge: a 4G or coupon lot.
func (j *Journal) byPlate(site *Site) map[string]string {
	gates := map[charge.LotID]bool{}
	for _, l := range append(site.Of(charge.Kind4G), site.Of(charge.KindCoupon)...) {
		gates[l.ID] = true
	}
	plates := map[string]string{}
	for _, e := range j.Entries() {
		if gates[e.Push.Lot] {
			plates[e.Push.Plate.Full()] = e.Push.Order
		}
	}
	return plates
}
