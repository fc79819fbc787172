package flow_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
)

// stays prints what a lot's order number stands for: plate, minutes of entry and exit after the test began, and how
// each ended, oldest entry first.
func (w *world) stays(id charge.LotID) string {
	w.t.Helper()
	page, err := w.store.Stays(w.t.Context(), charge.StayFilter{Lot: id, Limit: 500})
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for i := len(page.Items) - 1; i >= 0; i-- {
		s := page.Items[i]
		line := fmt.Sprintf("%s %s %v", s.OrderID, s.Plate.Full(), int(s.Entered.Sub(start).Minutes()))
		if !s.ToldEntered.IsZero() {
			line += fmt.Sprintf("(%v)", int(s.ToldEntered.Sub(start).Minutes()))
		}
		if !s.Open {
			line += fmt.Sprintf("-%v", int(s.Left.Sub(start).Minutes()))
			if !s.ToldLeft.IsZero() {
				line += fmt.Sprintf("(%v)", int(s.ToldLeft.Sub(start).Minutes()))
			}
			line += " " + string(s.Closed)
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

// in and out are a lot's messages, with the minutes after the test began that they name.
func (w *world) in(id charge.LotID, order string, plate charge.Plate, minute int, replace bool) {
	w.t.Helper()
	a, err := w.flow.Entered(w.t.Context(),
		lot.Entry{Lot: id, OrderID: order, Plate: plate, Entered: clockAt(minute), Replace: replace})
	if err != nil || a.State != 1 {
		w.t.Fatalf("entry %s of %s at %d: %+v, %v", order, plate, minute, a, err)
	}
}

func (w *world) out(id charge.LotID, order string, plate charge.Plate, in, out int) int {
	w.t.Helper()
	e := lot.Exit{Lot: id, OrderID: order, Plate: plate, Left: clockAt(out)}
	if in != never {
		e.Entered = clockAt(in)
	}
	a, err := w.flow.Left(w.t.Context(), e)
	if err != nil {
		w.t.Fatalf("exit %s of %s at %d: %v", order, plate, out, err)
	}
	return a.State
}

const never = -1 << 20

func clockAt(minute int) time.Time { return start.Add(time.Duration(minute) * time.Minute).UTC() }

// report is a message of a lot: an entry, or an exit where out is not never.
type report struct {
	plate    charge.Plate
	in, out  int
	replace  bool
	received int // minutes after the test began; 0: at the latest time that it names
}

// What an order number means when it comes again, in every kind of lot that reports entries.
func TestOrderNumberThatComesAgain(t *testing.T) {
	const a, b = "京AD31001", "京AD31002"
	cases := map[string]struct {
		sent []report
		want string
	}{
		"the same message again": {[]report{{a, 10, never, false, 0}, {a, 10, never, false, 40},
			{a, 14, never, false, 40}}, "R 京AD31001 10"},
		"another plate at the same time is a correction": {[]report{{a, 10, never, false, 0}, {b, 10, never, false, 20}},
			"R 京AD31002 10"},
		"the same car after its exit is another visit": {[]report{{a, 10, never, false, 0}, {a, never, 60, false, 0},
			{a, 200, never, false, 0}},
			"R 京AD31001 10-60 exit; R 京AD31001 200"},
		"another car after the exit": {[]report{{a, 10, never, false, 0}, {a, never, 60, false, 0},
			{b, 200, never, false, 0}}, "R 京AD31001 10-60 exit; R 京AD31002 200"},
		"another car while the first never left": {[]report{{a, 10, never, false, 0}, {b, 16, never, false, 0}},
			"R 京AD31001 10-16 newer_entry; R 京AD31002 16"},
		"an ended stay keeps its plate and times": {[]report{{a, 10, never, false, 0}, {a, never, 60, false, 0},
			{b, 10, never, false, 100}, {b, 30, never, false, 100}, {a, 5, never, false, 100}},
			"R 京AD31001 10-60 exit"},
		"the vendor's SDK after an outage: everything short, then everything long": {[]report{
			{a, 10, never, false, 300}, {a, 200, never, false, 301}, {a, never, 60, false, 302}, {a, never, 260, false, 303},
			{a, 10, never, false, 304}, {a, 200, never, false, 305}, {a, never, 60, false, 306}, {a, never, 260, false, 307}},
			"R 京AD31001 10-60 exit; R 京AD31001 200-260 exit"},
		"one visit at a time after an outage": {[]report{
			{a, 10, never, false, 300}, {a, never, 60, false, 301}, {a, 10, never, false, 302}, {a, 10, 60, false, 303}},
			"R 京AD31001 10-60 exit"},
		"an exit names its entry": {[]report{{a, 10, never, false, 0}, {b, 200, never, false, 0}, {a, 10, 150, false, 210},
			{b, 200, 230, false, 0}},
			"R 京AD31001 10-150 exit; R 京AD31002 200-230 exit"},
		"an exit of a later visit whose entry was lost": {[]report{{a, 10, never, false, 0}, {a, 10, 60, false, 0},
			{b, 100, 160, false, 0}},
			"R 京AD31001 10-60 exit; R 京AD31002 100-160 lone_exit"},
		"force_update takes the open stay's place, once": {[]report{{a, 10, never, false, 0}, {b, 12, never, true, 0},
			{b, 12, never, true, 20}, {a, 10, never, false, 21}},
			"R 京AD31001 10-12 newer_entry; R 京AD31002 12"},
		"force_update with the same plate and time changes nothing": {[]report{{a, 10, never, false, 0},
			{a, 10, never, true, 20}}, "R 京AD31001 10"},
		"an older entry does not undo a correction": {[]report{{a, 10, never, false, 0}, {b, 10, never, false, 1},
			{a, 10, never, false, 2}, {b, 10, never, false, 3}, {a, 10, never, false, 4}}, "R 京AD31002 10"},
		"a former plate comes back by force_update, once": {[]report{{a, 10, never, false, 0}, {b, 10, never, false, 1},
			{a, 10, never, true, 2}, {b, 10, never, false, 3}, {a, 10, never, true, 4}},
			"R 京AD31002 10-10 newer_entry; R 京AD31001 10"},
		"an older force_update does not undo a correction": {[]report{{a, 10, never, true, 0}, {b, 10, never, false, 1},
			{a, 10, never, true, 2}}, "R 京AD31002 10"},
		"force_update leaves an ended stay": {[]report{{a, 10, never, false, 0}, {a, never, 60, false, 0},
			{b, 70, never, true, 0}, {a, 10, never, true, 80}},
			"R 京AD31001 10-60 exit; R 京AD31002 70"},
	}
	for engine, place := range bothEngines(t) {
		for _, id := range []charge.LotID{sdkLot, apiLot} {
			w := newWorldOn(t, place)
			n := 0
			for name, c := range cases {
				n++
				t.Run(engine+"/"+id.Park+"/"+name, func(t *testing.T) {
					w.t = t
					order := fmt.Sprint("R", n)
					mine := strings.NewReplacer("京AD31", fmt.Sprintf("京AD%d", 50+n))
					for _, m := range c.sent {
						w.clock.pass(clockAt(max(m.received, m.in, m.out)).Sub(w.clock.Now()))
						plate := charge.Plate(mine.Replace(string(m.plate)))
						if m.out == never {
							w.in(id, order, plate, m.in, m.replace)
						} else {
							w.out(id, order, plate, m.in, m.out)
						}
					}
					var got []string
					for _, s := range strings.Split(w.stays(id), "; ") {
						if strings.HasPrefix(s, order+" ") {
							got = append(got, s)
						}
					}
					want := strings.ReplaceAll(mine.Replace(c.want), "R ", order+" ")
					if all := strings.Join(got, "; "); all != want {
						t.Errorf("stays are\n%s\nwant\n%s", all, want)
					}
				})
			}
			if report, err := w.store.Verify(t.Context()); err != nil || !report.OK() {
				t.Errorf("%s: verify: %+v, %v", engine, report, err)
			}
		}
	}
}

// A 4G stay that was settled keeps its bill, and the next visit under its number is priced from its own entry.
func TestGateWhoseOrderNumberComesAgain(t *testing.T) {
	for engine, place := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			w := newWorldOn(t, place)
			const a, b = "京AD72001", "京AD72002"
			w.in(gateLot, "R", a, 0, false)
			w.clock.pass(30 * time.Minute)
			first, err := w.flow.Exit(t.Context(), lot.Exit{Lot: gateLot, OrderID: "R", Plate: a, Left: w.clock.Now()})
			if err != nil || first.State != 1 {
				t.Fatalf("exit: %+v, %v", first, err)
			}
			w.clock.pass(24 * time.Hour)
			w.in(gateLot, "R", b, 24*60+30, false)
			w.clock.pass(2 * time.Hour)
			if want := "R 京AD72001 0-30 exit; R 京AD72002 1470"; w.stays(gateLot) != want {
				t.Errorf("stays are %s, want %s", w.stays(gateLot), want)
			}
			for name, q := range map[string]ledger.QuoteQuestion{"order": {Lot: gateLot, OrderID: "R"},
				"plate": {Lot: gateLot, Plate: b}} {
				q.At = w.clock.Now()
				if got, err := w.flow.Quote(t.Context(), q); err != nil || got.State != 1 || got.Duration != 120 {
					t.Errorf("quote by %s: %+v, %v; want 120 minutes", name, got, err)
				}
			}
			if again, err := w.flow.Exit(t.Context(),
				lot.Exit{Lot: gateLot, OrderID: "R", Plate: a, Left: clockAt(30)}); err != nil || again.Total != first.Total ||
				again.Duration != 30 {
				t.Errorf("the first exit again: %+v, %v; want %+v", again, err, first)
			}
			second, err := w.flow.Exit(t.Context(), lot.Exit{Lot: gateLot, OrderID: "R", Plate: b, Left: w.clock.Now()})
			if err != nil || second.State != 1 || second.Duration != 120 {
				t.Errorf("the second exit: %+v, %v; want 120 minutes", second, err)
			}
		})
	}
}

