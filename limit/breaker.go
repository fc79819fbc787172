package limit

import "time"

// Breaker lets somebody who does not answer rest. Its zero value is ready; it has no lock, for it lives under its
// owner's: failsafe-go's breaker and bulkhead cost 16 allocations and 0.9 µs a call and would have to be asked again
// under that lock.
type Breaker struct {
	failed int           // failures since the last answer
	rest   time.Duration // the present or last one
	until  time.Time
}

const (
	tripsAfter = 5 // failures in a row
	firstRest  = 5 * time.Second
	longRest   = time.Minute
)

// Failed counts the tries in a row that have failed.
func (b *Breaker) Failed() int { return b.failed }

// Until is when the last rest ends.
func (b *Breaker) Until() time.Time { return b.until }

// Tripped reports whether the last tries have all failed: it gets one try at a time, after its rest.
func (b *Breaker) Tripped() bool { return b.failed >= tripsAfter }

// Resting reports whether nothing may be tried yet.
func (b *Breaker) Resting(now time.Time) bool { return b.Tripped() && now.Before(b.until) }

// Record takes a try's end down.
func (b *Breaker) Record(answered bool, now time.Time) {
	if answered {
		*b = Breaker{}
		return
	}
	b.failed++
	if b.Tripped() && !now.Before(b.until) {
		b.rest = min(max(firstRest, 2*b.rest), longRest)
		b.until = now.Add(b.rest)
	}
}
