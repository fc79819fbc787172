package outbound

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// pool keeps connections that may serve again, the newest used first.
type pool struct {
	perHost int
	idleFor time.Duration

	mu     sync.Mutex
	idle   map[string][]*conn
	sweeps bool // a sweep is on its way
	closed bool
}

// get takes a kept connection that is alive and that leads where the allow list may go: who may not dial an
// address may not use a connection to it either, whichever call opened it.
func (p *pool) get(key string, allow []netip.Prefix, deadline time.Time) *conn {
	for {
		c := p.take(key, allow)
		if c == nil {
			return nil
		}
		if c.SetDeadline(deadline) == nil && time.Since(c.since) < p.idleFor && c.alive() {
			return c
		}
		c.Close()
	}
}

func (p *pool) take(key string, allow []netip.Prefix) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.idle[key]
	for i := len(kept) - 1; i >= 0; i-- {
		c := kept[i]
		if Check(c.remote, allow) != nil {
			continue
		}
		p.idle[key] = slices.Delete(kept, i, i+1)
		return c
	}
	return nil
}

func (p *pool) put(key string, c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle[key]) >= p.perHost {
		c.Close()
		return
	}
	if p.idle == nil {
		p.idle = map[string][]*conn{}
	}
	c.since = time.Now()
	p.idle[key] = append(p.idle[key], c)
	if !p.sweeps {
		p.sweeps = true
		time.AfterFunc(p.idleFor, p.sweep)
	}
}

// sweep closes what was not used for too long, and comes again while anything is kept.
func (p *pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := time.Now().Add(-p.idleFor)
	for key, kept := range p.idle {
		n := 0
		for n < len(kept) && !kept[n].since.After(old) {
			kept[n].Close()
			n++
		}
		if kept = slices.Delete(kept, 0, n); len(kept) == 0 {
			delete(p.idle, key)
		} else {
			p.idle[key] = kept
		}
	}
	if p.sweeps = len(p.idle) > 0; p.sweeps {
		time.AfterFunc(p.idleFor/2, p.sweep)
	}
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for key, kept := range p.idle {
		for _, c := range kept {
			c.Close()
		}
		delete(p.idle, key)
	}
}
