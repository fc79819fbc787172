package flow

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

// claimed takes up a delivery that was put off, or that a node left: it is looked at again, and noted as leased
// before it is tried, so that whoever finds it so later knows that it may have left.
func (f *Flow) claimed(j outbox.Job) (c carried, ready bool) {
	held := f.writeJob(j, func(tx Tx, then *after, dl *charge.Delivery, ch *charge.Charge) error {
		ready = false
		now := f.cfg.Now()
		l, _, known := f.cfg.Estate().Lot(dl.Lot)
		unsafe := l.Repeats == charge.RepeatsUnsafe
		lost := dl.State == charge.DeliverySent || dl.State == charge.DeliveryLeased && !unsafe
		if lost {
			if err := f.lost(tx, then, ch, dl, now); err != nil {
				return err
			}
		}
		marks, err := tx.LotMarks(dl.Lot)
		if err != nil {
			return err
		}
		turn := turnNow
		if known {
			if turn, err = f.turn(tx, ch, l); err != nil {
				return err
			}
		}
		switch {
		case lost && unsafe:
			return f.leaveUnknown(tx, then, ch, dl, now)
		case f.over(dl), !known && now.Sub(ch.UpdatedAt) >= visitSpan:
			return f.giveUp(tx, then, ch, dl, waitedFor(ch), now)
		case !known, marks.Paused:
			j.DueAt = now.Add(pauseCheck)
			return f.putOff(tx, then, j, dl, ch, charge.ReasonLotPaused)
		case turn == turnLater:
			j.DueAt = now.Add(turnCheck)
			return f.putOff(tx, then, j, dl, ch, ch.Reason)
		case turn == turnNever:
			j.DueAt = now.Add(pauseCheck)
			return f.putOff(tx, then, j, dl, ch, ch.Reason)
		}
		if err := f.retotal(tx, then, ch, dl, l); err != nil {
			return err
		}
		dl.State = charge.DeliveryLeased
		if unsafe {
			dl.State = charge.DeliverySent
		}
		c, ready = carried{order: order(dl), received: ch.Received, stay: ch.StayID, visit: charge.VisitKey{Lot: ch.Lot, Plate: ch.Plate}, unsafe: unsafe}, true
		return tx.SetDelivery(dl)
	})
	return c, held && ready
}

// lost writes down a try of which nobody has said what came of it: its node has stopped. The lot may have it.
func (f *Flow) lost(tx Tx, then *after, c *charge.Charge, dl *charge.Delivery, now time.Time) error {
	dl.Attempts++
	if err := tx.AddAttempt(charge.Attempt{Delivery: dl.ID, N: dl.Attempts, At: now, Result: charge.AttemptTimeout,
		Detail: "the node that had it stopped before it could say what came of it"}); err != nil {
		return err
	}
	return move(tx, then, c, charge.StateUnknown, charge.ReasonNoAnswer, now)
}

// putOff leaves a claimed delivery until its job is due. What may have been applied stays unknown.
func (f *Flow) putOff(tx Tx, then *after, j outbox.Job, dl *charge.Delivery, c *charge.Charge, reason charge.Reason) error {
	j.Lease, j.LeaseUntil = "", time.Time{}
	if err := tx.SetJob(j); err != nil {
		return err
	}
	dl.State, dl.DueAt = charge.DeliveryDue, j.DueAt
	if err := tx.SetDelivery(dl); err != nil {
		return err
	}
	if c.State == charge.StateUnknown || c.Reason == reason {
		return nil
	}
	return move(tx, then, c, charge.StateSending, reason, f.cfg.Now())
}

// waitedFor is why a delivery that is given up did not go out.
func waitedFor(c *charge.Charge) charge.Reason {
	if c.Reason == charge.ReasonOK {
		return charge.ReasonNoAnswer
	}
	return c.Reason
}
