package line

import (
	"net/netip"

	"github.com/chargestamp/chargestamp/charge"
)

// The lobby is where connections stand that have not logged in. They are counted by network.

// turnAway closes a connection that has not logged in, because too many others have not either.
func (s *Server) turnAway(c *conn) {
	s.refuse(c.remote, "too_many_without_login")
	c.close("too_many_without_login")
}

func (s *Server) waitLocked(c *conn) {
	c.waiting = s.waiting.PushBack(c)
	s.waitingAt[c.network]++
}

func (s *Server) unwaitLocked(c *conn) {
	if c.waiting == nil {
		return
	}
	s.waiting.Remove(c.waiting)
	c.waiting = nil
	if s.waitingAt[c.network]--; s.waitingAt[c.network] == 0 {
		delete(s.waitingAt, c.network)
	}
}

// surplusLocked takes out the connection that must go, if one must.
func (s *Server) surplusLocked(at netip.Addr) *conn {
	crowded := s.waitingAt[at] > s.cfg.MaxWaitingPerAddress
	if !crowded && s.waiting.Len() <= s.cfg.MaxWaiting {
		return nil
	}
	for e := s.waiting.Front(); e != nil; e = e.Next() {
		if c := e.Value.(*conn); !crowded || c.network == at {
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

// wait holds the answer to a wrong key back where its network has tried too many.
func (s *Server) wait(c *conn, of charge.LotID, end <-chan struct{}) {
	if !s.wrong.Hold(c.network, of, s.cfg.Now(), end) {
		s.turnAway(c)
	}
}
