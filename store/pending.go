package store

import (
	"math"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/cache"
	"github.com/chargestamp/chargestamp/charge"
)

// pending holds the rows that writes have put and that SQLite's tables do not have yet: a record in the log keeps them
// (see records). What it holds is flushed before anything is read that may lack it. It also knows rows as SQLite has
// them, for a while, so that a change needs no look. Only the committer uses it.
type pending struct {
	rows, older map[rowKey]*row // older were there at the last flush
	dirty       []*row          // that SQLite does not have as they are
	newest      []int64         // by table: no row has a greater id

	unflushed traces // of dirty rows
	flushing  traces // of rows that are being flushed

	lotMarks cache.Map[charge.LotID, charge.LotMarks] // as the tables have them

	ops  []op // of the batch that is run
	undo []undone

	spareRows  []row // of the last flush, used again
	spareDirty []*row
}

// traces are what queries may find rows by.
type traces struct {
	touched uint32 // their tables
	marks   map[mark]struct{}
	ready   int64 // when the first job among them may be claimed
}

func (t *traces) clear() {
	clear(t.marks)
	t.touched, t.ready = 0, math.MaxInt64
}

// row is a row as the next flush leaves it.
type row struct {
	key     rowKey
	table   *table
	vals    []any // nil: there is none. Never changed, only replaced
	stored  bool  // SQLite has a row with the key
	dirty   bool
	changes []op // of a row that SQLite has
}

// rowKey is a primary key: one or two numbers, or words.
type rowKey struct {
	table int
	a, b  int64
	words string
}

// op is a statement that changes one row.
type op struct {
	q    *statement
	args []any
}

// undone is a row before a change.
type undone struct {
	row   *row
	was   row
	fresh bool // it was not in rows
}

// mark is something by which queries look for rows, of a dirty row.
type mark struct {
	kind  markKind
	n     int64
	words string
}

// lotMarksLen bounds each generation of the marks that are remembered.
const lotMarksLen = 4096

func newPending() *pending {
	p := &pending{newest: make([]int64, len(tables))}
	p.lotMarks.Most = lotMarksLen
	for _, t := range []*traces{&p.unflushed, &p.flushing} {
		t.marks = make(map[mark]struct{})
		t.clear()
	}
	p.forget()
	return p
}

// begin leaves the last batch behind: a record keeps what it put, or SQLite's log does.
func (p *pending) begin() {
	clear(p.ops)
	p.ops, p.undo = p.ops[:0], p.undo[:0]
}

// forget drops what is known of rows. Nothing may be dirty.
func (p *pending) forget() {
	p.rows, p.older = make(map[rowKey]*row), nil
	p.unflushed.clear()
}

func markOf(kind markKind, args ...any) mark {
	m := mark{kind: kind}
	switch kind {
	case markRepeat, markOrder:
		m.words = args[0].(string) + "\x00" + args[1].(string)
	case markPlate, markVisit:
		m.words = args[0].(string)
	default:
		m.n = args[0].(int64)
	}
	return m
}

// lacks reports whether the answer to a query may lack something of what is pending.
func (p *pending) lacks(q *statement, args []any) bool {
	switch {
	case (p.unflushed.touched|p.flushing.touched)&q.touches == 0:
		return false
	case q.looksBy == markNone:
		return true
	}
	clean(args)
	m := markOf(q.looksBy, args...)
	_, found := p.unflushed.marks[m]
	if !found {
		_, found = p.flushing.marks[m]
	}
	return found
}

// find returns what is known of a row.
func (p *pending) find(k rowKey) *row {
	r := p.rows[k]
	if r == nil {
		if r = p.older[k]; r != nil {
			p.rows[k] = r
		}
	}
	return r
}

// keyOf reads a row's key from its values.
func (t *table) keyOf(vals []any) rowKey {
	k := rowKey{table: t.n}
	var words []string
	for i, at := range t.keyAt {
		switch v := vals[at].(type) {
		case string:
			words = append(words, v)
		case int64:
			if i == 0 {
				k.a = v
			} else {
				k.b = v
			}
		}
	}
	k.words = strings.Join(words, "\x00")
	return k
}

// passed notes that a row with an id may be there.
func (p *pending) passed(t *table, id any) {
	if n, ok := id.(int64); ok {
		p.newest[t.n] = max(p.newest[t.n], n)
	}
}

// numbersRows reports whether rows have an id that their maker sets, each a greater one than before.
func (t *table) numbersRows() bool { return t.key[0] == "id" }

// put changes a row: vals are its new values, nil where it goes.
func (p *pending) put(r *row, o op, vals []any) {
	p.undo = append(p.undo, undone{row: r, was: *r, fresh: p.rows[r.key] == nil})
	p.rows[r.key] = r
	p.mark(r.table, r.vals)
	p.mark(r.table, vals)
	r.vals = vals
	if !r.dirty {
		r.dirty = true
		p.dirty = append(p.dirty, r)
	}
	if r.stored {
		r.changes = append(slices.Clip(r.changes), o)
	}
	p.unflushed.touched |= r.table.bit
	if r.table == tableJob && vals != nil {
		ready, _ := vals[jobReadyAt].(int64)
		p.unflushed.ready = min(p.unflushed.ready, ready)
	}
	p.ops = append(p.ops, o)
}

var jobReadyAt = tableJob.at("ready")

// rowMarks are the marks of the rows of each table.
var rowMarks = map[*table][]rowMark{
	tableCharge: {tableCharge.marked(markPlate, "plate"), tableCharge.marked(markStay, "stay"),
		tableCharge.marked(markRepeat, "platform", "repeat_key")},
	tableRepeat:   {tableRepeat.marked(markRepeat, "platform", "key")},
	tablePush:     {tablePush.marked(markCharge, "charge")},
	tableEvent:    {tableEvent.marked(markCharge, "charge")},
	tableLedger:   {tableLedger.marked(markCharge, "charge")},
	tableDecision: {tableDecision.marked(markCharge, "charge")},
	tableDelivery: {tableDelivery.marked(markCharge, "charge")},
	tableAttempt:  {tableAttempt.marked(markDelivery, "delivery")},
	tableStay:     {tableStay.marked(markVisit, "plate"), tableStay.marked(markOrder, "lot", "order_id")},
}

// rowMark is a mark and the columns that it is made of.
type rowMark struct {
	kind markKind
	of   []int
}

func (t *table) marked(kind markKind, names ...string) rowMark {
	m := rowMark{kind: kind}
	for _, name := range names {
		m.of = append(m.of, t.at(name))
	}
	return m
}

// mark remembers by what a row may be looked for. What is taken back stays marked until the next flush, which then only
// comes too early.
func (p *pending) mark(t *table, vals []any) {
	if vals == nil {
		return
	}
	for _, m := range rowMarks[t] {
		var args [2]any
		for i, at := range m.of {
			args[i] = vals[at]
		}
		p.unflushed.marks[markOf(m.kind, args[:len(m.of)]...)] = struct{}{}
	}
}

// takeBack undoes what was put since there were so many changes and ops.
func (p *pending) takeBack(changes, ops int) {
	for i := len(p.undo) - 1; i >= changes; i-- {
		u := p.undo[i]
		if u.row.dirty && !u.was.dirty {
			p.dirty = p.dirty[:len(p.dirty)-1] // the last that became so
		}
		*u.row = u.was
		if u.fresh {
			delete(p.rows, u.row.key)
		}
	}
	p.undo, p.ops = p.undo[:changes], p.ops[:ops]
}