// A lot whose clock is ahead hands a number out again, and repeats the first car's exit: it is that one's still, and
// the second car's stay stays open.
func TestExitAgainAfterItsNumberCameAgain(t *testing.T) {
	const ahead, a, b = 9, "京AD73001", "京AD73002"
	for engine, place := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			w := newWorldOn(t, place)
			gate := lot.Exit{Lot: gateLot, OrderID: "R", Plate: a, Left: clockAt(30 + ahead)}
			w.in(gateLot, "R", a, 0, false)
			w.in(sdkLot, "R", a, 0, false)
			w.clock.pass(30 * time.Minute)
			first, err := w.flow.Exit(t.Context(), gate)
			if err != nil || first.State != 1 {
				t.Fatalf("exit: %+v, %v", first, err)
			}
			w.out(sdkLot, "R", a, never, 30+ahead)
			w.clock.pass(time.Minute)
			w.in(gateLot, "R", b, 31+ahead, false)
			w.in(sdkLot, "R", b, 31+ahead, false)
			w.clock.pass(time.Hour)
			again, err := w.flow.Exit(t.Context(), gate)
			if err != nil || again.State != 1 || again.Total != first.Total || again.Duration != first.Duration {
				t.Errorf("the exit again: %+v, %v; want %+v", again, err, first)
			}
			if state := w.out(sdkLot, "R", a, never, 30+ahead); state != 1 {
				t.Errorf("the SDK lot's exit again was answered %d", state)
			}
			for _, id := range []charge.LotID{gateLot, sdkLot} {
				if got, want := w.stays(id), "R 京AD73001 0-30(39) exit; R 京AD73002 31(40)"; got != want {
					t.Errorf("stays of %s are %s, want %s", id.Park, got, want)
				}
			}
		})
	}
}

