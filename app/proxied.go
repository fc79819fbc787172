package app

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pires/go-proxyproto"
)

// headerOfProxyWithin bounds how long a trusted proxy may take to send its PROXY protocol header.
const headerOfProxyWithin = 5 * time.Second

// proxied reads the PROXY protocol header, v1 or v2, of connections from trusted_proxies, so that RemoteAddr is the
// client's address. It returns l itself where the setting is off.
func (a *App) proxied(l net.Listener, on bool) net.Listener {
	if !on {
		return l
	}
	p := &proxiedListener{Listener: l, trusted: a.proxies.Load, ready: make(chan readConn), closed: make(chan struct{})}
	go p.accept()
	return p
}

// proxiedListener hands on a connection once its header has been read. A header is read beside the accepting, since
// a proxy that sends none at once must not keep others waiting. What comes from any other address is not looked at.
type proxiedListener struct {
	net.Listener
	trusted func() *[]netip.Prefix // of now
	ready   chan readConn
	closed  chan struct{}
	once    sync.Once
}

// readConn is what Accept returns.
type readConn struct {
	conn net.Conn
	err  error
}

// Accept returns the next connection whose header has been read, or which has none.
func (p *proxiedListener) Accept() (net.Conn, error) {
	select {
	case next := <-p.ready:
		return next.conn, next.err
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close stops accepting. Connections whose header is still being read are closed.
func (p *proxiedListener) Close() error {
	p.once.Do(func() { close(p.closed) })
	return p.Listener.Close()
}

func (p *proxiedListener) accept() {
	for {
		c, err := p.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err == nil && p.trusts(c.RemoteAddr()):
			go p.handOn(readConn{conn: readProxyHeader(c)})
		case err == nil:
			p.handOn(readConn{conn: c})
		default:
			p.handOn(readConn{err: err})
		}
	}
}

func (p *proxiedListener) handOn(next readConn) {
	if header, waits := next.conn.(*proxyproto.Conn); waits {
		header.RemoteAddr() // reads the header
	}
	select {
	case p.ready <- next:
	case <-p.closed:
		if next.conn != nil {
			next.conn.Close()
		}
	}
}

func (p *proxiedListener) trusts(peer net.Addr) bool {
	at, err := netip.ParseAddrPort(peer.String())
	return err == nil && slices.ContainsFunc(*p.trusted(),
		func(t netip.Prefix) bool { return t.Contains(at.Addr().Unmap()) })
}

// readProxyHeader reads the header with the first use of the connection. A broken header fails the first read; a
// connection without a header, such as a balancer's health check, keeps the proxy's own address.
func readProxyHeader(c net.Conn) net.Conn {
	return proxyproto.NewConn(c, proxyproto.WithPolicy(proxyproto.USE),
		proxyproto.SetReadHeaderTimeout(headerOfProxyWithin))
}
