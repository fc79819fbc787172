package store

import (
	"errors"
)

// errSavepoints says that a batch must be run with savepoints.
var errSavepoints = errors.New("store: to be run with savepoints")

// commitBatch runs the writes of a batch one after the other and commits them together. Savepoints cost a tenth
// of all the work and are needed only when a write fails after it has changed something, so the first try does
// without.
func (e *sqliteEngine) commitBatch(batch []*write) error {
	err := e.tryBatch(batch, false)
	if errors.Is(err, errSavepoints) {
		e.store.reruns.Add(1)
		err = e.tryBatch(batch, true)
	}
	return err
}

func (e *sqliteEngine) tryBatch(batch []*write, savepoints bool) (err error) {
	c := e.write
	c.sunk = nil
	if _, err := c.exec(beginImmediate, nil); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			c.unwind()
			e.recent.clear()
		}
	}()
	for _, w := range batch {
		l := &writeLink{sqliteConn: c, pending: e.pending, savepoints: savepoints}
		w.run(&Tx{link: l, store: e.store, recent: e.recent})
		if w.err == nil {
			e.recent.keep(w.tx.putCharges, w.tx.putDeliveries)
		}
		if w.err != nil && l.changed {
			if !savepoints {
				return errSavepoints
			}
			if _, err := c.exec(rollbackTo, nil); err != nil {
				return err
			}
		}
		if savepoints && l.changed {
			if _, err := c.exec(release, nil); err != nil {
				return err
			}
		}
		if c.sunk != nil {
			return c.sunk
		}
	}
	_, err = c.exec(commitAll, nil)
	return err
}

// writeLink knows whether its write has changed anything, and opens a savepoint before it does where they are
// wanted.
type writeLink struct {
	*sqliteConn
	pending    *pending
	savepoints bool
	changed    bool
}

func (l *writeLink) change() (err error) {
	if !l.changed && l.savepoints {
		_, err = l.sqliteConn.exec(savepoint, nil)
	}
	l.changed = l.changed || err == nil
	return err
}

func (l *writeLink) exec(q *statement, args []any) (int64, error) {
	if err := l.change(); err != nil {
		return 0, err
	}
	if q.touches&tableLotMark.bit != 0 {
		l.pending.lotMarks.Clear()
	}
	return l.sqliteConn.exec(q, args)
}

func (l *writeLink) put(q *statement, args []any, want int64) error {
	if q.into != nil && q.into.numbersRows() {
		l.pending.passed(q.into, args[0])
	}
	n, err := l.exec(q, args)
	if err == nil && want >= 0 && n != want {
		err = errMissed
	}
	return err
}

func (l *writeLink) query(q *statement, args []any, each func(*cells) error) error {
	if q.changes {
		if err := l.change(); err != nil {
			return err
		}
	}
	return l.sqliteConn.query(q, args, each)
}
