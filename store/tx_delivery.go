package store

import (
	"bytes"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

var (
	selectDelivery       = tableDelivery.selectWhere("id = ?").of("i")
	selectDeliveryByUUID = tableDelivery.selectWhere("uuid = ? AND lot = ? ORDER BY id DESC LIMIT 1").of("tt")
	selectDeliveriesOf   = tableDelivery.selectWhere("charge = ? ORDER BY id").of("i")
	updateDelivery       = tableDelivery.update("message uuid payload state attempts due until_at")
	updateProgress       = tableDelivery.update("state attempts due until_at") // see outcome
	selectAttempts       = tableAttempt.selectWhere("delivery = ? ORDER BY n").of("i")

	selectJob = tableJob.selectWhere("id = ?")
	lockJob   = tableJob.selectWhere("id = ?").locking().of("i")
	updateJob = tableJob.update("due ready attempt lease lease_until fence")
	deleteJob = tableJob.remove()
	wakeLine  = wake("kind = 'line'")
	wakeAny   = wake("kind <> 'line'")
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
		ID: c.int(), Charge: c.int(), Lot: lotOf(c), Channel: charge.DeliveryChannel(c.text()), Message: charge.Message(c.text()),
		UUID: c.text(), Payload: c.bytes(), State: charge.DeliveryState(c.text()), Attempts: int(c.int()), DueAt: c.time(),
		Until: c.time(),
	}, c.failed()
}

// AddAttempt appends one try of a delivery, or of a job without one; its number must be new.
func (t *Tx) AddAttempt(a charge.Attempt) error {
	return t.add(tableAttempt, a.Delivery, a.N, millis(a.At), string(a.Result), a.Detail)
}

// Attempts lists the tries of a delivery, oldest first.
func (t *Tx) Attempts(deliveryID int64) ([]charge.Attempt, error) {
	return list(t, selectAttempts, scanAttempt, deliveryID)
}

func scanAttempt(c *cells) (charge.Attempt, error) {
	return charge.Attempt{
		Delivery: c.int(), N: int(c.int()), At: c.time(), Result: charge.AttemptResult(c.text()), Detail: c.text(),
	}, c.failed()
}

// Job finds a job by its id, which is its delivery's id; nil once it is done. In a write nobody else can claim,
// change or end it until the commit.
func (t *Tx) Job(id int64) (*outbox.Job, error) {
	if t.readOnly {
		return first(t, selectJob, scanJob, id)
	}
	return first(t, lockJob, scanJob, id)
}

// AddJob stores a job that has no delivery (a report).
func (t *Tx) AddJob(j outbox.Job) error {
	return t.add(tableJob, j.ID, string(j.Kind), j.Route, j.Ref, millis(j.DueAt), jobReady(j), j.Attempt, j.Lease,
		millis(j.LeaseUntil), j.Fence)
}

// SetJob puts due time, attempt count, lease and fence.
func (t *Tx) SetJob(j outbox.Job) error {
	return t.one("job", j.ID, updateJob, millis(j.DueAt), jobReady(j), j.Attempt, j.Lease, millis(j.LeaseUntil), j.Fence, j.ID)
}

// EndJob deletes a job: nothing is left to try.
func (t *Tx) EndJob(id int64) error { return t.link.put(deleteJob, []any{id}, -1) }

// WakeJobs makes a lot's waiting jobs due at once and gives how many there were.
func (t *Tx) WakeJobs(lot charge.LotID, now time.Time) (int, error) {
	ms, all := millis(now), int64(0)
	for _, q := range []*statement{wakeLine, wakeAny} { // each has an index of its own
		n, err := t.link.exec(q, []any{ms, ms, ms, ms, lot.String(), ms})
		if all += n; err != nil {
			return 0, err
		}
	}
	return int(all), nil
}

func wake(kind string) *statement {
	return statementOf("UPDATE job SET due = CASE WHEN due > ? THEN ? ELSE due END, ready = CASE WHEN due > ? THEN ? ELSE due END, "+
		"lease = '', lease_until = 0 WHERE "+kind+" AND route = ? AND (lease = '' OR lease_until <= ?)", tableJob)
}

// jobReady is when a job may be claimed.
func jobReady(j outbox.Job) int64 {
	if j.Lease == "" {
		return millis(j.DueAt)
	}
	return max(millis(j.DueAt), millis(j.LeaseUntil))
}

func scanJob(c *cells) (*outbox.Job, error) {
	j := &outbox.Job{ID: c.int(), Kind: outbox.Kind(c.text()), Route: c.text(), Ref: c.int(), DueAt: c.time()}
	c.int() // ready
	j.Attempt, j.Lease, j.LeaseUntil, j.Fence = int(c.int()), c.text(), c.time(), c.int()
	return j, c.failed()
}
