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

// A day that is past is added up once and kept in table statement, until something changes it: statement_day
// counts the changes of each day past (rev) and says at which count it was added up (summed). The days still
// going on, today and two before, are added up afresh each time.

const dayMillis = 24 * 60 * 60 * 1000

var (
	changeDay = statementOf("INSERT INTO statement_day (day, rev, summed, closed) VALUES (?, 1, -1, 0) "+
		"ON CONFLICT (day) DO UPDATE SET rev = statement_day.rev + 1", tableStatementDay)
	selectDays     = statementOf("SELECT day, rev, summed, closed FROM statement_day WHERE day >= ? AND day < ? ORDER BY day", tableStatementDay)
	selectRevOfDay = statementOf("SELECT rev, closed FROM statement_day WHERE day = ?", tableStatementDay)
	putDay         = statementOf("INSERT INTO statement_day (day, rev, summed, closed) VALUES (?, ?, ?, 0) "+
		"ON CONFLICT (day) DO UPDATE SET summed = excluded.summed", tableStatementDay)
	clearDay    = statementOf("DELETE FROM statement WHERE day = ?", tableStatement)
	firstCharge = statementOf("SELECT min(received) FROM charge", tableCharge)
	firstKept   = statementOf("SELECT coalesce(min(day), '') FROM statement", tableStatement)

	// Both are added up here: SQLite sorts all rows by their texts to group them, which takes twice as long.
	dayCharges = statementOf("SELECT received, platform, lot, state, gap FROM charge WHERE received >= ? AND received < ?", tableCharge)
	chargeIDs  = statementOf("SELECT min(id), max(id) FROM charge WHERE received >= ? AND received < ?", tableCharge)
	// The ledger is kept by charge, and charges of some days have ids that lie together: the days decide, the ids
	// only save reading the rest.
	dayLedger = statementOf("SELECT day, platform, lot, kind, minutes, amount FROM ledger "+
		"WHERE charge BETWEEN ? AND ? AND day >= ? AND day < ?", tableLedger)
	sumDay = tableStatement.selectWhere("day = ?")
)

// changeDay marks the sums of a day past as changed. One day more is marked than is kept, so that a midnight
// between a look at the clock and a commit does no harm.
func (t *Tx) changeDay(day string) error {
	if t.bulk || day >= dayOf(t.store.cfg.Clock().Add(-24*time.Hour)) || t.days[day] {
		return nil
	}
	if t.days == nil {
		t.days = make(map[string]bool)
	}
	t.days[day] = true
	return t.link.put(changeDay, []any{day}, 1)
}

// keptBefore is the first day whose sums are not kept yet.
func (s *Store) keptBefore() string { return dayOf(s.cfg.Clock().Add(-2 * 24 * time.Hour)) }

// Statement adds up charges and ledger by day, platform and lot, in that order.
func (s *Store) Statement(ctx context.Context, f charge.StatementFilter) ([]charge.StatementRow, error) {
	from, to, err := s.statementSpan(ctx, f)
	if err != nil || from >= to {
		return nil, err
	}
	if err := s.sumDays(ctx, from, to); err != nil {
		return nil, err
	}
	var rows []charge.StatementRow
	err = s.Read(ctx, func(t *Tx) error {
		kept, err := t.keptDays(from, to)
		if err != nil {
			return err
		}
		if rows, err = t.keptRows(f, from, to); err != nil {
			return err
		}
		live := []string{}
		for day := from; day < to; day = nextDay(day) {
			if !kept[day] {
				live = append(live, day)
			}
		}
		for _, span := range daySpans(live) {
			sums, err := t.sum(span[0], span[1])
			if err != nil {
				return err
			}
			for _, r := range sums {
				if statementWants(f, r) {
					rows = append(rows, r)
				}
			}
		}
		return nil
	})
	slices.SortFunc(rows, compareStatement)
	return rows, err
}

// keptRows reads what a statement wants of the days whose kept sums are right.
func (t *Tx) keptRows(sf charge.StatementFilter, from, to string) ([]charge.StatementRow, error) {
	var f filter
	f.where("x.day >= ? AND x.day < ? AND (d.rev = d.summed OR d.closed = 1)", from, to)
	f.word("x.platform", sf.Platform)
	f.word("x.lot", sf.Lot.String())
	if sf.Union != "" {
		f.where("x.lot >= ? AND x.lot < ?", sf.Union+"/", sf.Union+"0") // 0 follows /
	}
	q := statementOf("SELECT " + tableStatement.columns("x.") + " FROM statement x JOIN statement_day d ON d.day = x.day WHERE " +
		strings.Join(f.conds, " AND "))
	q.once = true
	return list(t, q, func(c *cells) (charge.StatementRow, error) { return scanStatement(c), c.failed() }, f.args...)
}

func statementWants(f charge.StatementFilter, r charge.StatementRow) bool {
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
	return strings.Compare(a.Lot.String(), b.Lot.String())
}

// statementSpan checks the days of a filter; open ends are the first charge's day and tomorrow.
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
	return max(from, first), to, err
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

