package flow

import (
	"context"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

var _ lot.Events = (*Flow)(nil)

// maxStay bounds what a stay can believably last; times beyond are nonsense, not data.
const maxStay = 366 * 24 * time.Hour

// refuseLot is a documented no to a lot.
func refuseLot(format string, args ...any) lot.Answer {
	return lot.Answer{State: 0, ErrMsg: fmt.Sprintf(format, args...)}
}

var taken1 = lot.Answer{State: 1}

// Entered stores an entry: a new stay, a correction of one, or a repeat. It closes only earlier stays of the
// plate, and is stored closed where a later one is open.
func (f *Flow) Entered(ctx context.Context, e lot.Entry) (lot.Answer, error) {
	now := f.cfg.Now()
	if a, ok := checkTimes(e.Entered, e.Entered, now); !ok {
		return a, nil
	}
	v := charge.VisitKey{Lot: e.Lot, Plate: e.Plate}
	visits := f.neighbours(v)
	err := f.write(ctx, visits, func(tx Tx, then *after) error {
		if err := f.learnStays(tx, e.Lot); err != nil {
			return err
		}
		known, err := tx.StayByOrder(e.Lot, e.OrderID)
		if err != nil {
			return err
		}
		if known != nil {
			return f.correct(tx, then, known, e, now)
		}
		return f.enter(tx, then, e, now)
	})
	return taken1, err
}

// learnStays notes that a lot tells its entries.
func (f *Flow) learnStays(tx Tx, id charge.LotID) error {
	m, err := tx.LotMarks(id)
	if err != nil || m.ToldStays {
		return err
	}
	m.ToldStays = true
	return tx.SetLotMarks(id, m)
}

func (f *Flow) enter(tx Tx, then *after, e lot.Entry, now time.Time) error {
	v := charge.VisitKey{Lot: e.Lot, Plate: e.Plate}
	s := &charge.Stay{ID: f.cfg.IDs(), Lot: e.Lot, OrderID: e.OrderID, Plate: e.Plate, Entered: e.Entered, Open: true, Channel: e.Channel}
	others, err := tx.StaysOf(v, now)
	if err != nil {
		return err
	}
	for _, o := range others {
		switch {
		case !o.Open:
		case o.Entered.Before(e.Entered):
			if err := f.closeStay(tx, then, o, closing{left: e.Entered, how: charge.ClosedByEntry, now: now}); err != nil {
				return err
			}
		default: // the lot tells late: a newer stay is open already
			s.Open, s.Left, s.Closed = false, o.Entered, charge.ClosedLate
		}
	}
	if err := tx.AddStay(s); err != nil {
		return err
	}
	return f.rematch(tx, then, v, now)
}

// correct takes a known order told again: with another plate it is the lot's correction of a misreading.
func (f *Flow) correct(tx Tx, then *after, s *charge.Stay, e lot.Entry, now time.Time) error {
	if s.Plate == e.Plate {
		return nil
	}
	old := charge.VisitKey{Lot: s.Lot, Plate: s.Plate}
	if err := then.hold(old); err != nil {
		return err
	}
	s.Plate = e.Plate
	if err := tx.SetStay(s); err != nil {
		return err
	}
	matched, err := tx.ChargesOfStay(s.ID)
	if err != nil {
		return err
	}
	for _, c := range matched {
		if err := tx.AddEvent(charge.Event{Charge: c.ID, At: now, Step: "corrected", Result: "stay",
			Detail: "the lot corrected the plate of stay " + s.OrderID + " to " + e.Plate.String()}); err != nil {
			return err
		}
	}
	return f.rematch(tx, then, charge.VisitKey{Lot: e.Lot, Plate: e.Plate}, now)
}

// Left stores an exit and settles what the stay was granted. An exit without an entry is stored as a closed
// stay and answered with 1.
func (f *Flow) Left(ctx context.Context, e lot.Exit) (lot.Answer, error) {
	now := f.cfg.Now()
	if a, ok := checkTimes(e.Entered, e.Left, now); !ok {
		return a, nil
	}
	answer := taken1
	v := charge.VisitKey{Lot: e.Lot, Plate: e.Plate}
	visits := f.neighbours(v)
	err := f.write(ctx, visits, func(tx Tx, then *after) error {
		answer = taken1
		s, err := tx.StayByOrder(e.Lot, e.OrderID)
		if err != nil {
			return err
		}
		if s == nil {
			return f.loneExit(tx, then, e, now)
		}
		if err := then.hold(charge.VisitKey{Lot: s.Lot, Plate: s.Plate}); err != nil {
			return err
		}
		if e.Left.Before(s.Entered) {
			answer = refuseLot("out_time lies before the entry of order_id %s", e.OrderID)
			return nil
		}
		return f.closeStay(tx, then, s, closing{left: e.Left, how: charge.ClosedByExit, reduced: e.Reduced, now: now})
	})
	return answer, err
}

func (f *Flow) loneExit(tx Tx, then *after, e lot.Exit, now time.Time) error {
	entered := e.Entered
	if entered.IsZero() {
		entered = e.Left
	}
	s := &charge.Stay{ID: f.cfg.IDs(), Lot: e.Lot, OrderID: e.OrderID, Plate: e.Plate, Entered: entered,
		Left: e.Left, Closed: charge.ClosedLone}
	if err := tx.AddStay(s); err != nil {
		return err
	}
	if err := f.settleCharges(tx, then, s, closing{left: e.Left, how: charge.ClosedLone, reduced: e.Reduced, now: now}); err != nil {
		return err
	}
	return f.rematch(tx, then, charge.VisitKey{Lot: e.Lot, Plate: e.Plate}, now)
}

// closing is how a stay ends.
type closing struct {
	left    time.Time
	how     charge.StayClosed
	reduced *lot.Reduced // what the exit names; nil where it names none
	now     time.Time
}

// closeStay ends a stay. A stay that an exit has ended changes no more, but for a reduction told late.
func (f *Flow) closeStay(tx Tx, then *after, s *charge.Stay, cl closing) error {
	if s.Open || s.Closed != charge.ClosedByExit && cl.how == charge.ClosedByExit {
		s.Open, s.Left, s.Closed = false, cl.left, cl.how
		if err := tx.SetStay(s); err != nil {
			return err
		}
	} else if cl.reduced == nil {
		return nil
	}
	return f.settleCharges(tx, then, s, cl)
}

// settleCharges ends what is under way for a stay and takes down what the exit says was taken off.
func (f *Flow) settleCharges(tx Tx, then *after, s *charge.Stay, cl closing) error {
	charges, err := tx.ChargesOfStay(s.ID)
	if err != nil {
		return err
	}
	unmatched, err := tx.ChargesOfVisit(charge.VisitKey{Lot: s.Lot, Plate: s.Plate}, cl.left.Add(-visitSpan))
	if err != nil {
		return err
	}
	for _, c := range unmatched { // granted while the lot told no stays
		if c.StayID == 0 && c.State.Granting() && !c.Received.After(cl.left.Add(clockSlack)) {
			charges = append(charges, c)
		}
	}
	shares := share(charges, cl.reduced)
	for _, c := range charges {
		if err := f.settleCharge(tx, then, c, shares[c.ID], cl); err != nil {
			return err
		}
	}
	return nil
}

// share parts what an exit names among the stay's grants: amounts first, up to what each was granted, the rest
// to the first of the others, whose worth in yuan nobody but the lot knows.
func share(charges []*charge.Charge, reduced *lot.Reduced) map[int64]*charge.Usage {
	shares := map[int64]*charge.Usage{}
	if reduced == nil {
		return shares
	}
	amount, minutes := reduced.Amount, reduced.Minutes
	var other *charge.Usage
	for _, c := range charges {
		if !c.State.Granting() || c.Reduction == nil {
			continue
		}
		u := &charge.Usage{Source: charge.UsageExit, Told: reduced.Told}
		shares[c.ID] = u
		switch c.Reduction.Method {
		case charge.MethodAmount:
			u.Amount = min(amount, c.Reduction.Amount)
			amount -= u.Amount
		case charge.MethodTime:
			u.Minutes = min(minutes, c.Reduction.Minutes)
			minutes -= u.Minutes
			if other == nil {
				other = u
			}
		default:
			if other == nil {
				other = u
			}
		}
	}
	if other != nil {
		other.Amount += amount
	}
	return shares
}

// settleCharge ends one charge of a stay that is over.
func (f *Flow) settleCharge(tx Tx, then *after, c *charge.Charge, used *charge.Usage, cl closing) error {
	dl, err := lastDelivery(tx, c.ID)
	if err != nil {
		return err
	}
	told := used != nil && (used.Amount > 0 || used.Minutes > 0)
	switch {
	case c.State == charge.StateSending && dl != nil && dl.State != charge.DeliverySent:
		reason := c.Reason
		if reason == charge.ReasonOK {
			reason = charge.ReasonLeftBeforeArrival
		}
		return f.giveUp(tx, then, c, dl, reason, cl.now)
	case (c.State == charge.StateUnknown || c.State == charge.StateSending) && !told:
		if dl != nil {
			return f.leaveUnknown(tx, then, c, dl, cl.now)
		}
		return nil
	case c.State != charge.StateDelivered && c.State != charge.StateUnknown && c.State != charge.StateSending:
		return nil
	case used == nil:
		return move(tx, then, c, charge.StateDelivered, charge.ReasonUsageNotTold, cl.now)
	}
	used.At = cl.left
	if dl != nil && pending(dl.State) {
		if err := f.leaveUnknown(tx, then, c, dl, cl.now); err != nil {
			return err
		}
	}
	return f.use(tx, then, c, *used, cl.now)
}

func lastDelivery(tx Tx, chargeID int64) (*charge.Delivery, error) {
	all, err := tx.DeliveriesOf(chargeID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[len(all)-1], nil
}

// use writes a usage down, with a counter-entry for the one it corrects, and sees to the report.
func (f *Flow) use(tx Tx, then *after, c *charge.Charge, u charge.Usage, now time.Time) error {
	if old := c.Usage; old != nil {
		if err := tx.AddLedger(f.usageEntry(c, *old, now, -1, "corrected by a later message")); err != nil {
			return err
		}
	}
	if err := tx.AddLedger(f.usageEntry(c, u, now, 1, "told by "+string(u.Source))); err != nil {
		return err
	}
	c.Usage = &u
	if err := f.oweReport(tx, c, now); err != nil {
		return err
	}
	return move(tx, then, c, charge.StateUsed, charge.ReasonOK, now)
}

func (f *Flow) usageEntry(c *charge.Charge, u charge.Usage, at time.Time, sign int64, note string) charge.LedgerEntry {
	e := charge.LedgerEntry{
		ID: f.cfg.IDs(), At: at, Charge: c.ID, StayID: c.StayID, Kind: charge.EntryUsage,
		Minutes: sign * u.Minutes, Amount: charge.Fen(sign) * u.Amount,
		Platform: c.Platform, Lot: c.Lot, Day: day(c.Received), Note: note,
	}
	if c.Reduction != nil {
		e.Method = c.Reduction.Method
	}
	return e
}

// Used stores what a lot says it really took off for one charge (2.34, 3.11).
func (f *Flow) Used(ctx context.Context, u lot.Usage) (lot.Answer, error) {
	now := f.cfg.Now()
	if a, ok := checkTimes(u.Left, u.Left, now); !ok {
		return a, nil
	}
	var visits []charge.VisitKey
	err := f.cfg.Storage.Read(ctx, func(tx Tx) error {
		c, err := tx.ChargeByOrder(u.Lot, u.Order)
		if c != nil {
			visits = []charge.VisitKey{{Lot: c.Lot, Plate: c.Plate}}
		}
		return err
	})
	if err != nil {
		return lot.Answer{}, err
	}
	if visits == nil {
		return refuseLot("no reduction of this lot has the start_charge_seq %s", clip(u.Order)), nil
	}
	answer := taken1
	err = f.write(ctx, visits, func(tx Tx, then *after) error {
		answer = taken1
		c, err := tx.ChargeByOrder(u.Lot, u.Order)
		if err != nil || c == nil {
			return err
		}
		wrong := usageFault(c, u)
		if wrong == "" {
			return f.usedBy(tx, then, c, u, now)
		}
		answer = refuseLot("%s", wrong)
		return tx.AddEvent(charge.Event{Charge: c.ID, At: now, Step: "usage", Result: "refused", Detail: wrong})
	})
	return answer, err
}

func (f *Flow) usedBy(tx Tx, then *after, c *charge.Charge, u lot.Usage, now time.Time) error {
	if c.Usage != nil && c.Usage.Source == charge.UsageTold {
		return nil // the same again: usageFault has seen to that
	}
	if dl, err := lastDelivery(tx, c.ID); err != nil {
		return err
	} else if dl != nil && dl.State != charge.DeliveryDelivered {
		if err := f.acked(tx, then, c, dl, now); err != nil { // who tells a usage has had the reduction
			return err
		}
	}
	return f.use(tx, then, c, charge.Usage{Minutes: u.Minutes, Amount: u.Amount, At: u.Left,
		Source: charge.UsageTold, Method: u.Method, Told: u.Told}, now)
}

// usageFault says what is wrong with a usage, or nothing.
func usageFault(c *charge.Charge, u lot.Usage) string {
	switch c.State {
	case charge.StateDelivered, charge.StateUnknown, charge.StateSending, charge.StateUsed, charge.StateGaveUp:
	default:
		return "nothing was granted for this start_charge_seq that could have been used"
	}
	if c.Reduction == nil {
		return "nothing was granted for this start_charge_seq that could have been used"
	}
	if old := c.Usage; old != nil && old.Source == charge.UsageTold && (old.Minutes != u.Minutes || old.Amount != u.Amount) {
		return "this start_charge_seq was told with other numbers before; the first ones stay"
	}
	most := *c.Reduction
	if c.Decision != nil && c.Decision.Send.Method == most.Method { // a lot that replaces has the total
		most.Minutes, most.Amount = max(most.Minutes, c.Decision.Send.Minutes), max(most.Amount, c.Decision.Send.Amount)
	}
	switch {
	case u.Minutes < 0 || u.Amount < 0:
		return "a usage cannot be below zero"
	case most.Method == charge.MethodTime && u.Method == 1 && u.Minutes > most.Minutes:
		return fmt.Sprintf("duration %d is more than the %d minutes that were granted", u.Minutes, most.Minutes)
	case most.Method == charge.MethodAmount && u.Method == 2 && u.Amount > most.Amount:
		return fmt.Sprintf("reduce_amount %s is more than the %s yuan that were granted", u.Amount, most.Amount)
	}
	return ""
}

// InPark lists the open stays of a plate in a lot.
func (f *Flow) InPark(ctx context.Context, id charge.LotID, plate charge.Plate) ([]charge.Stay, error) {
	var open []charge.Stay
	err := f.cfg.Storage.Read(ctx, func(tx Tx) error {
		stays, err := tx.StaysOf(charge.VisitKey{Lot: id, Plate: plate}, f.cfg.Now())
		for _, s := range stays {
			if s.Open {
				open = append(open, *s)
			}
		}
		return err
	})
	return open, err
}

// checkTimes refuses nonsense: times that cross, lie in the future or years back.
func checkTimes(from, to, now time.Time) (lot.Answer, bool) {
	switch {
	case to.IsZero(), to.Before(now.Add(-10 * maxStay)):
		return refuseLot("the time is missing or years back"), false
	case to.After(now.Add(24 * time.Hour)):
		return refuseLot("the time lies in the future"), false
	case !from.IsZero() && to.Before(from):
		return refuseLot("out_time lies before in_time"), false
	}
	return lot.Answer{}, true
}

// clip keeps what an outsider sent short in an answer.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most]
	}
	return s
}
