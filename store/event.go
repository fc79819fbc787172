package store

import "github.com/chargestamp/chargestamp/charge"

var selectEvents = tableEvent.selectWhere("charge = ? ORDER BY id").of("i").byMark(markCharge)

// AddEvent appends to a charge's timeline.
func (t *Tx) AddEvent(e charge.Event) error {
	return addRow(t, eventRows, &hung[charge.Event]{id: t.store.ids.Next(), of: e})
}

// Events lists a charge's timeline rows, oldest first.
func (t *Tx) Events(chargeID int64) ([]charge.Event, error) {
	return list(t, selectEvents, scanEvent, chargeID)
}

func scanEvent(c *cells) (charge.Event, error) {
	e, err := eventRows.scan(c)
	return e.of, err
}
