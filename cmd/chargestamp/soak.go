package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/bench"
)

// soakCommand runs what takes long: kill rounds, lying lots, a steady load.
type soakCommand struct {
	Kill   soakKill   `cmd:"" help:"kill -9 under load, again and again: nothing accepted may be lost or applied twice."`
	Lots   soakLots   `cmd:"" help:"Lots that lie, on lines that are cut at random."`
	SDK    soakSDK    `cmd:"" name:"sdk" help:"Lots with the vendor's own SDK, on links that batch and cut."`
	Steady soakSteady `cmd:"" help:"A steady load for long: latency, cost, memory."`
	Flood  soakFlood  `cmd:"" help:"Strangers who flood every public path, beside honest pushes."`
}

type soakKill struct {
	report
	engines `set:"engine=sqlite"`
	Rounds  int           `default:"5" help:"Rounds for each engine."`
	For     time.Duration `help:"Begin no further round of an engine after so long."`
	Report  string        `placeholder:"FILE" help:"Keep each round. Those that stand there count."`
	Rate    float64       `default:"200" help:"Pushes a second."`
}

// Validate refuses a run that would show nothing.
func (s *soakKill) Validate() error {
	if s.Rounds < 1 {
		return errors.New("--rounds must be 1 or more")
	}
	if s.For < 0 {
		return errors.New("--for cannot be negative")
	}
	return nil
}

// Run kills.
func (s *soakKill) Run(c *console) error {
	book, err := bench.OpenKillBook(s.Report)
	if err != nil {
		return err
	}
	table := bench.NewKillTable(c.err)
	return s.each(c, s.report, func(rig *bench.Rig, e *bench.Engine) (rows []bench.Row, err error) {
		cfg := bench.DefaultKill
		cfg.Engine, cfg.Rate, cfg.For, cfg.Rounds = e, s.Rate, s.For, s.Rounds-book.Sum(e.Name).Rounds
		if cfg.Rounds < 1 {
			fmt.Fprintf(c.err, "%s: all rounds are in the report: %+v\n", e.Name, book.Sum(e.Name))
			return nil, nil
		}
		var kept error
		rounds, err := rig.Kill(c.ctx, cfg, func(r bench.KillRound) {
			table.Row(r)
			kept = errors.Join(kept, book.Add(r))
		})
		if s.Report != "" {
			fmt.Fprintf(c.err, "%s, in all pieces: %+v\n", e.Name, book.Sum(e.Name))
		}
		asked := cfg.Rounds
		if s.For > 0 && err == nil {
			asked = len(rounds)
		}
		return bench.KillRows(e.Name, rounds, asked), errors.Join(err, kept)
	})
}

type soakLots struct {
	report
	engines `set:"engine=sqlite"`
	Lots    int           `default:"200" help:"How many lots."`
	For     time.Duration `default:"10m" help:"How long to run."`
	Rate    float64       `default:"20" help:"Pushes a second."`
}

// Run lets lots lie.
func (s *soakLots) Run(c *console) error {
	cfg := bench.DefaultLots
	cfg.Lots, cfg.For, cfg.Rate = s.Lots, s.For, s.Rate
	return s.each(c, s.report,
		func(rig *bench.Rig, e *bench.Engine) ([]bench.Row, error) { return rig.Lots(c.ctx, e, cfg) })
}

type soakSDK struct {
	report
	engines `set:"engine=sqlite"`
	For     time.Duration `default:"10m" help:"How long to run."`
}

// Run lets cars come and go.
func (s *soakSDK) Run(c *console) error {
	cfg := bench.DefaultSDK
	cfg.For = s.For
	return s.each(c, s.report, func(rig *bench.Rig, e *bench.Engine) ([]bench.Row, error) {
		return rig.SDK(c.ctx, e, cfg)
	})
}

type soakSteady struct {
	report
	engines `set:"engine=sqlite"`
	For     time.Duration `default:"10m" help:"How long to run."`
	Rate    float64       `default:"500" help:"Pushes a second."`
}

// Run pushes.
func (s *soakSteady) Run(c *console) error {
	return s.each(c, s.report, func(rig *bench.Rig, e *bench.Engine) ([]bench.Row, error) {
		return rig.Steady(c.ctx, e, bench.OpenLoop{Rate: s.Rate, Warm: 20 * time.Second, For: s.For})
	})
}

type soakFlood struct {
	report
	engines `set:"engine=sqlite"`
	For     time.Duration `default:"1m" help:"How long on each path."`
	Rate    float64       `default:"8000" help:"Messages of strangers a second."`
	Only    string        `placeholder:"TEXT" help:"Only paths that contain it; line for the line."`
}

// Validate refuses a run that would show nothing.
func (s *soakFlood) Validate() error {
	if s.For < time.Second || s.Rate < 1 {
		return errors.New("--for must be 1s or more and --rate 1 or more")
	}
	return nil
}

// Run floods.
func (s *soakFlood) Run(c *console) error {
	cfg := bench.DefaultFlood
	cfg.For, cfg.Rate, cfg.Only = s.For, s.Rate, s.Only
	return s.each(c, s.report, func(rig *bench.Rig, e *bench.Engine) ([]bench.Row, error) {
		return rig.Flood(c.ctx, e, cfg)
	})
}
