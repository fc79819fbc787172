package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Charges are added up once they have settled, in the order they were received, and the sums are kept: table
// statement by lot, statement_total by vendor; statement_day says how far each day has come (upto). A statement
// is the kept sums, what has changed in their charges since (statement_change), and the charges received later,
// which are few: those are added up each time.

const dayMillis = 24 * 60 * 60 * 1000

const sumsHold = "(d.rev = d.summed OR d.closed = 1)" // of a row d of statement_day

var (
	selectDays  = tableStatementDay.selectWhere("day >= ? AND day < ? ORDER BY day")
	firstCharge = statementOf("SELECT min(received) FROM charge", tableCharge)
	firstKept   = statementOf("SELECT coalesce(min(day), '') FROM statement", tableStatement)

	changesOf = tableChange.selectWhere("day >= ? AND day < ?")

	// Both are added up here: SQLite sorts all rows by their texts to group them, which takes twice as long.
	spanCharges = statementOf("SELECT id, platform, lot, state, gap FROM charge WHERE received >= ? AND received < ?", tableCharge)
	// The ledger is kept by charge, and charges of one time have ids that lie together.
	spanLedger = statementOf("SELECT charge, platform, lot, kind, minutes, amount FROM ledger WHERE charge BETWEEN ? AND ?", tableLedger)

	groupRows = tableStatement.selectWhere("day = ? AND platform = ? AND lot >= ? AND lot < ? ORDER BY lot LIMIT ?")
	sumDay    = tableStatement.selectWhere("day = ?")
	totalDay  = tableTotal.selectWhere("day = ?")
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

// keptDays gives how far each day of a span has come, in order.
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

// Statement adds up charges and ledger by day, platform and lot, in that order.
func (s *Store) Statement(ctx context.Context, f charge.StatementFilter) (rows []charge.StatementRow, err error) {
	from, to, err := s.statementSpan(ctx, f)
	if err != nil || from >= to {
		return nil, err
	}
	err = s.Read(ctx, func(t *Tx) error {
		late, err := t.lateSums(f, from, to)
		if err != nil {
			return err
		}
		rows, err = t.allRows(f, from, to, late)
		return err
	})
	return rows, err
}

// StatementView gives the first rows of a statement, and the sums of all.
func (s *Store) StatementView(ctx context.Context, f charge.StatementFilter, most int) (v charge.StatementView, err error) {
	from, to, err := s.statementSpan(ctx, f)
	if err != nil || from >= to {
		return v, err
	}
	err = s.Read(ctx, func(t *Tx) error {
		v = charge.StatementView{}
		late, err := t.lateSums(f, from, to)
		if err != nil {
			return err
		}
		if !f.Lot.IsZero() { // one lot has few rows, and no total of its own
			v.Rows, err = t.allRows(f, from, to, late)
			v.Days = byDay(v.Rows)
		} else if v.Days, err = t.dayTotals(f, from, to, late); err == nil {
			v.Rows, err = t.firstRows(f, v.Days, late, most+1)
		}
		if len(v.Rows) > most {
			v.Rows, v.More = v.Rows[:most], true
		}
		return err
	})
	return v, err
}

// allRows joins the kept sums of a span with what they do not hold yet.
func (t *Tx) allRows(f charge.StatementFilter, from, to string, late sums) ([]charge.StatementRow, error) {
	kept, err := t.keptRows(tableStatement, "lot", f, from, to)
	if err != nil {
		return nil, err
	}
	rows := make([]charge.StatementRow, 0, len(kept)+len(late))
	rest := late.copy()
	for _, r := range kept {
		p := place{r.Day, r.Platform, r.Lot.String()}
		if more := rest[p]; more != nil {
			r.Add(*more)
			delete(rest, p)
		}
		if !r.Empty() {
			rows = append(rows, r)
		}
	}
	if len(rest) > 0 {
		rows = append(rows, rest.sorted()...)
	}
	slices.SortFunc(rows, compareStatement)
	return rows, nil
}

func (s sums) copy() sums {
	c := make(sums, len(s))
	for p, r := range s {
		c[p] = r
	}
	return c
}

// byDay adds rows up by day; they are in that order.
func byDay(rows []charge.StatementRow) (days []charge.StatementRow) {
	for _, r := range rows {
		if n := len(days); n == 0 || days[n-1].Day != r.Day {
			days = append(days, charge.StatementRow{Day: r.Day})
		}
		days[len(days)-1].Add(r)
	}
	return days
}

// dayTotals adds up a span by day.
func (t *Tx) dayTotals(f charge.StatementFilter, from, to string, late sums) ([]charge.StatementRow, error) {
	rows, err := t.keptRows(tableTotal, "vendor", f, from, to)
	if err != nil {
		return nil, err
	}
	for _, r := range late {
		rows = append(rows, *r)
	}
	slices.SortFunc(rows, func(a, b charge.StatementRow) int { return strings.Compare(a.Day, b.Day) })
	return slices.DeleteFunc(byDay(rows), func(r charge.StatementRow) bool { return r.Empty() }), nil
}

// firstRows gives the first rows of a statement. It asks for no more of them than are wanted, platform by platform of each day.
func (t *Tx) firstRows(f charge.StatementFilter, days []charge.StatementRow, late sums, most int) (rows []charge.StatementRow, err error) {
	type group struct{ day, platform string }
	lateOf := make(map[group]sums)
	for p, r := range late {
		g := group{p.day, p.platform}
		if lateOf[g] == nil {
			lateOf[g] = make(sums)
		}
		lateOf[g][p] = r
	}
	low, high := "", "\U0010FFFF"
	if f.Union != "" {
		low, high = f.Union+"/", f.Union+"0" // 0 follows /
	}
	for _, d := range days {
		platforms, err := t.platformsOf(f, d.Day)
		if err != nil {
			return nil, err
		}
		for g := range lateOf {
			if g.day == d.Day && !slices.Contains(platforms, g.platform) {
				platforms = append(platforms, g.platform)
			}
		}
		slices.Sort(platforms)
		for _, platform := range platforms {
			more := lateOf[group{d.Day, platform}].copy()
			err := t.each(groupRows, func(c *cells) error {
				r := scanStatement(c)
				more.plus(place{r.Day, r.Platform, r.Lot.String()}, r)
				return c.failed()
			}, d.Day, platform, low, high, most+len(more))
			if err != nil {
				return nil, err
			}
			rows = append(rows, more.sorted()...)
			if len(rows) >= most {
				return rows[:most], nil
			}
		}
	}
	return rows, nil
}

// plus adds to a row, without changing the one that is there.
func (s sums) plus(p place, r charge.StatementRow) {
	if was := s[p]; was != nil {
		r.Add(*was)
	}
	s[p] = &r
}

var platformsOfDay = statementOf("SELECT DISTINCT x.platform FROM statement_total x JOIN statement_day d ON d.day = x.day "+
	"WHERE x.day = ? AND "+sumsHold, tableTotal, tableStatementDay)

// platformsOf lists the platforms with kept sums on a day, or the wanted one.
func (t *Tx) platformsOf(f charge.StatementFilter, day string) (platforms []string, err error) {
	err = t.each(platformsOfDay, func(c *cells) error {
		if p := c.text(); f.Platform == "" || p == f.Platform {
			platforms = append(platforms, p)
		}
		return c.failed()
	}, day)
	return platforms, err
}

// keptRows reads what a statement wants of the days whose kept sums are right, by lot or by vendor.
func (t *Tx) keptRows(from *table, by string, sf charge.StatementFilter, first, end string) ([]charge.StatementRow, error) {
	var f filter
	f.where("x.day >= ? AND x.day < ? AND "+sumsHold, first, end)
	f.word("x.platform", sf.Platform)
	switch {
	case by == "vendor":
		f.word("x.vendor", sf.Union)
	case !sf.Lot.IsZero():
		f.word("x.lot", sf.Lot.String())
	case sf.Union != "":
		f.where("x.lot >= ? AND x.lot < ?", sf.Union+"/", sf.Union+"0")
	}
	q := statementOf("SELECT " + from.columns("x.") + " FROM " + from.name + " x JOIN statement_day d ON d.day = x.day WHERE " +
		strings.Join(f.conds, " AND "))
	q.once = true
	scan := scanStatement
	if by == "vendor" {
		scan = scanTotal
	}
	return list(t, q, func(c *cells) (charge.StatementRow, error) { return scan(c), c.failed() }, f.args...)
}

// lateSums adds up what the kept sums of a span do not hold: changes since, and charges that came later.
func (t *Tx) lateSums(f charge.StatementFilter, from, to string) (sums, error) {
	days, err := t.keptDays(from, to)
	if err != nil {
		return nil, err
	}
	late := make(sums)
	upto := make(map[string]int64, len(days))
	for _, d := range days {
		upto[d.day] = d.from()
		if err := t.sum(late, d.day, d.from(), dayStart(d.day)+dayMillis); err != nil {
			return nil, err
		}
	}
	err = t.each(changesOf, func(c *cells) error {
		ch := scanChange(c)
		if ch.received < upto[ch.row.Day] {
			late.plus(ch.place, ch.row)
		}
		return c.failed()
	}, from, to)
	for p, r := range late {
		if !statementWants(f, r) {
			delete(late, p)
		}
	}
	return late, err
}

func statementWants(f charge.StatementFilter, r *charge.StatementRow) bool {
	return (f.Platform == "" || f.Platform == r.Platform) && (f.Union == "" || f.Union == r.Lot.Union) &&
		(f.Lot.IsZero() || f.Lot == r.Lot)
}

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

// statementSpan checks the days of a filter, open ends being the first charge's day and tomorrow, and sees to it
// that the days past among them are added up.
func (s *Store) statementSpan(ctx context.Context, f charge.StatementFilter) (from, to string, err error) {
	for _, day := range []string{f.From, f.To} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return "", "", fmt.Errorf("store: %q is not a day written 2026-01-31", day)
		}
	}
	from, to = f.From, f.To
	tomorrow := nextDay(dayOf(s.cfg.Clock()))
	if to == "" || to > tomorrow {
		to = tomorrow
	}
	first, err := s.firstDay(ctx, tomorrow)
	if from = max(from, first); err == nil {
		err = s.sumDays(ctx, from, min(to, dayOf(s.settledBefore())))
	}
	return from, to, err
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
	return charge.StatementRow{Charges: 1, Gaps: gap, Used: number(used), Delivered: number(used || state == charge.StateDelivered)}
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

func scanSums(c *cells) charge.StatementRow {
	return charge.StatementRow{Charges: c.int(), GrantedMinutes: c.int(), GrantedAmount: charge.Fen(c.int()), Delivered: c.int(),
		Used: c.int(), UsedMinutes: c.int(), UsedAmount: charge.Fen(c.int()), Gaps: c.int()}
}

// sumArgs are a row's sums as parameters, in the order of sumColumns.
func sumArgs(r charge.StatementRow) []any {
	return []any{r.Charges, r.GrantedMinutes, int64(r.GrantedAmount), r.Delivered, r.Used, r.UsedMinutes, int64(r.UsedAmount), r.Gaps}
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
