package flow

import (
	"fmt"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/rules"
)

// deciding is one decision on one charge, inside a transaction.
type deciding struct {
	f       *Flow
	est     Estate
	tx      Tx
	then    *after
	binding charge.Binding
	lot     charge.Lot // the lot that the push names
	rule    charge.Rule
	ruled   bool // a version of the rule is effective
	charge  *charge.Charge
	marks   charge.LotMarks
	stay    *charge.Stay // the matched one; nil while there is none
	now     time.Time
}

func (d *deciding) pickRule() { d.rule, d.ruled = d.binding.RuleAt(d.charge.At()) }

// decide puts state, reason, decision and reduction into the charge. match has run.
func (d *deciding) decide() error {
	c := d.charge
	c.HoldUntil, c.StayID, c.Reduction = time.Time{}, 0, nil
	dec := charge.Decision{At: d.now, Rule: d.rule, Minutes: c.Minutes(), Energy: c.Energy}
	switch {
	case d.binding.Mode == charge.ModeOff:
		d.settle(dec, charge.StateNoGrant, charge.ReasonBindingOff, "the binding is switched off")
		return nil
	case !d.ruled:
		d.settle(dec, charge.StateNoGrant, charge.ReasonRuleUnmet, "no version of the rule was effective when the charge ended")
		return nil
	case d.stay == nil && d.needsStay():
		d.wait(dec)
		return nil
	}
	before, from, err := d.granted()
	if err != nil {
		return err
	}
	dec = rules.Decide(rules.Input{Charge: c, Rule: d.rule, Kind: d.target().Kind, Repeats: d.target().Repeats,
		Granted: before, Stay: d.stay, Now: d.now})
	dec.VisitFrom = from
	if d.stay != nil {
		c.StayID = d.stay.ID
	}
	switch {
	case d.stay != nil && !d.stay.Open:
		d.settle(dec, charge.StateNoGrant, charge.ReasonLeftBeforeArrival, "the car had left when the charge could be decided")
	case dec.State != charge.StateSending:
		d.settle(dec, dec.State, dec.Reason, dec.Note)
	case d.binding.Mode == charge.ModeShadow:
		d.settle(dec, charge.StateShadow, charge.ReasonBindingShadow, dec.Note)
	default:
		r := dec.Reduction
		c.Reduction = &r
		d.settle(dec, charge.StateSending, charge.ReasonOK, dec.Note)
	}
	return nil
}

// wait holds a charge for its stay, or refuses it at once where the rule says so.
func (d *deciding) wait(dec charge.Decision) {
	until := d.charge.Received.Add(time.Duration(d.rule.HoldSeconds) * time.Second)
	switch {
	case d.rule.HoldSeconds == 0:
		d.settle(dec, charge.StateNoGrant, charge.ReasonNoStay, "the lot has told no stay of this plate at that time, and the rule holds nothing")
	case !d.now.Before(until):
		d.settle(dec, charge.StateExpired, charge.ReasonHoldOver, "no stay came before the hold was over")
	default:
		d.charge.HoldUntil = until
		d.settle(dec, charge.StateHeld, charge.ReasonWaitingForStay, "waits for the lot to tell a stay of this plate")
	}
}

func (d *deciding) settle(dec charge.Decision, s charge.State, r charge.Reason, note string) {
	dec.State, dec.Reason, dec.Note, dec.At = s, r, note, d.now.UTC().Truncate(time.Millisecond) // as the store keeps times
	c := d.charge
	c.State, c.Reason, c.UpdatedAt, c.Decision = s, r, d.now, &dec
	if d.stay != nil {
		dec.StayID, dec.StayOrder = d.stay.ID, d.stay.OrderID
	}
}

// target is the lot that the reduction goes into: the stay's, else the one the push names.
func (d *deciding) target() charge.Lot {
	if d.stay != nil && d.stay.Lot != d.lot.ID {
		if l, _, ok := d.est.Lot(d.stay.Lot); ok {
			return l
		}
	}
	return d.lot
}

