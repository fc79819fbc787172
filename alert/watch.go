package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Config is what a Watcher is made of.
type Config struct {
	Targets []Target
	Limits  Limits
	Facts   func(ctx context.Context, window time.Duration) (Facts, error)
	Client  *http.Client  // does not follow redirects, and guards where it may go
	Console string        // the console's address, "https://desk.example.cn"; empty for no links
	Every   time.Duration // between looks; 0 is a minute
	Repeat  time.Duration // a thing that lasts is told again after this; 0 is 4 hours
	Now     func() time.Time
	Log     *slog.Logger
}

// Watcher looks at the figures again and again, and tells what is new and what is over. It is safe for
// concurrent use.
type Watcher struct {
	cfg Config

	mu   sync.Mutex
	told map[string]told // by target and alert: what each target knows
}

// told is an alert that a target has heard of.
type told struct {
	alert Alert
	at    time.Time
}

// New makes a Watcher.
func New(cfg Config) *Watcher {
	if cfg.Every == 0 {
		cfg.Every = time.Minute
	}
	if cfg.Repeat == 0 {
		cfg.Repeat = 4 * time.Hour
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Watcher{cfg: cfg, told: make(map[string]told)}
}

// Targets lists the webhooks.
func (w *Watcher) Targets() []Target { return w.cfg.Targets }

// Limits are what the figures are judged by.
func (w *Watcher) Limits() Limits { return w.cfg.Limits }

// Run looks until ctx ends. Without targets it returns at once.
func (w *Watcher) Run(ctx context.Context) {
	if len(w.cfg.Targets) == 0 {
		return
	}
	tick := time.NewTicker(w.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := w.Look(ctx); err != nil && ctx.Err() == nil {
				w.cfg.Log.WarnContext(ctx, "alerts", "err", err)
			}
		}
	}
}

// Look evaluates once and tells every target what it does not know. What could not be sent is tried at the
// next look.
func (w *Watcher) Look(ctx context.Context) error {
	facts, err := w.cfg.Facts(ctx, w.cfg.Limits.Window)
	if err != nil {
		return fmt.Errorf("read figures: %w", err)
	}
	now := w.cfg.Now()
	active := Evaluate(facts, w.cfg.Limits, now)
	w.mu.Lock()
	defer w.mu.Unlock()
	var errs []error
	for _, t := range w.cfg.Targets {
		errs = append(errs, w.tell(ctx, t, active, now))
	}
	return errors.Join(errs...)
}

// tell sends a target what began, what still lasts after Repeat, and what is over.
func (w *Watcher) tell(ctx context.Context, t Target, active []Alert, now time.Time) error {
	var errs []error
	lasting := make(map[string]bool)
	for _, a := range active {
		if !t.hears(a.Kind) {
			continue
		}
		key := t.Name + "\x00" + a.key()
		lasting[key] = true
		if known, ok := w.told[key]; ok && now.Sub(known.at) < w.cfg.Repeat {
			continue
		}
		if err := w.send(ctx, t, a, false); err != nil {
			errs = append(errs, err)
			continue
		}
		w.told[key] = told{a, now}
	}
	for key, known := range w.told {
		if lasting[key] || !strings.HasPrefix(key, t.Name+"\x00") {
			continue
		}
		if err := w.send(ctx, t, known.alert, true); err != nil {
			errs = append(errs, err)
			continue
		}
		delete(w.told, key)
	}
	return errors.Join(errs...)
}

// Test sends a test message to the target of a name.
func (w *Watcher) Test(ctx context.Context, name string) error {
	for _, t := range w.cfg.Targets {
		if t.Name == name {
			return w.send(ctx, t, Alert{Kind: Test, Path: "/", Text: Text{"告警通道工作正常。", "The alert channel works."}}, false)
		}
	}
	return fmt.Errorf("there is no alert target %q", name)
}

func (w *Watcher) send(ctx context.Context, t Target, a Alert, over bool) error {
	n := Notice{Alert: a, Over: over, At: w.cfg.Now()}
	if w.cfg.Console != "" {
		n.Link = strings.TrimSuffix(w.cfg.Console, "/") + a.Path
	}
	client := t.Client
	if client == nil {
		client = w.cfg.Client
	}
	return Send(ctx, client, t, n)
}
