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
	u.Left, _ = received(u.Left, now)
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
		return refuseLot("没有该start_charge_seq的减免", charge.Say("lot.no_reduction")), nil
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
		if wrong.ErrMsg == "" {
			wrong, err = usageFault(tx, c, u)
		}
		if err != nil {
			return err
		}
		if wrong.ErrMsg == "" {
			return f.usedBy(tx, then, c, u, now)
		}
		answer = wrong
		return tx.AddEvent(charge.Event{Charge: c.ID, At: now, Step: "usage", Result: "refused", Detail: wrong.Why})
	})
	return answer, err
}

// reduced finds the charge that a usage is about by its order number and, where the message names one, its
// platform: platforms number their orders apart. Among several it is the newest that was given something. wrong
// says that only other platforms' charges have the number.
func reduced(tx Tx, u lot.Usage) (c *charge.Charge, wrong lot.Answer, err error) {
	all, err := tx.ChargesByOrder(u.Lot, u.Order)
	if err != nil || len(all) == 0 {
		return nil, wrong, err
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
		return all[0], refuseLot("platform_id与start_charge_seq不符", charge.Say("lot.other_platform")), nil
	}
	return c, wrong, nil
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
		if err := f.acked(tx, then, c, dl, now); err != nil { // who reports a usage has had the reduction
			return err
		}
	}
	own := charge.Usage{Minutes: u.Minutes, Amount: u.Amount, At: u.Left, Source: charge.UsageTold, Method: u.Method,
		Told: u.Told}
	if err := f.shareTotal(tx, then, c, &own, now); err != nil {
		return err
	}
	return f.use(tx, then, c, own, charge.ReasonOK, now)
}

// shareTotal leaves in a usage what is the charge's own: in a lot that replaces, the newest message had the total
// of the stay, and so has what the lot reports for it. The older grants get their part, up to what each was granted.
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
			if err := f.use(tx, then, o, part, charge.ReasonOK, now); err != nil {
				return err
			}
		}
		own.Minutes, own.Amount = own.Minutes-part.Minutes, own.Amount-part.Amount
	}
	return nil
}

// sameUsage reports whether a lot says again what it has reported.
func sameUsage(old *charge.Usage, u lot.Usage) bool {
	return old.Minutes == u.Minutes && old.Amount == u.Amount || old.Told == u.Told && u.Told != ""
}

// usageFault says what is wrong with a usage, or nothing.
func usageFault(tx Tx, c *charge.Charge, u lot.Usage) (lot.Answer, error) {
	if !usable(c) {
		return refuseLot("该减免未生效，不可能已使用", charge.Say("lot.not_usable")), nil
	}
	if old := c.Usage; old != nil && old.Source == charge.UsageTold && !sameUsage(old, u) {
		return refuseLot("与先前上报的数值不同，以先前为准", charge.Say("lot.other_numbers")), nil
	}
	sameCar := u.Plate == "" || u.Plate == c.Plate || c.Names.Has(u.Plate) || u.Plate.Unplated()
	if c.StayID != 0 {
		s, err := tx.Stay(c.StayID)
		if err != nil {
			return lot.Answer{}, err
		}
		if s != nil && u.Left.Before(s.Entered) {
			return refuseLot("out_time早于入场",
				charge.Say("lot.before_entry", charge.Text("field", "out_time"), charge.When("time", u.Left),
					charge.When("entry", s.Entered))), nil
		}
		sameCar = sameCar || s != nil && s.Is(u.Plate) // bound by hand, or corrected since
	}
	if !sameCar {
		return refuseLot("car_number与充电订单的车牌不符", charge.Say("lot.other_car")), nil
	}
	most := *c.Reduction
	if c.Decision != nil && c.Decision.Send.Method == most.Method { // a lot that replaces has the total
		most.Minutes, most.Amount = max(most.Minutes, c.Decision.Send.Minutes), max(most.Amount, c.Decision.Send.Amount)
	}
	switch {
	case u.Minutes < 0 || u.Amount < 0:
		return refuseLot("实际减免不能为负", charge.Say("lot.below_zero")), nil
	case most.Method == charge.MethodTime && u.Minutes > most.Minutes:
		return refuseLot(fmt.Sprintf("duration %d超过减免的%d分钟", u.Minutes, most.Minutes), moreThan(u, most)), nil
	case most.Method == charge.MethodAmount && u.Amount > most.Amount:
		return refuseLot(fmt.Sprintf("%s元超过减免的%s元", u.Amount, most.Amount), moreThan(u, most)), nil
	}
	return lot.Answer{}, nil
}

// moreThan says that a usage is above what was granted.
func moreThan(u lot.Usage, most charge.Reduction) charge.Note {
	used := charge.Reduction{Method: most.Method, Minutes: u.Minutes, Amount: u.Amount}
	return charge.Say("lot.more_than_granted", charge.Grants("used", used), charge.Grants("granted", most))
}

// use writes a usage down, with a counter-entry for the one it corrects, and sees to the report.
func (f *Flow) use(tx Tx, then *after, c *charge.Charge, u charge.Usage, r charge.Reason, now time.Time) error {
	if old := c.Usage; old != nil {
		if err := tx.AddLedger(f.usageEntry(c, *old, now, -1, charge.Say("ledger.corrected"))); err != nil {
			return err
		}
	}
	if err := tx.AddLedger(f.usageEntry(c, u, now, 1, charge.Say(usageNotes[u.Source]))); err != nil {
		return err
	}
	c.Usage = &u
	if err := f.oweReport(tx, c, now); err != nil {
		return err
	}
	return move(tx, then, c, charge.StateUsed, r, now)
}

// usageNotes are the codes of where a usage comes from.
var usageNotes = map[charge.UsageSource]string{charge.UsageExit: "ledger.usage_exit",
	charge.UsageTold:   "ledger.usage_told",
	charge.UsageLedger: "ledger.usage_ledger"}

func (f *Flow) usageEntry(c *charge.Charge, u charge.Usage, at time.Time, sign int64,
	note charge.Note) charge.LedgerEntry {
	e := charge.LedgerEntry{
		ID: f.cfg.IDs.Next(), At: at, Charge: c.ID, StayID: c.StayID, Kind: charge.EntryUsage,
		Minutes: sign * u.Minutes, Amount: charge.Fen(sign) * u.Yuan(),
		Platform: c.Platform, Lot: c.Lot, Day: day(c.Received), Note: note,
	}
	if c.Reduction != nil {
		e.Method = c.Reduction.Method
	}
	return e
}
