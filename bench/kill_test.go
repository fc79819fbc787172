package bench

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// small is a kill run that takes seconds.
func small(t *testing.T) KillConfig {
	return KillConfig{Engine: onSQLite(t), Rounds: 1, Rate: 200, Least: 60,
		Site: SiteSize{SDK: 2, API: 2, Gate: 1, Coupon: 3}}
}

func TestKill(t *testing.T) {
	cfg := small(t)
	cfg.Rounds = 2
	rounds, err := newRig(t).Kill(t.Context(), cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(rounds) != 2 {
		t.Fatalf("%d rounds: %+v", len(rounds), rounds)
	}
	for _, r := range rounds {
		if !r.OK() {
			t.Errorf("round %d: %s %q", r.Round, r.Failure, r.Wrong)
		}
	}
	for _, row := range KillRows(SQLite, rounds, 2) {
		if row.Hold == nil || !*row.Hold {
			t.Errorf("%s does not hold: %+v", row.Name, row)
		}
	}
}

func TestKillRoundProvesNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		row  KillRound
		want string
	}{
		{"too few", KillRound{Before: 499, Pushes: 1, Calls: 3, Exits: 1}, "only 499"},
		{"nothing in flight", KillRound{Before: 900}, "0 pushes, 0 callbacks and 0 exits were in flight"},
		{"no push in flight", KillRound{Before: 900, Calls: 3, Exits: 1}, "0 pushes, 3 callbacks"},
		{"no callback in flight", KillRound{Before: 900, Pushes: 2, Exits: 1}, "2 pushes, 0 callbacks"},
		{"no exit in flight", KillRound{Before: 900, Pushes: 2, Calls: 3}, "3 callbacks and 0 exits"},
		{"lost", KillRound{Before: 900, Pushes: 1, Calls: 3, Exits: 1, Lost: 1}, "exactly once"},
		{"passed", KillRound{Before: 900, Pushes: 1, Calls: 1, Exits: 1}, ""},
	} {
		c.row.finish(KillConfig{Least: 500, Site: SiteSize{SDK: 1, API: 1, Gate: 1}})
		if c.row.OK() != (c.want == "") || !strings.Contains(c.row.Failure, c.want) {
			t.Errorf("%s: %q", c.name, c.row.Failure)
		}
	}
}

