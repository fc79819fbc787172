package flow_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/outbox"
)

// errBroken is what a brittle storage breaks with.
var errBroken = errors.New("the storage broke")

// brittle is a storage of which one question or change breaks, which is counted from arm on. The rest of that
// transaction goes through, so that an ignored error is found; whatever is begun after it breaks until
// disarm, so that what is run again does not hide it. It breaks for those alone whose context is breakable's, or for
// all.
type brittle struct {
	flow.Storage
	mu    sync.Mutex
	all   bool
	armed bool
	left  int    // until the one that breaks
	broke string // the method that broke first
	runs  int    // of transactions
	in    int    // the run that it broke in
	waits int    // for the storage to be mended, since arm
}

// breakable marks who may meet a broken storage.
type breakable struct{}

// arm has the n-th question or change from now on break; with all that of any context counts.
func (b *brittle) arm(n int, all bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.armed, b.all, b.left, b.broke, b.waits = true, all, n, "", 0
}

// disarm mends the storage. It returns the method that broke first, "" for none, and how often that was waited for.
func (b *brittle) disarm() (broke string, waits int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.armed, b.all = false, false
	return b.broke, b.waits
}

// wait is machine.Machine's Wait of what tries again until the storage is mended.
func (b *brittle) wait(context.Context, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.armed = false
	b.waits++
}

func (b *brittle) breaks(method string, run int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.armed:
		return false
	case b.broke != "":
		return run != b.in
	}
	if b.left--; b.left > 0 {
		return false
	}
	b.broke, b.in = method, run
	return true
}

// run is a transaction that begins, or begins again.
func (b *brittle) run(tx flow.Tx) brittleTx {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.runs++
	return brittleTx{tx, b, b.runs}
}

// over is fn on a transaction that may break.
func (b *brittle) over(ctx context.Context, fn func(flow.Tx) error) func(flow.Tx) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Value(breakable{}) == nil && !b.all {
		return fn
	}
	return func(tx flow.Tx) error { return fn(b.run(tx)) }
}

func (b *brittle) Write(ctx context.Context, v []charge.VisitKey, fn func(flow.Tx) error) error {
	return b.Storage.Write(ctx, v, b.over(ctx, fn))
}

func (b *brittle) WriteSoon(ctx context.Context, v []charge.VisitKey, fn func(flow.Tx) error) error {
	return b.Storage.WriteSoon(ctx, v, b.over(ctx, fn))
}

func (b *brittle) Read(ctx context.Context, fn func(flow.Tx) error) error {
	return b.Storage.Read(ctx, b.over(ctx, fn))
}

// brittleTx counts what is asked and changed.
type brittleTx struct {
	flow.Tx
	b   *brittle
	run int
}

// ask is a question that may break.
func ask[T any](t brittleTx, method string, question func() (T, error)) (v T, err error) {
	if t.b.breaks(method, t.run) {
		return v, errBroken
	}
	return question()
}

// put is a change that may break.
func put[T any](t brittleTx, method string, change func(T) error, v T) error {
	if t.b.breaks(method, t.run) {
		return errBroken
	}
	return change(v)
}

func (t brittleTx) AddPush(p charge.Push) error      { return put(t, "AddPush", t.Tx.AddPush, p) }
func (t brittleTx) SetCharge(c *charge.Charge) error { return put(t, "SetCharge", t.Tx.SetCharge, c) }
func (t brittleTx) AddStay(s *charge.Stay) error     { return put(t, "AddStay", t.Tx.AddStay, s) }
func (t brittleTx) SetStay(s *charge.Stay) error     { return put(t, "SetStay", t.Tx.SetStay, s) }
func (t brittleTx) SetDelivery(d *charge.Delivery) error {
	return put(t, "SetDelivery", t.Tx.SetDelivery, d)
}
func (t brittleTx) AddAttempt(a charge.Attempt) error {
	return put(t, "AddAttempt", t.Tx.AddAttempt, a)
}
func (t brittleTx) AddJob(j outbox.Job) error { return put(t, "AddJob", t.Tx.AddJob, j) }
func (t brittleTx) SetJob(j outbox.Job) error { return put(t, "SetJob", t.Tx.SetJob, j) }
func (t brittleTx) EndJob(id int64) error     { return put(t, "EndJob", t.Tx.EndJob, id) }
func (t brittleTx) AddLedger(e charge.LedgerEntry) error {
	return put(t, "AddLedger", t.Tx.AddLedger, e)
}
func (t brittleTx) AddEvent(e charge.Event) error { return put(t, "AddEvent", t.Tx.AddEvent, e) }
func (t brittleTx) AddCharge(c *charge.Charge, issuer string) error {
	return put(t, "AddCharge", func(c *charge.Charge) error { return t.Tx.AddCharge(c, issuer) }, c)
}

func (t brittleTx) AddDelivery(d *charge.Delivery, j outbox.Job) error {
	return put(t, "AddDelivery", func(d *charge.Delivery) error { return t.Tx.AddDelivery(d, j) }, d)
}

func (t brittleTx) AddDecision(id int64, d *charge.Decision) error {
	return put(t, "AddDecision", func(d *charge.Decision) error { return t.Tx.AddDecision(id, d) }, d)
}

func (t brittleTx) SetLotMarks(id charge.LotID, m charge.LotMarks) error {
	return put(t, "SetLotMarks", func(m charge.LotMarks) error { return t.Tx.SetLotMarks(id, m) }, m)
}

func (t brittleTx) ForeseeDecision(c *charge.Charge, visits []charge.VisitKey, stays, charges time.Time) error {
	return put(t, "ForeseeDecision",
		func(c *charge.Charge) error { return t.Tx.ForeseeDecision(c, visits, stays, charges) }, c)
}

