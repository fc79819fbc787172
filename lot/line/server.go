package line

import (
	"container/list"
	"context"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/seal"
)

// Server is the cloud end of all lines of one node. It is a lot.Channel and a lot.Pricer.
type Server struct {
	cfg        Config
	log        *slog.Logger
	sessions   *sessions
	asks       *asks
	resends    *resend
	logins     atomic.Pointer[limit.Rate[charge.LotID]]
	loginCount atomic.Int64
	guesses    guesses // failed logins that named no vendor
	wrong      *lot.Guesses
	gated      gated // sessions for which something waits until a moment comes
	book       *book
	noise      limit.Noise // refusals, by reason
	noLogins   limit.Noise // refused logins, by lot and reason
	cuts       limit.Noise // messages of which something was cut, by lot
	newToken   func() string

	ctx      context.Context // over once nothing is handled any more
	cancel   context.CancelFunc
	running  sync.WaitGroup // everything that must end before Shutdown does
	stopping atomic.Bool

	strangers atomic.Int64 // bytes that connections without login hold of frames
	stop      sync.Once
	noPolls   chan struct{} // closed once no poll is held any more
	endPolls  sync.Once

	serving     context.Context // over once no line is open any more
	stopServing context.CancelFunc

	mu        sync.Mutex
	listeners map[net.Listener]bool
	conns     map[*conn]bool
	waiting   *list.List         // connections without login, oldest first
	waitingAt map[netip.Addr]int // how many of them, by network
	newcomers newcomers
}

var (
	_ lot.Channel = (*Server)(nil)
	_ lot.Pricer  = (*Server)(nil)
)

// LimitLogins sets how many good logins of one lot are taken in a second.
func (s *Server) LimitLogins(perSecond int) {
	s.logins.Store(limit.NewRate[charge.LotID](float64(perSecond)))
}

// Lines lists the sessions of a lot on this node, the one preferred for a 3.25 first.
func (s *Server) Lines(id charge.LotID) []charge.LineSession {
	of := s.sessions.of(id, charge.LinkCloud)
	rows := make([]charge.LineSession, len(of))
	for i, n := range of {
		rows[i] = n.row(s.cfg.Node)
	}
	return rows
}

// Stats counts.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Connections: len(s.conns), Waiting: s.waiting.Len(),
		Sessions: s.sessions.count(), Pending: s.asks.count(),
	}
}

func (s *Server) refusal(remote, reason, say string) answer {
	s.refuse(remote, reason)
	return answer{body: seal.PrintJSON(failure{ErrMsg: say}), refused: true}
}

// refuse counts something that was dropped or refused, and logs it now and then: one line for each reason in ten
// seconds, however many there are.
func (s *Server) refuse(remote, reason string) {
	s.cfg.Metrics.Refused(reason)
	if n := s.noise.Allow(reason, s.cfg.Now()); n > 0 {
		s.log.Warn("line refused", "reason", reason, "remote", remote, "count", n)
	}
}

// warn logs what was cut of an uplink, one line for each lot in ten seconds.
func (s *Server) warn(u uplink) {
	cut := u.fields.Warnings()
	if len(cut) == 0 {
		return
	}
	if n := s.cuts.Allow(u.session.lot.String(), s.cfg.Now()); n > 0 {
		s.log.Warn("fields of a lot's message were cut", "lot", u.session.lot.String(), "service", u.label(), "fields", cut,
			"count", n)
	}
}

// beside begins work that must end before Shutdown does.
func (s *Server) beside(work func()) {
	s.running.Add(1)
	s.cfg.Machine.Go(func() {
		defer s.running.Done()
		work()
	})
}

// gated are sessions for which something waits until a moment comes.
type gated struct {
	mu  sync.Mutex
	set map[*session]bool
}

func (g *gated) add(n *session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.set == nil {
		g.set = make(map[*session]bool)
	}
	g.set[n] = true
}

// take empties the set, in the order of the logins.
func (g *gated) take() []*session {
	g.mu.Lock()
	defer g.mu.Unlock()
	set := slices.SortedFunc(maps.Keys(g.set), byLogin)
	g.set = nil
	return set
}
