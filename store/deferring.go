package store

import (
	"errors"
	"io"
)

// deferring is the link of a write whose rows stay pending. What it reads is what it would read if they were in the
// tables. A write that does more than put single rows is not for it.
type deferring struct {
	pending *pending
	conn    *sqliteConn
	flush   func() error // brings what is pending into the tables
	changes int          // that were made before this write
	ops     int
	direct  bool // this write is not for it
}

func (l *deferring) goDirect() {
	l.direct = true
	panic(errDirect)
}

// takeBack undoes what the write has put.
func (l *deferring) takeBack() { l.pending.takeBack(l.changes, l.ops) }

func (l *deferring) exec(*statement, []any) (int64, error) {
	l.goDirect()
	return 0, errDirect
}

func (l *deferring) put(q *statement, args []any, want int64) error {
	if _, known := recordNumber[q]; !known {
		l.goDirect()
	}
	clean(args)
	if q.into != nil {
		return l.add(q, args, want)
	}
	return l.change(q, args, want)
}

// add puts a new row. Where its key is taken, nothing is changed.
func (l *deferring) add(q *statement, args []any, want int64) error {
	t := q.into
	key := t.keyOf(args)
	r := l.pending.find(key)
	if r == nil {
		taken, err := l.taken(t, key, args)
		if err != nil {
			return err
		}
		r = &row{key: key, table: t}
		if taken {
			r.vals = args // of its key more is not asked
		}
	}
	switch {
	case r.vals == nil:
		l.pending.put(r, op{q, args}, args)
		return nil
	case want < 0:
		return nil
	}
	return errMissed
}

// taken asks SQLite whether it has a row with a key.
func (l *deferring) taken(t *table, key rowKey, args []any) (bool, error) {
	p := l.pending
	if t.numbersRows() {
		newest := key.a > p.newest[t.n]
		p.passed(t, key.a)
		if newest {
			return false, nil
		}
	} else if t == tablePlate || l.ownerIsNew(t, key) {
		return false, nil // a plate that is there already is met when it is flushed
	}
	of := make([]any, len(t.keyAt))
	for i, at := range t.keyAt {
		of[i] = args[at]
	}
	found := false
	err := l.conn.query(t.holds, of, func(*cells) error {
		found = true
		return io.EOF
	})
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return found, err
}

// owners are the tables whose rows others hang on, by the first number of their keys.
var owners = map[*table]*table{
	tableEvent: tableCharge, tableLedger: tableCharge, tableDecision: tableCharge, tableAttempt: tableDelivery,
}

// ownerIsNew reports whether a row hangs on one that SQLite does not have: then it has neither.
func (l *deferring) ownerIsNew(t *table, key rowKey) bool {
	owner := owners[t]
	if owner == nil {
		return false
	}
	r := l.pending.find(rowKey{table: owner.n, a: key.a})
	return r != nil && !r.stored
}

// change puts columns of a row that is there, or deletes it.
func (l *deferring) change(q *statement, args []any, want int64) error {
	id, _ := args[len(args)-1].(int64)
	r, err := l.load(q.by, id)
	if err != nil {
		return err
	}
	if r.vals == nil {
		if want > 0 {
			return errMissed
		}
		return nil
	}
	var vals []any
	if q.sets != nil {
		vals = append(vals, r.vals...)
		for i, at := range q.sets {
			vals[at] = args[i]
		}
	}
	l.pending.put(r, op{q, args}, vals)
	return nil
}

// load returns a row by its id, as SQLite has it where nothing is pending.
func (l *deferring) load(t *table, id int64) (*row, error) {
	p := l.pending
	key := rowKey{table: t.n, a: id}
	if r := p.find(key); r != nil {
		return r, nil
	}
	r := &row{key: key, table: t}
	if id > p.newest[t.n] {
		return r, nil
	}
	err := l.conn.query(t.byID, []any{id}, func(c *cells) error {
		r.vals, r.stored = append([]any(nil), c.vals...), true
		return nil
	})
	if err == nil && r.stored {
		p.rows[key] = r
	}
	return r, err
}

func (l *deferring) query(q *statement, args []any, each func(*cells) error) error {
	p := l.pending
	switch {
	case q.changes:
		l.goDirect()
	case q.by != nil:
		clean(args)
		id, _ := args[0].(int64)
		r, err := l.load(q.by, id)
		if err != nil || r.vals == nil {
			return err
		}
		c := &cells{vals: r.vals}
		if err := each(c); err != nil {
			return err
		}
		return c.err
	case !p.lacks(q, args):
	case len(p.ops) > l.ops:
		l.goDirect() // what it has put itself would stay if it failed
	default:
		if err := l.flush(); err != nil {
			return err
		}
		l.changes = len(p.undo)
	}
	return l.conn.query(q, args, each)
}
