package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// TableConfig says what of the table is measured, and how often.
type TableConfig struct {
	Times    int // each figure is the median of so many
	Rounds   int // of kill -9; 0 leaves its rows out
	Only     []Part
	Engines  []*Engine
	Saturate SaturateConfig
	Loop     OpenLoop
	Killed   func(KillRound) // is called with each round; may be nil
}

// Part is a part of the table that can be measured alone.
type Part string

// Parts of the table.
const (
	PartDecode    Part = "decode"
	PartSaturated Part = "saturated"
	PartLatency   Part = "latency"
	PartSick      Part = "sick"
	PartCost      Part = "cost"
	PartKill      Part = "kill"
)

// Table measures the rows of docs/performance.md, or only some parts of them: an empty cfg.Only is all. Rows that
// were measured before an error are given with it.
func (r *Rig) Table(ctx context.Context, cfg TableConfig) ([]Row, error) {
	var rows []Row
	for _, part := range []struct {
		name    Part
		measure func(context.Context, TableConfig) ([]Row, error)
	}{
		{PartDecode, r.decodeRows},
		{PartSaturated, r.saturatedRows},
		{PartLatency, r.latencyRows},
		{PartSick, r.sickRows},
		{PartCost, r.costRows},
		{PartKill, r.killRows},
	} {
		if len(cfg.Only) > 0 && !slices.Contains(cfg.Only, part.name) {
			continue
		}
		more, err := part.measure(ctx, cfg)
		rows = append(rows, more...)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// saturatedRuns are runs of one thing under saturating load.
type saturatedRuns struct {
	perSecond []float64
	cpu       []float64 // ms a charge
}

func (r *saturatedRuns) add(s Saturated) {
	r.perSecond, r.cpu = append(r.perSecond, s.PerSecond), append(r.cpu, ms(s.CPU))
}

// saturatedRows measures saturated rates, taking turns, so that a machine that changes its mind does so for all.
func (r *Rig) saturatedRows(ctx context.Context, cfg TableConfig) ([]Row, error) {
	var base saturatedRuns
	servers := map[*Engine]map[charge.LotKind]*saturatedRuns{}
	for _, e := range cfg.Engines {
		servers[e] = map[charge.LotKind]*saturatedRuns{charge.KindAPI: {}, charge.KindSDK: {}}
	}
	for n := range cfg.Times {
		s, err := r.saturateForwarder(ctx, cfg.Saturate)
		if err != nil {
			return nil, err
		}
		r.say("run %d: store-less forwarder: %.0f/s, %v CPU a push", n+1, s.PerSecond, s.CPU.Round(time.Microsecond))
		base.add(s)
		for _, e := range cfg.Engines {
			for _, kind := range saturatedKinds {
				s, err := r.saturateServer(ctx, e, kind, cfg.Saturate)
				if err != nil {
					return nil, err
				}
				r.say("run %d: %s, %s lots: %.0f/s, %v CPU a charge, last acknowledgement %v after the last answer; "+
					"push to answer %s",
					n+1, e.Name, kind, s.PerSecond, s.CPU.Round(time.Microsecond), s.Tail.Round(time.Millisecond),
					s.Pushes.Latency.String())
				servers[e][kind].add(s)
			}
		}
	}
	rows, err := r.fewRows(ctx, cfg)
	if err != nil {
		return nil, err
	}
	rows = append(rows,
		figure{name: "store-less forwarder, saturated", value: median(base.perSecond), unit: "/s",
			note: spread(base.perSecond)}.row(),
		figure{name: "store-less forwarder's CPU a push, saturated", value: median(base.cpu), unit: "ms",
			note: spread(base.cpu)}.row())
	for _, e := range cfg.Engines {
		for _, kind := range saturatedKinds {
			rows = append(rows, saturatedServerRows(e, kind, servers[e][kind], base)...)
		}
	}
	return rows, nil
}

var saturatedKinds = []charge.LotKind{charge.KindAPI, charge.KindSDK}

// saturatedServerRows are a server's rate and its processor time, beside those of the forwarder in the same runs.
func saturatedServerRows(e *Engine, kind charge.LotKind, got *saturatedRuns, base saturatedRuns) []Row {
	way, bar := "callback", RatioAtLeast(0.70)
	if kind == charge.KindSDK {
		way = "line"
	}
	if e.Name == Postgres {
		bar = RatioAtLeast(0.45)
	}
	return []Row{
		figure{name: "push to " + way + " and back, durable, saturated", engine: e.Name, value: median(got.perSecond),
			unit: "/s", baseline: median(base.perSecond), bar: bar, note: spread(got.perSecond)}.row(),
		figure{name: "CPU a charge, push to " + way + " and back, saturated", engine: e.Name, value: median(got.cpu),
			unit: "ms", baseline: median(base.cpu), note: spread(got.cpu)}.row(),
	}
}

// fewInFlight are so few pushes that the rate says how long each waits.
const fewInFlight = 16

// fewRows measures what few pushes in flight come to.
func (r *Rig) fewRows(ctx context.Context, cfg TableConfig) ([]Row, error) {
	few := cfg.Saturate
	few.Workers = fewInFlight
	var base []float64
	rates := map[string][]float64{}
	for n := range cfg.Times {
		s, err := r.saturateForwarder(ctx, few)
		if err != nil {
			return nil, err
		}
		r.say("run %d: store-less forwarder, %d in flight: %.0f/s", n+1, fewInFlight, s.PerSecond)
		base = append(base, s.PerSecond)
		for _, e := range cfg.Engines {
			s, err := r.saturateServer(ctx, e, charge.KindAPI, few)
			if err != nil {
				return nil, err
			}
			r.say("run %d: %s, %d in flight: %.0f/s", n+1, e.Name, fewInFlight, s.PerSecond)
			rates[e.Name] = append(rates[e.Name], s.PerSecond)
		}
	}
	name := fmt.Sprintf("%d in flight", fewInFlight)
	rows := []Row{figure{name: "store-less forwarder, " + name, value: median(base), unit: "/s",
		note: spread(base)}.row()}
	for _, e := range cfg.Engines {
		got := rates[e.Name]
		f := figure{name: "push to callback and back, durable, " + name, engine: e.Name, value: median(got), unit: "/s",
			baseline: median(base), note: spread(got)}
		if e.Name == SQLite {
			f.bar = RatioAtLeast(0.35)
		}
		rows = append(rows, f.row())
	}
	return rows, nil
}

func (r *Rig) latencyRows(ctx context.Context, cfg TableConfig) (rows []Row, err error) {
	for _, e := range cfg.Engines {
		var p50, p99 []float64
		for n := range cfg.Times {
			h, err := r.latency(ctx, e, cfg.Loop)
			if err != nil {
				return rows, err
			}
			r.say("run %d: %s, push to lot at %.0f/s: %s", n+1, e.Name, cfg.Loop.Rate, h.String())
			p50, p99 = append(p50, ms(h.Quantile(.5))), append(p99, ms(h.Quantile(.99)))
		}
		most50, most99 := AtMost(2), AtMost(10)
		if e.Name == Postgres {
			most50, most99 = AtMost(4), AtMost(15)
		}
		for _, f := range []figure{
			{name: "push to lot, 500/s open loop, p50", value: median(p50), bar: most50, note: spread(p50)},
			{name: "push to lot, 500/s open loop, p99", value: median(p99), bar: most99, note: spread(p99)},
		} {
			f.engine, f.unit = e.Name, "ms"
			rows = append(rows, f.row())
		}
	}
	return rows, nil
}

// sickRows compares the healthy lots' p99 with what it is where all are healthy.
func (r *Rig) sickRows(ctx context.Context, cfg TableConfig) (rows []Row, err error) {
	p99 := map[Sickness][]float64{}
	engine := cfg.Engines[0]
	for n := range cfg.Times {
		for _, how := range []Sickness{Healthy, Dead, Hanging} {
			h, err := r.sick(ctx, engine, how, cfg.Loop)
			if err != nil {
				return rows, err
			}
			r.say("run %d: %s, one lot in ten %s, the others: %s", n+1, engine.Name, how, h.String())
			p99[how] = append(p99[how], ms(h.Quantile(.99)))
		}
	}
	for _, how := range []Sickness{Dead, Hanging} {
		rows = append(rows, figure{name: "healthy lots' p99, one lot in ten " + string(how), engine: engine.Name,
			value: median(p99[how]), unit: "ms",
			baseline: median(p99[Healthy]), bar: RatioAtMost(1.5), note: spread(p99[how]) + " against " +
				spread(p99[Healthy])}.row())
	}
	return rows, nil
}

func (r *Rig) decodeRows(ctx context.Context, cfg TableConfig) (rows []Row, err error) {
	each, allocs := map[string][]float64{}, map[string][]float64{}
	families := map[string]string{}
	for range cfg.Times {
		all, err := Decode(ctx, 5000)
		if err != nil {
			return rows, err
		}
		for _, d := range all {
			families[d.Platform] = d.Family
			each[d.Platform] = append(each[d.Platform], float64(d.Each)/float64(time.Microsecond))
			allocs[d.Platform] = append(allocs[d.Platform], d.Allocs)
		}
	}
	for _, p := range decodePlatforms {
		var bar *Bar
		if families[p] == "cec" {
			bar = AtMost(25)
		}
		name := "decode and verify, family " + families[p] + " (" + p + ")"
		rows = append(rows,
			figure{name: name, value: median(each[p]), unit: "µs", bar: bar, note: spread(each[p])}.row(),
			figure{name: name, value: median(allocs[p]), unit: "allocs"}.row())
	}
	return rows, nil
}

func (r *Rig) killRows(ctx context.Context, cfg TableConfig) (rows []Row, err error) {
	if cfg.Rounds == 0 {
		return nil, nil // and so nothing that could be taken for proven
	}
	for _, e := range cfg.Engines {
		kill := DefaultKill
		kill.Engine, kill.Rounds = e, cfg.Rounds
		rounds, err := r.Kill(ctx, kill, cfg.Killed)
		rows = append(rows, KillRows(e.Name, rounds, kill.Rounds)...)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
