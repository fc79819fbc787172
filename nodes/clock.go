// Package nodes is what the nodes of one site share: one time, hints about what has changed, the lines that each node
// holds, and which nodes live. A server on SQLite is alone.
package nodes

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/store"
)

// Clock is the site's time. Alone with its data a server goes by the machine's own clock. Where several nodes share
// a database they go by the database's: a lease, a deadline or a heartbeat then means the same on every node,
// whatever their own clocks say. Between two looks at the database time goes on by the machine's monotonic clock,
// so that setting the machine's clock moves no lease.
type Clock struct {
	own    func() time.Time
	agreed atomic.Pointer[agreement] // nil: own
}

// agreement is one moment on both clocks.
type agreement struct{ site, own time.Time }

// NewClock returns a clock that goes by the machine's own until it has followed a database; nil is time.Now.
func NewClock(own func() time.Time) *Clock {
	if own == nil {
		own = time.Now
	}
	return &Clock{own: own}
}

// Now is the site's time.
func (c *Clock) Now() time.Time {
	a := c.agreed.Load()
	if a == nil {
		return c.own()
	}
	return a.site.Add(c.own().Sub(a.own))
}

// smallDrift is what two clocks may be apart before ours is moved: less would make time jump for nothing.
const smallDrift = 20 * time.Millisecond

// agree takes note of the shared clock, which may be off by a little. It returns how far ours was moved.
func (c *Clock) agree(site time.Time, off time.Duration) (moved time.Duration) {
	moved = site.Sub(c.Now())
	if c.agreed.Load() != nil && moved.Abs() <= smallDrift+off {
		return 0
	}
	c.agreed.Store(&agreement{site, c.own()})
	return moved
}

// largeDrift is how far apart clocks must be before a person should set them right.
const largeDrift = 5 * time.Second

// Follow looks at the database's clock where nodes share one, and goes by it from now on.
func (c *Clock) Follow(ctx context.Context, s *store.Store, logger *slog.Logger) error {
	if alone(s) {
		return nil
	}
	now, off, err := s.DatabaseTime(ctx)
	if err != nil {
		return err
	}
	if moved := c.agree(now, off); moved.Abs() > largeDrift {
		logger.Warn("this machine's clock and the database's differ; the database's is used", "difference",
			moved.Round(time.Millisecond))
	}
	return nil
}

// alone reports whether there can be no other node on a store.
func alone(s *store.Store) bool { return s.Engine() == "sqlite" }
