package store

import (
	"context"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/outbox"
)

// read implements engine.
func (e *sqliteEngine) read(ctx context.Context, fn func(link) error) (err error) {
	if err := e.current(ctx); err != nil {
		return err
	}
	var c *sqliteConn
	select {
	case c = <-e.pool:
	case <-ctx.Done():
		return ctx.Err()
	case <-e.store.closing:
		return ErrClosed
	}
	c.sunk = nil
	c.interruptedBy(ctx)
	defer func() {
		c.interruptedBy(context.Background())
		c.unwind()
		e.pool <- c
	}()
	if _, err := c.exec(beginDeferred, nil); err != nil {
		return err
	}
	return fn(readLink{c})
}

// current returns when a reader sees all that has been answered.
func (e *sqliteEngine) current(ctx context.Context) error {
	if !e.unflushed.Load() {
		return nil
	}
	w := &write{ctx: ctx, flush: true, done: make(chan error, 1)}
	select {
	case e.store.queues[0].look <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-e.store.stopped:
		return nil
	}
	select {
	case err := <-w.done:
		if err != nil {
			err = fmt.Errorf("%w: %w", outbox.ErrBusy, err)
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-e.store.stopped:
		return nil
	}
}

// pace flushes now and then.
func (e *sqliteEngine) pace() {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-e.store.closing:
			return
		case <-tick.C:
		}
		if !e.unflushed.Load() {
			continue
		}
		select {
		case e.store.queues[0].look <- &write{ctx: context.Background(), flush: true, done: make(chan error, 1)}:
		default: // readers ask for it
		}
	}
}
