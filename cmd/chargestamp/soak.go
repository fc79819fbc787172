package main

import (
	"errors"
	"time"

	"github.com/chargestamp/chargestamp/bench"
)

// soakCommand runs what takes long: kill rounds, lying lots, a steady load.
type soakCommand struct {
	Kill   soakKill   `cmd:"" help:"kill -9 under load, again and again: nothing accepted may be lost or applied twice."`
	Lots   soakLots   `cmd:"" help:"Lots that lie, on lines that are cut at random."`
	Steady soakSteady `cmd:"" help:"A steady load for long: latency, cost, memory."`
}

type soakKill struct {
	report
	engines `set:"engine=sqlite"`
	Rounds  int     `default:"5" help:"Rounds for each engine."`
	Rate    float64 `default:"200" help:"Pushes a second."`
}

// Validate refuses a run that would show nothing.
func (s *soakKill) Validate() error {
	if s.Rounds < 1 {
		return errors.New("--rounds must be 1 or more")
	}
	return nil
}

// Run kills.
func (s *soakKill) Run(c *console) error {
	cfg := bench.DefaultKill
	cfg.Rounds, cfg.Rate = s.Rounds, s.Rate
	table := bench.NewKillTable(c.err)
	return s.each(c, s.report, func(rig *bench.Rig, e *bench.Engine) ([]bench.Row, error) {
		cfg.Engine = e
		rounds, err := rig.Kill(c.ctx, cfg, table.Row)
		return bench.KillRows(e.Name, rounds, cfg.Rounds), err
	})
}

type soakLots struct {
	report
	engines `set:"engine=sqlite"`
	Lots    int           `default:"200" help:"How many lots."`
	For     time.Duration `default:"10m" help:"How long."`
	Rate    float64       `default:"20" help:"Pushes a second."`
}

// Run lets lots lie.
func (s *soakLots) Run(c *console) error {
	cfg := bench.DefaultLots
	cfg.Lots, cfg.For, cfg.Rate = s.Lots, s.For, s.Rate
	return s.each(c, s.report, func(rig *bench.Rig, e *bench.Engine) ([]bench.Row, error) { return rig.Lots(c.ctx, e, cfg) })
}

type soakSteady struct {
	report
	engines `set:"engine=sqlite"`
	For     time.Duration `default:"10m" help:"How long."`
	Rate    float64       `default:"500" help:"Pushes a second."`
}

// Run pushes.
func (s *soakSteady) Run(c *console) error {
	return s.each(c, s.report, func(rig *bench.Rig, e *bench.Engine) ([]bench.Row, error) {
		return rig.Steady(c.ctx, e, bench.OpenLoop{Rate: s.Rate, Warm: 20 * time.Second, For: s.For})
	})
}
