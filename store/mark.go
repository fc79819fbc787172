package store

import "github.com/chargestamp/chargestamp/charge"

var (
	selectLotMark = tableLotMark.selectWhere("lot = ?").of("t")
	setLotTold    = statementOf("INSERT INTO lot_mark (lot, told_stays, paused, pause_reason) VALUES (?, ?, 0, '') "+
		"ON CONFLICT (lot) DO UPDATE SET told_stays = excluded.told_stays", tableLotMark)
	setLotPause = statementOf("INSERT INTO lot_mark (lot, told_stays, paused, pause_reason) VALUES (?, 0, ?, ?) "+
		"ON CONFLICT (lot) DO UPDATE SET paused = excluded.paused, pause_reason = excluded.pause_reason", tableLotMark)
)

// LotMarks are the durable facts about a lot that no estate file says.
func (t *Tx) LotMarks(lot charge.LotID) (charge.LotMarks, error) {
	var m charge.LotMarks
	_, err := t.get(selectLotMark, func(c *cells) error {
		c.text()
		m = charge.LotMarks{ToldStays: c.bool(), Paused: c.bool(), PauseReason: c.text()}
		return c.failed()
	}, lot.String())
	if err == nil && !t.readOnly {
		if t.marks == nil {
			t.marks = make(map[charge.LotID]charge.LotMarks)
		}
		t.marks[lot] = m
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
	if !read || was.Paused != m.Paused || was.PauseReason != m.PauseReason {
		return t.link.put(setLotPause, []any{lot.String(), number(m.Paused), m.PauseReason}, 1)
	}
	return nil
}