// A lot hands a number out again and reports the second visit's entry behind its exit: nothing of the first visit
// answers for the second, and no entry is taken for its own.
func TestExitBeforeTheEntryOfANumberThatCameAgain(t *testing.T) {
	for name, second := range map[string]struct {
		plate charge.Plate
		later int // minutes behind the first exit
	}{"another car": {"京AD74002", 40}, "the same car": {"京AD74001", 13 * 60}} {
		for engine, place := range bothEngines(t) {
			t.Run(engine+", "+name, func(t *testing.T) {
				w := newWorldOn(t, place)
				const a = "京AD74001"
				w.in(gateLot, "R", a, 0, false)
				w.in(sdkLot, "R", a, 0, false)
				w.clock.pass(30 * time.Minute)
				exit := lot.Exit{Lot: gateLot, OrderID: "R", Plate: a, Left: w.clock.Now()}
				first, err := w.flow.Exit(t.Context(), exit)
				if err != nil || first.State != 1 {
					t.Fatalf("exit: %+v, %v", first, err)
				}
				w.out(sdkLot, "R", a, never, 30)
				w.clock.pass(20 * time.Minute)
				exit.Left = w.clock.Now() // the barrier stayed down
				if got, err := w.flow.Exit(t.Context(), exit); err != nil || !cmp.Equal(got, first) {
					t.Errorf("the exit asked for anew: %+v, %v; want %+v", got, err, first)
				}
				w.clock.pass(time.Duration(second.later-20) * time.Minute)
				q := ledger.QuoteQuestion{Lot: gateLot, OrderID: "R", Plate: second.plate, At: w.clock.Now()}
				exit.Plate, exit.Left = second.plate, w.clock.Now()
				if got, err := w.flow.Quote(t.Context(), q); err != nil || got.State != 0 {
					t.Errorf("the price before the entry: %+v, %v", got, err)
				}
				if got, err := w.flow.Exit(t.Context(), exit); err != nil || got.State != 0 {
					t.Errorf("the exit before its entry: %+v, %v", got, err)
				}
				w.out(sdkLot, "R", second.plate, never, 30+second.later)
				w.clock.pass(time.Minute)
				for _, id := range []charge.LotID{gateLot, sdkLot} {
					w.in(id, "R", second.plate, 30+second.later-25, false)
				}
				if got, err := w.flow.Exit(t.Context(), exit); err != nil || got.State != 1 || got.Duration != 25 {
					t.Errorf("the exit behind its entry: %+v, %v; want 25 minutes", got, err)
				}
				both := func(closed string) string {
					return fmt.Sprintf("R 京AD74001 0-30 exit; R %s %d-%d %s", second.plate.Full(), second.later+5, second.later+30,
						closed)
				}
				for id, want := range map[charge.LotID]string{gateLot: both("exit"), sdkLot: both("lone_exit")} {
					if got := w.stays(id); got != want {
						t.Errorf("stays of %s are %s, want %s", id.Park, got, want)
					}
				}
			})
		}
	}
}

