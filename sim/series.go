package sim

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/store/pgtest"
)

// Series is the histories of several seeds, one after the other.
type Series struct {
	Options                // Seed is the first; URL is unused
	Seeds    int           // how many; 0 is no end
	For      time.Duration // no further one is begun after so long; 0 is no end
	Postgres bool          // each on an empty database of a private PostgreSQL server of this machine's programs
	// Report is a file that keeps each result as a line of JSON. Seeds that stand in it are not played again, so that a
	// long series can be run in pieces. Empty: nothing is kept.
	Report string
}

// Run plays the series and calls a function with each result. It ends at the first history that breaks something.
func (s Series) Run(ctx context.Context, each func(Result)) (err error) {
	if s.Visits == 0 {
		s.Visits = DefaultVisits
	}
	played, keep, err := openReport(s.Report)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keep.Close()) }()
	var server *pgtest.Server
	if s.Postgres {
		if server, err = pgtest.Start(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
	}
	began := time.Now()
	for i := 0; s.Seeds == 0 || i < s.Seeds; i++ {
		if ctx.Err() != nil || s.For > 0 && time.Since(began) >= s.For {
			return ctx.Err()
		}
		o := s.Options
		o.Seed += uint64(i)
		if played[o.Seed] {
			continue
		}
		if server != nil {
			if o.URL, err = server.NewDatabase(); err != nil {
				return err
			}
		}
		r, err := Run(ctx, o)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(keep).Encode(r); err != nil {
			return fmt.Errorf("report: %w", err)
		}
		each(r)
	}
	return nil
}

// openReport reads which seeds a report holds, and opens it to be written on.
func openReport(name string) (played map[uint64]bool, keep io.WriteCloser, err error) {
	if name == "" {
		return nil, nowhere{io.Discard}, nil
	}
	results, err := ReadReport(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, err
	}
	played = map[uint64]bool{}
	for _, r := range results {
		played[r.Seed] = true
	}
	keep, err = os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	return played, keep, err
}

type nowhere struct{ io.Writer }

func (nowhere) Close() error { return nil }

// ReadReport reads the results that a report has kept.
func ReadReport(name string) (results []Result, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var r Result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		results = append(results, r)
	}
	return results, lines.Err()
}

// Sum adds results up: how many histories, visits, steps and faults of which kind.
func Sum(results []Result) (histories, visits, steps int, counts map[string]int) {
	counts = map[string]int{}
	for _, r := range results {
		visits, steps = visits+r.Visits, steps+r.Steps
		for what, n := range r.Counts {
			counts[what] += n
		}
	}
	return len(results), visits, steps, counts
}

// Kinds lists what was counted, in one order.
func Kinds(counts map[string]int) []string { return slices.Sorted(maps.Keys(counts)) }
