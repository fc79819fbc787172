package store

import "github.com/chargestamp/chargestamp/charge"

var selectEvents = tableEvent.selectWhere("charge = ? ORDER BY id").of("i").byMark(markCharge)

// AddEvent appends to a charge's timeline.
func (t *Tx) AddEvent(e charge.Event) error {
	return t.add(tableEvent, e.Charge, t.store.ids.Next(), millis(e.At), e.Step, e.Result, string(e.Reason),
		e.Detail.String(), e.Actor)
}

// Events lists a charge's timeline rows, oldest first.
func (t *Tx) Events(chargeID int64) ([]charge.Event, error) {
	return list(t, selectEvents, scanEvent, chargeID)
}

func scanEvent(c *cells) (charge.Event, error) {
	e := charge.Event{Charge: c.int()}
	c.int() // its place among the charge's events
	e.At, e.Step, e.Result, e.Reason, e.Detail, e.Actor = c.time(), c.text(), c.text(), charge.Reason(c.text()),
		charge.ParseNote(c.text()), c.text()
	return e, c.failed()
}
