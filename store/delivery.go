package store

import (
	"bytes"
	"slices"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

var (
	selectDelivery       = tableDelivery.selectByID().of("i")
	selectDeliveryByUUID = tableDelivery.selectWhere("uuid = ? AND lot = ? ORDER BY id DESC LIMIT 1").of("tt")
	selectDeliveriesOf   = tableDelivery.selectWhere("charge = ? ORDER BY id").of("i").byMark(markCharge)
	updateDelivery       = tableDelivery.update("message uuid payload state attempts due until_at")
	updateProgress       = tableDelivery.update("state attempts due until_at") // see outcome
	selectAttempts       = tableAttempt.selectWhere("delivery = ? ORDER BY n").of("i").byMark(markDelivery)
)

// AddDelivery stores a delivery and its job. A job with a Lease is this node's from the start; one without an id
// is none: what is posted into our own ledger is done at once.
func (t *Tx) AddDelivery(d *charge.Delivery, j outbox.Job) error {
	if err := t.addDelivery(d); err != nil || j.ID == 0 {
		return err
	}
	return t.AddJob(j)
}

func (t *Tx) addDelivery(d *charge.Delivery) error {
	t.putDelivery(d)
	return t.add(tableDelivery, d.ID, d.Charge, d.Lot.String(), string(d.Channel), string(d.Message), d.UUID, d.Payload,
		string(d.State), d.Attempts, millis(d.DueAt), millis(d.Until))
}

// Delivery finds a delivery by its id.
func (t *Tx) Delivery(id int64) (*charge.Delivery, error) {
	d, err := t.recentDelivery(id), error(nil)
	if d == nil {
		d, err = first(t, selectDelivery, scanDelivery, id)
	}
	if d != nil && !t.readOnly {
		if t.sent == nil {
			t.sent = make(map[int64]charge.Delivery)
		}
		t.sent[id] = *d
	}
	return d, err
}

// DeliveryByUUID finds a lot's delivery by its reduction's id.
func (t *Tx) DeliveryByUUID(lot charge.LotID, uuid string) (*charge.Delivery, error) {
	return first(t, selectDeliveryByUUID, scanDelivery, uuid, lot.String())
}

// DeliveriesOf lists a charge's deliveries, oldest first.
func (t *Tx) DeliveriesOf(chargeID int64) ([]*charge.Delivery, error) {
	return list(t, selectDeliveriesOf, scanDelivery, chargeID)
}

// SetDelivery puts message, uuid, payload, state, attempts and times.
func (t *Tx) SetDelivery(d *charge.Delivery) error {
	t.putDelivery(d)
	was, known := t.sent[d.ID]
	if known && was.Message == d.Message && was.UUID == d.UUID && bytes.Equal(was.Payload, d.Payload) {
		return t.one("delivery", d.ID, updateProgress, string(d.State), d.Attempts, millis(d.DueAt), millis(d.Until), d.ID)
	}
	delete(t.sent, d.ID)
	return t.one("delivery", d.ID, updateDelivery, string(d.Message), d.UUID, d.Payload, string(d.State), d.Attempts,
		millis(d.DueAt), millis(d.Until), d.ID)
}

func scanDelivery(c *cells) (*charge.Delivery, error) {
	return &charge.Delivery{
		ID: c.int(), Charge: c.int(), Lot: lotOf(c), Channel: charge.DeliveryChannel(c.text()),
		Message: charge.Message(c.text()),
		UUID:    c.text(), Payload: c.packed(), State: charge.DeliveryState(c.text()), Attempts: int(c.int()), DueAt: c.time(),
		Until: c.time(),
	}, c.failed()
}

// AddAttempt appends one try of a delivery, or of a job without one; its number must be new.
func (t *Tx) AddAttempt(a charge.Attempt) error {
	return t.add(tableAttempt, a.Delivery, a.N, millis(a.At), string(a.Result), a.Detail.String())
}

// Attempts lists the tries of a delivery, oldest first.
func (t *Tx) Attempts(deliveryID int64) ([]charge.Attempt, error) {
	return list(t, selectAttempts, scanAttempt, deliveryID)
}

func scanAttempt(c *cells) (charge.Attempt, error) {
	return charge.Attempt{
		Delivery: c.int(), N: int(c.int()), At: c.time(), Result: charge.AttemptResult(c.text()),
		Detail: charge.ParseNote(c.text()),
	}, c.failed()
}

// recentDelivery returns a delivery as it would be read, where that is known.
func (t *Tx) recentDelivery(id int64) *charge.Delivery {
	if t.recent == nil || slices.ContainsFunc(t.putDeliveries, func(d *charge.Delivery) bool { return d.ID == id }) {
		return nil
	}
	d, ok := t.recent.deliveries.Get(id)
	if !ok {
		return nil
	}
	own := *d
	return &own
}

// putDelivery is put for a delivery. Payloads are never written into.
func (t *Tx) putDelivery(d *charge.Delivery) {
	if t.recent == nil || t.bulk {
		return
	}
	own := *d
	own.DueAt, own.Until = fromMillis(millis(d.DueAt)), fromMillis(millis(d.Until))
	if own.Payload == nil {
		own.Payload = []byte{}
	}
	t.putDeliveries = append(t.putDeliveries, &own)
}
