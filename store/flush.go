package store

import (
	"cmp"
	"context"
	"runtime/pprof"
	"slices"
	"time"
)

// flushRows is how many pending rows make a flush begin before its time.
const flushRows = 6_000

// A flush that no one waits for takes its rows in so many steps and rests between them, so that the pushes that come
// meanwhile find a core free. Where half of flushRows or more are pending there is no time for that.
const (
	flushSteps = 60
	flushRest  = 3 * time.Millisecond
)

// flush is what is brought into the tables at once: rows as they were when it began. It goes on beside the committer,
// which puts the next ones meanwhile.
type flush struct {
	dirty   []*row
	rows    []row         // as they were
	record  int64         // the tables have everything up to it once the flush is over
	plates  int           // rows of new ones among these
	index   bool          // new plates come into the index of their parts with it
	readers []*write      // wait for it
	hurry   chan struct{} // closed once something waits for it
	pause   time.Duration // of its rests
	over    chan error
	failed  bool // it has, and is tried again
}

// freeze begins a flush of all rows that SQLite does not have as they are. What is known of them until it is over says
// how the tables will be then.
func (p *pending) freeze(record int64) *flush {
	f := &flush{dirty: p.dirty, rows: slices.Grow(p.spareRows, len(p.dirty)), record: record, hurry: make(chan struct{})}
	for _, r := range p.dirty {
		f.rows = append(f.rows, *r)
		if r.table == tablePlate {
			f.plates++
		}
		r.dirty, r.changes, r.stored = false, nil, r.vals != nil
	}
	rows := p.older
	if rows == nil {
		rows = make(map[rowKey]*row)
	}
	clear(rows)
	p.older, p.rows, p.dirty = p.rows, rows, p.spareDirty
	p.spareRows, p.spareDirty = nil, nil
	p.flushing, p.unflushed = p.unflushed, p.flushing
	return f
}

// thaw takes back a flush that has failed before anything else was put.
func (p *pending) thaw(f *flush) {
	for i, r := range f.dirty {
		*r = f.rows[i]
	}
	p.dirty = f.dirty
	p.flushing, p.unflushed = p.unflushed, p.flushing
}

// flushed says that a flush is over: SQLite has its rows. They are known until the next one begins.
func (p *pending) flushed(f *flush) {
	p.flushing.clear()
	clear(f.rows)
	clear(f.dirty)
	p.spareRows, p.spareDirty = f.rows[:0], f.dirty[:0]
}

// apply brings the rows into the tables, in the order of their keys.
func (f *flush) apply(c *sqliteConn) error {
	sorted := make([]*row, len(f.rows))
	for i := range f.rows {
		sorted[i] = &f.rows[i]
	}
	slices.SortFunc(sorted, func(x, y *row) int { return x.key.compare(y.key) })
	step := len(sorted)/flushSteps + 1
	defer pprof.SetGoroutineLabels(context.Background())
	for i, r := range sorted {
		if i == 0 || r.table != sorted[i-1].table {
			pprof.SetGoroutineLabels(r.table.profiled)
		}
		if err := r.apply(c); err != nil {
			return err
		}
		if (i+1)%step == 0 && len(sorted) < flushRows/2 {
			f.rest()
		}
	}
	return nil
}

// rest waits for a moment, unless something waits for the flush.
func (f *flush) rest() {
	select {
	case <-f.hurry:
	case <-time.After(f.pause):
	}
}

// hasten has a flush rest no more. Only the committer calls it.
func (f *flush) hasten() {
	select {
	case <-f.hurry:
	default:
		close(f.hurry)
	}
}

func (k rowKey) compare(o rowKey) int {
	switch {
	case k.table != o.table:
		return cmp.Compare(k.table, o.table)
	case k.a != o.a:
		return cmp.Compare(k.a, o.a)
	case k.b != o.b:
		return cmp.Compare(k.b, o.b)
	}
	return cmp.Compare(k.words, o.words)
}

func (r *row) apply(c *sqliteConn) error {
	if !r.stored {
		if r.vals == nil {
			return nil // came and went
		}
		n, err := c.execClean(r.table.insert, r.vals)
		if err == nil && n != 1 && r.table != tablePlate {
			err = errMissed
		}
		return err
	}
	for i, o := range r.changes {
		if i+1 < len(r.changes) && r.changes[i+1].q == o.q {
			continue // the next one puts the same columns
		}
		if n, err := c.execClean(o.q, o.args); err != nil || n != 1 {
			return cmp.Or(err, errMissed)
		}
	}
	return nil
}

var setLogMark = statementOf("UPDATE log_mark SET record = ?")
