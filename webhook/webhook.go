// Package webhook posts the changes of charges' states to addresses that an operator names: each signed, each with an
// id by which a receiver knows one that comes again. What is due when, and what is kept until it was taken, is the
// outbox's affair.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
	"github.com/chargestamp/chargestamp/outbound"
)

// Target is one address. Neither it nor Secret is ever printed.
type Target struct {
	Name        string
	URL         string
	Secret      string
	WholePlates bool           // else they are masked
	On          []charge.State // which it gets messages of; empty is all
	Allow       []netip.Prefix // addresses that may be dialled though they are not public
}

// String returns the name.
func (t Target) String() string { return t.Name }

// GoString is String: %#v shows no address either.
func (t Target) GoString() string { return t.Name }

// leastKey is how many bytes a key has at least.
const leastKey = 16

// Check says what is wrong with a target's settings.
func (t Target) Check() error {
	var faults []error
	switch {
	case t.Name == "":
		faults = append(faults, errors.New("name is missing: logs and metrics name the webhook by it"))
	case strings.Trim(t.Name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
		faults = append(faults, fmt.Errorf("name %q: use small letters, digits, - and _", t.Name))
	}
	faults = append(faults, t.checkURL(), t.checkSecret())
	for _, s := range t.On {
		if !slices.Contains(charge.States, s) {
			faults = append(faults, fmt.Errorf("on: %q is none of %v", s, charge.States))
		}
	}
	return errors.Join(faults...)
}

func (t Target) checkSecret() error {
	k, err := key(t.Secret)
	switch {
	case err != nil:
		return fmt.Errorf("secret: what follows %s is not Base64", secretPrefix)
	case len(k) < leastKey:
		return fmt.Errorf("secret is shorter than %d bytes; make one with: echo %s$(openssl rand -base64 32)", leastKey,
			secretPrefix)
	}
	return nil
}

// checkURL takes https, and http to an address that the target's list allows: what stays in the house.
func (t Target) checkURL() error {
	u, err := url.Parse(t.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("url is not an https address")
	}
	addr, err := netip.ParseAddr(u.Hostname())
	literal := err == nil
	if literal {
		if err := outbound.Check(addr, t.Allow); err != nil {
			return fmt.Errorf("url: %w", err)
		}
	}
	allowed := literal && slices.ContainsFunc(t.Allow, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
	if u.Scheme == "http" && !allowed {
		return errors.New("url begins with http:// : write https://, or an IP address that allow_to names")
	}
	return nil
}

// Hooks posts to targets. It is safe for concurrent use.
type Hooks struct {
	client *outbound.Client
	now    func() time.Time
	logger *slog.Logger

	mu       sync.Mutex
	targets  []Target
	standing map[string]*standing // by target
}

// standing is how a target has answered.
type standing struct {
	limit.Breaker
	trying bool  // the one try after a rest is under way
	wrong  error // of the last try
}

// New makes Hooks without targets. client guards the addresses that it may reach, and bounds time and answers.
func New(client *outbound.Client, now func() time.Time, logger *slog.Logger) *Hooks {
	return &Hooks{client: client, now: now, logger: logger, standing: map[string]*standing{}}
}

// SetTargets replaces the targets. What is waiting for one is kept by its name.
func (h *Hooks) SetTargets(targets []Target) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.targets = targets
	clear(h.standing)
}

// Names lists the targets in the order of the settings.
func (h *Hooks) Names() (names []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.targets {
		names = append(names, t.Name)
	}
	return names
}

// Standing completes what waits: a queue for each target in the order of the settings, then those that no setting names
// any more.
func (h *Hooks) Standing(waiting []charge.WebhookQueue) (all []charge.WebhookQueue) {
	names := h.Names()
	for _, name := range names {
		q := charge.WebhookQueue{Name: name}
		if at := slices.IndexFunc(waiting, func(w charge.WebhookQueue) bool { return w.Name == name }); at >= 0 {
			q = waiting[at]
		}
		all = append(all, q)
	}
	for _, q := range waiting {
		if !slices.Contains(names, q.Name) {
			q.Unknown = true
			all = append(all, q)
		}
	}
	return all
}

// Forgive ends the rest of a target that has failed: it is tried at once.
func (h *Hooks) Forgive(target string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.standing, target)
}

// Hearing lists the targets that get a message of charges coming into a state.
func (h *Hooks) Hearing(s charge.State) (names []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.targets {
		if len(t.On) == 0 || slices.Contains(t.On, s) {
			names = append(names, t.Name)
		}
	}
	return names
}

func (h *Hooks) target(name string) (Target, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := slices.IndexFunc(h.targets, func(t Target) bool { return t.Name == name })
	if at < 0 {
		return Target{}, false
	}
	return h.targets[at], true
}

// Post sends a message once. Any error means that it has to be sent again; it never shows the address. A target that
// has not answered for a while gets a rest, so that it does not keep the others waiting.
func (h *Hooks) Post(ctx context.Context, target string, id int64, message string) error {
	t, ok := h.target(target)
	if !ok {
		return charge.NewFault(charge.Say("webhook.unknown"), "this node has no webhook of that name")
	}
	if err := h.begin(target); err != nil {
		return err
	}
	err := h.post(ctx, t, strconv.FormatInt(id, 10), message)
	h.end(target, err)
	return err
}

func (h *Hooks) post(ctx context.Context, t Target, id, message string) error {
	k, err := key(t.Secret)
	if err != nil {
		return err
	}
	seconds := strconv.FormatInt(h.now().Unix(), 10)
	answer, err := h.client.Post(ctx, outbound.Request{URL: t.URL, Type: "application/json", Body: []byte(message),
		Allow: t.Allow, Header: [][2]string{{"Webhook-Id", id}, {"Webhook-Timestamp", seconds},
			{"Webhook-Signature", sign(k, id, seconds, message)}}})
	switch {
	case err != nil:
		return err
	case answer.Status/100 != 2:
		return charge.NewFault(charge.Say("webhook.status", charge.Count("status", int64(answer.Status))),
			fmt.Sprintf("answered HTTP %d", answer.Status))
	}
	return nil
}

// begin asks whether a target may be tried now.
func (h *Hooks) begin(target string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.standing[target]
	if s == nil {
		s = &standing{}
		h.standing[target] = s
	}
	if s.Resting(h.now()) || s.Tripped() && s.trying {
		return charge.NewFault(charge.Say("webhook.resting", charge.Count("n", int64(s.Failed())),
			charge.Because("why", charge.Cause(s.wrong))),
			fmt.Sprintf("its last %d tries failed; it is left alone for a while", s.Failed()))
	}
	s.trying = true
	return nil
}

// end keeps what a try came to, and logs when a target begins to fail and when it is well again.
func (h *Hooks) end(target string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.standing[target]
	if s == nil {
		return
	}
	s.trying = false
	failed := s.Failed()
	s.wrong = err
	s.Record(err == nil, h.now())
	switch {
	case err != nil && failed == 0:
		h.logger.Warn("webhook not reached; its messages are kept and sent again", "webhook", target, "error", err)
	case err == nil && failed > 0:
		h.logger.Info("webhook accepts messages again", "webhook", target, "failed", failed)
	}
}
