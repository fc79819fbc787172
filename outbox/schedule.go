package outbox

import (
	"math/rand/v2"
	"time"
)

// Schedule is the waits between tries; the last one repeats.
type Schedule []time.Duration

// After gives the wait after a number of tries (1 and up), up to a twentieth longer so that what failed
// together does not come back together.
func (s Schedule) After(tries int) time.Duration {
	wait := s[min(max(tries, 1), len(s))-1]
	return wait + rand.N(wait/20+1)
}
