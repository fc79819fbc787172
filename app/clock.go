package app

import (
	"context"
	"sync/atomic"
	"time"
)

// clock is the site's time. Alone with its data a server goes by the machine's own clock. Where several nodes share
// a database they go by the database's: a lease, a deadline or a heartbeat then means the same on every node,
// whatever their own clocks say. Between two looks at the database time goes on by the machine's monotonic clock,
// so that no one who sets it moves a lease.
type clock struct {
	own    func() time.Time
	agreed atomic.Pointer[agreement] // nil: own
}

// agreement is one moment on both clocks.
type agreement struct{ site, own time.Time }

// Now is the site's time.
func (c *clock) Now() time.Time {
	a := c.agreed.Load()
	if a == nil {
		return c.own()
	}
	return a.site.Add(c.own().Sub(a.own))
}

// smallDrift is what two clocks may be apart before ours is moved: less would make time jump for nothing.
const smallDrift = 20 * time.Millisecond

// agree takes note of the shared clock, which may be off by a little. It returns how far ours was moved.
func (c *clock) agree(site time.Time, off time.Duration) (moved time.Duration) {
	moved = site.Sub(c.Now())
	if c.agreed.Load() != nil && moved.Abs() <= smallDrift+off {
		return 0
	}
	c.agreed.Store(&agreement{site, c.own()})
	return moved
}

// worthTelling is how far apart clocks must be before somebody should set them right.
const worthTelling = 5 * time.Second

// readClock looks at the database's clock where nodes share one.
func (a *App) readClock(ctx context.Context) error {
	if a.cfg.Database.URL == "" {
		return nil
	}
	now, off, err := a.store.DatabaseTime(ctx)
	if err != nil {
		return err
	}
	if moved := a.clock.agree(now, off); moved.Abs() > worthTelling {
		a.logger.Warn("this machine's clock and the database's differ; the database's counts", "difference",
			moved.Round(time.Millisecond))
	}
	return nil
}
