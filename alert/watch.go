package alert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

// Config is what a Watcher is made of.
type Config struct {
	Targets []Target
	Limits  Limits
	Facts   func(ctx context.Context, window time.Duration) (Facts, error)
	Book    Book          // what targets have heard; nil keeps it in memory
	Client  *http.Client  // does not follow redirects, and guards where it may go
	Console string        // the console's address, "https://desk.example.cn"; empty for no links
	Every   time.Duration // between looks; 0 is a minute
	Repeat  time.Duration // a thing that lasts is repeated after this; 0 is 4 hours
	Now     func() time.Time
	Log     *slog.Logger
}

// Watcher looks at the figures again and again, and reports what is new and what is over. It is safe for
// concurrent use.
type Watcher struct {
	cfg     Config
	targets atomic.Pointer[[]Target]
	looking sync.Mutex

	mu     sync.Mutex
	failed map[string]Failure // by target
}

// Failure is why a target could not be reached.
type Failure struct {
	At  time.Time
	Why charge.Note // without the target's address
}

// Firing is an alert that lasts, and which targets have heard of it.
type Firing struct {
	Alert
	At     time.Time // of the last message
	Target string
}

// Firing lists the alerts that targets have heard of and that are not over, in the order of their kinds.
func (w *Watcher) Firing(ctx context.Context) ([]Firing, error) {
	delivered, err := w.cfg.Book.Delivered(ctx)
	if err != nil {
		return nil, err
	}
	var list []Firing
	for key, t := range delivered {
		target, _, _ := strings.Cut(key, "\n")
		list = append(list, Firing{t.Alert, t.At, target})
	}
	slices.SortFunc(list, func(a, b Firing) int {
		return cmp.Or(cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind)),
			cmp.Compare(a.Object, b.Object), cmp.Compare(a.Target, b.Target))
	})
	return list, nil
}

// Failures lists the targets that could not be reached at the last try, by name.
func (w *Watcher) Failures() map[string]Failure {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.failed)
}

// tried keeps what telling a target came to.
func (w *Watcher) tried(target string, err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.failed, target)
	if err != nil {
		if w.failed == nil {
			w.failed = make(map[string]Failure)
		}
		w.failed[target] = Failure{w.cfg.Now(), charge.Cause(err)}
	}
	return err
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
	if cfg.Book == nil {
		cfg.Book = &memory{delivered: make(map[string]Delivered)}
	}
	w := &Watcher{cfg: cfg}
	w.SetTargets(cfg.Targets)
	return w
}

// Targets lists the webhooks.
func (w *Watcher) Targets() []Target { return *w.targets.Load() }

// SetTargets replaces the webhooks. What a target has been sent is remembered by its name.
func (w *Watcher) SetTargets(targets []Target) { w.targets.Store(&targets) }

// Limits are what the figures are judged by.
func (w *Watcher) Limits() Limits { return w.cfg.Limits }

// Run looks until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	tick := time.NewTicker(w.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := w.Look(ctx); err != nil && ctx.Err() == nil {
				w.cfg.Log.WarnContext(ctx, "alerts were not checked; they are next time", "error", err)
			}
		}
	}
}

// Look evaluates once and notifies every target of what it does not know. What could not be sent is tried at the
// next look, and what another node is telling is left to it.
func (w *Watcher) Look(ctx context.Context) error {
	if len(w.Targets()) == 0 {
		return nil
	}
	w.looking.Lock()
	defer w.looking.Unlock()
	all, err := w.news(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	held, err := w.cfg.Book.Hold(ctx)
	if err != nil || !held {
		return err
	}
	err = w.tell(ctx)
	free, cancel := context.WithTimeout(context.WithoutCancel(ctx), freeWithin)
	defer cancel()
	return errors.Join(err, w.cfg.Book.Free(free))
}

// news is what a target does not know yet.
type news struct {
	key   string // in the book
	to    Target
	alert Alert
	over  bool
	drop  bool // nothing to tell, only to forget
}

// Bounds of what a watcher does between two Holds; together they are shorter than HoldFor.
const (
	readWithin = 20 * time.Second
	sendWithin = 15 * time.Second
)

// freeWithin bounds giving the book back when the server stops: without it the book is free after HoldFor.
const freeWithin = 2 * time.Second

// news finds what began, what still lasts after Repeat, and what is over.
func (w *Watcher) news(ctx context.Context) ([]news, error) {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	facts, err := w.cfg.Facts(ctx, w.cfg.Limits.Window)
	if err != nil {
		return nil, fmt.Errorf("read figures: %w", err)
	}
	delivered, err := w.cfg.Book.Delivered(ctx)
	if err != nil {
		return nil, fmt.Errorf("read delivered alerts: %w", err)
	}
	now := w.cfg.Now()
	active := Evaluate(facts, w.cfg.Limits, now)
	var all []news
	for _, t := range w.Targets() {
		lasting := make(map[string]bool)
		for _, a := range active {
			if !t.hears(a.Kind) {
				continue
			}
			key := t.Name + "\n" + a.key()
			lasting[key] = true
			if known, ok := delivered[key]; !ok || now.Sub(known.At) >= w.cfg.Repeat {
				all = append(all, news{key: key, to: t, alert: a})
			}
		}
		for _, key := range slices.Sorted(maps.Keys(delivered)) {
			known := delivered[key]
			if lasting[key] || !strings.HasPrefix(key, t.Name+"\n") {
				continue
			}
			n := news{key: key, to: t, alert: known.Alert, over: true}
			if known.Alert.Kind == DiskLow && known.Alert.Object != facts.Machine {
				// Only that machine can say that it is over. One that has been silent for so long is gone.
				if n.drop = now.Sub(known.At) > 2*w.cfg.Repeat; !n.drop {
					continue
				}
			}
			all = append(all, n)
		}
	}
	return all, nil
}

// tell reports what is news still, now that no other node does. What was sent is kept at once: of a node that dies in
// between at most one message is sent a second time. Kept before, that message could be lost, and there is no asking a
// webhook whether it was.
func (w *Watcher) tell(ctx context.Context) error {
	all, err := w.news(ctx)
	errs := []error{err}
	for _, n := range all {
		held, err := w.cfg.Book.Hold(ctx)
		if err != nil || !held {
			return errors.Join(append(errs, err)...)
		}
		if !n.drop {
			if err := w.send(ctx, n.to, n.alert, n.over); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		heard := &Delivered{n.alert, w.cfg.Now()}
		if n.over {
			heard = nil
		}
		if err := w.cfg.Book.Note(ctx, n.key, heard); err != nil {
			return errors.Join(append(errs, fmt.Errorf("store delivered alerts: %w", err))...)
		}
	}
	return errors.Join(errs...)
}

// Test sends a test message to the target of a name.
func (w *Watcher) Test(ctx context.Context, name string) error {
	for _, t := range w.Targets() {
		if t.Name == name {
			return w.send(ctx, t, Alert{Kind: Test, Path: "/", Text: words.Both(charge.Say("alert.test"))}, false)
		}
	}
	return fmt.Errorf("there is no alert target %q", name)
}

func (w *Watcher) send(ctx context.Context, t Target, a Alert, over bool) error {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	n := Notice{Alert: a, Over: over, At: w.cfg.Now()}
	if w.cfg.Console != "" {
		n.Link = strings.TrimSuffix(w.cfg.Console, "/") + a.Path
	}
	client := t.Client
	if client == nil {
		client = w.cfg.Client
	}
	return w.tried(t.Name, Send(ctx, client, t, n))
}
