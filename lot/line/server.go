package line

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// Server is the cloud end of all lines of one node. It is a lot.Channel and a lot.Pricer.
type Server struct {
	cfg      Config
	log      *slog.Logger
	sessions *sessions
	asks     *asks
	resends  *resend
	logins   rate
	book     *book
	noise    noise
	newToken func() string

	ctx      context.Context // over once nothing is handled any more
	cancel   context.CancelFunc
	running  sync.WaitGroup // everything that must end before Shutdown does, the book aside
	bookDone chan struct{}
	stopping atomic.Bool

	strangers atomic.Int64 // bytes that connections without login hold of frames
	stop      sync.Once
	stopped   chan struct{}
	noPolls   chan struct{} // closed once no poll is held any more
	endPolls  sync.Once

	mu        sync.Mutex
	listeners map[net.Listener]bool
	conns     map[*conn]bool
	waiting   *list.List // connections without login, oldest first
	waitingAt map[netip.Addr]int
}

var (
	_ lot.Channel = (*Server)(nil)
	_ lot.Pricer  = (*Server)(nil)
)

// New makes a Server. It runs from the start; Shutdown ends it.
func New(c Config) *Server {
	c = c.withDefaults()
	s := &Server{
		cfg: c, log: c.Logger, sessions: newSessions(), resends: newResend(), logins: rate{perSecond: c.LoginPerS},
		newToken: randomToken, bookDone: make(chan struct{}), stopped: make(chan struct{}), noPolls: make(chan struct{}),
		listeners: make(map[net.Listener]bool), conns: make(map[*conn]bool), waiting: list.New(),
		waitingAt: make(map[netip.Addr]int),
	}
	s.asks = newAsks(&s.running)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.book = &book{
		keep: c.Sessions, node: c.Node, log: c.Logger, now: c.Now, up: c.Events.LineUp, gone: s.takenElsewhere,
		all: s.sessions.all, telling: make(chan struct{}, tellAtOnce), wake: make(chan struct{}, 1),
	}
	go func() {
		defer close(s.bookDone)
		s.book.run(s.ctx)
	}()
	s.running.Go(s.sweeper)
	return s
}

// Serve takes lines from a listener, plain or TLS, until Shutdown closes it, then gives nil. It may be called
// for several listeners.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.stopping.Load() {
		s.mu.Unlock()
		return l.Close()
	}
	s.listeners[l] = true
	s.mu.Unlock()
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			s.take(nc)
		case s.stopping.Load():
			return nil
		case !passing(err):
			return err
		default:
			s.refuse("", "accept_failed")
			select {
			case <-time.After(acceptPause):
			case <-s.stopped:
			}
		}
	}
}

// acceptPause is how long we leave the machine in peace when it has no room for another connection.
const acceptPause = 100 * time.Millisecond

// passing reports whether a failed accept says nothing about the listener.
func passing(err error) bool {
	for _, e := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// take starts a connection. Where too many have not logged in, the oldest of them makes room: an honest one
// needs milliseconds.
func (s *Server) take(nc net.Conn) {
	now := s.cfg.Now()
	c := &conn{srv: s, nc: nc, remote: nc.RemoteAddr().String(), opened: now}
	if at, err := netip.ParseAddrPort(c.remote); err == nil {
		c.addr = at.Addr().Unmap()
	}
	c.heard.Store(now.UnixMilli())
	s.mu.Lock()
	if s.stopping.Load() {
		s.mu.Unlock()
		_ = nc.Close()
		return
	}
	s.conns[c] = true
	s.waitLocked(c)
	surplus := s.surplusLocked(c.addr)
	s.running.Go(c.read)
	s.mu.Unlock()
	if surplus != nil {
		s.refuse(surplus.remote, "too_many_without_login")
		surplus.close("too_many_without_login")
	}
}

func (s *Server) waitLocked(c *conn) {
	c.waiting = s.waiting.PushBack(c)
	s.waitingAt[c.addr]++
}

func (s *Server) unwaitLocked(c *conn) {
	if c.waiting == nil {
		return
	}
	s.waiting.Remove(c.waiting)
	c.waiting = nil
	if s.waitingAt[c.addr]--; s.waitingAt[c.addr] == 0 {
		delete(s.waitingAt, c.addr)
	}
}

// surplusLocked takes out the connection that must go, if one must.
func (s *Server) surplusLocked(at netip.Addr) *conn {
	crowded := s.waitingAt[at] > s.cfg.MaxWaitingPerAddress
	if !crowded && s.waiting.Len() <= s.cfg.MaxWaiting {
		return nil
	}
	for e := s.waiting.Front(); e != nil; e = e.Next() {
		if c := e.Value.(*conn); !crowded || c.addr == at {
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

// forget cleans up behind a closed connection. Closing is logout.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.unwaitLocked(c)
	s.mu.Unlock()
	if n := c.session.Load(); n != nil {
		s.end(n)
	}
	s.cfg.Metrics.Closed(c.reason)
}

// Recheck has sessions looked up in the SessionBook, those of one lot or with a zero id all of them: the lot may
// have logged in on another node, and left a line here whose far end is gone without a word.
func (s *Server) Recheck(id charge.LotID) {
	if id.IsZero() || len(s.sessions.of(id)) > 0 {
		s.book.doubt(id)
	}
}

// takenElsewhere ends a session whose lot has logged in on another node. Its socket is closed: should there be two
// machines of one name, each must notice.
func (s *Server) takenElsewhere(n *session) {
	s.end(n)
	if n.conn != nil {
		n.conn.close("taken_elsewhere")
	}
}

// beat answers a heartbeat, as the server of 2018 does: not without login, which it reports as false.
func (s *Server) beat(c *conn) bool {
	n := c.session.Load()
	if n == nil || n.ended.Load() {
		return false
	}
	n.beat.Store(s.cfg.Now().UnixMilli())
	c.send(beatAnswer)
	return true
}

// outBytes is how much a line may leave unread.
func (s *Server) outBytes() int { return 4 * max(s.cfg.FrameBytes, restBytes) }

// Lines lists the sessions of a lot on this node, in the order in which a downlink would choose among them.
func (s *Server) Lines(id charge.LotID) []charge.LineSession {
	of := s.sessions.of(id)
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
