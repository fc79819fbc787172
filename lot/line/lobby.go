package line

import (
	"net/netip"

	"github.com/chargestamp/chargestamp/cache"
	"github.com/chargestamp/chargestamp/limit"
)

// The lobby is where connections stand that have not logged in. They are counted by network.

// turnAway closes a connection that has not logged in, because too many others have not either.
func (s *Server) turnAway(c *conn) {
	s.refuse(c.remote, "too_many_without_login")
	c.close("too_many_without_login")
}

// newcomers counts the connections that do not log in: those of each network from which somebody has, and all others
// together. Strangers with many addresses keep no car park out that was here before. The server's lock.
type newcomers struct {
	rate  *limit.Rate[netip.Addr]
	known cache.Map[netip.Addr, bool] // networks from which somebody has logged in
}

// newcomersPerS is how many a second do not log in before another is closed of which nothing has been read: a login
// that fails costs many times as much.
const (
	newcomersPerS = 500
	knownNetworks = 10_000
)

func newNewcomers() newcomers {
	return newcomers{limit.NewRate[netip.Addr](newcomersPerS), cache.Map[netip.Addr, bool]{Most: knownNetworks}}
}

// allowLocked counts a connection as one that does not log in.
func (n *newcomers) allowLocked(c *conn) bool {
	at := limit.Network(c.addr)
	if known, _ := n.known.Get(at); known {
		c.countedBy = at
	}
	return n.rate.Allow(c.countedBy, c.opened)
}

// loggedInLocked takes a connection out of the count at its first login.
func (n *newcomers) loggedInLocked(c *conn) {
	if c.known {
		return
	}
	c.known = true
	n.known.Set(limit.Network(c.addr), true)
	n.rate.Undo(c.countedBy)
}

func (s *Server) waitLocked(c *conn) {
	c.waiting = s.waiting.PushBack(c)
	s.waitingAt[limit.Network(c.addr)]++
}

func (s *Server) unwaitLocked(c *conn) {
	if c.waiting == nil {
		return
	}
	s.waiting.Remove(c.waiting)
	c.waiting = nil
	at := limit.Network(c.addr)
	if s.waitingAt[at]--; s.waitingAt[at] == 0 {
		delete(s.waitingAt, at)
	}
}

// surplusLocked takes out the connection that must go, if one must.
func (s *Server) surplusLocked(at netip.Addr) *conn {
	crowded := s.waitingAt[limit.Network(at)] > s.cfg.MaxWaitingPerAddress
	if !crowded && s.waiting.Len() <= s.cfg.MaxWaiting {
		return nil
	}
	for e := s.waiting.Front(); e != nil; e = e.Next() {
		if c := e.Value.(*conn); !crowded || limit.Network(c.addr) == limit.Network(at) {
			s.unwaitLocked(c)
			return c
		}
	}
	return nil
}

// loggedIn notes that a connection has a session.
func (s *Server) loggedIn(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unwaitLocked(c)
	s.newcomers.loggedInLocked(c)
}

// loggedOut notes that a connection has none any more but stays open.
func (s *Server) loggedOut(c *conn) {
	c.replaced.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns[c] && c.waiting == nil {
		s.waitLocked(c)
	}
}

func (s *Server) open() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		open = append(open, c)
	}
	return open
}
