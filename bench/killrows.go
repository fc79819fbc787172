package bench

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"
)

// KillRows sums up rounds of an engine as rows of a report. asked is how many rounds there should have been. Counts of
// what went wrong hold only where the rounds have shown that they would have found it.
func KillRows(engine string, rounds []KillRound, asked int) []Row {
	var last KillRound
	passed, shown := 0, 0
	for _, r := range rounds {
		last = r
		if r.OK() {
			passed++
		}
		if r.Shown {
			shown++
		}
	}
	note := fmt.Sprintf("%d accepted, %d heard again and not applied again", last.Accepted, last.Repeats)
	if last.Failure != "" {
		note = last.Failure
	}
	rows := []Row{figure{name: "kill -9 under load: rounds that prove it", engine: engine, value: float64(passed),
		unit: "rounds", bar: AtLeast(float64(asked)), note: note}.row()}
	// A round that finds something ends the run; then those before it are all there is to show.
	proven := shown > 0 && shown == len(rounds) && (shown == asked || !last.OK())
	for _, count := range []struct {
		what string
		n    int
	}{{"accepted but lost", last.Lost}, {"applied twice", last.Doubled},
		{"in a book or state it should not be", last.Strange}} {
		f := figure{name: "kill -9 under load: " + count.what, engine: engine, value: float64(count.n), unit: "charges",
			bar: AtMost(0)}
		if count.n == 0 && !proven {
			f.value, f.note = math.NaN(), "not shown: too few rounds prove anything"
		}
		rows = append(rows, f.row())
	}
	return rows
}

// KillTable prints rounds as they end.
type KillTable struct {
	w    io.Writer
	head bool
}

// NewKillTable prints to w.
func NewKillTable(w io.Writer) *KillTable { return &KillTable{w: w} }

// Row prints one round.
func (t *KillTable) Row(r KillRound) {
	w := tabwriter.NewWriter(t.w, 10, 8, 2, ' ', tabwriter.AlignRight)
	if !t.head {
		fmt.Fprintln(w, "engine\tround\taccepted\tpushes in flight\tcallbacks in flight\texits in flight\tup again\t"+
			"pushed again\tsettled\taccepted in all\theard again\tlost\tdoubled\tstrange\t")
		t.head = true
	}
	fmt.Fprintf(w, "%s\t%6d\t%8d\t%16d\t%19d\t%15d\t%8s\t%12d\t%7s\t%15d\t%11d\t%4d\t%7d\t%7d\t\n",
		r.Engine, r.Round, r.Before, r.Pushes, r.Calls, r.Exits, r.Up.Round(10*time.Millisecond), r.Repushed,
		r.Settled.Round(100*time.Millisecond), r.Accepted, r.Repeats, r.Lost, r.Doubled, r.Strange)
	_ = w.Flush() // a terminal that is gone reads nothing
	if r.Failure != "" {
		fmt.Fprintf(t.w, "round %d FAILED: %s\n", r.Round, r.Failure)
	}
	for _, wrong := range r.Wrong {
		fmt.Fprintln(t.w, "  "+wrong)
	}
}
