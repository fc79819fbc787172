package store

import (
	"bytes"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

var (
	selectDelivery       = tableDelivery.selectByID().of("i")
	selectDeliveryByUUID = tableDelivery.selectWhere(byUUID + " AND lot = ? ORDER BY id DESC LIMIT 1").of("ttt")
	selectDeliveriesOf   = tableDelivery.selectWhere("charge = ? ORDER BY id").of("i").byMark(markCharge)
	updateDelivery       = tableDelivery.update("message uuid payload " + progress)
	updateProgress       = tableDelivery.update(progress)
	selectAttempts       = tableAttempt.selectWhere("delivery = ? ORDER BY n").of("i").byMark(markDelivery)
)

// byUUID finds a delivery by its uuid, given twice. SQLite's index holds only its first half, which begins with a time.
const byUUID = "substr(uuid, 1, 16) = substr(?, 1, 16) AND uuid = ?"

// progress is how far a delivery has come: see outcome.
const progress = "state attempts due until_at first_at first_result first_detail"

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
	return addRow(t, deliveryRows, d)
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
	return first(t, selectDeliveryByUUID, scanDelivery, uuid, uuid, lot.String())
}

// DeliveriesOf lists a charge's deliveries, oldest first.
func (t *Tx) DeliveriesOf(chargeID int64) ([]*charge.Delivery, error) {
	return list(t, selectDeliveriesOf, scanDelivery, chargeID)
}

// SetDelivery puts message, uuid, payload, state, attempts, the first of them, and times.
func (t *Tx) SetDelivery(d *charge.Delivery) error {
	t.putDelivery(d)
	was, known := t.sent[d.ID]
	if known && was.Message == d.Message && was.UUID == d.UUID && bytes.Equal(was.Payload, d.Payload) {
		return setRow(t, deliveryRows, updateProgress, d)
	}
	delete(t.sent, d.ID)
	return setRow(t, deliveryRows, updateDelivery, d)
}

func scanDelivery(c *cells) (*charge.Delivery, error) {
	d, err := deliveryRows.scan(c)
	if d.First.Result == "" {
		d.First = charge.Attempt{}
	} else {
		d.First.Delivery, d.First.N = d.ID, 1
	}
	return d, err
}

// AddAttempt appends a later try of a delivery than its First; its number must be new.
func (t *Tx) AddAttempt(a charge.Attempt) error {
	return addRow(t, attemptRows, &a)
}

// Attempts lists the tries of a delivery, oldest first.
func (t *Tx) Attempts(d *charge.Delivery) ([]charge.Attempt, error) {
	if d.First.N != 0 && d.Attempts == 1 {
		return []charge.Attempt{d.First}, nil
	}
	later, err := list(t, selectAttempts, deref(scanAttempt), d.ID)
	return withFirst(d, later), err
}

// withFirst lists all tries of a delivery, of which later are rows of their own.
func withFirst(d *charge.Delivery, later []charge.Attempt) []charge.Attempt {
	if d.First.N == 0 {
		return later
	}
	return append([]charge.Attempt{d.First}, later...)
}

func scanAttempt(c *cells) (*charge.Attempt, error) { return attemptRows.scan(c) }

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
	for _, at := range []*time.Time{&own.DueAt, &own.Until, &own.First.At} {
		*at = fromMillis(millis(*at))
	}
	if own.Payload == nil {
		own.Payload = []byte{}
	}
	t.putDeliveries = append(t.putDeliveries, &own)
}