// A number that comes a thousand times is a thousand visits, and each message finds its own at once.
func TestOrderNumberThatComesAThousandTimes(t *testing.T) {
	w := newWorld(t)
	for i := range 1000 {
		w.clock.pass(20 * time.Minute)
		w.in(sdkLot, "R", "京A12345", 20*(i+1), false)
		if i%2 == 0 {
			w.clock.pass(8 * time.Minute)
			w.out(sdkLot, "R", "京A12345", never, 20*(i+1)+8)
			w.clock.pass(-8 * time.Minute)
		}
	}
	page, err := w.store.Stays(t.Context(), charge.StayFilter{Lot: sdkLot, Open: true})
	if err != nil || len(page.Items) != 1 || !page.Items[0].Entered.Equal(clockAt(20_000)) {
		t.Fatalf("open stays %+v, %v; want the last one", page.Items, err)
	}
}

// A time ahead of its receipt is a fault of the lot's clock: the stay begins, or ends, when that was received, and
// both are kept.
func TestLotWhoseClockIsAhead(t *testing.T) {
	cases := map[string]struct {
		sent []report
		want string
	}{
		"half an hour ahead, both ways": {[]report{{"京A1", 40, never, false, 10}, {"京A1", 40, never, false, 12},
			{"京A1", 40, 90, false, 60}},
			"R 京A1 10(40)-60(90) exit"},
		"set right during the stay": {[]report{{"京A1", 40, never, false, 10}, {"京A1", never, 30, false, 30}},
			"R 京A1 10(40)-30 exit"},
		"never moved again by a repeat": {[]report{{"京A1", 40, never, false, 10}, {"京A1", 40, never, false, 50}},
			"R 京A1 10(40)"},
		"corrected, with the time as it was": {[]report{{"京A1", 40, never, false, 10}, {"京A2", 40, never, false, 50}},
			"R 京A2 10(40)"},
		"an exit alone, ahead": {[]report{{"京A1", never, 90, false, 60}}, "R 京A1 60(90)-60(90) lone_exit"},
		"late messages are not ahead": {[]report{{"京A1", 40, never, false, 100}, {"京A1", never, 90, false, 101}},
			"R 京A1 40-90 exit"},
	}
	for engine, place := range bothEngines(t) {
		for name, c := range cases {
			t.Run(engine+"/"+name, func(t *testing.T) {
				w := newWorldOn(t, place)
				for _, m := range c.sent {
					w.clock.pass(clockAt(m.received).Sub(w.clock.Now()))
					if m.out == never {
						w.in(sdkLot, "R", m.plate, m.in, false)
					} else {
						w.out(sdkLot, "R", m.plate, m.in, m.out)
					}
				}
				if got := w.stays(sdkLot); got != c.want {
					t.Errorf("stays are %s, want %s", got, c.want)
				}
			})
		}
	}
}

// An entry from the future blocks nothing: its car is charged and leaves, and an entry with the right time takes its
// place.
func TestEntryFromTheFutureBlocksNothing(t *testing.T) {
	w := newWorld(t)
	w.in(sdkLot, "G2", "京A12345", 20*60, false)
	w.clock.pass(10 * time.Minute)
	w.in(sdkLot, "G3", "京A12345", 9, false)
	if want := "G2 京A12345 0(1200)-9 newer_entry; G3 京A12345 9"; w.stays(sdkLot) != want {
		t.Errorf("stays are %s, want %s", w.stays(sdkLot), want)
	}
	if c := w.must(w.finished("o1", sdkLot)); c.State != charge.StateSending || c.Decision.StayOrder != "G3" {
		t.Errorf("charge %s for stay %q, want sending for G3", c.State, c.Decision.StayOrder)
	}
	w.in(gateLot, "G4", "京A12345", 30, false) // at a gate half an hour ahead
	q, err := w.flow.Quote(t.Context(), ledger.QuoteQuestion{Lot: gateLot, OrderID: "G4", At: clockAt(31)})
	if err != nil || q.State != 1 || q.Duration != 0 {
		t.Errorf("quote: %+v, %v; want no time parked", q, err)
	}
}
