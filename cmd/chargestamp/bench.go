package main

import (
	"errors"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/bench"
)

// benchCommand measures; see docs/performance.md.
type benchCommand struct {
	Table     benchTable     `cmd:"" default:"withargs" help:"The table of docs/performance.md."`
	Lines     benchLines     `cmd:"" help:"Thousands of car-park lines: memory, a storm of reconnects, latency."`
	Overload  benchOverload  `cmd:"" help:"Twice what the server can take: busy answers, bounded times, recovery."`
	Size      benchSize      `cmd:"" help:"The same figures with few and with millions of charges, and console pages."`
	Rates     benchRates     `cmd:"" help:"From push to lot at 10 to 5,000 pushes a second, until it is too much."`
	Forwarder benchForwarder `cmd:"" hidden:"" help:"The store-less baseline, started by bench itself."`
	Far       benchFar       `cmd:"" hidden:"" help:"The far ends of lines, started by bench itself."`
}

// report is how figures are printed.
type report struct {
	Output   string `short:"o" enum:"text,json" default:"text" help:"text or json."`
	Profiles string `placeholder:"DIR" type:"existingdir" help:"Keep CPU and memory profiles of servers under load there."`
}

// measure runs something on a rig, prints its rows, and fails when one does not hold.
func (r report) measure(c *console, run func(*bench.Rig) ([]bench.Row, error)) error {
	rig, err := bench.NewRig(c.err)
	if err != nil {
		return err
	}
	rig.Profiles = r.Profiles
	host := bench.WatchHost()
	rows, failure := run(rig)
	rows = append(rows, host.Rows()...)
	print := bench.WriteText
	if r.Output == "json" {
		print = bench.WriteJSON
	}
	err = errors.Join(failure, print(c.out, rows), rig.Close())
	if err == nil && len(bench.Failed(rows)) > 0 {
		return errFailed
	}
	return err
}

// engines are the flags that choose where servers under test keep their data.
type engines struct {
	Engine   string `enum:"sqlite,postgres,both" default:"${engine}" help:"sqlite, postgres (a private one) or both."`
	Database string `placeholder:"URL" help:"An empty PostgreSQL database to use instead of a private server."`
}

// open opens the engines that were asked for; close closes them.
func (e engines) open(prepared string) (all []*bench.Engine, closeAll func() error, err error) {
	names := []string{e.Engine}
	switch {
	case e.Database != "":
		names = []string{bench.Postgres}
	case e.Engine == "both":
		names = []string{bench.SQLite, bench.Postgres}
	}
	closeAll = func() error {
		var errs []error
		for _, engine := range all {
			errs = append(errs, engine.Close())
		}
		return errors.Join(errs...)
	}
	for _, name := range names {
		engine, err := bench.OpenEngine(name, e.Database, prepared)
		if err != nil {
			return nil, nil, errors.Join(err, closeAll())
		}
		all = append(all, engine)
	}
	return all, closeAll, nil
}

// on runs something on a rig with engines.
func (e engines) on(c *console, r report, run func(*bench.Rig, []*bench.Engine) ([]bench.Row, error)) error {
	return e.keeping(c, r, "", run)
}

// keeping is on, with a folder where PostgreSQL keeps its data for later runs; empty: nowhere.
func (e engines) keeping(c *console, r report, prepared string,
	run func(*bench.Rig, []*bench.Engine) ([]bench.Row, error)) error {
	all, closeAll, err := e.open(prepared)
	if err != nil {
		return err
	}
	err = r.measure(c, func(rig *bench.Rig) ([]bench.Row, error) { return run(rig, all) })
	return errors.Join(err, closeAll())
}

// each runs something on one engine after the other.
func (e engines) each(c *console, r report, run func(*bench.Rig, *bench.Engine) ([]bench.Row, error)) error {
	return e.eachKeeping(c, r, "", run)
}

func (e engines) eachKeeping(c *console, r report, prepared string,
	run func(*bench.Rig, *bench.Engine) ([]bench.Row, error)) error {
	return e.keeping(c, r, prepared, func(rig *bench.Rig, all []*bench.Engine) (rows []bench.Row, err error) {
		for _, engine := range all {
			more, err := run(rig, engine)
			if rows = append(rows, more...); err != nil {
				return rows, err
			}
		}
		return rows, nil
	})
}

type benchTable struct {
	report
	engines `set:"engine=both"`
	Times   int `default:"3" help:"Every figure is the median of so many runs."`
	Rounds  int `default:"3" help:"Rounds of kill -9 for each engine; 0 leaves them out."`
	parts   `set:"parts=saturated,latency,sick,cost,decode,kill"`
}

