// Package app is the composition root: it makes every part, ties them together, starts and stops them.
// It holds no behaviour of its own beyond that and the thin adapters that let packages stay apart.
package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strings"
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
	"github.com/chargestamp/chargestamp/lot/calls"
	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/lot/line"
	"github.com/chargestamp/chargestamp/nodes"
	"github.com/chargestamp/chargestamp/outbound"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/all"
	"github.com/chargestamp/chargestamp/platform/intake"
	"github.com/chargestamp/chargestamp/platform/report"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/webhook"
)

// ConfigError is a configuration that cannot work: wrong use, not a failure.
type ConfigError struct{ err error }

// Error says which setting is wrong.
func (e *ConfigError) Error() string { return "configuration: " + e.err.Error() }

// Unwrap returns the cause.
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
	keyUses  *keyUses
	views    *views
	metrics  *metrics
	sampler  *sampler
	line     *line.Server
	callback *callback.Channel
	coupon   *coupon.Channel
	targets  coupon.Targets
	inbound  *callback.API
	intake   atomic.Pointer[intake.Intake]
	flow     *flow.Flow
	guard    *guard.Guard
	alerts   *alert.Watcher
	webhooks *webhook.Hooks
	admin    http.Handler
	local    http.Handler
	health   http.Handler
	public   handler                        // platforms' and lots' paths
	proxies  atomic.Pointer[[]netip.Prefix] // trusted_proxies
	cert     *certificate                   // nil without TLS
	limits   atomic.Pointer[LimitConfig]
	level    slog.LevelVar

	clock      *nodes.Clock
	hints      *nodes.Hints
	addresses  Addresses
	endings    []ending
	fatal      chan error
	serving    sync.WaitGroup // listeners
	background sync.WaitGroup // upkeep
	stopping   sync.Once
	ballast    *ballast // nil on PostgreSQL
	reloading  sync.Mutex
	running    Config // what serves now; cfg, with what Reload has taken up since
	leaving    atomic.Bool
	readiness  readiness
}

// Addresses are where a started server listens, as host:port.
type Addresses struct {
	HTTP, HTTPS, Admin, Line, LineTLS, Health string // those that are off are empty
}

// New makes a server from its configuration: it opens the data, loads the estate and builds the handlers.
// Nothing listens yet. What has been opened is closed again on an error.
func New(ctx context.Context, cfg Config) (*App, error) {
	a := &App{cfg: cfg, running: cfg, clock: nodes.NewClock(cfg.Now), fatal: make(chan error, 8)}
	if err := a.build(ctx); err != nil {
		a.Stop(time.Second)
		return nil, err
	}
	return a, nil
}

