package flow

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbox"
)

// handleDelivery tries one delivery. Its result is stored before the job counts as done. Those that were claimed for
// one line are looked at one after the other, so that a lot hears of what has waited for it in the order of its age.
func (f *Flow) handleDelivery(j outbox.Job, carry any, done func()) {
	c, handed := carry.(carried)
	if handed && !c.unsafe {
		f.try(j, c, done)
		return
	}
	later := f.cfg.Machine.Go
	if j.Kind == outbox.KindLine {
		later = func(work func()) { f.turns.Take(j.Route, work) }
	}
	later(func() {
		var ready bool
		if handed {
			ready = f.markSent(j)
		} else {
			c, ready = f.retaken(j)
		}
		if !ready {
			done()
			return
		}
		f.try(j, c, done)
	})
}

// retaken is claimed, for retries a few at a time. What another node has accepted for a line of this one comes by a
// claim as well, and must not wait for them.
func (f *Flow) retaken(j outbox.Job) (carried, bool) {
	if j.Attempt > 0 {
		f.retries <- struct{}{}
		defer func() { <-f.retries }()
	}
	return f.claimed(j)
}

// claimed takes up a delivery that was put off, or that a node left: it is looked at again, and noted as leased
// before it is tried, so that the node that finds it so later knows that it may have left.
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
		c, ready = carried{order: order(dl, ch.Plate), received: ch.Received, stay: ch.StayID,
			visit: charge.VisitKey{Lot: ch.Lot, Plate: ch.Plate}, unsafe: unsafe}, true
		return tx.SetDelivery(dl)
	})
	return c, held && ready
}

// lost records a try without a result: its node has stopped. The lot may have it.
func (f *Flow) lost(tx Tx, then *after, c *charge.Charge, dl *charge.Delivery, now time.Time) error {
	if err := addTry(tx, dl, charge.Attempt{At: now, Result: charge.AttemptTimeout,
		Detail: charge.Say("delivery.node_stopped")}); err != nil {
		return err
	}
	return move(tx, then, c, charge.StateUnknown, charge.ReasonNoAnswer, now)
}

// putOff leaves a claimed delivery until its job is due. What may have been applied stays unknown.
func (f *Flow) putOff(tx Tx, then *after, j outbox.Job, dl *charge.Delivery, c *charge.Charge,
	reason charge.Reason) error {
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

// retotal writes a message anew, with an id of its own, whose total is no longer right because a grant in it has
// come to nothing, as long as no byte of it has left.
func (f *Flow) retotal(tx Tx, then *after, c *charge.Charge, dl *charge.Delivery, l charge.Lot) error {
	if l.Repeats != charge.RepeatsReplace || c.Decision == nil || c.Reduction == nil || c.State != charge.StateSending {
		return nil
	}
	total := *c.Reduction
	for _, g := range c.Decision.Granted {
		o, err := tx.Charge(g.Charge)
		if err != nil {
			return err
		}
		if o != nil && o.State.Granting() && o.Reduction != nil && o.Reduction.Method == total.Method {
			total.Minutes, total.Amount = total.Minutes+o.Reduction.Minutes, total.Amount+o.Reduction.Amount
		}
	}
	if total == c.Decision.Send {
		return nil
	}
	d, err := f.decidingOn(tx, then, c, f.cfg.Now())
	if err != nil || d == nil {
		return err
	}
	if c.StayID != 0 {
		if d.stay, err = tx.Stay(c.StayID); err != nil {
			return err
		}
	}
	c.Decision.Send, dl.UUID = total, f.newUUID(f.cfg.Now())
	if dl.Payload, err = f.cfg.Channels[dl.Channel].Compose(d.notice(dl)); err != nil {
		return err
	}
	return tx.SetCharge(c)
}

// try hands the order to its channel and stores what came of it.
func (f *Flow) try(j outbox.Job, c carried, done func()) {
	c.order.Tries = j.Attempt
	c.order.Wanted = func() bool { return f.wanted(j) }
	var begun time.Time
	if f.cfg.Tracer != nil {
		begun = f.cfg.Now()
	}
	f.cfg.Channels[channelOf(j.Kind)].Deliver(c.order, func(r lot.Result) {
		f.complete(j, c, r)
		if f.cfg.Tracer != nil {
			f.cfg.Tracer.Tried(TriedDelivery{Charge: j.Ref, Lot: c.order.Lot, Channel: channelOf(j.Kind), Begun: begun,
				Sent: r.SentAt, Ended: r.At, Result: r.Result, Reason: r.Reason})
		}
		done()
	})
}

// wanted reports whether a job that has waited for its line is still this node's to try. It ends with its stay.
func (f *Flow) wanted(j outbox.Job) bool {
	ctx, cancel := f.cfg.Machine.Within(context.Background(), completing)
	defer cancel()
	wanted := true
	err := f.cfg.Storage.Read(ctx, func(tx Tx) error {
		cur, err := tx.Job(j.ID)
		wanted = err != nil || cur != nil && cur.Fence == j.Fence && cur.Lease == f.cfg.Node
		return err
	})
	return wanted || err != nil
}

// markSent notes that bytes are about to leave for a lot that may not be sent a reduction twice.
func (f *Flow) markSent(j outbox.Job) bool {
	return f.writeJob(j, func(tx Tx, _ *after, dl *charge.Delivery, _ *charge.Charge) error {
		dl.State = charge.DeliverySent
		return tx.SetDelivery(dl)
	})
}

// writeJob runs fn in a transaction if this node still holds the job, and reports whether it did and that was
// stored.
func (f *Flow) writeJob(j outbox.Job, fn func(Tx, *after, *charge.Delivery, *charge.Charge) error) (held bool) {
	ctx, cancel := f.cfg.Machine.Within(context.Background(), completing)
	defer cancel()
	visits, err := f.visitsOfCharge(ctx, j.Ref)
	if err == nil {
		err = f.write(ctx, visits, func(tx Tx, then *after) error {
			held = false
			cur, err := tx.Job(j.ID)
			if err != nil || cur == nil || cur.Fence != j.Fence || cur.Lease != f.cfg.Node {
				return err
			}
			dl, c, err := deliveryAndCharge(tx, j.ID)
			if err != nil || dl == nil {
				return err
			}
			held = true
			return fn(tx, then, dl, c)
		})
	}
	if err != nil {
		f.cfg.Logger.Warn("delivery state not stored; the job is claimed again when its lease ends", "delivery", j.ID,
			"error", err)
	}
	return held && err == nil
}

// LineUp makes what waits for a lot's line due now.
func (f *Flow) LineUp(id charge.LotID) {
	ctx, cancel := f.cfg.Machine.Within(context.Background(), completing)
	defer cancel()
	err := f.cfg.Storage.Write(ctx, nil, func(tx Tx) error {
		_, err := tx.WakeJobs(id, f.cfg.Now())
		return err
	})
	if err != nil {
		f.cfg.Logger.Warn("a login did not bring waiting deliveries forward; they keep their schedule", "lot", id, "error",
			err)
	}
	f.runner.Hint(outbox.KindLine)
}
