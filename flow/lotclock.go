package flow

import (
	"slices"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// A lot whose clock is wrong says nothing of it, but what it reports at once shows it: such a message names the time
// of its receipt, ahead or behind by as much as the clock is. A message that is late is only ever behind, and no two
// of them by the same time.
const (
	clockMemory  = 15               // messages of a lot that are looked at
	steady       = 5                // so many messages that are behind by the same time, but for
	steadyWithin = 10 * time.Second // this, show a clock that is behind
	clockStep    = 30 * time.Second // a smaller change of the measured offset is not stored
	widestClock  = 2 * time.Hour    // no stay is looked for further off its times
)

// lotClocks measures how far the clocks of lots are ahead of ours. It forgets at a restart; what was measured is one of
// a lot's marks. Safe for concurrent use.
type lotClocks struct {
	mu sync.Mutex
	of map[charge.LotID]*lotClock
}

// lotClock is what one lot's last messages were ahead by.
type lotClock struct {
	ahead  []time.Duration // newest last
	stored time.Duration
	known  bool // stored is what the lot's marks hold
}

// heard notes the time that a message names. It returns how far the lot's clock is ahead, a negative time where it is
// behind, and whether that is news.
func (c *lotClocks) heard(id charge.LotID, told, now time.Time) (ahead time.Duration, news bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.of[id]
	if l == nil {
		if c.of == nil {
			c.of = make(map[charge.LotID]*lotClock)
		}
		l = &lotClock{}
		c.of[id] = l
	}
	l.ahead = append(l.ahead, told.Sub(now).Round(time.Second))
	l.ahead = l.ahead[max(0, len(l.ahead)-clockMemory):]
	ahead, measured := l.measure()
	return ahead, measured && (!l.known || (ahead-l.stored).Abs() >= clockStep)
}

// kept notes that a lot's marks hold what was measured.
func (c *lotClocks) kept(id charge.LotID, ahead time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.of[id]; l != nil {
		l.stored, l.known = ahead, true
	}
}

// measure is the median of what was reported at once; false where nothing shows that anything was.
func (l *lotClock) measure() (time.Duration, bool) {
	var atOnce []time.Duration
	for _, a := range l.ahead {
		if a > -charge.ClockRight || l.near(a) >= steady {
			atOnce = append(atOnce, a)
		}
	}
	if len(atOnce) == 0 {
		return 0, false
	}
	slices.Sort(atOnce)
	return atOnce[len(atOnce)/2], true
}

// near counts the messages that are ahead by the same time.
func (l *lotClock) near(a time.Duration) (n int) {
	for _, b := range l.ahead {
		if (a - b).Abs() <= steadyWithin/2 {
			n++
		}
	}
	return n
}

// widened is how much further off its times a lot's stay is looked for because of the lot's clock; zero for one that
// is right.
func widened(m charge.LotMarks) time.Duration {
	off := m.Clock.Abs()
	if off < charge.ClockRight {
		return 0
	}
	return min(off, widestClock)
}
