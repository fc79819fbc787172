package flow

import (
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// noteOnStay puts an event on the timeline of every charge of a stay.
func (f *Flow) noteOnStay(tx Tx, s *charge.Stay, e charge.Event) error {
	charges, err := tx.ChargesOfStay(s.ID)
	for _, c := range charges {
		if err == nil {
			e.Charge = c.ID
			err = tx.AddEvent(e)
		}
	}
	return err
}

// closing is how a stay ends.
type closing struct {
	left    time.Time
	told    time.Time // what the lot reported where its clock was ahead; else zero
	how     charge.StayClosed
	reduced *lot.Reduced // what the exit names; nil where it names none
	now     time.Time
}

// closeStay ends a stay. A stay that an exit has ended changes no more, but for a reduction reported late.
func (f *Flow) closeStay(tx Tx, then *after, s *charge.Stay, cl closing) error {
	if s.Open || s.Closed != charge.ClosedByExit && cl.how == charge.ClosedByExit {
		s.Open, s.Left, s.ToldLeft, s.Closed = false, cl.left, cl.told, cl.how
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
	parties, err := f.parties(tx, then, s, cl)
	if err != nil {
		return err
	}
	shares, over := share(parties, cl.reduced)
	for _, p := range parties {
		if err := f.settleCharge(tx, then, p, shares[p.ID], cl); err != nil {
			return err
		}
	}
	if len(over) == 0 {
		return nil
	}
	return f.noteOnStay(tx, s, charge.Event{At: cl.now, Step: "exit", Result: "more_than_granted",
		Detail: charge.Say("exit.more_than_granted", charge.Grants("over", over...))})
}

// parties lists the charges of a stay, and those granted while its lot reported no stays.
func (f *Flow) parties(tx Tx, then *after, s *charge.Stay, cl closing) ([]party, error) {
	charges, err := tx.ChargesOfStay(s.ID)
	if err != nil {
		return nil, err
	}
	unmatched, err := chargesOfPlates(tx, s.Lot, s.Names.With(s.Plate), cl.left.Add(-visitSpan))
	if err != nil {
		return nil, err
	}
	for _, c := range unmatched {
		if c.StayID == 0 && c.State.Granting() && !c.Received.After(cl.left.Add(clockSlack)) {
			charges = append(charges, c)
		}
	}
	if err := then.holdCharges(charges); err != nil {
		return nil, err // the stay's plate was corrected, or it lies around the charge's lot
	}
	parties := make([]party, len(charges))
	for i, c := range charges {
		dl, err := lastDelivery(tx, c.ID)
		if err != nil {
			return nil, err
		}
		parties[i] = party{Charge: c, delivery: dl}
	}
	if l, _, _ := f.cfg.Estate().Lot(s.Lot); l.Repeats == charge.RepeatsReplace {
		for i := range parties {
			parties[i].included = slices.ContainsFunc(parties, func(o party) bool {
				return grantedAfter(parties[i].Charge, o.Charge) && o.mayHave()
			})
		}
	}
	return parties, nil
}

// share parts what an exit names among the stay's grants: yuan to amounts and minutes to times, each up to what
// was granted, and what is left to the first grant of another kind, whose worth only the lot knows. over is
// what was left after that.
func share(parties []party, reduced *lot.Reduced) (shares map[int64]*charge.Usage, over []charge.Reduction) {
	shares = map[int64]*charge.Usage{}
	if reduced == nil {
		return shares, nil
	}
	amount, minutes := reduced.Amount, reduced.Minutes
	var yuanFor, minutesFor *charge.Usage
	for _, p := range parties {
		if !p.mayHave() || p.Reduction == nil {
			continue
		}
		u := &charge.Usage{Source: charge.UsageExit, Told: reduced.Told}
		shares[p.ID] = u
		if p.Reduction.Method == charge.MethodAmount {
			u.Amount = min(amount, p.Reduction.Amount)
			amount -= u.Amount
		} else if yuanFor == nil {
			yuanFor = u
		}
		if p.Reduction.Method == charge.MethodTime {
			u.Minutes = min(minutes, p.Reduction.Minutes)
			minutes -= u.Minutes
		} else if minutesFor == nil {
			minutesFor = u
		}
	}
	if len(shares) == 0 {
		return shares, nil
	}
	var rest []charge.Reduction
	if yuanFor != nil {
		yuanFor.Amount += amount
	} else if amount > 0 {
		rest = append(rest, charge.Reduction{Method: charge.MethodAmount, Amount: amount})
	}
	if minutesFor != nil {
		minutesFor.Minutes += minutes
	} else if minutes > 0 {
		rest = append(rest, charge.Reduction{Method: charge.MethodTime, Minutes: minutes})
	}
	return shares, rest
}

// settleCharge ends one charge of a stay that is over.
func (f *Flow) settleCharge(tx Tx, then *after, p party, used *charge.Usage, cl closing) error {
	c, dl := p.Charge, p.delivery
	told := used != nil && (used.Amount > 0 || used.Minutes > 0)
	switch c.State {
	case charge.StateSending, charge.StateUnknown:
		if !p.mayHave() {
			reason := c.Reason
			if reason == charge.ReasonOK {
				reason = charge.ReasonLeftBeforeArrival
			}
			return f.giveUp(tx, then, c, dl, reason, cl.now)
		}
		if pending(dl.State) || !told {
			if err := f.leaveUnknown(tx, then, c, dl, cl.now); err != nil || !told {
				return err
			}
		}
	case charge.StateDelivered:
		if used == nil {
			return move(tx, then, c, charge.StateDelivered, charge.ReasonUsageNotTold, cl.now)
		}
	default:
		return nil
	}
	used.At = cl.left
	return f.use(tx, then, c, *used, charge.ReasonOK, cl.now)
}
