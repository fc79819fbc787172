package bench

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

// kindOfWork is a name for what functions with some words in their names do.
type kindOfWork struct {
	name  string
	words []string
}

// areas tell a server's goroutines apart, by the function nearest to where one began.
var areas = []kindOfWork{
	{"committer", []string{"store.(*sqliteEngine).commit", "store.(*postgresEngine).commit", "store.crew.run"}},
	{"rows", []string{"store.(*sqliteEngine).beginFlush"}},
	{"platform's request", []string{"net/http.(*conn).serve"}},
	{"lot", []string{"/lot/calls.", "/lot/callback.", "/lot/line.", "/outbound."}},
	{"collector", []string{"runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge"}},
}

// parts divide what is done for the store, by the innermost function that has a name of these.
var parts = []kindOfWork{
	{"forcing to disk", []string{"store.syncData"}},
	{"log", []string{"store.(*records).", "lib._sqlite3WalFrames", "lib._sqlite3PagerCommitPhaseOne",
		"lib._sqlite3WalCheckpoint"}},
	{"bytecode", []string{"lib._sqlite3VdbeExec", "lib._sqlite3Prepare"}},
	{"PostgreSQL's protocol", []string{"/jackc/pgx/"}},
	{"encoding", []string{"encoding/json.", "compress/s2.", "store.(*packing).", "store.noun[", "store.(*cells)."}},
	{"binding", []string{"zombiezen.com/go/sqlite.", "store.(*sqliteConn)."}},
	{"rows in memory", []string{"store.(*Tx).", "store.(*deferring).", "store.(*pending).", "store.(*recent).",
		"store.(*lane)."}},
	{"decision", []string{"/flow.", "/rules.", "/lot/ledger."}},
}

// divided are the areas that are shown by their parts.
var divided = []string{"committer", "rows"}

// tableLabel is the label of samples that the store took for the rows of one table.
const tableLabel = "table"

// Shares are the parts of a server's processor time for a charge, by what it is spent on: "committer: decision",
// "rows: bytecode, push", "lot".
type Shares map[string]time.Duration

// readShares divides cpu, what a charge cost in all, by a CPU profile of that time.
func readShares(file string, cpu time.Duration) (all Shares, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	p, err := profile.Parse(f)
	if err != nil {
		return nil, err
	}
	times := make(map[string]int64)
	total := int64(0)
	for _, s := range p.Sample {
		spent := s.Value[len(s.Value)-1]
		total += spent
		times[partOf(s)] += spent
	}
	all = make(Shares, len(times))
	for name, spent := range times {
		all[name] = time.Duration(float64(cpu) * float64(spent) / float64(total))
	}
	return all, nil
}

// partOf names what a sample was taken in.
func partOf(s *profile.Sample) string {
	calls := callsOf(s)
	outer := slices.Clone(calls)
	slices.Reverse(outer)
	area := firstOf(areas, outer)
	if !slices.Contains(divided, area) {
		return cmp.Or(area, "elsewhere")
	}
	part := cmp.Or(firstOf(parts, calls), "the rest")
	if tables := s.Label[tableLabel]; len(tables) > 0 && part == "bytecode" {
		part += ", " + tables[0]
	}
	return area + ": " + part
}

// callsOf lists the functions of a stack, the innermost first.
func callsOf(s *profile.Sample) (calls []string) {
	for _, at := range s.Location {
		for _, line := range at.Line {
			calls = append(calls, line.Function.Name)
		}
	}
	return calls
}

// firstOf returns the kind of work of the first call that has one.
func firstOf(kinds []kindOfWork, calls []string) string {
	for _, call := range calls {
		for _, k := range kinds {
			if slices.ContainsFunc(k.words, func(w string) bool { return strings.Contains(call, w) }) {
				return k.name
			}
		}
	}
	return ""
}
