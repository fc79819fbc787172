package line

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// enqueue hands a session a downlink, to be sent when its turn comes; false where there is no room.
func (s *Server) enqueue(n *session, d *downlink) bool {
	d.since = s.cfg.Now()
	if !n.lane.add(d) {
		return false
	}
	s.advance(n)
	return true
}

// advance sends what may go to a session now. It never blocks.
func (s *Server) advance(n *session) {
	for !s.stopping.Load() {
		now := s.cfg.Now()
		d, later := n.lane.next(now)
		switch {
		case later:
			s.gated.add(n)
			return
		case d == nil:
			return
		case d.wanted != nil && now.Sub(d.since) >= staleAfter:
			s.beside(func() { // the answer lies in the store
				if d.wanted() {
					s.put(n, d)
				} else {
					s.takeBack(n, d, unwanted)
				}
				s.advance(n)
			})
			return
		}
		s.put(n, d)
	}
}

// put writes a downlink whose turn it is.
func (s *Server) put(n *session, d *downlink) {
	now := s.cfg.Now()
	until := now.Add(s.cfg.AckWait)
	switch {
	case d.wait == nil:
		n.send(d.message, now.Add(s.cfg.OfflineAfter))
	case !s.asks.sent(d.wait, now, until):
		n.lane.unsent(d.wait) // answered while it waited: an earlier try's answer was late
	case !n.send(d.message, until):
		s.takeBack(n, d, unsent)
	}
}

// takeBack ends a downlink that did not go.
func (s *Server) takeBack(n *session, d *downlink, why silence) {
	if d.wait == nil {
		return
	}
	n.lane.unsent(d.wait)
	if s.asks.unsent(d.wait) {
		s.asks.answer(d.wait, nil, why)
	}
}

// said notes that a session has said something, and sends what waited for that.
func (s *Server) said(n *session) {
	n.lane.said()
	s.advance(n)
}

// settled goes on behind a downlink that was answered by whichever session of its lot.
func (s *Server) settled(w *wait, by *session) {
	w.session.lane.answered(w)
	if by != w.session {
		by.lane.answered(nil)
		s.advance(w.session)
	}
}

// late drops the downlinks that have waited too long for their answer, and goes on behind them.
func (s *Server) late(now time.Time) {
	for _, w := range s.asks.late(now) {
		n := w.session
		missed := n.lane.unanswered(w, now)
		s.asks.answer(w, nil, noAnswer)
		if missed == silentMost {
			s.log.Warn("a car park's machine does not answer downlinks; it gets one from time to time",
				"lot", n.lot.String(), "local_id", n.localID, "link", n.link)
		}
		if missed >= silentMost && s.pick(n.route, n.link,
			func(o *session) bool { return o != n && o.cloud && !o.dead() }) != nil {
			s.move(n) // to another machine
		}
		s.advance(n)
	}
}

// regroup moves what waits on one link of a PC to the link it belongs to, now that both are up.
func (s *Server) regroup(n *session) {
	for _, o := range s.sessions.of(n.route, n.link) {
		if o != n && o.localID == n.localID {
			s.move(o)
		}
	}
}

// move has the reductions that wait for a session find their session anew, one after the other: they stay in the
// order of their age.
func (s *Server) move(n *session) {
	for _, d := range n.lane.reductions() {
		n.lane.unsent(d.wait)
		if !s.asks.unsent(d.wait) {
			continue
		}
		for _, done := range d.wait.done {
			done(nil, moved)
		}
	}
}

// ungate sends what has waited until now.
func (s *Server) ungate() {
	for _, n := range s.gated.take() {
		s.advance(n)
	}
}

// pick chooses the one session that a downlink goes to: of the wanted link where there is one that answers.
func (s *Server) pick(id charge.LotID, want charge.Link, fit func(*session) bool) *session {
	if s.stopping.Load() {
		return nil
	}
	for _, n := range s.sessions.of(id, want) {
		if fit(n) {
			return n
		}
	}
	return nil
}
