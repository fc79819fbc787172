package flow

import (
	"context"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbox"
)

// Waits after the first, second, … try; the last repeats. A callback's are those that the book has for payments,
// https://www.kancloud.cn/bolink/newapi/524039 , and go on; webhooks have the same. A line's are ours, none being
// published.
var (
	lineSchedule     = outbox.Schedule{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute}
	callbackSchedule = outbox.Schedule{
		10 * time.Second, 20 * time.Second, 30 * time.Second, 40 * time.Second, 50 * time.Second,
		80 * time.Second, 120 * time.Second, 160 * time.Second, 200 * time.Second, 300 * time.Second, 10 * time.Minute,
	}
)

func (f *Flow) over(dl *charge.Delivery) bool {
	return !dl.Until.IsZero() && !f.cfg.Now().Before(dl.Until)
}

// complete stores what a try came to. An acknowledgement is the truth whichever node holds the job by now; any other
// result counts for the holder, and where the job has ended meanwhile: the car left while the try was under way.
func (f *Flow) complete(j outbox.Job, c carried, r lot.Result) {
	f.cfg.Observer.Tried(channelOf(j.Kind), r.Result)
	ctx, cancel := f.cfg.Machine.Within(context.Background(), completing)
	defer cancel()
	for {
		err := f.writeBy(ctx, f.cfg.Storage.WriteSoon, []charge.VisitKey{c.visit}, func(tx Tx, then *after) error {
			if err := tx.ForeseeResult(j.ID, j.Ref, c.stay); err != nil {
				return err
			}
			cur, err := tx.Job(j.ID)
			if err != nil {
				return err
			}
			if cur != nil && (cur.Fence != j.Fence || cur.Lease != f.cfg.Node) && r.Result != charge.AttemptAcked {
				return nil // another node has the job
			}
			if cur != nil { // a login after the message had left found the job under way and moved its due time
				cur.Woken = cur.DueAt.After(j.DueAt) && cur.DueAt.After(r.SentAt)
			}
			dl, ch, err := deliveryAndCharge(tx, j.ID)
			if err != nil || dl == nil {
				return err
			}
			return f.tried(tx, then, ch, dl, cur, r)
		})
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			f.cfg.Logger.Error("delivery result not stored; the reduction is sent again with the same id", "delivery", j.ID,
				"result", r.Result, "error", err)
			return
		}
		// The queue was full, or the database away for a moment: the result must not be lost for that.
		f.cfg.Machine.Wait(ctx, 100*time.Millisecond)
	}
	if r.Result == charge.AttemptAcked {
		f.cfg.Observer.Delivered(c.order.Lot, channelOf(j.Kind), r.At.Sub(c.received))
	}
}

// tried moves a delivery on by the result of a try. j is nil where the job has ended meanwhile.
func (f *Flow) tried(tx Tx, then *after, c *charge.Charge, dl *charge.Delivery, j *outbox.Job, r lot.Result) error {
	again, err := repeated(tx, dl, r)
	if err != nil {
		return err
	}
	if !again {
		if err := addTry(tx, dl, charge.Attempt{At: r.At, Result: r.Result, Detail: r.Detail}); err != nil {
			return err
		}
	}
	switch {
	case r.Result == charge.AttemptAcked:
		return f.acked(tx, then, c, dl, r.At)
	case c.State == charge.StateUsed:
		return tx.SetDelivery(dl) // the exit has reported what was taken off
	case r.Result == charge.AttemptRefused && (pending(dl.State) || dl.State == charge.DeliveryUnknown):
		return f.refused(tx, then, c, dl, r)
	case dl.State == charge.DeliveryGaveUp && c.State == charge.StateGaveUp && maybeApplied(r):
		if err := f.regrant(tx, c, r.At, charge.Say("ledger.perhaps_applied")); err != nil {
			return err
		}
		return f.leaveUnknown(tx, then, c, dl, r.At)
	case dl.State == charge.DeliveryUnknown && c.State == charge.StateUnknown && !maybeApplied(r):
		return f.neverLeft(tx, then, c, dl, r)
	case !pending(dl.State):
		return tx.SetDelivery(dl) // voided or over while the try was under way
	}
	l, _, _ := f.cfg.Estate().Lot(dl.Lot)
	switch {
	case maybeApplied(r) && (r.Unread || l.Repeats == charge.RepeatsUnsafe || f.over(dl)):
		return f.leaveUnknown(tx, then, c, dl, r.At)
	case f.over(dl):
		return f.giveUp(tx, then, c, dl, r.Reason, r.At)
	}
	return f.retry(tx, then, c, dl, j, r)
}

// repeated reports whether a result is a yes that is noted already: a lot may say it twice, and the second be stored
// while the first is on its way here.
func repeated(tx Tx, dl *charge.Delivery, r lot.Result) (bool, error) {
	if r.Result != charge.AttemptAcked || pending(dl.State) {
		return false, nil
	}
	tries, err := tx.Attempts(dl)
	return slices.ContainsFunc(tries, func(a charge.Attempt) bool { return a.Result == charge.AttemptAcked }), err
}