// launch stores what follows from a grant: the ledger entry and the delivery, which is this node's from the
// start where it can be tried now. The charge has been stored.
func (d *deciding) launch() error {
	c := d.charge
	if c.State != charge.StateSending {
		return nil
	}
	target := d.target()
	dl := &charge.Delivery{ID: d.f.cfg.IDs(), Charge: c.ID, Lot: target.ID, UUID: newUUID(d.now), DueAt: d.now}
	if d.stay == nil {
		dl.Until = d.now.Add(visitSpan)
	}
	switch target.Kind {
	case charge.Kind4G:
		dl.Channel, dl.Message = charge.ChannelLedger, charge.MessageLedger
	case charge.KindAPI:
		dl.Channel, dl.Message = charge.ChannelCallback, charge.Message514
	default:
		dl.Channel, dl.Message = charge.ChannelLine, charge.Message325
		if older := d.info().OlderMessage; older != "" && target.Message == older {
			dl.Message = older
		}
	}
	if dl.Channel != charge.ChannelLedger {
		var err error
		if dl.Payload, err = d.f.cfg.Channels[dl.Channel].Compose(d.notice(dl)); err != nil {
			return d.unsendable(dl.Message, err)
		}
	}
	if err := d.tx.AddLedger(grantEntry(d.f.cfg.IDs(), c, d.now, 1, "granted")); err != nil {
		return err
	}
	if dl.Channel == charge.ChannelLedger {
		return d.post(dl)
	}
	return d.dispatch(dl)
}

// unsendable ends a charge for whose reduction no message can be written: the lot is set up wrongly, which must
// not keep the push, or the entry that woke it, from being stored. Support redelivers once it is put right.
func (d *deciding) unsendable(m charge.Message, wrong error) error {
	c := d.charge
	if err := d.tx.AddEvent(charge.Event{Charge: c.ID, At: d.now, Step: "delivery", Result: "error", Reason: charge.ReasonLotError,
		Detail: fmt.Sprintf("message %s cannot be written: %v", m, wrong)}); err != nil {
		return err
	}
	return move(d.tx, d.then, c, charge.StateGaveUp, charge.ReasonLotError, d.now)
}

// post writes a reduction into our own ledger: the lot has it as soon as this commits.
func (d *deciding) post(dl *charge.Delivery) error {
	dl.State, dl.Attempts = charge.DeliveryDelivered, 1
	if err := d.tx.AddDelivery(dl, outbox.Job{}); err != nil {
		return err
	}
	if err := d.tx.AddAttempt(charge.Attempt{Delivery: dl.ID, N: 1, At: d.now, Result: charge.AttemptPosted,
		Detail: "pending in the ledger; taken off at exit"}); err != nil {
		return err
	}
	d.then.moves = append(d.then.moves, moved{charge.StateSending, charge.ReasonOK})
	took := d.now.Sub(d.charge.Received)
	d.then.tell = append(d.then.tell, func(o Observer) { o.Delivered(dl.Lot, charge.ChannelLedger, took) })
	d.charge.State, d.charge.Reason = charge.StateDelivered, charge.ReasonOK
	return d.tx.SetCharge(d.charge)
}

// dispatch stores a delivery over the wire with its job.
func (d *deciding) dispatch(dl *charge.Delivery) error {
	f, c := d.f, d.charge
	j := outbox.Job{ID: dl.ID, Kind: jobKind(dl.Channel), Route: dl.Lot.String(), Ref: c.ID, DueAt: d.now}
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
	case f.cfg.Channels[dl.Channel].Here(dl.Lot):
		dl.State = charge.DeliveryLeased
		j.Lease, j.LeaseUntil, j.Fence = f.cfg.Node, f.runner.LeaseUntil(d.now), 1
		d.then.hands = append(d.then.hands, handed{j, carried{order: order(dl), received: c.Received, stay: c.StayID, visit: d.visit(), unsafe: d.target().Repeats == charge.RepeatsUnsafe}})
	default:
		c.Reason = charge.ReasonLineOff // or another node holds the line, and takes it in a moment
		dl.State = charge.DeliveryDue
		d.then.afar = true
	}
	offLine := c.Reason == charge.ReasonLineOff && !f.cfg.Linked(dl.Lot)
	if offLine {
		dl.Attempts = 1
	}
	if err := d.tx.AddDelivery(dl, j); err != nil {
		return err
	}
	if offLine {
		if err := d.tx.AddAttempt(charge.Attempt{Delivery: dl.ID, N: 1, At: d.now, Result: charge.AttemptOffLine,
			Detail: "the lot has no line; it is sent at its next login"}); err != nil {
			return err
		}
		d.then.tell = append(d.then.tell, func(o Observer) { o.Tried(dl.Channel, charge.AttemptOffLine) })
	}
	if c.Reason == charge.ReasonOK {
		return nil
	}
	return d.tx.SetCharge(c)
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

