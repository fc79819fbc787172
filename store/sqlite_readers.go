package store

import (
	"context"
	"errors"
	"sync"
)

// readerPool are the connections that only read. One is opened when all others are busy, and the one that was used
// last is used first: it has its statements prepared.
type readerPool struct {
	dial func() (*sqliteConn, error)
	busy chan struct{} // one for each connection that is in use

	mu   sync.Mutex
	idle []*sqliteConn
}

func newReaderPool(most int, dial func() (*sqliteConn, error)) *readerPool {
	return &readerPool{dial: dial, busy: make(chan struct{}, most)}
}

// take returns a connection that is its caller's alone until it is put back. It waits until there is one.
func (p *readerPool) take(ctx context.Context, closing <-chan struct{}) (*sqliteConn, error) {
	select {
	case p.busy <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-closing:
		return nil, ErrClosed
	}
	if c := p.lastUsed(); c != nil {
		return c, nil
	}
	c, err := p.dial()
	if err != nil {
		<-p.busy
	}
	return c, err
}

func (p *readerPool) lastUsed() (c *sqliteConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.idle) - 1; last >= 0 {
		c, p.idle = p.idle[last], p.idle[:last]
	}
	return c
}

func (p *readerPool) put(c *sqliteConn) {
	p.mu.Lock()
	p.idle = append(p.idle, c)
	p.mu.Unlock()
	<-p.busy
}

// close waits for those in use and closes all.
func (p *readerPool) close() (err error) {
	for range cap(p.busy) {
		p.busy <- struct{}{}
	}
	for _, c := range p.idle {
		err = errors.Join(err, c.close())
	}
	return err
}
