package line

import (
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/chargestamp/chargestamp/limit"
)

// Serve takes lines from a listener, plain or TLS, until Shutdown closes it, then returns nil. It may be called
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
			s.cfg.Machine.Wait(s.serving, acceptPause)
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
// needs milliseconds. Of those that do not log in so many come in a second and no more.
func (s *Server) take(nc net.Conn) {
	now := s.cfg.Now()
	c := &conn{
		host: s, cfg: &s.cfg, room: &s.strangers,
		nc: nc, remote: nc.RemoteAddr().String(), network: limit.NetworkOf(nc), opened: now,
	}
	c.heard.Store(now.UnixMilli())
	s.mu.Lock()
	if s.stopping.Load() {
		s.mu.Unlock()
		_ = nc.Close()
		return
	}
	if !s.newcomers.allowLocked(c) {
		s.mu.Unlock()
		s.turnAway(c)
		return
	}
	s.conns[c] = true
	s.waitLocked(c)
	surplus := s.surplusLocked(c.network)
	s.beside(c.read)
	s.mu.Unlock()
	if surplus != nil {
		s.turnAway(surplus)
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
