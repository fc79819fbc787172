package line

import (
	"cmp"
	"slices"
	"time"
)

// sweepEvery is how exactly deadlines are kept. One sweeper serves all lines: timers of their own would be
// thousands.
const sweepEvery = 250 * time.Millisecond

func (s *Server) sweeper() {
	for n := 0; ; n++ {
		s.cfg.Machine.Wait(s.serving, sweepEvery)
		if s.serving.Err() != nil {
			return
		}
		s.late(s.cfg.Now())
		s.ungate()
		if n%4 == 0 {
			s.sweep()
		}
	}
}

// sweep does everything that a deadline asks for.
func (s *Server) sweep() {
	now := s.cfg.Now()
	s.late(now)
	s.ungate()
	s.closeOverdue(now)
	for _, n := range s.sessions.all() {
		if n.box == nil {
			continue
		}
		if n.box.expire(now) {
			n.beat.Store(now.UnixMilli())
		} else if now.Sub(time.UnixMilli(n.beat.Load())) >= s.cfg.OfflineAfter {
			s.end(n)
		}
	}
	s.book.nudge()
}

// closeOverdue closes the connections whose time is over, in an order that is always the same.
func (s *Server) closeOverdue(now time.Time) {
	type late struct {
		*conn
		why string
	}
	var over []late
	for _, c := range s.open() {
		if why := c.overdue(now); why != "" {
			over = append(over, late{c, why})
		}
	}
	slices.SortFunc(over, func(a, b late) int {
		return cmp.Or(a.opened.Compare(b.opened), cmp.Compare(a.remote, b.remote))
	})
	for _, c := range over {
		if c.why != "silent" {
			s.refuse(c.remote, c.why)
		}
		c.close(c.why)
	}
}
