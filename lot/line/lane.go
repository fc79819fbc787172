package line

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// A session hears downlinks one at a time, the next once the last is answered or given up. The vendor's SDK before
// 4.0 does not put reads together: two downlinks that a mobile link hands on in one batch are torn where its read
// ends, and anything behind a login's answer makes its init fail.
const (
	// loginQuiet is how long nothing follows a login's answer, unless the session says something first.
	loginQuiet = 2 * time.Second
	// copyQuiet is how long nothing follows a copy, which is not answered. Mobile links batch by up to 200 ms.
	copyQuiet = 500 * time.Millisecond
	// silentMost is how many downlinks in a row may go unanswered before a session counts as not answering.
	silentMost = 3
	// probeEvery is how often such a session is tried, with one downlink.
	probeEvery = 10 * time.Second
	// downlinkMost bounds one downlink, its two frame bytes aside: the SDK reads less than 4,096 bytes at once.
	downlinkMost = 4096 - 1 - 2
	// laneHolds bounds what waits for one session, and laneRoom what is given to it by flow.
	laneHolds = 100
	laneRoom  = 32
	// staleAfter is a wait after which a downlink may have become pointless: the car has left.
	staleAfter = 2 * time.Second
)

// rank is which downlinks go first.
type rank int

const (
	rankQuestion  rank = iota // a person waits
	rankPass                  // a program waits
	rankReduction             // those tried less often first, then the oldest
	rankCopy
)

// downlink is one message that is to go to a session.
type downlink struct {
	rank    rank
	tries   int
	age     int64 // smaller is older
	message []byte
	wait    *wait       // nil for a copy
	wanted  func() bool // nil: always; asked where it has waited
	since   time.Time
}

func before(a, b *downlink) int {
	return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.tries, b.tries), cmp.Compare(a.age, b.age))
}

// lane holds a session's downlinks.
type lane struct {
	mu     sync.Mutex
	queue  []*downlink // the next one first
	under  *wait       // sent, and waiting for its answer
	silent int         // downlinks in a row that were not answered
	quiet  time.Time   // nothing before, unless the session says something first
	probe  time.Time   // nothing but a question before: the session does not answer
	over   bool
	apart  bool // each message comes apart anyway: HTTP mode, where one poll brings one
}

// add puts a downlink in its place; false where there is no room or the session is over.
func (l *lane) add(d *downlink) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || len(l.queue) >= laneHolds {
		return false
	}
	at, _ := slices.BinarySearchFunc(l.queue, d, func(q, d *downlink) int {
		if before(q, d) <= 0 {
			return -1 // behind those that are alike
		}
		return 1
	})
	l.queue = slices.Insert(l.queue, at, d)
	return true
}

// next takes out the downlink that may go now. Where only time is in its way, later is true.
func (l *lane) next(now time.Time) (d *downlink, later bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.under != nil || len(l.queue) == 0 {
		return nil, false
	}
	d = l.queue[0]
	if now.Before(l.quiet) || now.Before(l.probe) && d.rank != rankQuestion {
		return nil, true
	}
	l.queue[0] = nil
	if l.queue = l.queue[1:]; len(l.queue) == 0 {
		l.queue = nil // an idle line holds no room
	}
	switch {
	case l.apart:
	case d.wait == nil:
		l.quiet = now.Add(copyQuiet)
	default:
		l.under = d.wait
	}
	return d, false
}

// said notes that the session has said something.
func (l *lane) said() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.quiet = time.Time{}
}

// answered notes that the session, or the other link of its PC, has answered a downlink.
func (l *lane) answered(w *wait) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.under == w {
		l.under = nil
	}
	l.silent, l.probe = 0, time.Time{}
}

// unanswered notes that a downlink was given up, and returns how many there have been in a row.
func (l *lane) unanswered(w *wait, now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.under == w {
		l.under = nil
	}
	if l.silent++; l.silent >= silentMost {
		l.probe = now.Add(probeEvery)
	}
	return l.silent
}

// unsent notes that a downlink that was next did not go.
func (l *lane) unsent(w *wait) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.under == w {
		l.under = nil
	}
}

// end leaves nothing waiting from here on.
func (l *lane) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue, l.over = nil, true
}

// reductions takes out the reductions that wait.
func (l *lane) reductions() (out []*downlink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = slices.DeleteFunc(l.queue, func(d *downlink) bool {
		if d.rank == rankReduction {
			out = append(out, d)
		}
		return d.rank == rankReduction
	})
	return out
}

// missed is how many downlinks in a row went unanswered.
func (l *lane) missed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.silent
}

// hasRoom reports whether flow may give it more.
func (l *lane) hasRoom() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) < laneRoom && l.silent < silentMost
}