// parts chooses what is measured; the tag set of the field that embeds it lists all.
type parts struct {
	Only []bench.Part `enum:"${parts}" default:"${parts}" help:"Measure only these parts: ${enum}."`
}

// Validate refuses numbers with which nothing would be measured.
func (b *benchTable) Validate() error {
	switch {
	case b.Times < 1:
		return errors.New("--times must be 1 or more")
	case b.Rounds < 0:
		return errors.New("--rounds must be 0 or more")
	case b.Rounds == 0 && slices.Equal(b.Only, []bench.Part{bench.PartKill}):
		return errors.New("--only kill with --rounds 0 measures nothing: give --rounds 1 or more")
	}
	return nil
}

// Run measures the table.
func (b *benchTable) Run(c *console) error {
	cfg := bench.TableConfig{Times: b.Times, Rounds: b.Rounds, Only: b.Only,
		Saturate: bench.DefaultSaturate, Loop: bench.DefaultOpenLoop, Killed: bench.NewKillTable(c.err).Row}
	if slices.Equal(b.Only, []bench.Part{bench.PartDecode}) { // no store takes part
		return b.measure(c, func(rig *bench.Rig) ([]bench.Row, error) { return rig.Table(c.ctx, cfg) })
	}
	return b.on(c, b.report, func(rig *bench.Rig, engines []*bench.Engine) ([]bench.Row, error) {
		cfg.Engines = engines
		return rig.Table(c.ctx, cfg)
	})
}

type benchLines struct {
	report
	engines `set:"engine=sqlite"`
	Few     int `default:"1000" help:"Lines of the smaller measurement."`
	Many    int `default:"15000" help:"Lines of the greater one."`
	Idle    int `default:"10000" help:"Connections that never log in, in a run of their own."`
	Times   int `default:"3" help:"Every latency is the median of so many runs."`
}

// Run measures lines.
func (b *benchLines) Run(c *console) error {
	cfg := bench.DefaultLines
	cfg.Few, cfg.Many, cfg.Idle, cfg.Times = b.Few, b.Many, b.Idle, b.Times
	return b.each(c, b.report,
		func(rig *bench.Rig, e *bench.Engine) ([]bench.Row, error) { return rig.Lines(c.ctx, e, cfg) })
}

type benchOverload struct {
	report
	engines `set:"engine=sqlite"`
	For     time.Duration `default:"15s" help:"How long to run."`
}

// Run overloads.
func (b *benchOverload) Run(c *console) error {
	cfg := bench.DefaultOverload
	cfg.For = b.For
	return b.each(c, b.report, func(rig *bench.Rig, e *bench.Engine) ([]bench.Row, error) {
		return rig.Overload(c.ctx, e, cfg)
	})
}

type benchSize struct {
	report
	engines  `set:"engine=both"`
	Charges  int    `default:"5000000" help:"Charges in the greater store."`
	Times    int    `default:"3" help:"Every figure is the median of so many runs."`
	Prepared string `placeholder:"DIR" type:"path" help:"Keep prepared data there and use them again (3 kB a charge)."`
	Plot     string `placeholder:"FILE" type:"path" help:"Write an SVG plot of each engine: x-sqlite.svg for x.svg."`
	People   bool   `help:"Measure only what people wait for: pages, searches and statements."`
}

// Run measures sizes.
func (b *benchSize) Run(c *console) error {
	cfg := bench.DefaultSize
	cfg.Many, cfg.Times, cfg.Dir, cfg.Plot, cfg.People = b.Charges, b.Times, b.Prepared, b.Plot, b.People
	return b.eachKeeping(c, b.report, b.Prepared,
		func(rig *bench.Rig, e *bench.Engine) ([]bench.Row, error) { return rig.Size(c.ctx, e, cfg) })
}

type benchRates struct {
	report
	engines `set:"engine=both"`
	For     time.Duration `default:"6s" help:"How long at each rate."`
	Plot    string        `placeholder:"FILE" type:"path" help:"Write an SVG plot of each engine: x-sqlite.svg for x.svg."`
}

// Run measures rates.
func (b *benchRates) Run(c *console) error {
	cfg := bench.DefaultRates
	cfg.For, cfg.Plot = b.For, b.Plot
	return b.each(c, b.report, func(rig *bench.Rig, e *bench.Engine) ([]bench.Row, error) {
		return rig.Rates(c.ctx, e, cfg)
	})
}

type benchFar struct{}

// Run holds the far ends.
func (benchFar) Run(c *console) error { return bench.RunFar(c.ctx, c.in, c.out) }

type benchForwarder struct{}

// Run forwards.
func (benchForwarder) Run(c *console) error { return bench.RunForwarder(c.ctx, c.in, c.out) }
