package bench

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// proxy stands between lots and the server and does to their lines what networks do: it cuts them, resets them,
// lets them go silent without a word, and delivers in crumbs.
type proxy struct {
	to       string
	life     time.Duration // of a connection, on average
	listener net.Listener
	all      sync.WaitGroup
	faults   atomic.Int64
	kind     atomic.Bool // does no harm any more

	mu     sync.Mutex
	open   map[*proxied]bool
	closed bool
}

// proxied is one connection through a proxy.
type proxied struct {
	lot, server *net.TCPConn
	silent      atomic.Bool
}

func (p *proxied) close() {
	p.lot.Close()
	p.server.Close()
}

// openProxy listens in front of an address.
func openProxy(to string, life time.Duration) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{to: to, life: life, listener: l, open: map[*proxied]bool{}}
	p.all.Go(p.accept)
	return p, nil
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

// relent ends the faults; what is silent is cut.
func (p *proxy) relent() {
	p.kind.Store(true)
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		if c.silent.Load() {
			c.close()
		}
	}
}

func (p *proxy) close() {
	p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for c := range p.open {
		c.close()
	}
	p.mu.Unlock()
	p.all.Wait()
}

func (p *proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.all.Go(func() { p.carry(conn) })
	}
}

// carry moves bytes both ways for as long as the connection is meant to live.
func (p *proxy) carry(conn net.Conn) {
	lot := conn.(*net.TCPConn)
	dialled, err := net.DialTimeout("tcp", p.to, 10*time.Second)
	if err != nil {
		lot.Close()
		return
	}
	c := &proxied{lot: lot, server: dialled.(*net.TCPConn)}
	if !p.keep(c) {
		c.close()
		return
	}
	fault := time.AfterFunc(time.Duration(rand.ExpFloat64()*float64(p.life)), func() { p.harm(c) })
	var ways sync.WaitGroup
	ways.Go(func() { p.pump(c, c.server, c.lot) })
	ways.Go(func() { p.pump(c, c.lot, c.server) })
	ways.Wait()
	fault.Stop()
	p.mu.Lock()
	delete(p.open, c)
	p.mu.Unlock()
}

func (p *proxy) keep(c *proxied) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.open[c] = true
	}
	return !p.closed
}

// harm does one of the things that networks do.
func (p *proxy) harm(c *proxied) {
	if p.kind.Load() {
		return
	}
	p.faults.Add(1)
	switch rand.IntN(4) {
	case 0: // both ends see a close
		c.close()
	case 1: // a reset
		_ = errors.Join(c.lot.SetLinger(0), c.server.SetLinger(0)) // a close without it is a fault as well
		c.close()
	case 2: // only the lot notices; the server finds out by silence
		c.lot.Close()
		c.silent.Store(true)
		time.AfterFunc(30*time.Second, c.close)
	default: // unnoticed for a while
		c.silent.Store(true)
		time.AfterFunc(time.Duration(5+rand.IntN(25))*time.Second, c.close)
	}
}

// pump copies in pieces of any size; a silent connection swallows everything.
func (p *proxy) pump(c *proxied, to, from *net.TCPConn) {
	buf := make([]byte, 2048)
	for {
		n, err := from.Read(buf[:1+rand.IntN(len(buf))])
		if n > 0 && !c.silent.Load() {
			if _, err := to.Write(buf[:n]); err != nil {
				break
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) && !c.silent.Load() {
				c.close()
			}
			break
		}
	}
	if !c.silent.Load() {
		c.close()
	}
}
