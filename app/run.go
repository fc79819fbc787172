package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

var errStopped = errors.New("the server is stopping")

// Fatal returns the error after which the server must stop.
func (a *App) Fatal() <-chan error { return a.fatal }

// Addresses are where the server listens.
func (a *App) Addresses() Addresses { return a.addresses }

// Start listens on every address and begins to work.
func (a *App) Start(ctx context.Context) error {
	open, err := a.openListeners(ctx)
	if err != nil {
		return err
	}
	run, quit := context.WithCancel(context.WithoutCancel(ctx))
	a.onStop(1, func(ctx context.Context) {
		quit()
		a.background.Wait()
		a.storeUses(ctx)
	})
	// A stop goes through this from the end: first no more pushes, then what is in flight, whose acknowledgements
	// need the lines, then the lines. Staff and /readyz see all of it.
	a.serveStaff(open.admin)
	a.serveHealth(open.health)
	a.onStop(0.9, func(ctx context.Context) {
		if err := a.line.Shutdown(ctx); err != nil {
			a.logger.Warn("lines closed before they were idle", "error", err)
		}
	})
	a.flow.Start()
	a.onStop(0.75, a.flow.Stop)
	a.serveLines(open.lines)
	a.servePublic(open.public)
	a.background.Go(func() { a.watch(run) })
	a.background.Go(func() { a.upkeep(run) })
	if err := a.listenLocal(); err != nil {
		return err
	}
	a.logStart(ctx, open)
	return nil
}

// logStart writes the one line that says what runs here, with the listeners as they are bound.
func (a *App) logStart(ctx context.Context, open listeners) {
	state := a.book.State()
	a.logger.InfoContext(ctx, "chargestamp serves", "version", Version, "engine", a.store.Engine(), "schema",
		a.store.Schema(),
		"data", a.cfg.Data, "public", bound(open.public), "line", bound(open.lines), "admin",
		bound([]net.Listener{open.admin}),
		"health", bound([]net.Listener{open.health}), "lots", len(state.Lots()), "accounts", len(state.Accounts()))
}

// bound lists the addresses of listeners; those that are off are nil.
func bound(all []net.Listener) string {
	var at []string
	for _, l := range all {
		if l != nil {
			at = append(at, l.Addr().String())
		}
	}
	return strings.Join(at, " ")
}

// watch passes on what ends a server, and hints of other nodes.
func (a *App) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case err := <-a.store.Fatal():
			a.fatal <- fmt.Errorf("the store can no longer write: %w", err)
			return
		case h := <-a.store.Hints():
			a.hinted(ctx, h)
		}
	}
}

// ending is one thing to do at the stop, over after a part of the time there is.
type ending struct {
	part float64
	do   func(context.Context)
}

// onStop leaves something to be done at the stop, before everything that was left earlier. It may last until a part
// of the stop's time has passed.
func (a *App) onStop(part float64, do func(context.Context)) {
	a.endings = append(a.endings, ending{part, do})
}

// Stop finishes what is in flight and closes everything, the last made first, within a time. It is
// harmless twice.
func (a *App) Stop(within time.Duration) {
	a.stopping.Do(func() {
		a.leaving.Store(true)
		start := time.Now()
		within -= within / 15 // for what does not heed its time, see end
		for i := len(a.endings) - 1; i >= 0; i-- {
			e := a.endings[i]
			a.end(e, start.Add(time.Duration(e.part*float64(within))))
		}
		a.serving.Wait()
	})
}

// grace is how long something may take to notice that its time is over.
const grace = 250 * time.Millisecond

// end does one thing of a stop. What does not heed its time, such as a write to a database that has fallen silent,
// is left behind: what has been answered is stored, and the process is about to end.
func (a *App) end(e ending, by time.Time) {
	ctx, cancel := context.WithDeadline(context.Background(), by)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.do(ctx)
	}()
	select {
	case <-done:
	case <-time.After(max(0, time.Until(by)) + grace):
		a.logger.Warn("a step of the shutdown took too long; the shutdown goes on without it")
	}
}

// shown is an address as a client can dial it.
func shown(l net.Listener) string {
	tcp, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return l.Addr().String()
	}
	if tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return tcp.String()
}
