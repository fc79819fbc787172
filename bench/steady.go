package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// Steady pushes at one rate for long and measures push to lot, what it costs, and whether the server grows.
func (r *Rig) Steady(ctx context.Context, engine *Engine, loop OpenLoop) (rows []Row, err error) {
	st, err := r.stand(ctx, engine, SiteSize{API: 10, SDK: 10})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.close()) }()
	g := newGenerator(st.site, st.server.HTTP, charge.KindAPI, 256)
	g.lots = append(g.lots, st.site.Of(charge.KindSDK)...)
	if _, err := g.load(ctx, play.LoadConfig{Rate: loop.Rate, Workers: 256, For: loop.Warm}); err != nil {
		return nil, err
	}
	before, err := st.server.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	profiled := st.server.profile(ctx, engine.Name+"-steady", min(loop.For, time.Minute))
	h, err := st.openLoop(ctx, g, OpenLoop{Rate: loop.Rate, Warm: time.Second, For: loop.For}, nil)
	if err = errors.Join(err, profiled()); err != nil {
		return nil, err
	}
	after, err := st.server.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	told := func(what string, value float64, unit string, baseline float64, bar *Bar) {
		rows = append(rows, figure{name: fmt.Sprintf("%.0f/s for %s: %s", loop.Rate, loop.For, what), engine: engine.Name,
			value: value, unit: unit,
			baseline: baseline, bar: bar}.row())
	}
	told("push to lot p50", ms(h.Quantile(.5)), "ms", 0, AtMost(2))
	told("push to lot p99", ms(h.Quantile(.99)), "ms", 0, AtMost(15))
	told("push to lot p99.9", ms(h.Quantile(.999)), "ms", 0, nil)
	told("push to lot, longest", ms(h.Max()), "ms", 0, nil)
	told("charges", float64(h.Count()), "charges", 0, AtLeast(0.99*loop.Rate*loop.For.Seconds()))
	told("CPU of the server for one charge", float64((after.CPU()-before.CPU()).Microseconds())/float64(h.Count()), "µs",
		0, nil)
	told("RSS at the end, against the start", after.RSS()/(1<<20), "MiB", before.RSS()/(1<<20), RatioAtMost(1.5))
	return rows, nil
}
