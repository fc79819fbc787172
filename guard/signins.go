package guard

import (
	"context"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Actions of the audit log about sign-ins.
const (
	actionBegin   = "session.begin"
	actionRefused = "session.refused"
	actionEnd     = "session.end"
)

// Refused sign-ins are a line a network every refusedEvery, and refusedMost lines a minute in all: strangers must not
// fill the log. What is left out is counted in the next line.
const (
	refusedEvery = 10 * time.Second
	refusedMost  = 30
)

// signIns writes sign-ins, refused ones and ends into the audit log.
type signIns struct {
	audit *Audit
	now   func() time.Time

	mu      sync.Mutex
	minute  time.Time
	lines   int                  // in this minute
	last    map[string]time.Time // of a line, by network
	skipped int
}

func (s *signIns) began(ctx context.Context, who Identity, session Session) error {
	e := Entry{Actor: who.ID(), Role: who.Role, Action: actionBegin, Object: session.ID}
	return s.audit.Record(ctx, e.Saying(cameFrom(session.Remote)))
}

func (s *signIns) ended(ctx context.Context, session Session) error {
	return s.audit.Record(ctx, Entry{Actor: session.Kind + ":" + session.User, Action: actionEnd, Object: session.ID})
}

// refused writes why somebody was not let in; actor is whom he said he was.
func (s *signIns) refused(ctx context.Context, actor, remote string, why charge.Note) error {
	skipped, due := s.due(network(remote))
	if !due {
		return nil
	}
	notes := charge.Notes{why, cameFrom(remote)}
	if skipped > 0 {
		notes = append(notes, charge.Say("signin.more", charge.Count("n", skipped)))
	}
	return s.audit.Record(ctx, Entry{Actor: clip(actor), Action: actionRefused}.Saying(notes...))
}

func cameFrom(remote string) charge.Note {
	return charge.Say("signin.from", charge.Text("remote", clip(remote)))
}

func (s *signIns) due(network string) (skipped int, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if now.Sub(s.minute) >= time.Minute || s.last == nil {
		s.minute, s.lines = now, 0
		for key, at := range s.last {
			if now.Sub(at) >= refusedEvery {
				delete(s.last, key)
			}
		}
		if s.last == nil {
			s.last = map[string]time.Time{}
		}
	}
	if at, found := s.last[network]; found && now.Sub(at) < refusedEvery || s.lines >= refusedMost {
		s.skipped++
		return 0, false
	}
	s.last[network] = now
	s.lines++
	skipped, s.skipped = s.skipped, 0
	return skipped, true
}
