package line

import "time"

// sweepEvery is how exactly deadlines are kept. One sweeper serves all lines: timers of their own would be
// thousands.
const sweepEvery = 250 * time.Millisecond

func (s *Server) sweeper() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
			s.late(s.cfg.Now())
			s.ungate()
			if n%4 == 0 {
				s.sweep()
			}
		case <-s.stopped:
			return
		}
	}
}

// sweep does everything that a deadline asks for.
func (s *Server) sweep() {
	now := s.cfg.Now()
	s.late(now)
	s.ungate()
	for _, c := range s.open() {
		if why := c.overdue(now); why != "" {
			if why != "silent" {
				s.refuse(c.remote, why)
			}
			c.close(why)
		}
	}
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
