package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Charges are added up once they have settled, in the order they were received, and the sums are kept: table
// statement by lot, statement_total by vendor; statement_day says how far each day has come (upto). A statement
// is the kept sums, what has changed in their charges since (statement_change), and the charges received later,
// which are few: those are added up each time.

const sumsHold = "(d.rev = d.summed OR d.closed = 1)" // of a row d of statement_day

var (
	changesOf = tableChange.selectWhere("day >= ? AND day < ?")

	groupRows = tableStatement.selectWhere("day = ? AND platform = ? AND lot >= ? AND lot < ? ORDER BY lot LIMIT ?")
	sumDay    = tableStatement.selectWhere("day = ?")
	totalDay  = tableTotal.selectWhere("day = ?")
)

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

// StatementView returns the first rows of a statement, and the sums of all.
func (s *Store) StatementView(ctx context.Context, f charge.StatementFilter, most int) (v charge.StatementView,
	err error) {
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
			v.Days, v.Parts = byDay(v.Rows), byPart(v.Rows)
		} else if v.Days, v.Parts, err = t.totals(f, from, to, late); err == nil {
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

// byPart adds rows up by platform and vendor, or by lot where they are of one.
func byPart(rows []charge.StatementRow) []charge.StatementRow {
	parts := make(sums)
	for _, r := range rows {
		r.Day = ""
		parts.plus(place{"", r.Platform, r.Lot.String()}, r)
	}
	return parts.sorted()
}

// totals adds up a span by day, and by platform and vendor.
func (t *Tx) totals(f charge.StatementFilter, from, to string, late sums) (days, parts []charge.StatementRow,
	err error) {
	rows, err := t.keptRows(tableTotal, "vendor", f, from, to)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range late {
		of := *r
		of.Lot = charge.LotID{Union: r.Lot.Union}
		rows = append(rows, of)
	}
	slices.SortFunc(rows, func(a, b charge.StatementRow) int { return strings.Compare(a.Day, b.Day) })
	days = slices.DeleteFunc(byDay(rows), func(r charge.StatementRow) bool { return r.Empty() })
	return days, byPart(rows), nil
}

// firstRows returns the first rows of a statement. It asks for no more of them than are wanted, platform by platform of
// each day.
func (t *Tx) firstRows(f charge.StatementFilter, days []charge.StatementRow, late sums,
	most int) (rows []charge.StatementRow, err error) {
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

var platformsOfDay = statementOf("SELECT DISTINCT x.platform FROM statement_total x "+
	"JOIN statement_day d ON d.day = x.day "+
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
func (t *Tx) keptRows(from *table, by string, sf charge.StatementFilter, first, end string) ([]charge.StatementRow,
	error) {
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
	q := statementOf("SELECT " + from.columns("x.") + " FROM " + from.name +
		" x JOIN statement_day d ON d.day = x.day WHERE " +
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
