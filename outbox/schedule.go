package outbox

import "time"

// Schedule is the waits between tries; the last one repeats.
type Schedule []time.Duration

// After returns the wait after a number of tries (1 and up), up to a twentieth longer so that what failed
// together does not come back together.
func (s Schedule) After(tries int, on Machine) time.Duration {
	wait := s[min(max(tries, 1), len(s))-1]
	return wait + time.Duration(on.below(int64(wait/20+1)))
}
