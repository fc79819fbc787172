package store

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

const dayMillis = 24 * 60 * 60 * 1000

var (
	selectDays  = tableStatementDay.selectWhere("day >= ? AND day < ? ORDER BY day")
	firstCharge = statementOf("SELECT min(received) FROM charge", tableCharge)
	firstKept   = statementOf("SELECT coalesce(min(day), '') FROM statement", tableStatement)
	// Both are added up here: SQLite sorts all rows by their texts to group them, which takes twice as long.
	spanCharges = statementOf("SELECT id, platform, lot, state, gap FROM charge WHERE received >= ? AND received < ? AND "+
		realPlate+" AND id NOT IN ("+testCharges+")", tableCharge)
	// The ledger is kept by charge, and charges of one time have ids that lie together.
	spanLedger = statementOf("SELECT charge, platform, lot, kind, minutes, amount FROM ledger "+
		"WHERE charge BETWEEN ? AND ? "+
		"AND charge NOT IN (SELECT id FROM charge WHERE "+trialPlate+" UNION ALL "+testCharges+")", tableLedger, tableCharge)
)

// keptDay says how far a day's sums have come.
type keptDay struct {
	day         string
	rev, summed int64
	closed      bool
	upto        int64 // charges received before are in the sums
	known       bool  // it has a row
}

// holds reports whether the kept sums are right: an older version of us counts what changed a day in rev.
func (d keptDay) holds() bool { return d.known && (d.rev == d.summed || d.closed) }

// from is where adding up goes on.
func (d keptDay) from() int64 {
	if start := dayStart(d.day); !d.holds() || d.upto < start {
		return start
	}
	return d.upto
}

// complete reports whether the sums hold the whole day.
func (d keptDay) complete() bool { return d.holds() && d.upto >= dayStart(d.day)+dayMillis }

func scanKeptDay(c *cells) keptDay {
	return keptDay{day: c.text(), rev: c.int(), summed: c.int(), closed: c.bool(), upto: c.int(), known: true}
}

// keptDays returns how far each day of a span has come, in order.
func (t *Tx) keptDays(from, to string) ([]keptDay, error) {
	known := make(map[string]keptDay)
	err := t.each(selectDays, func(c *cells) error {
		d := scanKeptDay(c)
		known[d.day] = d
		return c.failed()
	}, from, to)
	var all []keptDay
	for day := from; day < to; day = nextDay(day) {
		d := known[day]
		d.day = day
		all = append(all, d)
	}
	return all, err
}

// place is what a statement adds up by; lot may be a vendor.
type place struct{ day, platform, lot string }

// sums are a statement's rows in the making.
type sums map[place]*charge.StatementRow

func (s sums) at(p place) *charge.StatementRow {
	r := s[p]
	if r == nil {
		r = &charge.StatementRow{Day: p.day, Platform: p.platform}
		_ = r.Lot.UnmarshalText([]byte(p.lot)) // a vendor is none, and is never read as one
		s[p] = r
	}
	return r
}

// sorted lists the rows that are not empty.
func (s sums) sorted() []charge.StatementRow {
	rows := make([]charge.StatementRow, 0, len(s))
	for _, r := range s {
		if !r.Empty() {
			rows = append(rows, *r)
		}
	}
	slices.SortFunc(rows, compareStatement)
	return rows
}

func (s sums) copy() sums {
	c := make(sums, len(s))
	for p, r := range s {
		c[p] = r
	}
	return c
}

// plus adds to a row, without changing the one that is there.
func (s sums) plus(p place, r charge.StatementRow) {
	if was := s[p]; was != nil {
		r.Add(*was)
	}
	s[p] = &r
}

