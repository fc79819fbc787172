package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/chargestamp/chargestamp/sim"
)

// simCommand plays simulated histories; see docs/reliability.md.
type simCommand struct {
	Seed     *uint64       `help:"The history's seed, of several the first; by default a new one."`
	Seeds    int           `help:"How many histories, each with the next seed; without --for 1."`
	For      time.Duration `help:"Begin no further history after so long; default 60s without --seed and --seeds."`
	Visits   int           `default:"100" help:"Visits of cars in each history."`
	Postgres bool          `help:"On a private PostgreSQL of this machine's programs, not on SQLite."`
	Report   string        `placeholder:"FILE" help:"Keep each result; seeds that stand there are not played again."`
	Sum      bool          `help:"Play nothing: add up what --report holds."`
	Trace    bool          `help:"Print each line of the history on standard error."`
	Output   string        `short:"o" enum:"text,json" default:"text" help:"text or json."`
}

// Validate refuses what plays nothing.
func (s *simCommand) Validate() error {
	switch {
	case s.Visits < 1:
		return errors.New("--visits must be 1 or more")
	case s.Seeds < 0 || s.For < 0:
		return errors.New("--seeds and --for cannot be negative")
	case s.Sum && s.Report == "":
		return errors.New("--sum adds up a report: name it with --report")
	}
	return nil
}

// Run plays. A history that breaks something ends the series; the error has its seed, and the exit code is 1.
func (s *simCommand) Run(c *console) error {
	if s.Sum {
		return s.sum(c)
	}
	runtime.GOMAXPROCS(1) // a history runs one step at a time: more processors only hand it on
	series := sim.Series{Seeds: s.Seeds, For: s.For, Postgres: s.Postgres, Report: s.Report}
	series.Visits = s.Visits
	switch {
	case s.Seed != nil:
		series.Seed = *s.Seed
		if s.Seeds == 0 && s.For == 0 {
			series.Seeds = 1
		}
	default:
		series.Seed = uint64(time.Now().UnixMilli())
		if s.Seeds == 0 && s.For == 0 {
			series.For = time.Minute
		}
	}
	if s.Trace {
		series.Trace = c.err
	}
	if s.Output == "text" {
		fmt.Fprintf(c.err, "from seed %d\n", series.Seed)
	}
	return series.Run(c.ctx, func(r sim.Result) {
		if s.Output == "json" {
			_ = json.NewEncoder(c.out).Encode(r)
			return
		}
		fmt.Fprintf(c.out, "seed %d hash %s  %d visits, nodes: %d, %d steps, %.0f h\n", r.Seed, r.Hash, r.Visits, r.Nodes,
			r.Steps, r.Hours)
	})
}

func (s *simCommand) sum(c *console) error {
	results, err := sim.ReadReport(s.Report)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	histories, visits, steps, counts := sim.Sum(results)
	if s.Output == "json" {
		return json.NewEncoder(c.out).Encode(map[string]any{"histories": histories, "visits": visits, "steps": steps,
			"counts": counts})
	}
	fmt.Fprintf(c.out, "%d histories, %d visits, %d steps\n", histories, visits, steps)
	for _, what := range sim.Kinds(counts) {
		fmt.Fprintf(c.out, "%9d  %s\n", counts[what], what)
	}
	return nil
}
