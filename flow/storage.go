package flow

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

// Storage is the durable part of the story, in the few verbs that the story needs.
type Storage interface {
	// Write runs fn in a durable transaction in which no other write changes the named visits, and returns
	// after the commit. Many writes share one commit; an error of one undoes that one alone and is returned
	// as it is. Full queues return outbox.ErrBusy at once, an expired ctx before fn has begun returns its error.
	// fn may be run more than once, on another goroutine, and only its last run counts: it must not change
	// anything but its Tx, except to set results afresh.
	Write(ctx context.Context, visits []charge.VisitKey, fn func(Tx) error) error
	// WriteSoon is Write for what no caller waits for: a few milliseconds may pass until it shares the commit of a write
	// that somebody does wait for.
	WriteSoon(ctx context.Context, visits []charge.VisitKey, fn func(Tx) error) error
	// Read runs fn on a snapshot. Its Tx refuses writes.
	Read(ctx context.Context, fn func(Tx) error) error
}

// Tx is what can be seen and changed in one transaction, noun by noun. Lookups that find nothing return nil and no
// error. What a Tx returns belongs to the caller; nothing is stored until it is put back.
type Tx interface {
	Pushes
	Charges
	Stays
	Deliveries
	Jobs
	Books
	Marks
	Foresight
}

// Pushes keeps the record of requests.
type Pushes interface {
	AddPush(p charge.Push) error
	Push(id int64) (*charge.Push, error)
	// PushesOf lists the pushes that made or met a charge, oldest first, at most 100.
	PushesOf(chargeID int64) ([]charge.Push, error)
	// CountRefused adds one to the refused pushes of an account ("" for none) and platform on a day and
	// returns the new count; beyond the limit a refusal is counted without its record.
	CountRefused(platform, account, day string) (int64, error)
}

// Charges keeps charges.
type Charges interface {
	Charge(id int64) (*charge.Charge, error)
	// ChargeByRepeat finds the charge of an issuer by its permanent repeat key. One that retention took away is Gone.
	ChargeByRepeat(platform, key string, by charge.Issuer) (*charge.Charge, error)
	// AddCharge returns ErrRepeated where the repeat key is taken within platform and issuer.
	AddCharge(c *charge.Charge, issuer string) error
	// Histories reads some charges with all that hangs on them, in the order of their ids; nil for one that is not
	// there.
	Histories(ids []int64) ([]*charge.History, error)
	// Sendings returns some charges with their stays and deliveries and nothing else.
	Sendings(charges []*charge.Charge) ([]*charge.History, error)
	// SetCharge puts everything but id, platform and receipt. It returns ErrRepeated for a taken repeat key.
	SetCharge(c *charge.Charge) error
	// ChargesOfStay lists the charges matched to a stay, oldest first.
	ChargesOfStay(stayID int64) ([]*charge.Charge, error)
	// ChargesOfVisit lists the charges of a plate in a lot received since a time, oldest first.
	ChargesOfVisit(v charge.VisitKey, since time.Time) ([]*charge.Charge, error)
	// ChargesOfPlate lists the charges of a plate in a lot, or in all lots of its vendor, whose end (Charge.At) lies
	// from one time inclusive to another exclusive, oldest first.
	ChargesOfPlate(p charge.Plate, id charge.LotID, reach charge.Reach, from, to time.Time) ([]*charge.Charge, error)
	// HeldCharges lists the held charges of a plate in a lot, oldest first.
	HeldCharges(v charge.VisitKey) ([]*charge.Charge, error)
	// HoldsOver lists held charges whose deadline has passed, at most limit.
	HoldsOver(now time.Time, limit int) ([]*charge.Charge, error)
	// ChargesByOrder lists the charges of a lot with a platform order number (or our own id, which stands in
	// for a missing one), the newest first.
	ChargesByOrder(lot charge.LotID, order string) ([]*charge.Charge, error)
}