func order(dl *charge.Delivery) lot.Order {
	return lot.Order{Delivery: dl.ID, Lot: dl.Lot, Message: dl.Message, UUID: dl.UUID, Payload: dl.Payload}
}

func jobKind(c charge.DeliveryChannel) outbox.Kind {
	if c == charge.ChannelCallback {
		return outbox.KindCallback
	}
	return outbox.KindLine
}

// decideAgain decides a stored charge anew: its stay has come, or support asked for it.
func (f *Flow) decideAgain(tx Tx, then *after, c *charge.Charge, now time.Time) error {
	d, err := f.decidingOn(tx, then, c, now)
	if err != nil {
		return err
	}
	if d == nil {
		return nil
	}
	if err := d.match(); err != nil {
		return err
	}
	return d.again()
}

// decidingOn prepares a new decision; nil where the binding or its lot is gone, so that the charge waits on.
func (f *Flow) decidingOn(tx Tx, then *after, c *charge.Charge, now time.Time) (*deciding, error) {
	est := f.cfg.Estate()
	target, _, ok := est.Lot(c.Lot)
	if !ok {
		return nil, nil
	}
	binding, ok := est.Binding(c.Account, c.Lot)
	if !ok {
		return nil, nil
	}
	d := &deciding{f: f, est: est, tx: tx, then: then, binding: binding, lot: target, charge: c, now: now}
	d.pickRule()
	return d, nil
}

// again decides, stores and launches; the stay has been matched or bound.
func (d *deciding) again() error {
	c, was := d.charge, d.charge.State
	if err := d.decide(); err != nil {
		return err
	}
	if was == charge.StateHeld && c.State == charge.StateHeld {
		return nil
	}
	if d.stay != nil && isWindowKey(c.RepeatKey, c.ID) {
		if err := d.takeVisitKey(); err != nil {
			return err
		}
	}
	if err := d.tx.SetCharge(c); err != nil {
		return err
	}
	d.then.moves = append(d.then.moves, moved{c.State, c.Reason})
	if d.stay != nil {
		if err := d.tx.AddEvent(charge.Event{Charge: c.ID, At: d.now, Step: "matched", Result: "stay",
			Reason: c.Reason, Detail: "stay " + d.stay.OrderID + " entered " + d.stay.Entered.UTC().Format(time.RFC3339)}); err != nil {
			return err
		}
	}
	return d.launch()
}

// takeVisitKey gives a charge without order number the repeat key of its stay, now that it has one. Where another
// charge of the platform has it, this one says that again and gets nothing.
func (d *deciding) takeVisitKey() error {
	c, key := d.charge, visitRepeatKey(d.stay)
	first, err := d.tx.ChargeByRepeat(c.Platform, key)
	if err != nil {
		return err
	}
	if first == nil {
		c.RepeatKey = key
		return nil
	}
	if c.State == charge.StateSending || c.State == charge.StateShadow {
		c.Reduction = nil
		d.settle(*c.Decision, charge.StateNoGrant, charge.ReasonCombineFirst,
			fmt.Sprintf("the platform numbers no orders, so this is charge %d of the same stay said again", first.ID))
		c.Decision.Reduction, c.Decision.Send = charge.Reduction{}, charge.Reduction{}
	}
	return nil
}

// isWindowKey tells the stand-in repeat key of a push that had neither order number nor stay.
func isWindowKey(key string, id int64) bool {
	tail := "|" + strconv.FormatInt(id, 10)
	return len(key) > len(tail) && key[len(key)-len(tail):] == tail
}

// grantEntry is the ledger's line for a grant (sign 1) or its counter-entry (sign -1).
func grantEntry(id int64, c *charge.Charge, at time.Time, sign int64, note string) charge.LedgerEntry {
	return charge.LedgerEntry{
		ID: id, At: at, Charge: c.ID, StayID: c.StayID, Kind: charge.EntryGrant, Method: c.Reduction.Method,
		Minutes: sign * c.Reduction.Minutes, Amount: charge.Fen(sign) * c.Reduction.Amount,
		Platform: c.Platform, Lot: c.Lot, Day: day(c.Received), Note: note,
	}
}
