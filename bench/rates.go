package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/chargestamp/chargestamp/play"
)

// RatesConfig says at which rates the way from push to lot is timed.
type RatesConfig struct {
	Rates []float64     // pushes a second, the lowest first
	Warm  time.Duration // once, before the first
	For   time.Duration // at each
	Plot  string        // SVG file; empty: none
}

// DefaultRates is what docs/performance.md shows.
var DefaultRates = RatesConfig{Rates: []float64{10, 50, 100, 200, 500, 1000, 1500, 2000, 2500, 3000, 4000, 5000},
	Warm: DefaultOpenLoop.Warm, For: 6 * time.Second}

// A rate is too much for the machine where fewer pushes are accepted, or where they take longer.
const (
	brokenShare = 0.95 // of those that were sent
	brokenAfter = time.Second
)

// atRate is what was seen at one rate.
type atRate struct {
	rate     float64
	p50, p99 time.Duration
	accepted float64 // share of what was sent
}

func (a atRate) broken() bool { return a.accepted < brokenShare || a.p99 > brokenAfter }

// Rates times the way from push to lot at one rate after the other, up to the first that is too much: p50 and p99 from
// when a push was meant to leave until its lot had heard of it.
func (r *Rig) Rates(ctx context.Context, engine *Engine, cfg RatesConfig) (rows []Row, err error) {
	st, g, err := r.bothKinds(ctx, engine)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.close()) }()
	if _, err := g.load(ctx, play.LoadConfig{Rate: cfg.Rates[0], Workers: 256, For: cfg.Warm}); err != nil {
		return nil, err
	}
	var seen []atRate
	for _, rate := range cfg.Rates {
		h, sent, err := st.timed(ctx, wasHeard, g, OpenLoop{Rate: rate, For: cfg.For}, nil)
		if sent.Sent == 0 || sent.Accepted == 0 {
			return rows, errors.Join(fmt.Errorf("at %.0f/s no push was accepted", rate), err)
		}
		a := atRate{rate, h.Quantile(.5), h.Quantile(.99), float64(sent.Accepted) / float64(sent.Sent)}
		if err != nil { // some had not been heard of long after the last
			a.p99 = max(a.p99, 5*time.Second)
		}
		seen = append(seen, a)
		r.say("%s, push to lot at %.0f/s: %.1f %% accepted, %s", engine.Name, rate, 100*a.accepted, h.String())
		rows = append(rows, a.rows(engine.Name)...)
		if a.broken() {
			break
		}
	}
	if cfg.Plot == "" {
		return rows, nil
	}
	return rows, os.WriteFile(plotFile(cfg.Plot, engine.Name), plotRates(engine.Name, seen), 0o644)
}

func (a atRate) rows(engine string) []Row {
	note := fmt.Sprintf("%.1f %% accepted", 100*a.accepted)
	if a.broken() {
		note += "; too much for this machine"
	}
	name := fmt.Sprintf("push to lot at %.0f/s", a.rate)
	return []Row{
		figure{name: name + ", p50", engine: engine, value: ms(a.p50), unit: "ms"}.row(),
		figure{name: name + ", p99", engine: engine, value: ms(a.p99), unit: "ms", note: note}.row(),
	}
}
