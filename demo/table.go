package demo

import (
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// board shows the rows of the tour as they go: on a terminal those under way are a live block below the
// finished ones, elsewhere each row is one plain line when it is done.
type board struct {
	out  io.Writer
	live bool

	mu    sync.Mutex
	going map[int]line
	drawn int // lines of the live block
}

// line is one row as it is shown.
type line struct {
	plan    plan
	plate   charge.Plate
	granted string
	state   string
	used    string
	took    time.Duration
	note    string
}

// query finds the row's charge: every plate of the tour is there once, and not every platform numbers its orders.
func (l line) query() url.Values {
	return url.Values{"platform": {l.plan.platform}, "plate": {l.plate.Full()}}
}

func newBoard(out io.Writer) *board {
	if out == nil {
		out = io.Discard
	}
	return &board{out: out, live: isTerminal(out), going: map[int]line{}}
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// What terminals understand.
const (
	dim    = "\x1b[2m"
	plain  = "\x1b[0m"
	noWrap = "\x1b[?7l"
	wrap   = "\x1b[?7h"
)

const lineForm = "%-13s  %-3s  %-6s  %-11s  %-9s  %-11s  %-11s  %-11s  %9s"

func (b *board) head() {
	b.say(fmt.Sprintf(lineForm, "PLATFORM", "LOT", "BY", "LOT ID", "PLATE", "GRANTED", "STATE", "USED", "PUSH→ACK"))
}

func (l line) String() string {
	took := ""
	if l.took > 0 {
		took = fmt.Sprintf("%.1f ms", float64(l.took)/1e6)
	}
	text := fmt.Sprintf(lineForm, l.plan.platform, l.plan.kind, l.plan.message, l.plan.lot, l.plate, l.granted, l.state,
		l.used, took)
	if l.note != "" {
		text += "  " + l.note
	}
	return strings.TrimRight(text, " ")
}

// show says how a row stands.
func (b *board) show(i int, l line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.going[i] = l
	b.draw("")
}

// done moves a row to the finished ones.
func (b *board) done(i int, l line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.going, i)
	b.draw(l.String())
}

// say prints a line above the live block.
func (b *board) say(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.draw(text)
}

// draw prints a finished line and redraws the block. A writer that fails stops nothing: the rows are the
// tour's result.
func (b *board) draw(finished string) {
	if !b.live {
		if finished != "" {
			fmt.Fprintln(b.out, finished)
		}
		return
	}
	var s strings.Builder
	if b.drawn > 0 {
		fmt.Fprintf(&s, "\x1b[%dA\x1b[J", b.drawn)
	}
	if finished != "" {
		s.WriteString(finished + "\n")
	}
	s.WriteString(noWrap) // a wrapped line would be two to go up
	for _, i := range slices.Sorted(maps.Keys(b.going)) {
		s.WriteString(dim + b.going[i].String() + plain + "\n")
	}
	s.WriteString(wrap)
	b.drawn = len(b.going)
	io.WriteString(b.out, s.String())
}