// keptDays lists the days of a span whose kept sums are right.
func (t *Tx) keptDays(from, to string) (map[string]bool, error) {
	kept := make(map[string]bool)
	err := t.each(selectDays, func(c *cells) error {
		day, rev, summed, closed := c.text(), c.int(), c.int(), c.bool()
		kept[day] = rev == summed || closed
		return c.failed()
	}, from, to)
	return kept, err
}

// sumDays adds up the days of a span that are past and not kept. A day that changes meanwhile is left for the
// next time.
func (s *Store) sumDays(ctx context.Context, from, to string) error {
	to = min(to, s.keptBefore())
	var kept map[string]bool
	err := s.Read(ctx, func(t *Tx) (err error) {
		kept, err = t.keptDays(from, to)
		return err
	})
	for day := from; day < to && err == nil; day = nextDay(day) {
		if !kept[day] {
			err = s.sumDay(ctx, day)
		}
	}
	return err
}

func (s *Store) sumDay(ctx context.Context, day string) error {
	var rev int64
	var rows []charge.StatementRow
	err := s.Read(ctx, func(t *Tx) (err error) {
		if rev, _, err = t.dayRev(day); err == nil {
			rows, err = t.sum(day, nextDay(day))
		}
		return err
	})
	if err != nil {
		return err
	}
	lock := []int64{lockOf("statement", day)}
	const chunk = 500 // rows in a write, so that pushes never wait long
	for first := true; first || len(rows) > 0; first = false {
		part := rows[:min(chunk, len(rows))]
		rows = rows[len(part):]
		err := s.write(ctx, lock, func(t *Tx) error {
			now, closed, err := t.dayRev(day)
			if err != nil || closed {
				return err
			}
			if first {
				if err := t.link.put(clearDay, []any{day}, -1); err != nil {
					return err
				}
			}
			for _, r := range part {
				if err := t.add(tableStatement, r.Day, r.Platform, r.Lot.String(), r.Charges, r.GrantedMinutes,
					int64(r.GrantedAmount), r.Delivered, r.Used, r.UsedMinutes, int64(r.UsedAmount), r.Gaps); err != nil {
					return err
				}
			}
			summed := int64(-1)
			if len(rows) == 0 && now == rev {
				summed = rev
			}
			return t.link.put(putDay, []any{day, now, summed}, 1)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) dayRev(day string) (rev int64, closed bool, err error) {
	_, err = t.get(selectRevOfDay, func(c *cells) error {
		rev, closed = c.int(), c.bool()
		return c.failed()
	}, day)
	return rev, closed, err
}

// sum adds up charges and ledger of a span of days.
func (t *Tx) sum(from, to string) ([]charge.StatementRow, error) {
	span := []any{dayStart(from), dayStart(to)}
	type place struct{ day, platform, lot string }
	rows := make(map[place]*charge.StatementRow)
	var order []*charge.StatementRow
	at := func(p place) *charge.StatementRow {
		r := rows[p]
		if r == nil {
			r = &charge.StatementRow{Day: p.day, Platform: p.platform}
			_ = r.Lot.UnmarshalText([]byte(p.lot))
			rows[p] = r
			order = append(order, r)
		}
		return r
	}
	err := t.each(dayCharges, func(c *cells) error {
		r := at(place{dayOf(c.time()), c.text(), c.text()})
		state, gap := charge.State(c.text()), c.int()
		r.Charges++
		r.Gaps += gap
		if state == charge.StateUsed {
			r.Used++
		}
		if state == charge.StateUsed || state == charge.StateDelivered {
			r.Delivered++
		}
		return c.failed()
	}, span...)
	if err != nil {
		return nil, err
	}
	var first, last int64
	if _, err := t.get(chargeIDs, func(c *cells) error {
		first, last = c.int(), c.int()
		return c.failed()
	}, span...); err != nil {
		return nil, err
	}
	err = t.each(dayLedger, func(c *cells) error {
		r := at(place{c.text(), c.text(), c.text()})
		kind, minutes, amount := charge.EntryKind(c.text()), c.int(), charge.Fen(c.int())
		switch kind {
		case charge.EntryGrant:
			r.GrantedMinutes, r.GrantedAmount = r.GrantedMinutes+minutes, r.GrantedAmount+amount
		case charge.EntryUsage:
			r.UsedMinutes, r.UsedAmount = r.UsedMinutes+minutes, r.UsedAmount+amount
		}
		return c.failed()
	}, first, last, from, to)
	all := make([]charge.StatementRow, len(order))
	for i, r := range order {
		all[i] = *r
	}
	return all, err
}

func scanStatement(c *cells) charge.StatementRow {
	return charge.StatementRow{
		Day: c.text(), Platform: c.text(), Lot: lotOf(c), Charges: c.int(), GrantedMinutes: c.int(),
		GrantedAmount: charge.Fen(c.int()), Delivered: c.int(), Used: c.int(), UsedMinutes: c.int(),
		UsedAmount: charge.Fen(c.int()), Gaps: c.int(),
	}
}

// daySpans joins days that follow each other, each span's end exclusive.
func daySpans(days []string) (spans [][2]string) {
	for _, d := range days {
		if n := len(spans); n > 0 && spans[n-1][1] == d {
			spans[n-1][1] = nextDay(d)
			continue
		}
		spans = append(spans, [2]string{d, nextDay(d)})
	}
	return spans
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
