package line

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
)

// session is one login: one fee-collection PC of a lot. It lasts until its connection closes, its place is taken
// by a newer login of the same PC, or it falls silent.
type session struct {
	lot     charge.LotID
	route   charge.LotID // whose downlinks it gets: the lot, or the line of a certification run
	localID string
	link    charge.Link
	token   string
	remote  string
	since   time.Time
	cloud   bool // takes downlinks: receive_cloud is not "0"
	prices  bool // takes price queries: prepay_query is not 0
	conn    *conn
	box     *mailbox // HTTP mode; then conn is nil
	number  int64    // of the node's logins

	beat  atomic.Int64 // last heartbeat, login or poll, Unix ms
	ended atomic.Bool

	flood limit.Window
	lane  lane

	waits []*wait // downlinks that wait for this session's answer; the asks' lock
	epoch atomic.Int64
	told  int64 // the beat that the book has; the book's goroutine
}

func byLogin(a, b *session) int { return cmp.Compare(a.number, b.number) }

// send hands the session a downlink. It never blocks; false says that it is not on the way.
func (n *session) send(message []byte, until time.Time) bool {
	if n.ended.Load() {
		return false
	}
	if n.conn != nil {
		return n.conn.send(message)
	}
	return n.box.put(message, until)
}

// dead reports whether the session does not answer.
func (n *session) dead() bool { return n.lane.missed() >= silentMost }

// copies reports whether the session wants copies of its lot's entries and exits.
func (n *session) copies() bool { return strings.Contains(n.localID, "syncdata") }

func (n *session) row(node string) charge.LineSession {
	return charge.LineSession{
		Lot: n.route, LocalID: n.localID, Link: n.link, Silent: n.dead(), Node: node, Epoch: n.epoch.Load(), Remote: n.remote,
		ReceiveCloud: n.cloud, Since: n.since, Beat: time.UnixMilli(n.beat.Load()),
	}
}

// Channels returns the entry and exit channels that a PC manages, as its local_id names them:
// "aaa001_channels_A1_A2" manages A1 and A2 (SDK book, 465620).
func Channels(localID string) []string {
	_, list, found := strings.Cut(localID, "channels_")
	if !found {
		return nil
	}
	return slices.DeleteFunc(strings.Split(list, "_"), func(c string) bool { return c == "" })
}

// sessionsPerLot bounds what one lot's key can make us keep.
const sessionsPerLot = 64

// sessions finds sessions by token and by lot.
type sessions struct {
	mu      sync.RWMutex
	byToken map[string]*session
	byLot   map[charge.LotID][]*session
}

func newSessions() *sessions {
	return &sessions{byToken: make(map[string]*session), byLot: make(map[charge.LotID][]*session)}
}

// add puts a session in the place of the one with the same lot, local_id and link, which it returns. It reports false
// where the lot has too many.
func (t *sessions) add(n *session) (replaced *session, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.byLot[n.route]
	i := slices.IndexFunc(of, func(o *session) bool { return o.localID == n.localID && o.link == n.link })
	switch {
	case i >= 0:
		replaced = of[i]
		delete(t.byToken, replaced.token)
		of[i] = n
	case len(of) >= sessionsPerLot:
		return nil, false
	default:
		t.byLot[n.route] = append(of, n)
	}
	t.byToken[n.token] = n
	return replaced, true
}

// remove takes a session out, if it still is what its token finds.
func (t *sessions) remove(n *session) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byToken[n.token] != n {
		return false
	}
	delete(t.byToken, n.token)
	of := slices.DeleteFunc(t.byLot[n.route], func(o *session) bool { return o == n })
	if len(of) == 0 {
		delete(t.byLot, n.route)
	} else {
		t.byLot[n.route] = of
	}
	return true
}

func (t *sessions) find(token string) *session {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byToken[token]
}

func (t *sessions) count() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.byToken)
}

func (t *sessions) all() []*session {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := make([]*session, 0, len(t.byToken))
	for _, n := range t.byToken {
		all = append(all, n)
	}
	return all
}

// of lists a lot's sessions in the order in which they are tried: those that answer, then those on the wanted link,
// then those that did not let the last downlink go unanswered, then by heartbeat, newest first. Production's own
// choice among several PCs is not published.
func (t *sessions) of(id charge.LotID, want charge.Link) []*session {
	t.mu.RLock()
	of := slices.Clone(t.byLot[id])
	t.mu.RUnlock()
	if len(of) < 2 {
		return of
	}
	last := make(map[*session]int, len(of))
	for _, n := range of {
		missed := n.lane.missed()
		for i, bad := range []bool{missed >= silentMost, n.link != want, missed > 0} {
			if bad {
				last[n] += 4 >> i
			}
		}
	}
	slices.SortStableFunc(of, func(a, b *session) int {
		return cmp.Or(cmp.Compare(last[a], last[b]), cmp.Compare(b.beat.Load(), a.beat.Load()))
	})
	return of
}

// has reports whether a lot has a session.
func (t *sessions) has(id charge.LotID) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.byLot[id]) > 0
}

// twin reports whether a PC has a session on another link as well.
func (t *sessions) twin(n *session, link charge.Link) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.ContainsFunc(t.byLot[n.route], func(o *session) bool { return o.localID == n.localID && o.link == link })
}
