package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// OverloadConfig describes more load than a server can take.
type OverloadConfig struct {
	Saturate SaturateConfig // finds how much it can take
	Times    float64        // of that are offered
	Workers  int            // pushes in flight at most: more than the server's queues hold
	For      time.Duration
}

// DefaultOverload is what the report uses.
var DefaultOverload = OverloadConfig{Saturate: DefaultSaturate, Times: 2, Workers: 8_000, For: 15 * time.Second}

// Overload offers more than a server can take: it must say busy in the platforms' own words, keep the answer time
// of what it accepts bounded, not grow, and be itself again soon.
func (r *Rig) Overload(ctx context.Context, engine *Engine, cfg OverloadConfig) (rows []Row, err error) {
	if limit, known := openFiles(); known && uint64(cfg.Workers+spareFiles) > limit {
		return nil, fmt.Errorf("%d pushes in flight need %d open files and there are %d", cfg.Workers, cfg.Workers+spareFiles,
			limit)
	}
	st, err := r.stand(ctx, engine, SiteSize{API: cfg.Saturate.Lots})
	if err != nil {
		return nil, err
	}
	defer func() { // what is still owed would only hold a graceful stop up
		st.server.Kill()
		err = errors.Join(err, st.close())
	}()
	g := newGenerator(st.site, st.server.HTTP, charge.KindAPI, cfg.Workers)
	usual, err := st.saturate(ctx, g, cfg.Saturate)
	if err != nil {
		return nil, err
	}
	rate := cfg.Times * usual.PerSecond
	r.say("%s takes %.0f/s; %.0f/s are offered", engine.Name, usual.PerSecond, rate)
	var heard shed
	var early Metrics
	watch := time.AfterFunc(cfg.For/3, func() { early, _ = st.server.Metrics(ctx) }) // missing is reported below
	load, loadErr := g.load(ctx, play.LoadConfig{Rate: rate, Workers: cfg.Workers, For: cfg.For, Done: heard.add})
	watch.Stop()
	if load.Accepted == 0 {
		return nil, errors.Join(errors.New("nothing was accepted under overload"), loadErr)
	}
	end, err := st.server.Metrics(ctx)
	if err != nil {
		return nil, err
	}
	back, err := st.recovery(ctx, g)
	if err != nil {
		return nil, err
	}
	f := func(what string, value float64, unit string, baseline float64, bar *Bar, note string) {
		rows = append(rows, figure{name: fmt.Sprintf("%.3g times too much: %s", cfg.Times, what), engine: engine.Name,
			value: value, unit: unit, baseline: baseline, bar: bar, note: note}.row())
	}
	seconds := load.Took.Seconds()
	f("really sent", float64(load.Sent)/seconds, "/s", usual.PerSecond, nil, fmt.Sprintf("%.0f/s were meant to be", rate))
	f("accepted", float64(load.Accepted)/seconds, "/s", usual.PerSecond, RatioAtLeast(0.5), "")
	f("refused with the platform's busy answer", float64(heard.busy), "pushes", 0, AtLeast(1),
		fmt.Sprintf("%.0f by the server's own count", end.Sum("chargestamp_pushes_total", `outcome="busy"`)))
	f("neither accepted nor answered", float64(heard.other), "pushes", 0, AtMost(0), fmt.Sprint(heard.examples))
	f("answer time of accepted ones, p99", ms(heard.accepted.Quantile(.99)), "ms", 0, AtMost(3000),
		heard.accepted.String())
	f("memory at the end, against a third into it", end.RSS()/(1<<20), "MiB", early.RSS()/(1<<20), RatioAtMost(1.25), "")
	f("from the end until pushes are answered as usual", back.Seconds(), "s", 0, AtMost(5), "")
	return rows, nil
}

// shed counts how pushes are answered under overload.
type shed struct {
	mu          sync.Mutex
	accepted    play.Histogram
	busy, other int
	examples    []string // of errors
}

func (h *shed) add(s play.Shot) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case s.Accepted:
		h.accepted.Add(s.Exchange.Took)
	case s.Err == nil && s.Exchange.Status == 200 && s.Exchange.Bad == nil:
		h.busy++
	default:
		if h.other++; len(h.examples) < 3 {
			h.examples = append(h.examples, fmt.Sprint(s.Err))
		}
	}
}

// recovery returns how long after now a second begins in which every push is accepted within 100 ms.
func (st *stand) recovery(ctx context.Context, g *generator) (time.Duration, error) {
	begin := time.Now()
	for time.Since(begin) < time.Minute && ctx.Err() == nil {
		from := time.Since(begin)
		result, err := g.load(ctx, play.LoadConfig{Rate: 50, Workers: 50, For: time.Second})
		if err == nil && result.Latency.Max() <= 100*time.Millisecond {
			return from, nil
		}
	}
	return 0, errors.New("the server did not answer as usual within a minute after the overload")
}
