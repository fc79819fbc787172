package main

import (
	"time"

	"github.com/chargestamp/chargestamp/bench"
)

// soakCommand runs what takes long: kill rounds, lying lots, a steady load.
type soakCommand struct {
	Kill soakKill `cmd:"" help:"kill -9 under load, again and again: nothing accepted may be lost or applied twice."`
	Lots soakLots `cmd:"" help:"Lots that lie, on lines that are cut at random."`
}

type soakKill struct {
	report
	engines `set:"engine=sqlite"`
	Rounds  int     `default:"5" help:"Rounds for each engine."`
	Rate    float64 `default:"200" help:"Pushes a second."`
}

// Run kills.
func (s *soakKill) Run(c *console) error {
	return s.on(c, s.report, func(rig *bench.Rig, engines []*bench.Engine) (rows []bench.Row, err error) {
		cfg := bench.DefaultKill
		cfg.Rounds, cfg.Rate = s.Rounds, s.Rate
		table := bench.NewKillTable(c.err)
		for _, e := range engines {
			cfg.Engine = e
			rounds, err := rig.Kill(c.ctx, cfg, table.Row)
			rows = append(rows, bench.KillRows(e.Name, rounds, cfg.Rounds)...)
			if err != nil {
				return rows, err
			}
		}
		return rows, nil
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
	return s.on(c, s.report, func(rig *bench.Rig, engines []*bench.Engine) (rows []bench.Row, err error) {
		cfg := bench.DefaultLots
		cfg.Lots, cfg.For, cfg.Rate = s.Lots, s.For, s.Rate
		for _, e := range engines {
			more, err := rig.Lots(c.ctx, e, cfg)
			if rows = append(rows, more...); err != nil {
				return rows, err
			}
		}
		return rows, nil
	})
}
