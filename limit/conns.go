package limit

import (
	"net"
	"net/netip"
	"sync"
)

// Conns bounds open connections: in all, and by address. Several listeners may share one.
type Conns struct {
	most int // in all; 0: no bound

	mu   sync.Mutex
	open int
}

// NewConns makes a bound of connections in all; 0 is none.
func NewConns(most int) *Conns { return &Conns{most: most} }

// Listen bounds a listener's connections: most in all, perAddress from one address (IPv6: one /64) that exempt does
// not name, and what all allows. A connection beyond a bound is closed at once.
func (c *Conns) Listen(l net.Listener, most, perAddress int, exempt func(netip.Addr) bool) net.Listener {
	return &listener{Listener: l, shared: c, own: NewConns(most), perAddress: perAddress, exempt: exempt}
}

func (c *Conns) take() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.most > 0 && c.open >= c.most {
		return false
	}
	c.open++
	return true
}

func (c *Conns) give() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
}

type listener struct {
	net.Listener
	shared, own *Conns
	perAddress  int
	exempt      func(netip.Addr) bool
	by          Places[netip.Addr]
}

// Accept returns the next connection that is within the bounds.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := NetworkOf(c)
		if !l.takeFrom(from) {
			c.Close()
			continue
		}
		switch {
		case !l.own.take():
		case !l.shared.take():
			l.own.give()
		default:
			return &conn{Conn: c, once: sync.OnceFunc(func() { l.by.Give(from); l.own.give(); l.shared.give() })}, nil
		}
		l.by.Give(from)
		c.Close()
	}
}

func (l *listener) takeFrom(from netip.Addr) bool {
	most := l.perAddress
	if l.exempt(from) {
		most = 0
	}
	_, ok := l.by.Take(from, most)
	return ok
}

// conn frees its place when it is closed.
type conn struct {
	net.Conn
	once func()
}

// Close closes the connection.
func (c *conn) Close() error {
	defer c.once()
	return c.Conn.Close()
}

// NetworkOf is the Network of a connection's far end; zero where that has no address, as on a Unix socket.
func NetworkOf(c net.Conn) netip.Addr {
	at, ok := c.RemoteAddr().(interface{ AddrPort() netip.AddrPort })
	if !ok {
		return netip.Addr{}
	}
	return Network(at.AddrPort().Addr())
}