func (t brittleTx) ForeseeResult(delivery, chargeID, stay int64) error {
	return put(t, "ForeseeResult", func(id int64) error { return t.Tx.ForeseeResult(id, chargeID, stay) }, delivery)
}

func (t brittleTx) Push(id int64) (*charge.Push, error) {
	return ask(t, "Push", func() (*charge.Push, error) { return t.Tx.Push(id) })
}

func (t brittleTx) PushesOf(id int64) ([]charge.Push, error) {
	return ask(t, "PushesOf", func() ([]charge.Push, error) { return t.Tx.PushesOf(id) })
}

func (t brittleTx) CountRefused(platform, account, day string) (int64, error) {
	return ask(t, "CountRefused", func() (int64, error) { return t.Tx.CountRefused(platform, account, day) })
}

func (t brittleTx) Charge(id int64) (*charge.Charge, error) {
	return ask(t, "Charge", func() (*charge.Charge, error) { return t.Tx.Charge(id) })
}

func (t brittleTx) ChargeByRepeat(platform, key string, by charge.Issuer) (*charge.Charge, error) {
	return ask(t, "ChargeByRepeat", func() (*charge.Charge, error) { return t.Tx.ChargeByRepeat(platform, key, by) })
}

func (t brittleTx) Histories(ids []int64) ([]*charge.History, error) {
	return ask(t, "Histories", func() ([]*charge.History, error) { return t.Tx.Histories(ids) })
}

func (t brittleTx) Sendings(charges []*charge.Charge) ([]*charge.History, error) {
	return ask(t, "Sendings", func() ([]*charge.History, error) { return t.Tx.Sendings(charges) })
}

func (t brittleTx) ChargesOfStay(id int64) ([]*charge.Charge, error) {
	return ask(t, "ChargesOfStay", func() ([]*charge.Charge, error) { return t.Tx.ChargesOfStay(id) })
}

func (t brittleTx) ChargesOfVisit(v charge.VisitKey, since time.Time) ([]*charge.Charge, error) {
	return ask(t, "ChargesOfVisit", func() ([]*charge.Charge, error) { return t.Tx.ChargesOfVisit(v, since) })
}

func (t brittleTx) ChargesOfPlate(p charge.Plate, id charge.LotID, reach charge.Reach,
	from, to time.Time) ([]*charge.Charge, error) {
	return ask(t, "ChargesOfPlate",
		func() ([]*charge.Charge, error) { return t.Tx.ChargesOfPlate(p, id, reach, from, to) })
}

func (t brittleTx) HeldCharges(v charge.VisitKey) ([]*charge.Charge, error) {
	return ask(t, "HeldCharges", func() ([]*charge.Charge, error) { return t.Tx.HeldCharges(v) })
}

func (t brittleTx) HoldsOver(now time.Time, limit int) ([]*charge.Charge, error) {
	return ask(t, "HoldsOver", func() ([]*charge.Charge, error) { return t.Tx.HoldsOver(now, limit) })
}

func (t brittleTx) ChargesByOrder(id charge.LotID, order string) ([]*charge.Charge, error) {
	return ask(t, "ChargesByOrder", func() ([]*charge.Charge, error) { return t.Tx.ChargesByOrder(id, order) })
}

func (t brittleTx) Stay(id int64) (*charge.Stay, error) {
	return ask(t, "Stay", func() (*charge.Stay, error) { return t.Tx.Stay(id) })
}

func (t brittleTx) StayByOrder(id charge.LotID, order string) (*charge.Stay, error) {
	return ask(t, "StayByOrder", func() (*charge.Stay, error) { return t.Tx.StayByOrder(id, order) })
}

func (t brittleTx) StaysByOrder(id charge.LotID, order string) ([]*charge.Stay, error) {
	return ask(t, "StaysByOrder", func() ([]*charge.Stay, error) { return t.Tx.StaysByOrder(id, order) })
}

func (t brittleTx) StaysOf(v charge.VisitKey, since time.Time) ([]*charge.Stay, error) {
	return ask(t, "StaysOf", func() ([]*charge.Stay, error) { return t.Tx.StaysOf(v, since) })
}

func (t brittleTx) Delivery(id int64) (*charge.Delivery, error) {
	return ask(t, "Delivery", func() (*charge.Delivery, error) { return t.Tx.Delivery(id) })
}

func (t brittleTx) DeliveryByUUID(id charge.LotID, uuid string) (*charge.Delivery, error) {
	return ask(t, "DeliveryByUUID", func() (*charge.Delivery, error) { return t.Tx.DeliveryByUUID(id, uuid) })
}

func (t brittleTx) DeliveriesOf(id int64) ([]*charge.Delivery, error) {
	return ask(t, "DeliveriesOf", func() ([]*charge.Delivery, error) { return t.Tx.DeliveriesOf(id) })
}

func (t brittleTx) Attempts(d *charge.Delivery) ([]charge.Attempt, error) {
	return ask(t, "Attempts", func() ([]charge.Attempt, error) { return t.Tx.Attempts(d) })
}

func (t brittleTx) Job(id int64) (*outbox.Job, error) {
	return ask(t, "Job", func() (*outbox.Job, error) { return t.Tx.Job(id) })
}

func (t brittleTx) WakeJobs(id charge.LotID, now time.Time) (int, error) {
	return ask(t, "WakeJobs", func() (int, error) { return t.Tx.WakeJobs(id, now) })
}

func (t brittleTx) LotMarks(id charge.LotID) (charge.LotMarks, error) {
	return ask(t, "LotMarks", func() (charge.LotMarks, error) { return t.Tx.LotMarks(id) })
}
