package store

import (
	"context"

	"github.com/chargestamp/chargestamp/charge"
)

var (
	selectLotMark = tableLotMark.selectWhere("lot = ?").of("t")
	setLotTold    = tableLotMark.upsert("told_stays", zeroOf)
	setLotPause   = tableLotMark.upsert("paused pause_reason", zeroOf)
	setLotClock   = tableLotMark.upsert("clock", zeroOf)
	setLotRefused = tableLotMark.upsert("refused_at refused_why refused_from refused_pc", zeroOf)
)

// zeroOf is the value of a mark that was never put.
func zeroOf(c column) string {
	if c.kind == kindText {
		return "''"
	}
	return "0"
}

// setMark puts some of a lot's marks and leaves the others.
func (t *Tx) setMark(q *statement, m *lotMark) error {
	vals, err := markRows.named(m, q.sets)
	if err != nil {
		return err
	}
	return t.link.put(q, vals, 1)
}

// LotMarks are the durable facts about a lot that no estate file says.
func (t *Tx) LotMarks(lot charge.LotID) (charge.LotMarks, error) {
	m, err := t.readMarks(lot)
	if err == nil && !t.readOnly {
		if t.marks == nil {
			t.marks = make(map[charge.LotID]charge.LotMarks)
		}
		t.marks[lot] = m
	}
	return m, err
}

// readMarks reads a lot's marks, or remembers them: where rows stay pending, those of lot marks never do.
func (t *Tx) readMarks(lot charge.LotID) (m charge.LotMarks, err error) {
	l, remembers := t.link.(*deferring)
	if remembers {
		if m, known := l.pending.lotMarks.Get(lot); known {
			return m, nil
		}
	}
	row, err := first(t, selectLotMark, markRows.scan, lot.String())
	if row != nil {
		m = row.marks
	}
	if remembers && err == nil {
		l.pending.lotMarks.Set(lot, m)
	}
	return m, err
}

// SetLotMarks puts them. What does not differ from what this transaction read is left alone: a lot's first
// entry and a pause may come at the same time on two nodes.
func (t *Tx) SetLotMarks(lot charge.LotID, m charge.LotMarks) error {
	was, read := t.marks[lot]
	row := &lotMark{lot: lot, marks: m}
	if !read || was.ToldStays != m.ToldStays {
		if err := t.setMark(setLotTold, row); err != nil {
			return err
		}
	}
	if !read || was.Clock != m.Clock {
		if err := t.setMark(setLotClock, row); err != nil {
			return err
		}
	}
	if !read || was.Paused != m.Paused || was.PauseReason != m.PauseReason {
		return t.setMark(setLotPause, row)
	}
	return nil
}

// SetRefusedLogin keeps the last login of a lot that was refused.
func (s *Store) SetRefusedLogin(ctx context.Context, lot charge.LotID, r charge.RefusedLogin) error {
	return s.Write(ctx, nil, func(t *Tx) error { return t.setMark(setLotRefused, &lotMark{lot: lot, refused: r}) })
}
