package store

import (
	"context"
	"fmt"

	"github.com/chargestamp/chargestamp/outbox"
)

// read implements engine.
func (e *sqliteEngine) read(ctx context.Context, fn func(link) error) error {
	if err := e.current(ctx); err != nil {
		return err
	}
	return e.glance(ctx, fn)
}

// glance implements engine.
func (e *sqliteEngine) glance(ctx context.Context, fn func(link) error) error {
	c, err := e.pool.take(ctx, e.store.closing)
	if err != nil {
		return err
	}
	c.sunk = nil
	c.interruptedBy(ctx)
	defer func() {
		c.interruptedBy(context.Background())
		c.unwind()
		e.pool.put(c)
	}()
	if _, err := c.exec(beginDeferred, nil); err != nil {
		return err
	}
	return fn(readLink{c})
}

// misses implements engine.
func (e *sqliteEngine) misses(ms int64) bool { return e.unflushed.Load() && e.ready.Load() <= ms }

// name implements engine.
func (e *sqliteEngine) name() string { return "sqlite" }

// schema implements engine.
func (e *sqliteEngine) schema() schema { return sqliteSchema() }

// far implements engine.
func (e *sqliteEngine) far() bool { return false }

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
