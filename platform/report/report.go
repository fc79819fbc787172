// Package report reports to platforms over HTTP what their charges really took off.
package report

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbound"
	"github.com/chargestamp/chargestamp/platform"
)

// Reports reports usages to platforms, with an access token kept per account.
type Reports struct {
	client  *http.Client
	dialect func(id string) (platform.Dialect, bool)
	now     func() time.Time

	mu     sync.Mutex
	tokens map[string]token // by account and address
	seq    int
}

// New makes Reports. client guards the addresses that it may reach, and bounds answers.
func New(client *http.Client, dialect func(id string) (platform.Dialect, bool), now func() time.Time) *Reports {
	return &Reports{client: client, dialect: dialect, now: now, tokens: map[string]token{}}
}

type token struct {
	text string
	over time.Time
}

// Report sends one usage. detail is what the platform said, or what failed.
func (r *Reports) Report(ctx context.Context, a charge.Account, u platform.Used) (taken bool, detail charge.Note) {
	dialect, _ := r.dialect(a.Platform)
	reporter, ok := dialect.(platform.Reporter)
	if !ok || a.Report == nil {
		return false, charge.Say("report.not_taken")
	}
	keys := platform.Keys{}
	for name, k := range a.Keys {
		keys[name] = k
	}
	for name, k := range a.Report.Keys {
		keys[name] = k
	}
	for try := range 2 {
		text, err := r.token(ctx, reporter, a, keys, try > 0)
		if err != nil {
			return false, charge.Say("report.token_failed", charge.Because("cause", charge.Cause(err)))
		}
		body, err := r.post(ctx, a.Report, reporter.Report(keys, text, u, r.now(), r.next()))
		if err != nil {
			return false, charge.Say("report.failed", charge.Because("cause", charge.Cause(err)))
		}
		taken, over, err := reporter.ReadReport(keys, body)
		switch {
		case over && try == 0:
			continue
		case err != nil:
			return false, charge.Say("report.answered", charge.Because("cause", charge.Cause(err)))
		}
		return taken, charge.Say("report.taken")
	}
	return false, charge.Say("report.token_refused")
}

func (r *Reports) token(ctx context.Context, reporter platform.Reporter, a charge.Account, k platform.Keys,
	fresh bool) (string, error) {
	key := a.ID + " " + a.Report.URL
	r.mu.Lock()
	kept, ok := r.tokens[key]
	r.mu.Unlock()
	if ok && !fresh && r.now().Before(kept.over) {
		return kept.text, nil
	}
	body, err := r.post(ctx, a.Report, reporter.TokenRequest(k, r.now(), r.next()))
	if err != nil {
		return "", err
	}
	text, valid, err := reporter.ReadToken(k, body)
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tokens[key] = token{text, r.now().Add(valid - min(valid/10, time.Minute))}
	return text, nil
}

// next counts requests; platforms want a number that grows inside a second.
func (r *Reports) next() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq = r.seq%9999 + 1
	return r.seq
}

func (r *Reports) post(ctx context.Context, t *charge.ReportTarget, q platform.Request) ([]byte, error) {
	ctx = outbound.WithAllow(ctx, t.AllowTo)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(t.URL, "/")+q.Path,
		bytes.NewReader(q.Body))
	if err != nil {
		return nil, charge.NewFault(charge.Say("report.bad_address"), "the report address cannot be used")
	}
	req.Header = q.Header
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		why := charge.Say("report.http", charge.Count("status", resp.StatusCode))
		return nil, charge.NewFault(why, why.String())
	}
	return io.ReadAll(resp.Body) // outbound bounds it
}
