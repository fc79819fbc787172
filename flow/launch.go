package flow

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
)

// pauseCheck is how often a paused lot's deliveries are looked at; resuming wakes them at once.
const pauseCheck = time.Minute

// carried is what a delivery's handler needs, kept in memory from the transaction that made it.
type carried struct {
	order    lot.Order
	received time.Time // of the charge
	stay     int64     // of the charge; 0 for none
	visit    charge.VisitKey
	unsafe   bool // nothing may be sent to the lot again after a silence
}

// launch stores what follows from a decision on a charge that was in a state before it ("" for a new one). The charge
// has been stored.
func (d *deciding) launch(was charge.State) error {
	if err := d.grant(was); err != nil {
		return err
	}
	d.then.moves = append(d.then.moves, moved{d.charge.State, d.charge.Reason})
	return d.then.announce(d.tx, d.charge, was)
}

// passDeliveries makes the id of the charge's next delivery greater than those of its earlier ones, which another node
// may have made by a clock that is ahead: the last one by its id is the one that counts.
func (d *deciding) passDeliveries() error {
	last, err := lastDelivery(d.tx, d.charge.ID)
	if last != nil {
		d.f.cfg.IDs.Pass(last.ID)
	}
	return err
}

// grant stores what follows from a grant: the ledger entry and the delivery, which is this node's from the start where
// it can be tried now.
func (d *deciding) grant(was charge.State) error {
	c := d.charge
	if c.State != charge.StateSending {
		return nil
	}
	if was != "" {
		if err := d.passDeliveries(); err != nil {
			return err
		}
	}
	target := d.target()
	dl := &charge.Delivery{ID: d.f.cfg.IDs.Next(), Charge: c.ID, Lot: target.ID, UUID: d.f.newUUID(d.now), DueAt: d.now}
	if d.stay == nil {
		dl.Until = d.now.Add(visitSpan)
	}
	kind := lot.KindOf(target.Kind)
	dl.Channel, dl.Message = kind.Channel, kind.Messages[0]
	if older := d.info().OlderMessage; older != "" && target.Message == older {
		dl.Message = older
	}
	if kind.Sends() {
		var err error
		if dl.Payload, err = d.f.cfg.Channels[dl.Channel].Compose(d.notice(dl)); err != nil {
			return d.unsendable(dl.Message, err)
		}
	}
	if err := d.tx.AddLedger(grantEntry(d.f.cfg.IDs.Next(), c, d.now, 1, charge.Say("ledger.granted"))); err != nil {
		return err
	}
	if !kind.Sends() {
		return d.post(dl)
	}
	return d.dispatch(dl)
}

// unsendable ends a charge for whose reduction no message can be written: the lot is set up wrongly, which must
// not keep the push, or the entry that woke it, from being stored. Support redelivers once it is put right.
func (d *deciding) unsendable(m charge.Message, wrong error) error {
	c := d.charge
	if err := d.tx.AddEvent(charge.Event{Charge: c.ID, At: d.now, Step: "delivery", Result: "error",
		Reason: charge.ReasonLotError,
		Detail: charge.Say("delivery.unsendable", charge.Text("message", string(m)),
			charge.Because("cause", charge.Cause(wrong)))}); err != nil {
		return err
	}
	c.State, c.Reason = charge.StateGaveUp, charge.ReasonLotError
	return d.tx.SetCharge(c)
}

// post writes a reduction into our own ledger: the lot has it as soon as this commits.
func (d *deciding) post(dl *charge.Delivery) error {
	dl.State = charge.DeliveryDelivered
	if err := addTry(d.tx, dl, charge.Attempt{At: d.now, Result: charge.AttemptPosted,
		Detail: charge.Say("delivery.posted")}); err != nil {
		return err
	}
	if err := d.tx.AddDelivery(dl, outbox.Job{}); err != nil {
		return err
	}
	d.then.moves = append(d.then.moves, moved{charge.StateSending, charge.ReasonOK})
	took := d.now.Sub(d.charge.Received)
	d.then.tell = append(d.then.tell, func(o Observer) { o.Delivered(dl.Lot, dl.Channel, took) })
	d.charge.State, d.charge.Reason = charge.StateDelivered, charge.ReasonOK
	return d.tx.SetCharge(d.charge)
}

