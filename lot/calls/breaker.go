package calls

import (
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// breaker lets a lot that does not answer rest. It is four fields and no lock, for it lives under the
// channel's: failsafe-go's breaker and bulkhead cost 16 allocations and 0.9 µs a call here and would have to be
// asked again under that lock.
type breaker struct {
	failed int           // failures since the last answer
	rest   time.Duration // the present or last one
	until  time.Time
}

const (
	tripsAfter = 5 // failures in a row
	firstRest  = 5 * time.Second
	longRest   = time.Minute
)

// tripped reports whether the lot's last tries have all failed: it gets one try at a time, after its rest.
func (b *breaker) tripped() bool { return b.failed >= tripsAfter }

// resting reports whether nothing may be tried yet.
func (b *breaker) resting(now time.Time) bool { return b.tripped() && now.Before(b.until) }

// record takes a try's end down.
func (b *breaker) record(answered bool, now time.Time) {
	if answered {
		*b = breaker{}
		return
	}
	b.failed++
	if b.tripped() && !now.Before(b.until) {
		b.rest = min(max(firstRest, 2*b.rest), longRest)
		b.until = now.Add(b.rest)
	}
}

func (b *breaker) restError() error {
	return charge.NewFault(charge.Say("delivery.resting", charge.Count("failed", b.failed), charge.When("until", b.until)),
		fmt.Sprintf("the lot's last %d tries failed; it is left alone until %s", b.failed,
			b.until.In(charge.Shanghai).Format(time.TimeOnly)))
}

// Breaker reports how a lot stands: "closed", "open" while it rests after failures, "half_open" while one try
// at a time finds out whether it answers again.
func (c *Queue) Breaker(id charge.LotID) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.lots[id]
	switch {
	case q == nil || !q.tripped():
		return "closed"
	case q.resting(c.cfg.Now()):
		return "open"
	}
	return "half_open"
}
