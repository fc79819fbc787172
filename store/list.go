package store

import (
	"context"
	"slices"
	"strconv"
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
// order of the list is to be used, and it gives that order for one value only.
func (f *filter) any(column string, values []any) {
	switch {
	case len(values) == 0:
	case f.found: // hidden from the planner, which knows no better than to take this index
		f.where(column+" || '' IN (?"+strings.Repeat(", ?", len(values)-1)+")", values...)
	default:
		f.column, f.either = column, values
	}
}

// branches gives a query of ids for each value of either, or one where there is none.
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

// span narrows a time column to from inclusive, to exclusive.
func (f *filter) span(column string, from, to time.Time) {
	if !from.IsZero() {
		f.where(column+" >= ?", millis(from))
	}
	if !to.IsZero() {
		f.where(column+" < ?", millis(to))
	}
}

// paging is the part of a list that is asked for.
type paging struct {
	limit  int
	cursor string
}

// pageOf reads a page of a table's rows, newest first by a time column. Rows are picked by their ids first, so
// that sorting never carries whole rows.
func pageOf[T any](t *Tx, from *table, newest string, f filter, p paging, scan func(*cells) (T, error)) (page charge.Page[T], err error) {
	limit := p.limit
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 500)
	if p.cursor != "" {
		at, id, err := parseCursor(p.cursor)
		if err != nil {
			return page, err
		}
		f.where(newest+" <= ?", at) // says no more than the next one, but every index can use it
		f.where("("+newest+", id) < (?, ?)", at, id)
	}
	order := func(prefix string) string { return " ORDER BY " + prefix + newest + " DESC, " + prefix + "id DESC" }
	ids, args := f.branches(from, order(""), limit+1)
	q := statementOf("SELECT x." + newest + ", x.id, " + from.columns("x.") + " FROM (" + ids + ") p JOIN " + from.name +
		" x ON x.id = p.id" + order("x.") + " LIMIT ?")
	q.once = true
	var at, id int64
	err = t.each(q, func(row *cells) error {
		if len(page.Items) == limit {
			page.Next = cursor(at, id)
			return nil
		}
		at, id = row.int(), row.int()
		v, err := scan(row)
		page.Items = append(page.Items, v)
		return err
	}, append(args, limit+1)...)
	return page, err
}

func cursor(at, id int64) string {
	return strconv.FormatInt(at, 36) + "." + strconv.FormatInt(id, 36)
}

func parseCursor(text string) (at, id int64, err error) {
	first, second, ok := strings.Cut(text, ".")
	at, err1 := strconv.ParseInt(first, 36, 64)
	id, err2 := strconv.ParseInt(second, 36, 64)
	if !ok || err1 != nil || err2 != nil {
		return 0, 0, charge.ErrCursor
	}
	return at, id, nil
}

// Charges lists charges, newest first.
func (s *Store) Charges(ctx context.Context, cf charge.ChargeFilter) (page charge.Page[*charge.Charge], err error) {
	err = s.Read(ctx, func(t *Tx) error {
		f, err := t.chargeFilter(cf)
		if err == nil {
			page, err = chargesOf(t, f, paging{cf.Limit, cf.Cursor})
		}
		return err
	})
	return page, err
}

func chargesOf(t *Tx, f filter, p paging) (charge.Page[*charge.Charge], error) {
	return pageOf(t, tableCharge, "received", f, p, scanCharge)
}

// CountCharges counts the charges that a list would have, up to its limit, and tells whether there are more.
func (s *Store) CountCharges(ctx context.Context, cf charge.ChargeFilter) (n int, more bool, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		f, err := t.chargeFilter(cf)
		if err != nil {
			return err
		}
		ids, args := f.branches(tableCharge, " ORDER BY received DESC, id DESC", cf.Limit+1)
		q := statementOf("SELECT count(*) FROM ("+ids+") p", tableCharge)
		q.once = true
		_, err = t.get(q, func(c *cells) error {
			n = int(c.int())
			return c.failed()
		}, args...)
		return err
	})
	return min(n, cf.Limit), n > cf.Limit, err
}

func (t *Tx) chargeFilter(cf charge.ChargeFilter) (f filter, err error) {
	f.word("platform", cf.Platform)
	f.span("received", cf.From, cf.To)
	if !cf.Lot.IsZero() {
		f.find("lot = ?", cf.Lot.String())
	}
	if cf.Order != "" {
		f.find("order_no = ? AND order_no <> ''", cf.Order)
	}
	if cf.UUID != "" {
		f.find("id IN (SELECT charge FROM delivery WHERE uuid = ?)", cf.UUID)
	}
	if cf.Plate != "" {
		if err := t.plateFilter(&f, cf.Plate); err != nil {
			return f, err
		}
	}
	if cf.Reason != "" && cf.Reason != charge.ReasonOK {
		f.find("reason = ? AND reason <> 'ok'", string(cf.Reason))
	} else {
		f.word("reason", string(cf.Reason))
	}
	f.any("state", words(cf.States))
	return f, err
}

func words[T ~string](list []T) []any {
	args := make([]any, len(list))
	for i, w := range list {
		args[i] = string(w)
	}
	return args
}

// isRefusal lets the index of refusals be used.
const isRefusal = "outcome NOT IN ('accepted', 'duplicate', 'question')"

// refusals are the outcomes of pushes that were not taken.
func refusals() (all []any) {
	for _, o := range charge.Outcomes {
		switch o {
		case charge.OutcomeAccepted, charge.OutcomeDuplicate, charge.OutcomeQuestion:
		default:
			all = append(all, string(o))
		}
	}
	return all
}

// Pushes lists the records of requests, newest first.
func (s *Store) Pushes(ctx context.Context, pf charge.PushFilter) (page charge.Page[charge.Push], err error) {
	var f filter
	f.word("platform", pf.Platform)
	f.word("account", pf.Account)
	switch refused := refusals(); {
	case slices.Contains(refused, any(string(pf.Outcome))):
		f.where("outcome = ? AND "+isRefusal, string(pf.Outcome))
	case pf.Outcome != "":
		f.word("outcome", string(pf.Outcome))
		if pf.Refused {
			f.where(isRefusal) // none is
		}
	case pf.Refused: // each by itself, as their index has them
		f.where(isRefusal)
		f.any("outcome", refused)
	}
	if pf.Charge != 0 {
		f.find("charge = ? AND charge <> 0", pf.Charge)
	}
	f.span("received", pf.From, pf.To)
	err = s.Read(ctx, func(t *Tx) error {
		page, err = pageOf(t, tablePush, "received", f, paging{pf.Limit, pf.Cursor}, deref(scanPush))
		return err
	})
	return page, err
}

// Stays lists stays, newest entry first; of all lots those first that were told last, unless a plate narrows them.
func (s *Store) Stays(ctx context.Context, sf charge.StayFilter) (page charge.Page[*charge.Stay], err error) {
	err = s.Read(ctx, func(t *Tx) error {
		var f filter
		f.word("lot", sf.Lot.String())
		if sf.Open {
			f.where("open = 1")
		}
		if sf.Plate != "" {
			if err := t.plateFilter(&f, sf.Plate); err != nil {
				return err
			}
		}
		page, err = staysOf(t, f, sf.Lot.IsZero(), paging{sf.Limit, sf.Cursor})
		return err
	})
	return page, err
}

func staysOf(t *Tx, f filter, allLots bool, p paging) (charge.Page[*charge.Stay], error) {
	newest := "entered"
	if allLots && !f.found { // no index has the entries of all lots in order
		newest = "id"
	}
	return pageOf(t, tableStay, newest, f, p, scanStay)
}