// Rounds of several pieces add up, and a piece goes on behind what is kept.
func TestKillBook(t *testing.T) {
	name := filepath.Join(t.TempDir(), "book")
	for _, piece := range [][]KillRound{
		{{Engine: SQLite, Round: 1, Shown: true, Pushes: 1, Accepted: 500}, {Engine: SQLite, Round: 2, Shown: true,
			Pushes: 2, Accepted: 1100}, {Engine: Postgres, Round: 1, Shown: true, Accepted: 50}},
		{{Engine: SQLite, Round: 1, Shown: true, Exits: 4, Accepted: 600, Lost: 1}},
	} {
		b, err := OpenKillBook(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range piece {
			if err := b.Add(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := OpenKillBook(name)
	if err != nil {
		t.Fatal(err)
	}
	want := KillSum{Pieces: 2, Rounds: 3, Passed: 2, Pushes: 3, Exits: 4, Accepted: 1700, Lost: 1}
	if got := b.Sum(SQLite); got != want {
		t.Errorf("SQLite: %+v, want %+v", got, want)
	}
	want = KillSum{Pieces: 1, Rounds: 1, Passed: 1, Accepted: 50}
	if got := b.Sum(Postgres); got != want {
		t.Errorf("PostgreSQL: %+v, want %+v", got, want)
	}
}

// Counts of what went wrong may hold only where it would have been found.
func TestKillRows(t *testing.T) {
	passed := KillRound{Shown: true, Accepted: 900}
	few, doubled := KillRound{Failure: "only 3"}, KillRound{Shown: true, Failure: "not exactly once", Doubled: 2}
	for _, c := range []struct {
		name   string
		rounds []KillRound
		asked  int
		proven int  // how many of lost, twice and strange hold
		rows   bool // whether the row of rounds holds
	}{
		{"all passed", []KillRound{passed, passed}, 2, 3, true},
		{"no round came to an end", nil, 2, 0, false},
		{"too few accepted", []KillRound{few}, 1, 0, false},
		{"too few accepted in the second", []KillRound{passed, few}, 2, 0, false},
		{"ended by an error after one", []KillRound{passed}, 2, 0, false},
		{"doubled in the second", []KillRound{passed, doubled}, 3, 2, false},
		{"lost, and too few accepted", []KillRound{{Failure: "only 3", Lost: 1}}, 1, 0, false},
	} {
		rows := KillRows(SQLite, c.rounds, c.asked)
		if len(rows) != 4 || rows[0].Hold == nil || *rows[0].Hold != c.rows {
			t.Errorf("%s: %+v", c.name, rows)
			continue
		}
		hold := 0
		for _, r := range rows[1:] {
			if r.Hold != nil && *r.Hold {
				hold++
			}
		}
		if hold != c.proven {
			t.Errorf("%s: %d rows hold, want %d: %+v", c.name, hold, c.proven, rows)
		}
	}
}

func TestJudge(t *testing.T) {
	lot, other := charge.LotID{Union: "1", Park: "2"}, charge.LotID{Union: "1", Park: "3"}
	entry := Entry{Push: play.Push{Order: "a", Lot: lot}, Accepted: true}
	row := play.Applied{Charge: "a", Heard: 1, Applied: 1}
	said := client.Charge{Order: "a", State: charge.StateDelivered}
	unknown := said
	unknown.State = charge.StateUnknown
	twice, again, strange := row, row, row
	twice.Applied, again.Heard, strange.Charge = 2, 3, "z"
	for _, c := range []struct {
		name    string
		entries []Entry
		books   Books
		said    []client.Charge
		want    [4]int // lost, doubled, strange, repeats
	}{
		{"well", []Entry{entry}, Books{lot: {row}}, []client.Charge{said}, [4]int{}},
		{"heard again", []Entry{entry}, Books{lot: {again}}, []client.Charge{said}, [4]int{0, 0, 0, 2}},
		{"in no book", []Entry{entry}, Books{}, []client.Charge{said}, [4]int{1, 0, 0, 0}},
		{"not stored", []Entry{entry}, Books{lot: {row}}, nil, [4]int{1, 0, 0, 0}},
		{"applied twice", []Entry{entry}, Books{lot: {twice}}, []client.Charge{said}, [4]int{0, 1, 0, 0}},
		{"two rows", []Entry{entry}, Books{lot: {row, row}}, []client.Charge{said}, [4]int{0, 1, 0, 0}},
		{"stored twice", []Entry{entry}, Books{lot: {row}}, []client.Charge{said, said}, [4]int{0, 1, 0, 0}},
		{"nobody pushed it", []Entry{entry}, Books{lot: {row, strange}}, []client.Charge{said}, [4]int{0, 0, 1, 0}},
		{"another lot", []Entry{entry}, Books{other: {row}}, []client.Charge{said}, [4]int{0, 0, 1, 0}},
		{"the server does not know", []Entry{entry}, Books{lot: {row}}, []client.Charge{unknown}, [4]int{0, 0, 1, 0}},
	} {
		v := Judge(c.entries, c.books, map[charge.LotID][]client.Charge{lot: c.said}, nil)
		if got := [4]int{v.Lost, v.Doubled, v.Strange, v.Repeats}; got != c.want {
			t.Errorf("%s: lost, doubled, strange, repeats %v, want %v: %q", c.name, got, c.want, v.Wrong)
		}
	}
	v := Judge([]Entry{entry}, Books{}, map[charge.LotID][]client.Charge{lot: {unknown}}, excused)
	if !v.OK() {
		t.Errorf("unknown says why a charge is in no book: %+v", v)
	}
	if v = Judge([]Entry{entry}, Books{}, map[charge.LotID][]client.Charge{lot: {said}}, excused); v.OK() {
		t.Error("delivered says that a charge is in the book, and it is not")
	}
}