// maybeApplied reports whether the lot may have taken the reduction although no answer says so.
func maybeApplied(r lot.Result) bool {
	return r.Result == charge.AttemptTimeout || r.Result == charge.AttemptError && r.Sent
}

// neverLeft is the result of a try that was under way when its stay ended, and that turned out not to have left:
// if no try before it may have, the lot surely has nothing.
func (f *Flow) neverLeft(tx Tx, then *after, c *charge.Charge, dl *charge.Delivery, r lot.Result) error {
	tries, err := tx.Attempts(dl)
	if err != nil {
		return err
	}
	for _, t := range tries {
		if t.N != dl.Attempts && t.Result != charge.AttemptOffLine {
			return tx.SetDelivery(dl)
		}
	}
	return f.end(tx, then, c, dl, ending{charge.DeliveryGaveUp, charge.StateGaveUp, r.Reason,
		charge.Say("ledger.not_delivered"), r.At})
}

// sentAt is when a try's message left, from which its schedule counts.
func sentAt(r lot.Result) time.Time {
	if r.SentAt.IsZero() {
		return r.At
	}
	return r.SentAt
}

// retry puts a delivery off by its channel's schedule.
func (f *Flow) retry(tx Tx, then *after, c *charge.Charge, dl *charge.Delivery, j *outbox.Job, r lot.Result) error {
	schedule := callbackSchedule
	if lot.KindBy(dl.Channel).OnLine {
		schedule = lineSchedule
	}
	if j != nil {
		if r.Result != charge.AttemptOffLine {
			j.Attempt++
		}
		switch {
		case j.Woken:
			j.DueAt = r.At
			then.wake = append(then.wake, j.Kind)
		case r.Result == charge.AttemptOffLine:
			// Nothing is claimed for a lot without a line, and a login wakes what waits. What was claimed all the
			// same met a line that had just been lost, and that may be on another node by now.
			j.DueAt = r.At.Add(schedule[0])
		default:
			j.DueAt = sentAt(r).Add(schedule.After(j.Attempt, f.cfg.Machine))
		}
		j.Lease, j.LeaseUntil = "", time.Time{}
		if err := tx.SetJob(*j); err != nil {
			return err
		}
		dl.DueAt = j.DueAt
	}
	dl.State = charge.DeliveryDue
	if err := tx.SetDelivery(dl); err != nil {
		return err
	}
	state := charge.StateSending
	if maybeApplied(r) || c.State == charge.StateUnknown {
		state = charge.StateUnknown
	}
	return move(tx, then, c, state, r.Reason, r.At)
}

// acked is the lot's yes.
func (f *Flow) acked(tx Tx, then *after, c *charge.Charge, dl *charge.Delivery, at time.Time) error {
	was := dl.State
	switch {
	case was == charge.DeliveryVoided, was == charge.DeliveryRefused:
		return tx.SetDelivery(dl) // what was said first stays
	case was == charge.DeliveryGaveUp && c.State != charge.StateGaveUp:
		return tx.SetDelivery(dl) // decided again since: another delivery has taken its place
	}
	dl.State = charge.DeliveryDelivered
	if err := tx.SetDelivery(dl); err != nil {
		return err
	}
	if err := tx.EndJob(dl.ID); err != nil {
		return err
	}
	if was == charge.DeliveryGaveUp { // the lot took it after all: it counts again
		if err := f.regrant(tx, c, at, charge.Say("ledger.late_ack")); err != nil {
			return err
		}
	}
	if c.State != charge.StateUsed && c.State != charge.StateVoided && c.State != charge.StateDelivered {
		why, err := f.deliveredReason(tx, c)
		if err != nil {
			return err
		}
		if err := move(tx, then, c, charge.StateDelivered, why, at); err != nil {
			return err
		}
	}
	return f.included(tx, then, c, dl, at)
}

// regrant makes a grant count again that had been taken back.
func (f *Flow) regrant(tx Tx, c *charge.Charge, at time.Time, note charge.Note) error {
	return tx.AddLedger(grantEntry(f.cfg.IDs.Next(), c, at, 1, note))
}

// deliveredReason marks a delivery whose car has already left without a word on its reduction.
func (f *Flow) deliveredReason(tx Tx, c *charge.Charge) (charge.Reason, error) {
	if c.StayID == 0 {
		return charge.ReasonOK, nil
	}
	s, err := tx.Stay(c.StayID)
	if err == nil && s != nil && !s.Open {
		return charge.ReasonUsageNotTold, nil
	}
	return charge.ReasonOK, err
}

// refused is the lot's no: nothing is sent again, and what was granted counts no longer.
func (f *Flow) refused(tx Tx, then *after, c *charge.Charge, dl *charge.Delivery, r lot.Result) error {
	return f.end(tx, then, c, dl, ending{charge.DeliveryRefused, charge.StateRefused, r.Reason,
		charge.Say("ledger.lot_refused"), r.At})
}

