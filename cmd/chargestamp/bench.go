package main

import (
	"errors"

	"github.com/chargestamp/chargestamp/bench"
)

// benchCommand measures; see docs/performance.md.
type benchCommand struct{}

// report is how figures are printed.
type report struct {
	Output string `short:"o" enum:"text,json" default:"text" help:"text or json."`
}

// measure runs something on a rig, prints its rows, and fails when one does not hold.
func (r report) measure(c *console, run func(*bench.Rig) ([]bench.Row, error)) error {
	rig, err := bench.NewRig(c.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rig.Close()) }()
	rows, failure := run(rig)
	print := bench.WriteText
	if r.Output == "json" {
		print = bench.WriteJSON
	}
	if err := print(c.out, rows); err != nil {
		return err
	}
	switch {
	case failure != nil:
		return failure
	case len(bench.Failed(rows)) > 0:
		return failed
	}
	return err
}
