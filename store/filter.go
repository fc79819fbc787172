package store

import (
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// filter gathers the conditions of a list.
type filter struct {
	conds []string
	args  []any
	// found says that a condition finds the rows by an index of its own, with little left to narrow.
	found bool
	// either are values of a column of which a row has one. Each is walked by itself, in the order of the list.
	either []any
	column string
	left   *strings.Replacer // leaves columns out of what is read; nil: all are read
}

func (f *filter) where(cond string, args ...any) {
	f.conds = append(f.conds, cond)
	f.args = append(f.args, args...)
}

// find is where, for conditions that find a few rows.
func (f *filter) find(cond string, args ...any) {
	f.where(cond, args...)
	f.found = true
}

// any narrows a column to any of some values. Where nothing else finds the rows an index on the column and the
// order of the list is to be used, and it returns that order for one value only.
func (f *filter) any(column string, values []any) {
	values = unique(values)
	switch {
	case len(values) == 0:
	case f.found: // hidden from the planner, which knows no better than to take this index
		f.where(column+" || '' IN (?"+strings.Repeat(", ?", len(values)-1)+")", values...)
	default:
		f.column, f.either = column, values
	}
}

// unique returns values without repeats: a caller may name each any number of times.
func unique(values []any) (kept []any) {
	for _, v := range values {
		if !slices.Contains(kept, v) {
			kept = append(kept, v)
		}
	}
	return kept
}

// branches returns a query of ids for each value of either, or one where there is none.
func (f *filter) branches(from *table, order string, limit int) (text string, args []any) {
	one := func(more ...string) string {
		where := ""
		if conds := append(slices.Clone(f.conds), more...); len(conds) > 0 {
			where = " WHERE " + strings.Join(conds, " AND ")
		}
		return "SELECT * FROM (SELECT id FROM " + from.name + where + order + " LIMIT ?) b"
	}
	if f.either == nil {
		return one(), append(slices.Clone(f.args), limit)
	}
	var parts []string
	for _, v := range f.either {
		parts = append(parts, one(f.column+" = ?"))
		args = append(append(append(args, f.args...), v), limit)
	}
	return strings.Join(parts, " UNION ALL "), args
}

// word narrows a text column, unless the word is empty.
func (f *filter) word(column, word string) {
	if word != "" {
		f.where(column+" = ?", word)
	}
}

// ofCharge narrows pushes to those whose charge has a value, and to refused ones that seem to have it.
func (f *filter) ofCharge(column, value string) {
	if value != "" {
		f.find("("+column+" = ? OR charge IN (SELECT id FROM charge WHERE "+column+" = ?))", value, value)
	}
}

// span narrows a time column to from inclusive, to exclusive.
func (f *filter) span(column string, from, to time.Time) {
	if !from.IsZero() {
		f.where(column+" >= ?", millis(from))
	}
	if !to.IsZero() {
		f.where(column+" < ?", millis(to))
	}
}

// behind leaves the rows behind a cursor, by a time column.
func (f *filter) behind(c cursor, newest string) {
	than := ">"
	if c.falls() {
		than = "<"
	}
	if c.set {
		f.where(newest+" "+than+"= ?", c.at) // says no more than the next one, but every index can use it
		f.where("("+newest+", id) "+than+" (?, ?)", c.at, c.id)
	} else if !f.found && newest == "received" {
		f.where("received >= 0") // says nothing, but keeps SQLite from sorting all rows where no index has a condition
	}
}

// paging is the part of a list that is asked for.
type paging struct {
	limit  int
	cursor string
	oldest bool // first, else the newest
	count  bool // all there are
}

// countOf counts rows, in the order of a time column by which an index finds the first of them, up to a limit.
func countOf(t *Tx, from *table, newest string, f filter, limit int) (n int, err error) {
	ids, args, _ := f.idsFrom(from, newest, cursor{}, limit)
	q := statementOf("SELECT count(*) FROM ("+ids+") p", from)
	q.once = true
	_, err = t.get(q, func(c *cells) error {
		n = int(c.int())
		return c.failed()
	}, args...)
	return min(n, limit), err
}

// idsFrom returns the query of the ids of a page, and the order of its rows.
func (f *filter) idsFrom(from *table, newest string, start cursor, limit int) (ids string, args []any,
	order func(prefix string) string) {
	f.behind(start, newest)
	order = start.order(newest)
	ids, args = f.branches(from, order(""), limit)
	return ids, args, order
}

// pageOf reads a page of a table's rows, in the order of a time column. Rows are picked by their ids first, so
// that sorting never carries whole rows.
func pageOf[T any](t *Tx, from *table, newest string, f filter, p paging,
	scan func(*cells) (T, error)) (page charge.Page[T], err error) {
	limit := p.limit
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 500)
	start, err := parseCursor(p.cursor)
	if err != nil {
		return page, err
	}
	start.oldest = p.oldest
	if p.count {
		if page.Total, err = countOf(t, from, newest, f, charge.MostCounted+1); err != nil {
			return page, err
		}
	}
	ids, args, order := f.idsFrom(from, newest, start, limit+1)
	columns := from.columns("x.")
	if f.left != nil {
		columns = f.left.Replace(columns)
	}
	q := statementOf("SELECT x." + newest + ", x.id, " + columns + " FROM (" + ids + ") p JOIN " + from.name +
		" x ON x.id = p.id" + order("x.") + " LIMIT ?")
	q.once = true
	var spots []spot
	more := false
	err = t.each(q, func(row *cells) error {
		if len(page.Items) == limit {
			more = true
			return nil
		}
		spots = append(spots, spot{row.int(), row.int()})
		v, err := scan(row)
		page.Items = append(page.Items, v)
		return err
	}, append(args, limit+1)...)
	if start.back {
		slices.Reverse(page.Items)
		slices.Reverse(spots)
	}
	page.Prev, page.Next = start.around(spots, more)
	return page, err
}