func (a *App) build(ctx context.Context) error {
	for _, step := range []func(context.Context) error{a.checkConfig, a.openLog, a.loadDialects, a.openStore, a.openGuard,
		a.loadEstate, a.makeFlow, a.makeAlerts, a.makeFronts} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) openLog(context.Context) error {
	level, err := logLevel(a.cfg.Log.Level)
	if err != nil {
		return err
	}
	a.level.Set(level)
	var to io.Writer = os.Stderr
	if a.cfg.LogTo != nil {
		to = a.cfg.LogTo
	}
	options := &slog.HandlerOptions{Level: &a.level, ReplaceAttr: hidePlates}
	if f, is := to.(*os.File); is && isTerminal(f) {
		a.logger = slog.New(newHush(slog.NewTextHandler(to, options)))
		return nil
	}
	a.logger = slog.New(newHush(slog.NewJSONHandler(to, options)))
	return nil
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func logLevel(name string) (level slog.Level, err error) {
	if level.UnmarshalText([]byte(name)) != nil {
		return level, configError("log.level %q is none of debug, info, warn, error", name)
	}
	return level, nil
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
	if a.targets, err = coupon.WithFolder(a.cfg.Platforms.Dir); err != nil {
		return &ConfigError{err}
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
		a.cfg.Node = nodes.Name(a.cfg.Database.URL)
	}
	s, err := store.Open(ctx, store.Config{DataDir: a.cfg.Data, URL: a.cfg.Database.URL, Node: a.cfg.Node,
		Clock: a.clock.Now, Logger: a.logger})
	if err != nil {
		return err
	}
	a.store, a.hints = s, nodes.NewHints(s, a.logger)
	a.onStop(1, func(ctx context.Context) {
		if err := s.LeaveNode(ctx, a.cfg.Node); err != nil {
			a.logger.Warn("leases not released; other nodes take over when they end", "error", err)
		}
		if err := s.Close(); err != nil {
			a.logger.Error("closing the store", "error", err)
		}
	})
	if err := a.clock.Follow(ctx, s, a.logger); err != nil {
		return err
	}
	a.number, err = s.JoinNode(ctx, a.cfg.Node, a.clock.Now())
	return err
}

// makeFlow ties the story to the ways into car parks.
func (a *App) makeFlow(ctx context.Context) error {
	a.views = &views{book: a.book}
	if err := a.makeWebhooks(); err != nil {
		return err
	}
	a.metrics = newMetrics(a)
	a.limits.Store(&a.cfg.Limits)
	a.sampler = newSampler(a.metrics)
	dir := directory{a.book}
	events := &lateEvents{}
	a.line = line.New(line.Config{Directory: dir, Events: events,
		Sessions: nodes.Lines{Store: a.store, Hints: a.hints}, Node: a.cfg.Node, Now: a.clock.Now, Logger: a.logger,
		Metrics: lineMetrics{a.metrics}, FrameBytes: a.cfg.Line.FrameBytes,
		OfflineAfter: time.Duration(a.cfg.Line.OfflineAfter),
		FloodPer10s:  a.cfg.Line.FloodPer10s, LoginPerS: a.cfg.Limits.LoginPerS, LoginRefused: a.loginRefused})
	client := outbound.NewClient(outbound.Options{})
	a.callback = callback.NewChannel(callback.ChannelConfig{Directory: dir, Client: client, Now: a.clock.Now})
	a.coupon = coupon.NewChannel(coupon.ChannelConfig{Directory: dir, Client: client, Targets: a.targets,
		Vault: tokenVault{a.store, a.keyring}, Now: a.clock.Now})
	a.onStop(1, func(context.Context) {
		a.callback.Stop()
		a.coupon.Stop()
		client.Close()
	})
	tracer, err := a.makeTracing()
	if err != nil {
		return err
	}
	a.metrics.pulse.calls = called{a.callback, a.coupon}
	if lease := outbox.DefaultLease; lease <= max(calls.TimeLimit, line.DefaultAckWait) {
		return fmt.Errorf("a lease of %s is not longer than a try may take: two nodes could send at once", lease)
	}
	last, err := a.store.LastID(ctx)
	if err != nil {
		return err
	}
	ids := charge.NewIDs(a.number, a.clock.Now)
	ids.Pass(last)
	a.flow = flow.New(flow.Config{
		Storage: a.storageOf(), Estate: a.views.now, Dialect: a.dialect,
		Channels: a.channels(), Prices: a.pricers(), Revoker: a.coupon,
		Reports: report.New(guarded(reporting), a.dialect, a.clock.Now), Webhooks: a.webhooks,
		Opener: a, Observer: a.metrics, Tracer: tracer, Notify: a.notify(), Linked: a.linked(), IDs: ids,
		Node: a.cfg.Node,
		Now:  a.clock.Now, Logger: a.logger,
		Bounds: a.pushBounds,
		Lease:  a.cfg.Lease, Poll: a.cfg.Poll,
	}, a.store)
	events.Events = a.flow
	a.inbound = callback.New(callback.Config{Directory: dir, Events: events, Now: a.clock.Now, Logger: a.logger,
		Reported: reported(a.dialects)})
	return nil
}

// notify notifies other nodes of due jobs; there are none on SQLite.
func (a *App) notify() func(outbox.Kind) {
	if a.cfg.Database.URL == "" {
		return nil
	}
	return func(k outbox.Kind) { a.hints.Send(nodes.TopicJobs, string(k)) }
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
func (a *App) makeFronts(ctx context.Context) error {
	infos := map[string]platform.Info{}
	for id, d := range a.byID {
		infos[id] = d.Info()
	}
	proxies, err := prefixes(a.cfg.TrustedProxies)
	if err != nil {
		return faultsUnder("trusted_proxies", err)
	}
	a.proxies.Store(&proxies)
	a.accounts = &accounts{book: a.book, infos: infos, derive: a.keyring.Derive, now: a.clock.Now}
	a.keyUses = newKeyUses(a.store)
	if err := a.keyUses.Flush(ctx); err != nil {
		return fmt.Errorf("read last uses of keys: %w", err)
	}
	public, err := a.makePublic(a.cfg.Limits, proxies)
	if err != nil {
		return err
	}
	a.public.set(public)
	return a.makeAdmin()
}

// makePublic builds the handler of the public listener. Its limits begin anew with it.
func (a *App) makePublic(limits LimitConfig, proxies []netip.Prefix) (http.Handler, error) {
	in, err := intake.New(intake.Config{
		Dialects: a.dialects, Accounts: a.accounts, Taker: keyTaker{a.flow, a.keyUses}, Clock: a.clock.Now,
		TrustedProxies: proxies,
		PerAccount:     limits.AccountPerS, PerAddress: limits.AddressPerS, Logger: a.logger, Metrics: a.metrics.Answered,
		Mark: a.pathMark, Former: a.intake.Load(),
	})
	if err != nil {
		return nil, &ConfigError{err}
	}
	a.intake.Store(in)
	gate := ledger.New(ledger.Config{Directory: directory{a.book}, Gate: a.flow, Now: a.clock.Now, Logger: a.logger})
	address := func(r *http.Request) netip.Addr { return intake.ClientAddr(r, proxies) }
	lots := lot.NewStrangers(address, cmp.Or(limits.AddressPerS, intake.DefaultPerAddress), a.clock.Now, a.logger)
	inlet := coupon.NewInlet(coupon.InletConfig{Directory: directory{a.book}, Targets: a.targets, Events: a.flow,
		Now: a.clock.Now, Logger: a.logger})
	return public(in, lots, a.line.Handler(), inlet, a.inbound.Routes(), gate.Routes()), nil
}

// Strays lists the last requests that nothing served; none before the server listens.
func (a *App) Strays() []intake.Stray {
	if in := a.intake.Load(); in != nil {
		return in.Strays()
	}
	return nil
}

// public serves lots' exact paths beside the platforms'. No mux: it would redirect double slashes.
func public(in http.Handler, lots *lot.Strangers, poll, inlet http.Handler,
	tables ...map[string]http.HandlerFunc) http.Handler {
	exact := map[string]http.Handler{"/bpd/upload.do": lots.Guard(poll), "/bpd/download.do": lots.Guard(poll)}
	for _, routes := range tables {
		for path, h := range routes {
			exact[path] = lots.Guard(h)
		}
	}
	inlet = lots.Guard(inlet)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := exact[r.URL.Path]; ok {
			h.ServeHTTP(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, coupon.InletPath) {
			inlet.ServeHTTP(w, r)
			return
		}
		in.ServeHTTP(w, r)
	})
}
