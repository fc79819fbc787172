// Package app is the composition root: it makes every part, ties them together, starts and stops them.
// It holds no behaviour of its own beyond that and the thin adapters that let packages stay apart.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/alert"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/callback"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/lot/line"
	"github.com/chargestamp/chargestamp/outbound"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/all"
	"github.com/chargestamp/chargestamp/store"
)

// ConfigError is a configuration that cannot work: wrong use, not a failure.
type ConfigError struct{ err error }

// Error says which setting is wrong.
func (e *ConfigError) Error() string { return "configuration: " + e.err.Error() }

// Unwrap gives the cause.
func (e *ConfigError) Unwrap() error { return e.err }

func configError(format string, args ...any) error { return &ConfigError{fmt.Errorf(format, args...)} }

// App is one server.
type App struct {
	cfg      Config
	logger   *slog.Logger
	store    *store.Store
	number   uint16 // this node's, in ids
	keyring  *guard.Keyring
	book     *estate.Book
	dialects []platform.Dialect
	byID     map[string]platform.Dialect
	accounts *accounts
	views    *views
	metrics  *metrics
	line     *line.Server
	callback *callback.Channel
	inbound  *callback.API
	flow     *flow.Flow
	guard    *guard.Guard
	alerts   *alert.Watcher
	intake   http.Handler
	admin    http.Handler
	local    http.Handler

	servers    []*http.Server
	addresses  Addresses
	cleanup    []func(context.Context)
	fatal      chan error
	background sync.WaitGroup
	quit       context.CancelFunc
	stopping   sync.Once
	leaving    atomic.Bool
}

// Addresses are where a started server listens, as host:port.
type Addresses struct {
	HTTP, HTTPS, Admin, Line, LineTLS string
}

// New makes a server from its configuration: it opens the data, loads the estate and builds the handlers.
// Nothing listens yet. What has been opened is closed again on an error.
func New(ctx context.Context, cfg Config) (*App, error) {
	a := &App{cfg: cfg, fatal: make(chan error, 4)}
	if err := a.build(ctx); err != nil {
		a.Stop(time.Second)
		return nil, err
	}
	return a, nil
}

func (a *App) build(ctx context.Context) error {
	for _, step := range []func(context.Context) error{a.openLog, a.loadDialects, a.openStore, a.openGuard, a.loadEstate, a.makeFlow, a.makeAlerts, a.makeFronts} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) openLog(context.Context) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(a.cfg.Log.Level)); err != nil {
		return configError("log.level %q is none of debug, info, warn, error", a.cfg.Log.Level)
	}
	a.logger = slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	return nil
}

func (a *App) loadDialects(context.Context) error {
	dialects, err := all.WithFolder(a.cfg.Platforms.Dir)
	if err != nil {
		return &ConfigError{err}
	}
	a.dialects, a.byID = dialects, map[string]platform.Dialect{}
	for _, d := range dialects {
		a.byID[d.Info().ID] = d
	}
	return nil
}

func (a *App) dialect(id string) (platform.Dialect, bool) {
	d, ok := a.byID[id]
	return d, ok
}

func (a *App) openStore(ctx context.Context) error {
	if err := os.MkdirAll(a.cfg.Data, 0o700); err != nil {
		return err
	}
	if a.cfg.Node == "" {
		a.cfg.Node = nodeName(a.cfg.Database.URL)
	}
	s, err := store.Open(ctx, store.Config{DataDir: a.cfg.Data, URL: a.cfg.Database.URL, Node: a.cfg.Node, Logger: a.logger})
	if err != nil {
		return err
	}
	a.store = s
	a.onStop(func(context.Context) {
		if err := s.Close(); err != nil {
			a.logger.Error("closing the store", "error", err)
		}
	})
	a.number, err = s.JoinNode(ctx, a.cfg.Node, time.Now())
	return err
}

// makeFlow ties the story to the ways into car parks.
func (a *App) makeFlow(context.Context) error {
	a.views = &views{book: a.book}
	a.metrics = newMetrics(a)
	dir := directory{a.book}
	events := &lateEvents{}
	a.line = line.New(line.Config{Directory: dir, Events: events, Sessions: sessions{a.store, time.Now}, Node: a.cfg.Node, Logger: a.logger,
		Metrics: lineMetrics{a.metrics}, FrameBytes: a.cfg.Line.FrameBytes, OfflineAfter: time.Duration(a.cfg.Line.OfflineAfter),
		FloodPer10s: a.cfg.Line.FloodPer10s, LoginPerS: int(a.cfg.Limits.LoginPerS)})
	calls := outbound.NewClient(outbound.Options{})
	a.callback = callback.NewChannel(callback.ChannelConfig{Directory: dir, Client: calls, Now: time.Now})
	a.onStop(func(context.Context) {
		a.callback.Stop()
		calls.Close()
	})
	a.metrics.pulse.calls = a.callback
	if outbox.DefaultLease <= callback.TimeLimit {
		return fmt.Errorf("a lease of %s is not longer than a callback's %s: two nodes could send at once", outbox.DefaultLease, callback.TimeLimit)
	}
	ids := charge.NewIDs(a.number, time.Now)
	a.flow = flow.New(flow.Config{
		Storage: storage{a.store}, Estate: a.views.now, Dialect: a.dialect,
		Channels: map[charge.DeliveryChannel]lot.Channel{charge.ChannelLine: a.line, charge.ChannelCallback: a.callback},
		Prices:   map[charge.LotKind]lot.Pricer{charge.KindSDK: a.line, charge.KindAPI: a.callback},
		Reports:  &reports{client: guarded(reporting), dialect: a.dialect, now: time.Now, tokens: map[string]token{}},
		Opener:   a, Observer: a.metrics, Notify: a.notify(), Linked: a.linked(), IDs: ids.Next, Node: a.cfg.Node, Now: time.Now, Logger: a.logger,
	}, a.store)
	events.Events = a.flow
	a.inbound = callback.New(callback.Config{Directory: dir, Events: events, Now: time.Now, Logger: a.logger})
	return nil
}

