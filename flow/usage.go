package flow

import (
	"context"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// Used stores what a lot says it really took off for one charge (2.34, 3.11).
func (f *Flow) Used(ctx context.Context, u lot.Usage) (lot.Answer, error) {
	now := f.cfg.Now()
	if a, ok := checkTimes(u.Left, u.Left, now); !ok {
		return a, nil
	}
	var visits []charge.VisitKey
	err := f.cfg.Storage.Read(ctx, func(tx Tx) error {
		c, _, err := reduced(tx, u)
		if c != nil {
			visits = []charge.VisitKey{{Lot: c.Lot, Plate: c.Plate}}
		}
		return err
	})
	if err != nil {
		return lot.Answer{}, err
	}
	if visits == nil {
		return refuseLot("no reduction of this lot for start_charge_seq"), nil
	}
	answer := taken1
	err = f.write(ctx, visits, func(tx Tx, then *after) error {
		answer = taken1
		c, wrong, err := reduced(tx, u)
		if err != nil || c == nil {
			return err
		}
		if err := then.hold(charge.VisitKey{Lot: c.Lot, Plate: c.Plate}); err != nil {
			return err
		}
		if wrong == "" {
			wrong, err = usageFault(tx, c, u)
		}
		if err != nil {
			return err
		}
		if wrong == "" {
			return f.usedBy(tx, then, c, u, now)
		}
		answer = refuseLot("%s", wrong)
		return tx.AddEvent(charge.Event{Charge: c.ID, At: now, Step: "usage", Result: "refused", Detail: wrong})
	})
	return answer, err
}

// reduced finds the charge that a usage is about by its order number and, where the message names one, its
// platform: platforms number their orders apart. Among several it is the newest that was given something. wrong
// says that only other platforms' charges have the number.
func reduced(tx Tx, u lot.Usage) (c *charge.Charge, wrong string, err error) {
	all, err := tx.ChargesByOrder(u.Lot, u.Order)
	if err != nil || len(all) == 0 {
		return nil, "", err
	}
	for _, found := range all {
		if u.Platform != "" && found.Platform != u.Platform {
			continue
		}
		if c == nil || !usable(c) && usable(found) {
			c = found
		}
	}
	if c == nil {
		return all[0], "platform_id does not fit this start_charge_seq: the order is another platform's", nil
	}
	return c, "", nil
}

// usable reports whether a charge was given something that a lot can have taken off. What was given up never left.
func usable(c *charge.Charge) bool {
	switch c.State {
	case charge.StateDelivered, charge.StateUnknown, charge.StateSending, charge.StateUsed:
		return c.Reduction != nil
	}
	return false
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
	own := charge.Usage{Minutes: u.Minutes, Amount: u.Amount, At: u.Left, Source: charge.UsageTold, Method: u.Method, Told: u.Told}
	if err := f.shareTotal(tx, then, c, &own, now); err != nil {
		return err
	}
	return f.use(tx, then, c, own, now)
}

// shareTotal leaves in a usage what is the charge's own: in a lot that replaces, the newest message had the total
// of the stay, and so has what the lot tells for it. The older grants get their part, up to what each was granted.
func (f *Flow) shareTotal(tx Tx, then *after, c *charge.Charge, own *charge.Usage, now time.Time) error {
	if c.Decision == nil || c.Decision.Send == *c.Reduction {
		return nil
	}
	for _, g := range c.Decision.Granted {
		o, err := tx.Charge(g.Charge)
		if err != nil {
			return err
		}
		if o == nil || !o.State.Granting() || o.Reduction == nil || o.Reduction.Method != c.Reduction.Method {
			continue
		}
		part := charge.Usage{Minutes: min(own.Minutes, o.Reduction.Minutes), Amount: min(own.Amount, o.Reduction.Amount),
			At: own.At, Source: charge.UsageExit, Method: own.Method}
		if o.Usage != nil && o.Usage.Source == charge.UsageTold {
			part.Minutes, part.Amount = min(own.Minutes, o.Usage.Minutes), min(own.Amount, o.Usage.Amount)
		} else {
			if err := then.hold(charge.VisitKey{Lot: o.Lot, Plate: o.Plate}); err != nil {
				return err
			}
			if err := f.use(tx, then, o, part, now); err != nil {
				return err
			}
		}
		own.Minutes, own.Amount = own.Minutes-part.Minutes, own.Amount-part.Amount
	}
	return nil
}

// sameUsage reports whether a lot says again what it has told.
func sameUsage(old *charge.Usage, u lot.Usage) bool {
	return old.Minutes == u.Minutes && old.Amount == u.Amount || old.Told == u.Told && u.Told != ""
}

// usageFault says what is wrong with a usage, or nothing.
func usageFault(tx Tx, c *charge.Charge, u lot.Usage) (string, error) {
	if !usable(c) {
		return "nothing granted for it could have been used", nil
	}
	if old := c.Usage; old != nil && old.Source == charge.UsageTold && !sameUsage(old, u) {
		return "told with other numbers before; the first stay", nil
	}
	if c.StayID != 0 {
		s, err := tx.Stay(c.StayID)
		if err != nil {
			return "", err
		}
		if s != nil && u.Left.Before(s.Entered) {
			return "out_time lies before the entry", nil
		}
	}
	most := *c.Reduction
	if c.Decision != nil && c.Decision.Send.Method == most.Method { // a lot that replaces has the total
		most.Minutes, most.Amount = max(most.Minutes, c.Decision.Send.Minutes), max(most.Amount, c.Decision.Send.Amount)
	}
	switch {
	case u.Minutes < 0 || u.Amount < 0:
		return "a usage cannot be below zero", nil
	case most.Method == charge.MethodTime && u.Minutes > most.Minutes:
		return fmt.Sprintf("duration %d: more than the %d minutes granted", u.Minutes, most.Minutes), nil
	case most.Method == charge.MethodAmount && u.Amount > most.Amount:
		return fmt.Sprintf("%s yuan: more than the %s yuan granted", u.Amount, most.Amount), nil
	}
	return "", nil
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