// sum adds up the charges of a day that were received in a span of it, and their ledger.
func (t *Tx) sum(into sums, day string, from, to int64) error {
	if from >= to {
		return nil
	}
	ids := make(map[int64]struct{})
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	err := t.each(spanCharges, func(c *cells) error {
		id := c.int()
		ids[id] = struct{}{}
		first, last = min(first, id), max(last, id)
		r := into.at(place{day, c.text(), c.text()})
		r.Add(outcomeSums(charge.State(c.text()), c.int()))
		return c.failed()
	}, from, to)
	if err != nil || len(ids) == 0 {
		return err
	}
	return t.each(spanLedger, func(c *cells) error {
		if _, ours := ids[c.int()]; !ours {
			return nil
		}
		r := into.at(place{day, c.text(), c.text()})
		r.Add(entrySums(charge.EntryKind(c.text()), c.int(), charge.Fen(c.int())))
		return c.failed()
	}, first, last)
}

// outcomeSums is what a charge counts for.
func outcomeSums(state charge.State, gap int64) charge.StatementRow {
	used := state == charge.StateUsed
	return charge.StatementRow{Charges: 1, Gaps: gap, Used: number(used),
		Delivered: number(used || state == charge.StateDelivered)}
}

// entrySums is what an entry of the ledger counts for.
func entrySums(kind charge.EntryKind, minutes int64, amount charge.Fen) (r charge.StatementRow) {
	switch kind {
	case charge.EntryGrant:
		r.GrantedMinutes, r.GrantedAmount = minutes, amount
	case charge.EntryUsage:
		r.UsedMinutes, r.UsedAmount = minutes, amount
	}
	return r
}

func scanStatement(c *cells) charge.StatementRow {
	r := charge.StatementRow{Day: c.text(), Platform: c.text(), Lot: lotOf(c)}
	r.Add(scanSums(c))
	return r
}

// scanTotal reads a row of a vendor, which stands where a lot has its own.
func scanTotal(c *cells) charge.StatementRow {
	r := charge.StatementRow{Day: c.text(), Platform: c.text(), Lot: charge.LotID{Union: c.text()}}
	r.Add(scanSums(c))
	return r
}

func scanSums(c *cells) (r charge.StatementRow) {
	for _, f := range sumFields {
		f.take(&r, c)
	}
	return r
}

// sumArgs are a row's sums as parameters.
func sumArgs(r charge.StatementRow) []any {
	args := make([]any, len(sumFields))
	for i, f := range sumFields {
		args[i], _ = f.put(&r) // numbers are never refused
	}
	return args
}

// dayStart is the first millisecond of a day in Asia/Shanghai.
func dayStart(day string) int64 {
	t, err := time.ParseInLocation(time.DateOnly, day, charge.Shanghai)
	if err != nil {
		return math.MaxInt64
	}
	return t.UnixMilli()
}

func nextDay(day string) string { return dayOf(time.UnixMilli(dayStart(day) + dayMillis)) }

// dayOf is the day of a time in Asia/Shanghai.
func dayOf(t time.Time) string { return t.In(charge.Shanghai).Format(time.DateOnly) }

func compareStatement(a, b charge.StatementRow) int {
	if c := strings.Compare(a.Day, b.Day); c != 0 {
		return c
	}
	if c := strings.Compare(a.Platform, b.Platform); c != 0 {
		return c
	}
	if a.Lot.Union == b.Lot.Union {
		return strings.Compare(a.Lot.Park, b.Lot.Park)
	}
	return strings.Compare(a.Lot.String(), b.Lot.String())
}

// firstDay is the first day with a charge, also one that retention has taken away; or else, where there is none.
func (s *Store) firstDay(ctx context.Context, or string) (first string, err error) {
	first = or
	err = s.Read(ctx, func(t *Tx) error {
		_, err := t.get(firstCharge, func(c *cells) error {
			if at := c.time(); !at.IsZero() {
				first = min(first, dayOf(at))
			}
			return c.failed()
		})
		if err != nil {
			return err
		}
		_, err = t.get(firstKept, func(c *cells) error {
			if day := c.text(); day != "" {
				first = min(first, day)
			}
			return c.failed()
		})
		return err
	})
	return first, err
}
