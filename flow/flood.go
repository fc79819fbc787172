package flow

import (
	"sync"
	"time"
)

// floods picks which refusals of too many pushes are recorded: one a second of each platform and account.
// Support sees whose flood it was and when; recording each would feed it, and the metric counts them all.
type floods struct {
	mu   sync.Mutex
	last map[[2]string]time.Time
}

// pick reports whether the refusal at this time is the one that is recorded.
func (f *floods) pick(platform, account string, at time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	of := [2]string{platform, account}
	if last, ok := f.last[of]; ok && at.Sub(last) < time.Second {
		return false
	}
	if f.last == nil {
		f.last = make(map[[2]string]time.Time)
	}
	f.last[of] = at
	return true
}
