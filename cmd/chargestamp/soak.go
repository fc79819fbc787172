package main

import (
	"github.com/chargestamp/chargestamp/bench"
)

// soakCommand runs what takes long: kill rounds, lying lots, a steady load.
type soakCommand struct {
	Kill soakKill `cmd:"" help:"kill -9 under load, again and again: nothing accepted may be lost or applied twice."`
}

// engines are the flags that choose where servers under test keep their data.
type engines struct {
	Engine   string `enum:"sqlite,postgres,both" default:"sqlite" help:"sqlite, postgres (a private one from this machine's programs) or both."`
	Database string `placeholder:"URL" help:"An empty PostgreSQL database to use instead of a private server."`
}

func (e engines) names() []string {
	switch {
	case e.Database != "":
		return []string{bench.Postgres}
	case e.Engine == "both":
		return []string{bench.SQLite, bench.Postgres}
	}
	return []string{e.Engine}
}

// each opens one engine after the other.
func (e engines) each(fn func(*bench.Engine) error) error {
	for _, name := range e.names() {
		engine, err := bench.OpenEngine(name, e.Database)
		if err != nil {
			return err
		}
		err = fn(engine)
		if closing := engine.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type soakKill struct {
	report
	engines
	Rounds int     `default:"5" help:"Rounds for each engine."`
	Rate   float64 `default:"200" help:"Pushes a second."`
}

// Run kills.
func (s *soakKill) Run(c *console) error {
	return s.measure(c, func(rig *bench.Rig) (rows []bench.Row, err error) {
		cfg := bench.DefaultKill
		cfg.Rounds, cfg.Rate = s.Rounds, s.Rate
		table := bench.NewKillTable(c.err)
		err = s.each(func(e *bench.Engine) error {
			cfg.Engine = e
			rounds, err := rig.Kill(c.ctx, cfg, table.Row)
			rows = append(rows, bench.KillRows(e.Name, rounds, cfg.Rounds)...)
			return err
		})
		return rows, err
	})
}
