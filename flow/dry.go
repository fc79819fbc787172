package flow

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

// dryTx reads a snapshot and keeps no write: what would be written is left in the caller's hands. A decision reads
// nothing that it has written itself.
type dryTx struct{ Tx }

func (dryTx) AddPush(charge.Push) error                       { return nil }
func (dryTx) AddCharge(*charge.Charge, string) error          { return nil }
func (dryTx) AddLedger(charge.LedgerEntry) error              { return nil }
func (dryTx) AddEvent(charge.Event) error                     { return nil }
func (dryTx) AddDecision(int64, *charge.Decision) error       { return nil }
func (dryTx) SetCharge(*charge.Charge) error                  { return nil }
func (dryTx) SetStay(*charge.Stay) error                      { return nil }
func (dryTx) AddDelivery(*charge.Delivery, outbox.Job) error  { return nil }
func (dryTx) SetDelivery(*charge.Delivery) error              { return nil }
func (dryTx) AddAttempt(charge.Attempt) error                 { return nil }
func (dryTx) AddJob(outbox.Job) error                         { return nil }
func (dryTx) SetJob(outbox.Job) error                         { return nil }
func (dryTx) EndJob(int64) error                              { return nil }
func (dryTx) SetLotMarks(charge.LotID, charge.LotMarks) error { return nil }

// ForeseeDecision does nothing: what is asked once on the way in is asked when it is wanted here.
func (dryTx) ForeseeDecision(*charge.Charge, []charge.VisitKey, time.Time, time.Time) error {
	return nil
}