// notify tells other nodes of due jobs; there are none on SQLite.
func (a *App) notify() func(outbox.Kind) {
	if a.cfg.Database.URL == "" {
		return nil
	}
	return func(k outbox.Kind) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := a.store.Notify(ctx, topicJobs, string(k)); err != nil {
			a.logger.Debug("a hint to other nodes was lost; they find out by polling", "error", err)
		}
	}
}

// linked looks for a lot's line on other nodes; there are none on SQLite.
func (a *App) linked() func(charge.LotID) bool {
	if a.cfg.Database.URL == "" {
		return nil
	}
	return func(id charge.LotID) bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		lines, err := a.store.LineNodes(ctx, id)
		return err == nil && len(lines) > 0
	}
}

// guarded is a client that dials no private address unless allowed, and follows no redirect.
func guarded(timeout time.Duration) *http.Client {
	return &http.Client{Transport: outbound.NewClient(outbound.Options{Timeout: timeout}), Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// lateEvents lets channels be made before the flow that hears them.
type lateEvents struct{ lot.Events }

// reporting bounds one request of a report.
const reporting = 10 * time.Second

// makeFronts builds the handlers of both listeners.
func (a *App) makeFronts(context.Context) error {
	infos := map[string]platform.Info{}
	for id, d := range a.byID {
		infos[id] = d.Info()
	}
	proxies, err := prefixes(a.cfg.TrustedProxies)
	if err != nil {
		return configError("trusted_proxies: %w", err)
	}
	a.accounts = &accounts{book: a.book, infos: infos, derive: a.keyring.Derive, now: time.Now}
	in, err := platform.NewIntake(platform.IntakeConfig{
		Dialects: a.dialects, Accounts: a.accounts, Taker: a.flow, Clock: time.Now, TrustedProxies: proxies,
		PerAccount: a.cfg.Limits.AccountPerS, PerAddress: a.cfg.Limits.AddressPerS, Logger: a.logger,
	})
	if err != nil {
		return &ConfigError{err}
	}
	gate := ledger.New(ledger.Config{Directory: directory{a.book}, Gate: a.flow, Now: time.Now, Logger: a.logger})
	a.intake = public(in, a.inbound.Routes(), gate.Routes(), a.line.Handler())
	return a.makeAdmin()
}

// public serves lots' exact paths beside the platforms'. No mux: it would redirect double slashes.
func public(in http.Handler, calls, gate map[string]http.HandlerFunc, poll http.Handler) http.Handler {
	exact := map[string]http.Handler{"/bpd/upload.do": poll, "/bpd/download.do": poll}
	for _, routes := range []map[string]http.HandlerFunc{calls, gate} {
		for path, h := range routes {
			exact[path] = h
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := exact[r.URL.Path]; ok {
			h.ServeHTTP(w, r)
			return
		}
		in.ServeHTTP(w, r)
	})
}

func (a *App) onStop(fn func(context.Context)) { a.cleanup = append(a.cleanup, fn) }

// Fatal gives the error after which the server must stop.
func (a *App) Fatal() <-chan error { return a.fatal }

// Addresses are where the server listens.
func (a *App) Addresses() Addresses { return a.addresses }

// EstateChange is one difference that an estate document makes; it prints as one line.
type EstateChange = estate.Change

// ApplyFile applies an estate file.
func (a *App) ApplyFile(ctx context.Context, file string) error {
	src, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("estate file: %w", err)
	}
	doc, err := estate.Parse(file, src, os.LookupEnv, besideFile(file))
	if err != nil {
		return err
	}
	_, err = a.book.Apply(ctx, doc, "file "+filepath.Base(file), false)
	return err
}

// ResolveEstate checks an estate file's form and puts in the secrets that it names by environment or file, so
// that it can be sent to a server elsewhere. Lines stay where they are.
func ResolveEstate(file string, src []byte) ([]byte, error) {
	doc, err := estate.Parse(file, src, os.LookupEnv, besideFile(file))
	if err != nil {
		return nil, err
	}
	return doc.Resolved(), nil
}

// besideFile reads secrets whose paths are relative to an estate file.
func besideFile(file string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(file), name)
		}
		return os.ReadFile(name)
	}
}

// Start listens on every address and begins to work.
func (a *App) Start(ctx context.Context) error {
	run, quit := context.WithCancel(context.WithoutCancel(ctx))
	a.quit = quit
	a.flow.Start()
	if err := a.listen(ctx); err != nil {
		a.onStop(a.flow.Stop)
		return err
	}
	a.onStop(a.flow.Stop) // before the lines close: what is in flight may still be acknowledged
	a.background.Go(func() { a.watch(run) })
	a.background.Go(func() { a.upkeep(run) })
	return nil
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

// Stop finishes what is in flight and closes everything, the last made first, within a time. It is
// harmless twice.
func (a *App) Stop(within time.Duration) {
	a.stopping.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), within)
		defer cancel()
		a.leaving.Store(true)
		for _, srv := range a.servers {
			if err := srv.Shutdown(ctx); err != nil {
				srv.Close()
			}
		}
		if a.quit != nil {
			a.quit()
		}
		for i := len(a.cleanup) - 1; i >= 0; i-- {
			a.cleanup[i](ctx)
		}
		a.background.Wait()
	})
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

var errStopped = errors.New("stopped")