// Stays keeps stays.
type Stays interface {
	Stay(id int64) (*charge.Stay, error)
	// StayByOrder finds a stay by its lot's number: of several the open one, or else the one entered last.
	StayByOrder(lot charge.LotID, orderID string) (*charge.Stay, error)
	// StaysByOrder lists the stays that a lot's number has had, newest entry first, at most 50.
	StaysByOrder(lot charge.LotID, orderID string) ([]*charge.Stay, error)
	// StaysOf lists a plate's stays in a lot that are open or ended after since, newest entry first; at most 50, of more
	// those that ended last.
	StaysOf(v charge.VisitKey, since time.Time) ([]*charge.Stay, error)
	AddStay(s *charge.Stay) error
	SetStay(s *charge.Stay) error
}

// Deliveries keeps deliveries and their attempts.
type Deliveries interface {
	// AddDelivery stores a delivery and its job. A job with a Lease is this node's from the start.
	AddDelivery(d *charge.Delivery, j outbox.Job) error
	Delivery(id int64) (*charge.Delivery, error)
	DeliveryByUUID(lot charge.LotID, uuid string) (*charge.Delivery, error)
	// DeliveriesOf lists a charge's deliveries, oldest first.
	DeliveriesOf(chargeID int64) ([]*charge.Delivery, error)
	SetDelivery(d *charge.Delivery) error
	// AddAttempt appends a later try than a delivery's First, which SetDelivery puts.
	AddAttempt(a charge.Attempt) error
	// Attempts lists the tries of a delivery, the first among them.
	Attempts(d *charge.Delivery) ([]charge.Attempt, error)
}

// Jobs keeps what is to be tried, and who has it: deliveries, reports to platforms, messages of webhooks.
type Jobs interface {
	// Job finds a job by its id, which is its delivery's id; nil once it is done.
	Job(id int64) (*outbox.Job, error)
	// AddJob stores a job that has no delivery (a report, a webhook's message).
	AddJob(j outbox.Job) error
	// SetJob puts due time, attempt count and lease.
	SetJob(j outbox.Job) error
	// EndJob deletes a job: nothing is left to try.
	EndJob(id int64) error
	// WakeJobs makes a lot's waiting jobs due at once and returns how many there were. It moves the due time of a line
	// job that is under way as well, which keeps its lease.
	WakeJobs(lot charge.LotID, now time.Time) (int, error)
}

// Books are only appended to.
type Books interface {
	// AddLedger appends to the ledger; ID and At are set by the caller.
	AddLedger(e charge.LedgerEntry) error
	// AddEvent appends to a charge's timeline.
	AddEvent(e charge.Event) error
	// AddDecision keeps a decision that another one replaces.
	AddDecision(chargeID int64, d *charge.Decision) error
}

// Marks keeps the durable facts about lots that no estate file says.
type Marks interface {
	LotMarks(lot charge.LotID) (charge.LotMarks, error)
	SetLotMarks(lot charge.LotID, m charge.LotMarks) error
}

// Foresight says what is about to be looked up. It changes no answer; a database behind a network is asked once then,
// not once a question.
type Foresight interface {
	// ForeseeDecision names what a decision on a new charge looks up: its issuer's repeat key, its lot's marks, the stays
	// of its plate that ended after a time in each of some visits, and the charges of its own visit since a time.
	ForeseeDecision(c *charge.Charge, visits []charge.VisitKey, stays, charges time.Time) error
	// ForeseeResult names what storing the result of a delivery's try looks up: job, delivery, charge, and the stay of
	// one that is not 0.
	ForeseeResult(delivery, chargeID, stay int64) error
}

// addTry adds a try to a delivery, which is to be put after it.
func addTry(tx Deliveries, dl *charge.Delivery, a charge.Attempt) error {
	dl.Attempts++
	a.Delivery, a.N = dl.ID, dl.Attempts
	if a.N == 1 {
		dl.First = a
		return nil
	}
	return tx.AddAttempt(a)
}
