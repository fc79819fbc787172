package sim

import (
	"path/filepath"
	"testing"
)

// A seed plays the same history each time, to the last line of it.
func TestReplay(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		o := Options{Seed: seed, Visits: 40}
		first, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if first.Hash != again.Hash || first.Steps != again.Steps {
			t.Errorf("seed %d came to %s in %d steps and then to %s in %d", seed, first.Hash, first.Steps,
				again.Hash, again.Steps)
		}
	}
}

// A few seeds hold on both engines; -short leaves PostgreSQL out.
func TestSeeds(t *testing.T) {
	for _, postgres := range []bool{false, true} {
		if postgres && testing.Short() {
			continue
		}
		s := Series{Options: Options{Seed: 100, Visits: 40}, Seeds: 4, Postgres: postgres}
		if err := s.Run(t.Context(), func(r Result) { t.Logf("%+v", r) }); err != nil {
			t.Error(err)
		}
	}
}

// A series that was cut off goes on behind what its report holds, and the counts add up.
func TestReport(t *testing.T) {
	s := Series{Options: Options{Seed: 7, Visits: 10}, Seeds: 2, Report: filepath.Join(t.TempDir(), "report")}
	var played []uint64
	for range 2 {
		if err := s.Run(t.Context(), func(r Result) { played = append(played, r.Seed) }); err != nil {
			t.Fatal(err)
		}
		s.Seeds = 3
	}
	results, err := ReadReport(s.Report)
	if err != nil {
		t.Fatal(err)
	}
	if histories, visits, _, _ := Sum(results); histories != 3 || visits != 30 || len(played) != 3 {
		t.Errorf("played %v, kept %d histories with %d visits", played, histories, visits)
	}
}
