package main

import (
	"github.com/chargestamp/chargestamp/bench"
)

// soakCommand runs what takes long: kill rounds, lying lots, a steady load.
type soakCommand struct {
	Kill soakKill `cmd:"" help:"kill -9 under load, again and again: nothing accepted may be lost or applied twice."`
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