// giveUp ends a delivery that no longer matters. What may have been applied stays unknown and keeps counting.
func (f *Flow) giveUp(tx Tx, then *after, c *charge.Charge, dl *charge.Delivery, reason charge.Reason,
	at time.Time) error {
	if c.State == charge.StateUnknown {
		return f.leaveUnknown(tx, then, c, dl, at)
	}
	newer, err := f.openTotal(tx, c, dl)
	if err != nil {
		return err
	}
	if newer != nil {
		if err := addTry(tx, dl, charge.Attempt{At: at, Result: charge.AttemptTimeout,
			Detail: charge.Say("delivery.in_open_total", charge.Text("uuid", newer.UUID))}); err != nil {
			return err
		}
		return f.leaveUnknown(tx, then, c, dl, at)
	}
	return f.end(tx, then, c, dl, ending{charge.DeliveryGaveUp, charge.StateGaveUp, reason,
		charge.Say("ledger.not_delivered"), at})
}

// leaveUnknown stops sending and stores that the outcome is not known.
func (f *Flow) leaveUnknown(tx Tx, then *after, c *charge.Charge, dl *charge.Delivery, at time.Time) error {
	dl.State = charge.DeliveryUnknown
	if err := tx.SetDelivery(dl); err != nil {
		return err
	}
	if err := tx.EndJob(dl.ID); err != nil {
		return err
	}
	return move(tx, then, c, charge.StateUnknown, charge.ReasonNoAnswer, at)
}

// ending is how a delivery ends without effect.
type ending struct {
	delivery charge.DeliveryState
	state    charge.State
	reason   charge.Reason
	note     charge.Note
	at       time.Time
}

// end closes a delivery without effect and takes its grant back out of the ledger.
func (f *Flow) end(tx Tx, then *after, c *charge.Charge, dl *charge.Delivery, e ending) error {
	dl.State = e.delivery
	if err := tx.SetDelivery(dl); err != nil {
		return err
	}
	if err := tx.EndJob(dl.ID); err != nil {
		return err
	}
	if c.State.Granting() && c.Reduction != nil {
		if err := tx.AddLedger(grantEntry(f.cfg.IDs.Next(), c, e.at, -1, e.note)); err != nil {
			return err
		}
	}
	return move(tx, then, c, e.state, e.reason, e.at)
}

// included ends the deliveries whose reductions were in the total of a message that the lot has acknowledged.
func (f *Flow) included(tx Tx, then *after, c *charge.Charge, dl *charge.Delivery, at time.Time) error {
	if l, _, _ := f.cfg.Estate().Lot(dl.Lot); l.Repeats != charge.RepeatsReplace || c.Decision == nil {
		return nil
	}
	for _, g := range c.Decision.Granted {
		o, err := tx.Charge(g.Charge)
		if err != nil {
			return err
		}
		if o == nil || o.State != charge.StateSending && o.State != charge.StateUnknown {
			continue
		}
		if err := then.hold(charge.VisitKey{Lot: o.Lot, Plate: o.Plate}); err != nil {
			return err
		}
		older, err := lastDelivery(tx, o.ID)
		if err != nil {
			return err
		}
		if err := f.tried(tx, then, o, older, nil, lot.Result{Result: charge.AttemptAcked, Reason: charge.ReasonOK, At: at,
			Detail: charge.Say("delivery.in_total", charge.Text("uuid", dl.UUID))}); err != nil {
			return err
		}
	}
	return nil
}

// Acked is an acknowledgement that came when no caller waited for it any more.
func (f *Flow) Acked(ctx context.Context, id charge.LotID, uuid string, r lot.Result) error {
	var visits []charge.VisitKey
	err := f.cfg.Storage.Read(ctx, func(tx Tx) error {
		dl, err := tx.DeliveryByUUID(id, uuid)
		if err != nil || dl == nil {
			return err
		}
		c, err := tx.Charge(dl.Charge)
		if c != nil {
			visits = []charge.VisitKey{{Lot: c.Lot, Plate: c.Plate}}
		}
		return err
	})
	if err != nil {
		return err
	}
	if visits == nil {
		f.cfg.Observer.StrayAck(id)
		return lot.ErrNeverSent
	}
	var late TriedDelivery
	err = f.write(ctx, visits, func(tx Tx, then *after) error {
		late = TriedDelivery{}
		dl, err := tx.DeliveryByUUID(id, uuid)
		if err != nil || dl == nil || dl.State == charge.DeliveryDelivered || dl.State == charge.DeliveryRefused {
			return err
		}
		late = TriedDelivery{Charge: dl.Charge, Lot: dl.Lot, Channel: dl.Channel, Ended: r.At, Result: r.Result,
			Reason: r.Reason}
		c, err := tx.Charge(dl.Charge)
		if err != nil {
			return err
		}
		j, err := tx.Job(dl.ID)
		if err != nil {
			return err
		}
		return f.tried(tx, then, c, dl, j, r)
	})
	if f.cfg.Tracer != nil && err == nil && late.Charge != 0 {
		f.cfg.Tracer.Tried(late)
	}
	return err
}
