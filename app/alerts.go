package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/chargestamp/chargestamp/alert"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/nodes"
	"github.com/chargestamp/chargestamp/outbound"
)

const (
	alerting = 10 * time.Second // bounds one alert to a webhook
	posting  = 10 * time.Second // bounds one change of a charge to a webhook
)

// mostSignatures bounds how many refused pushes one look at the figures reads.
const mostSignatures = 500

// makeAlerts builds the watcher of the config file's webhooks; without any it watches nothing.
func (a *App) makeAlerts(context.Context) error {
	targets, err := alertTargets(a.cfg.Alerts)
	if err != nil {
		return err
	}
	a.alerts = alert.New(alert.Config{Targets: targets, Limits: alert.DefaultLimits(), Facts: a.facts,
		Client: guarded(alerting),
		Book:   &alertBook{docs: a.store, node: a.cfg.Node, now: a.clock.Now}, Console: a.cfg.Admin.URL, Now: a.clock.Now,
		Log: a.logger})
	return nil
}

// alertTargets reads the webhooks of a configuration.
func alertTargets(configs []AlertConfig) (targets []alert.Target, err error) {
	for i, c := range configs {
		t, wrong := alertTarget(c)
		if slices.ContainsFunc(targets, func(other alert.Target) bool { return other.Name == t.Name }) {
			wrong = errors.Join(wrong,
				fmt.Errorf("name %q is used twice: delivered alerts are kept by it, so give each target its own", t.Name))
		}
		err = errors.Join(err, faultsUnder(fmt.Sprintf("alerts[%d]", i), wrong))
		targets = append(targets, t)
	}
	if err != nil {
		return nil, err
	}
	return targets, nil
}

func alertTarget(c AlertConfig) (alert.Target, error) {
	t := alert.Target{Name: c.Name, Format: alert.Format(c.Format), URL: c.URL, Secret: c.Secret, Lang: c.Lang}
	if t.Format == "" {
		t.Format = alert.Generic
	}
	if t.Name == "" {
		t.Name = string(t.Format)
	}
	for _, k := range c.On {
		t.On = append(t.On, alert.Kind(k))
	}
	allow, wrong := prefixes(c.AllowTo)
	err := checkTarget(t)
	for _, fault := range Faults(wrong) {
		err = errors.Join(err, fmt.Errorf("allow_to: %w", fault))
	}
	t.Client = allowing(guarded(alerting), allow)
	return t, err
}

// checkTarget says what is wrong with a webhook's settings.
func checkTarget(t alert.Target) (err error) {
	if !isWebAddress(t.URL) {
		err = errors.New("url is not an http address")
	}
	if !slices.Contains(alert.Formats, t.Format) {
		err = errors.Join(err, fmt.Errorf("format %q is none of %v", t.Format, alert.Formats))
	}
	for _, k := range t.On {
		if !slices.Contains(alert.Kinds, k) {
			err = errors.Join(err, fmt.Errorf("on: %q is none of %v", k, alert.Kinds))
		}
	}
	if t.Lang != "" && t.Lang != "zh" && t.Lang != "en" {
		err = errors.Join(err, fmt.Errorf("lang %q is neither zh nor en", t.Lang))
	}
	return err
}

// allowing lets a client reach addresses that outbound would refuse.
func allowing(c *http.Client, allow []netip.Prefix) *http.Client {
	next := c.Transport
	c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		return next.RoundTrip(r.WithContext(outbound.WithAllow(r.Context(), allow)))
	})
	return c
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip makes one exchange.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// facts gathers what alerts are judged by.
func (a *App) facts(ctx context.Context, window time.Duration) (alert.Facts, error) {
	now := a.clock.Now()
	f := alert.Facts{Signatures: map[string]int{}}
	standing, err := a.store.LotStatuses(ctx)
	if err != nil {
		return f, err
	}
	for _, s := range standing {
		l, _, known := a.book.State().Lot(s.Lot)
		if known && lot.KindOf(l.Kind).OnLine {
			f.Lots = append(f.Lots,
				alert.Lot{ID: s.Lot.String(), Name: l.Name, Online: s.Online, Beat: s.Beat, Pending: s.Pending})
		}
	}
	f.Clocks = a.wrongClocks(standing)
	counts, err := a.store.Counts(ctx, now.Add(-window), now)
	if err != nil {
		return f, err
	}
	f.GaveUp, f.OldestDue = counts.States[charge.StateGaveUp], counts.Oldest
	f.Settled = f.GaveUp + counts.States[charge.StateDelivered] + counts.States[charge.StateRefused] +
		counts.States[charge.StateUsed]
	for _, o := range []charge.Outcome{charge.OutcomeBadSignature, charge.OutcomeBadToken} {
		page, err := a.store.Pushes(ctx, charge.PushFilter{Outcome: o, From: now.Add(-window), Limit: mostSignatures})
		if err != nil {
			return f, err
		}
		for _, p := range page.Items {
			f.Signatures[p.Account]++
		}
	}
	queues, err := a.store.WebhookQueues(ctx)
	if err != nil {
		return f, err
	}
	for _, q := range queues {
		f.Webhooks = append(f.Webhooks, alert.Webhook{Name: q.Name, Waiting: q.Waiting, Oldest: q.Oldest, Wrong: q.Why()})
	}
	f.DiskFree, f.DiskTotal = disk(a.cfg.Data, a.logger)
	if a.cfg.Database.URL != "" { // each node has a disk of its own
		f.Machine = nodes.Machine()
	}
	return f, nil
}

// wrongClocks lists the lots whose clock is wrong.
func (a *App) wrongClocks(standing []charge.LotStatus) (clocks []alert.Clock) {
	for _, s := range standing {
		if l, _, known := a.book.State().Lot(s.Lot); known && s.ClockNote().Code != "" {
			clocks = append(clocks, alert.Clock{ID: s.Lot.String(), Name: l.Name, Ahead: s.Clock, Note: s.ClockNote()})
		}
	}
	return clocks
}

// disk returns free and total bytes of the data folder's disk.
func disk(dir string, logger *slog.Logger) (free, total int64) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		logger.Warn("the free space of the data disk cannot be read", "error", err)
		return 0, 0
	}
	return int64(s.Bavail) * s.Bsize, int64(s.Blocks) * s.Bsize
}
