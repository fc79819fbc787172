package bench

import (
	"context"

	"github.com/chargestamp/chargestamp/charge"
)

// TableConfig says what of the table is measured, and how often.
type TableConfig struct {
	Times    int // each figure is the median of so many
	Engines  []*Engine
	Saturate SaturateConfig
}

// Table measures the rows of docs/performance.md.
func (r *Rig) Table(ctx context.Context, cfg TableConfig) ([]Row, error) {
	return r.throughput(ctx, cfg)
}

// throughput measures saturated rates, taking turns, so that a machine that changes its mind does so for all.
func (r *Rig) throughput(ctx context.Context, cfg TableConfig) ([]Row, error) {
	type key struct {
		engine string
		kind   charge.LotKind
	}
	var base []float64
	rates := map[key][]float64{}
	for n := range cfg.Times {
		s, err := r.saturateForwarder(ctx, cfg.Saturate)
		if err != nil {
			return nil, err
		}
		r.say("run %d: store-less forwarder %.0f/s", n+1, s.PerSecond)
		base = append(base, s.PerSecond)
		for _, e := range cfg.Engines {
			for _, kind := range []charge.LotKind{charge.KindAPI, charge.KindSDK} {
				s, err := r.saturateServer(ctx, e, kind, cfg.Saturate)
				if err != nil {
					return nil, err
				}
				r.say("run %d: %s, %s lots %.0f/s, %v CPU a charge, tail %v; push %v", n+1, e.Name, kind, s.PerSecond, s.CPU, s.Tail, s.Pushes.Latency.String())
				rates[key{e.Name, kind}] = append(rates[key{e.Name, kind}], s.PerSecond)
			}
		}
	}
	rows := []Row{figure{name: "store-less forwarder, saturated", value: median(base), unit: "/s", note: spread(base)}.row()}
	for _, e := range cfg.Engines {
		for _, kind := range []charge.LotKind{charge.KindAPI, charge.KindSDK} {
			got := rates[key{e.Name, kind}]
			name, bar := "push to callback and back, durable, saturated", RatioAtLeast(0.70)
			if kind == charge.KindSDK {
				name, bar = "push to line and back, durable, saturated", RatioAtLeast(1.0)
			}
			if e.Name == Postgres {
				bar = RatioAtLeast(0.45)
			}
			rows = append(rows, figure{name: name, engine: e.Name, value: median(got), unit: "/s", baseline: median(base), bar: bar, note: spread(got)}.row())
		}
	}
	return rows, nil
}
