package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/all"
	"github.com/chargestamp/chargestamp/platform/intake"
	"github.com/chargestamp/chargestamp/play"
)

// Decoded is what it costs to take one push through every check and to read it.
type Decoded struct {
	Family, Platform string
	Each             time.Duration
	Allocs           float64
}

// decodePlatforms are one of each family.
var decodePlatforms = []string{"telaidian", "xiaoju", "xingxing", "linghu"}

// Decode measures it in this process, for one platform of each family.
func Decode(ctx context.Context, times int) ([]Decoded, error) {
	var all []Decoded
	for _, p := range decodePlatforms {
		d, err := decode(ctx, p, times)
		if err != nil {
			return nil, fmt.Errorf("decode of %s: %w", p, err)
		}
		all = append(all, d)
	}
	return all, nil
}

func decode(ctx context.Context, id string, times int) (Decoded, error) {
	site := NewSite(SiteSize{API: 1}, id)
	lot := &site.Lots[0]
	f := newForwarder(site.forwarderSite())
	f.accounts[id] = site.candidate(f.accounts[id], lot)
	intake, err := intake.New(intake.Config{Dialects: all.Builtin(), Accounts: f, Taker: f})
	if err != nil {
		return Decoded{}, err
	}
	player := site.Player("in.process", id, lot, &http.Client{Transport: inProcess{intake}})
	request, err := player.Prepare(ctx, push("d", 0, lot.ID, time.Now()), play.Options{})
	if err != nil {
		return Decoded{}, err
	}
	var dialect platform.Dialect
	for _, d := range all.Builtin() {
		if d.Info().ID == id {
			dialect = d
		}
	}
	p := platform.Push{Platform: id, Method: request.Method, Path: request.Path, Header: request.Header,
		Body:   request.Body,
		Remote: netip.MustParseAddr("127.0.0.1")}
	for _, s := range intake.Served() {
		if s.Path == request.Path {
			p.Route = s.Route
		}
	}
	admit := func() error {
		p.Received = time.Now()
		a := platform.Admit(dialect, f, p, p.Received)
		switch {
		case a.Refusal != nil:
			return fmt.Errorf("the push was refused: %w", a.Refusal)
		case a.Message == nil || a.Message.Charge == nil:
			return errors.New("no charge was read from the push")
		}
		return nil
	}
	d := Decoded{Family: dialect.Info().Family, Platform: id}
	d.Each, d.Allocs, err = cost(times, admit)
	return d, err
}

// candidate puts the keys and locks that an estate would have into an account.
func (s *Site) candidate(c platform.Candidate, lot *Lot) platform.Candidate {
	if c.Keys == nil {
		c.Keys = []platform.Keys{{}}
	}
	c.Keys[0]["ckey"], c.Keys[0]["ukey"] = charge.Secret(lot.Ckey), charge.Secret(s.Ukey)
	c.AllowFrom = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	return c
}

// cost runs fn many times and returns what one run takes.
func cost(times int, fn func() error) (each time.Duration, allocs float64, err error) {
	for range times / 10 {
		if err := fn(); err != nil {
			return 0, 0, err
		}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin := time.Now()
	for range times {
		if err := fn(); err != nil {
			return 0, 0, err
		}
	}
	took := time.Since(begin)
	runtime.ReadMemStats(&after)
	return took / time.Duration(times), float64(after.Mallocs-before.Mallocs) / float64(times), nil
}

// inProcess answers requests without a network.
type inProcess struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	r.RemoteAddr = "127.0.0.1:1"
	t.handler.ServeHTTP(w, r)
	return w.Result(), nil
}
