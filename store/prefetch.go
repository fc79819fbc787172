package store

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// foreseer is a link on which every question is a way to a server and back. What a write is about to ask it can ask
// at once; the answers are given when the questions come, unless the write has changed their tables before.
type foreseer interface {
	foresee(asks []*question) error
}

// ForeseeDecision says what a decision on a new charge is about to look up: its issuer's repeat key, the marks of its
// lot, the stays of its plate that ended after a time in each of some visits, and the charges of its own visit since a
// time. It changes no answer.
func (t *Tx) ForeseeDecision(c *charge.Charge, visits []charge.VisitKey, stays, charges time.Time) error {
	f, ok := t.link.(foreseer)
	if !ok {
		return nil
	}
	asks := []*question{
		byRepeat(c.Platform, c.RepeatKey),
		{q: selectLotMark, args: []any{c.Lot.String()}},
		{q: selectChargesOfVisit, args: []any{c.Plate.Full(), c.Lot.String(), millis(charges)}},
	}
	for _, v := range visits {
		asks = append(asks, &question{q: selectStaysOf, args: staysOfArgs(v, stays)})
	}
	return f.foresee(asks)
}

// ForeseeResult says that the result of a delivery's try is about to be stored: its job, the delivery, its charge, and
// its stay where it has one, will be looked up. It changes no answer.
func (t *Tx) ForeseeResult(delivery, chargeID, stay int64) error {
	f, ok := t.link.(foreseer)
	if !ok {
		return nil
	}
	asks := []*question{
		{q: lockJob, args: []any{delivery}},
		{q: selectDelivery, args: []any{delivery}},
		{q: selectCharge, args: []any{chargeID}},
	}
	if stay != 0 {
		asks = append(asks, &question{q: selectStay, args: []any{stay}})
	}
	return f.foresee(asks)
}