// dispatch stores a delivery over the wire with its job.
func (d *deciding) dispatch(dl *charge.Delivery) error {
	f, c := d.f, d.charge
	j := outbox.Job{ID: dl.ID, Kind: jobKind(dl.Channel), Route: lineOf(dl, c.Plate).String(), Ref: c.ID, DueAt: d.now}
	paused, err := d.paused(dl.Lot)
	if err != nil {
		return err
	}
	turn, err := f.turn(d.tx, c, d.target())
	if err != nil {
		return err
	}
	switch {
	case paused:
		c.Reason = charge.ReasonLotPaused
		dl.State = charge.DeliveryDue
		j.DueAt = d.now.Add(pauseCheck)
	case turn != turnNow:
		dl.State = charge.DeliveryDue
		j.DueAt = d.now.Add(turnCheck)
	case f.cfg.Channels[dl.Channel].Here(lineOf(dl, c.Plate)):
		d.lease(dl, &j)
	default:
		c.Reason = charge.ReasonLineOff // or another node holds the line, and takes it in a moment
		dl.State = charge.DeliveryDue
		d.then.afar = true
	}
	offLine := c.Reason == charge.ReasonLineOff && !f.cfg.Linked(lineOf(dl, c.Plate))
	if offLine {
		if err := addTry(d.tx, dl, charge.Attempt{At: d.now, Result: charge.AttemptOffLine,
			Detail: charge.Say("delivery.no_line")}); err != nil {
			return err
		}
	}
	if err := d.tx.AddDelivery(dl, j); err != nil {
		return err
	}
	if offLine {
		d.then.tell = append(d.then.tell, func(o Observer) { o.Tried(dl.Channel, charge.AttemptOffLine) })
	}
	if c.Reason == charge.ReasonOK {
		return nil
	}
	return d.tx.SetCharge(c)
}

// lease makes a delivery this node's from the start. Where too much is in flight it is only due: a lease would say
// that it is being sent.
func (d *deciding) lease(dl *charge.Delivery, j *outbox.Job) {
	f, c := d.f, d.charge
	place, ok := f.runner.Reserve(j.Kind)
	if !ok {
		dl.State = charge.DeliveryDue
		d.then.wake = append(d.then.wake, j.Kind)
		return
	}
	dl.State = charge.DeliveryLeased
	j.Lease, j.LeaseUntil, j.Fence = f.cfg.Node, f.runner.LeaseUntil(d.now), 1
	d.then.hands = append(d.then.hands,
		handed{place, *j, carried{order: order(dl, c.Plate), received: c.Received, stay: c.StayID,
			visit: d.visit(), unsafe: d.target().Repeats == charge.RepeatsUnsafe}})
}

func (d *deciding) paused(id charge.LotID) (bool, error) {
	if id == d.lot.ID {
		return d.marks.Paused, nil
	}
	m, err := d.tx.LotMarks(id)
	return m.Paused, err
}

func (d *deciding) notice(dl *charge.Delivery) lot.Notice {
	c := d.charge
	n := lot.Notice{Lot: dl.Lot, Message: dl.Message, UUID: dl.UUID, Plate: c.Plate, Reduction: c.Decision.Send,
		Order: orderName(c), Started: c.StartedAt, Ended: c.EndedAt, Detail: c.Detail}
	if d.stay != nil {
		n.StayOrder, n.Plate = d.stay.OrderID, d.stay.Plate // as the lot knows the car, should support have bound it
	}
	n.FormID = d.info().FormID
	return n
}

// info describes the charge's dialect; the zero Info where it is known no more.
func (d *deciding) info() platform.Info {
	if dialect, ok := d.f.cfg.Dialect(d.charge.Platform); ok {
		return dialect.Info()
	}
	return platform.Info{}
}

// orderName is what a lot calls the charge: the platform's order number, else our id.
func orderName(c *charge.Charge) string {
	if c.Order != "" {
		return c.Order
	}
	return strconv.FormatInt(c.ID, 10)
}

// lineOf is where a delivery goes: to its lot, or for the invented car of a certification run to the line on which the
// run plays that lot.
func lineOf(dl *charge.Delivery, plate charge.Plate) charge.LotID {
	if dl.Channel == charge.ChannelLine && plate.Trial() {
		return dl.Lot.Trial()
	}
	return dl.Lot
}

func order(dl *charge.Delivery, plate charge.Plate) lot.Order {
	return lot.Order{Delivery: dl.ID, Lot: lineOf(dl, plate), Message: dl.Message, UUID: dl.UUID, Payload: dl.Payload}
}

// jobKind names the lane of a channel, and channelOf the channel of a lane: they are called alike.
func jobKind(c charge.DeliveryChannel) outbox.Kind { return outbox.Kind(c) }

func channelOf(k outbox.Kind) charge.DeliveryChannel { return charge.DeliveryChannel(k) }

// grantEntry is the ledger's line for a grant (sign 1) or its counter-entry (sign -1).
func grantEntry(id int64, c *charge.Charge, at time.Time, sign int64, note charge.Note) charge.LedgerEntry {
	return charge.LedgerEntry{
		ID: id, At: at, Charge: c.ID, StayID: c.StayID, Kind: charge.EntryGrant, Method: c.Reduction.Method,
		Minutes: sign * c.Reduction.Minutes, Amount: charge.Fen(sign) * c.Reduction.Amount,
		Platform: c.Platform, Lot: c.Lot, Day: day(c.Received), Note: note,
	}
}

// newUUID is a reduction's id, 32 hex digits as the documented examples have it. It begins with the time, so that the
// ids of one time lie together in their index, and the rest is random.
func (f *Flow) newUUID(now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	_, _ = io.ReadFull(f.cfg.Machine.Random, b[6:])
	return hex.EncodeToString(b[:])
}
