package app

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// balancer spreads TCP connections over backends, as what stands in front of a site does. A backend that cannot be
// dialled is passed over.
type balancer struct {
	l     net.Listener
	delay time.Duration // of everything that is said; what is on its way when a side closes is lost
	wait  sync.WaitGroup

	mu       sync.Mutex
	backends []backend
	next     int
	open     map[net.Conn]bool
	cut      bool
	silent   chan struct{} // closed once nothing is handed on any more, and neither side notified
}

type backend struct{ network, addr string }

func balance(t *testing.T, delay time.Duration, backends ...backend) *balancer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{l: l, delay: delay, backends: backends, open: map[net.Conn]bool{}, silent: make(chan struct{})}
	b.wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b.wait.Go(func() { b.join(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		b.sever()
		b.wait.Wait()
	})
	return b
}

func (b *balancer) addr() string { return b.l.Addr().String() }

// sever cuts every connection and takes no more until mend.
func (b *balancer) sever() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = true
	for c := range b.open {
		c.Close()
	}
}

func (b *balancer) mend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = false
}

// mute hands nothing on any more and notifies neither side, not even that the other has closed.
func (b *balancer) mute() { close(b.silent) }

// turn cuts every connection and leads new ones elsewhere.
func (b *balancer) turn(to backend) {
	b.sever()
	b.mu.Lock()
	b.backends, b.cut = []backend{to}, false
	b.mu.Unlock()
}

// hold notes an open connection; false where it was closed because everything is cut.
func (b *balancer) hold(c net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cut {
		c.Close()
		return false
	}
	b.open[c] = true
	return true
}

func (b *balancer) drop(c net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, c)
	c.Close()
}

// dial reaches the next backend that can be.
func (b *balancer) dial() net.Conn {
	b.mu.Lock()
	all, first := b.backends, b.next
	b.next++
	b.mu.Unlock()
	for i := range all {
		to := all[(first+i)%len(all)]
		if c, err := net.DialTimeout(to.network, to.addr, time.Second); err == nil {
			return c
		}
	}
	return nil
}

func (b *balancer) join(client net.Conn) {
	if !b.hold(client) {
		return
	}
	defer b.drop(client)
	server := b.dial()
	if server == nil || !b.hold(server) {
		return
	}
	defer b.drop(server)
	var both sync.WaitGroup
	carry := func(to, from net.Conn) {
		defer to.Close()
		defer from.Close()
		if b.delay > 0 {
			carryLate(to, from, b.delay)
			return
		}
		io.Copy(unless{to, b.silent}, from)
	}
	both.Go(func() { carry(server, client) })
	both.Go(func() { carry(client, server) })
	both.Wait()
}

// carryLate hands bytes on after a delay, as the way to a lot is long.
func carryLate(to io.Writer, from io.Reader, delay time.Duration) {
	type parcel struct {
		at    time.Time
		bytes []byte
	}
	way, ended := make(chan parcel, 1024), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			buf := make([]byte, 4096)
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			select {
			case way <- parcel{time.Now().Add(delay), buf[:n]}:
			default: // too much on its way: a broken line
				return
			}
		}
	}()
	for {
		select {
		case <-ended:
			return
		case p := <-way:
			select {
			case <-ended:
				return
			case <-time.After(time.Until(p.at)):
			}
			if _, err := to.Write(p.bytes); err != nil {
				return
			}
		}
	}
}

// unless is a writer that swallows everything once silent is closed.
type unless struct {
	io.Writer
	silent <-chan struct{}
}

func (u unless) Write(b []byte) (int, error) {
	select {
	case <-u.silent:
		return len(b), nil
	default:
		return u.Writer.Write(b)
	}
}
