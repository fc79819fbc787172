package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

var (
	selectLotMark = tableLotMark.selectWhere("lot = ?").of("t")
	setLotTold    = putMark("told_stays")
	setLotPause   = putMark("paused", "pause_reason")
	setLotClock   = putMark("clock")
	setLotRefused = putMark("refused_at", "refused_why", "refused_from", "refused_pc")
)

// putMark puts some of a lot's marks and leaves the others.
func putMark(columns ...string) *statement {
	var names, marks, sets []string
	for _, c := range tableLotMark.cols {
		mark := map[byte]string{kindInt: "0", kindText: "''"}[c.kind]
		if c.name == "lot" || slices.Contains(columns, c.name) {
			mark = "?"
		}
		names, marks = append(names, c.name), append(marks, mark)
	}
	for _, c := range columns {
		sets = append(sets, c+" = excluded."+c)
	}
	return statementOf("INSERT INTO lot_mark ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+
		") ON CONFLICT (lot) DO UPDATE SET "+strings.Join(sets, ", "), tableLotMark)
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
	_, err = t.get(selectLotMark, func(c *cells) error {
		c.text()
		m = charge.LotMarks{ToldStays: c.bool(), Paused: c.bool(), PauseReason: c.text(),
			Clock: time.Duration(c.int()) * time.Millisecond}
		return c.failed()
	}, lot.String())
	if remembers && err == nil {
		l.pending.lotMarks.Set(lot, m)
	}
	return m, err
}

// SetLotMarks puts them. What does not differ from what this transaction read is left alone: a lot's first
// entry and a pause may come at the same time on two nodes.
func (t *Tx) SetLotMarks(lot charge.LotID, m charge.LotMarks) error {
	was, read := t.marks[lot]
	if !read || was.ToldStays != m.ToldStays {
		if err := t.link.put(setLotTold, []any{lot.String(), number(m.ToldStays)}, 1); err != nil {
			return err
		}
	}
	if !read || was.Clock != m.Clock {
		if err := t.link.put(setLotClock, []any{lot.String(), m.Clock.Milliseconds()}, 1); err != nil {
			return err
		}
	}
	if !read || was.Paused != m.Paused || was.PauseReason != m.PauseReason {
		return t.link.put(setLotPause, []any{lot.String(), number(m.Paused), m.PauseReason}, 1)
	}
	return nil
}

// SetRefusedLogin keeps the last login of a lot that was refused.
func (s *Store) SetRefusedLogin(ctx context.Context, lot charge.LotID, r charge.RefusedLogin) error {
	return s.Write(ctx, nil, func(t *Tx) error {
		return t.link.put(setLotRefused, []any{lot.String(), millis(r.At), r.Reason, r.Remote, r.LocalID}, 1)
	})
}
