package flow

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

var _ lot.Events = (*Flow)(nil)

// maxStay bounds what a stay can believably last; times beyond are nonsense, not data.
const maxStay = 366 * 24 * time.Hour

// refuseLot is a documented no to a lot. The SDK book gives an errmsg 48 characters.
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
	s := &charge.Stay{ID: f.cfg.IDs(), Lot: e.Lot, OrderID: e.OrderID, Plate: e.Plate, Entered: e.Entered, Open: true, Channel: e.Channel}
	if err := f.makeRoom(tx, then, s, now); err != nil {
		return err
	}
	if err := tx.AddStay(s); err != nil {
		return err
	}
	if err := f.adopt(tx, s, now); err != nil {
		return err
	}
	return f.arrived(tx, then, s, now)
}

// makeRoom sees to it that a plate has one open stay in a lot: the one entered last. Earlier ones end where the
// new one begins; where the lot tells late and a newer one is open already, the new one is over.
func (f *Flow) makeRoom(tx Tx, then *after, s *charge.Stay, now time.Time) error {
	others, err := tx.StaysOf(charge.VisitKey{Lot: s.Lot, Plate: s.Plate}, now)
	if err != nil {
		return err
	}
	for _, o := range others {
		switch {
		case !o.Open || o.ID == s.ID:
		case o.Entered.Before(s.Entered):
			if err := f.closeStay(tx, then, o, closing{left: s.Entered, how: charge.ClosedByEntry, now: now}); err != nil {
				return err
			}
		default:
			s.Open, s.Left, s.Closed = false, o.Entered, charge.ClosedLate
		}
	}
	return nil
}

// adopt gives a stay what its car was granted before the lot told any stay, so that caps hold over both.
func (f *Flow) adopt(tx Tx, s *charge.Stay, now time.Time) error {
	if l, _, ok := f.cfg.Estate().Lot(s.Lot); !ok || l.Kind == charge.Kind4G || l.Stays == charge.StaysNone {
		return nil
	}
	recent, err := tx.ChargesOfVisit(charge.VisitKey{Lot: s.Lot, Plate: s.Plate}, s.Entered.Add(-clockSlack))
	if err != nil {
		return err
	}
	for _, c := range recent {
		if c.StayID != 0 || !c.State.Granting() || !overlaps(s, c, clockSlack, false) {
			continue
		}
		c.StayID = s.ID
		if err := tx.SetCharge(c); err != nil {
			return err
		}
		if err := tx.AddEvent(charge.Event{Charge: c.ID, At: now, Step: "matched", Result: "stay",
			Detail: "granted before the lot told stay " + s.OrderID}); err != nil {
			return err
		}
	}
	return nil
}

// arrived settles what a stay that is over already was granted, and decides what waited for it.
func (f *Flow) arrived(tx Tx, then *after, s *charge.Stay, now time.Time) error {
	if !s.Open {
		if err := f.settleCharges(tx, then, s, closing{left: s.Left, how: s.Closed, now: now}); err != nil {
			return err
		}
	}
	return f.rematch(tx, then, charge.VisitKey{Lot: s.Lot, Plate: s.Plate}, now)
}

// correct takes a known order told again: with another plate it is the lot's correction of a misreading; after
// an exit that came first it tells when the car entered.
func (f *Flow) correct(tx Tx, then *after, s *charge.Stay, e lot.Entry, now time.Time) error {
	late := entryUntold(s) && e.Entered.Before(s.Left)
	if s.Plate == e.Plate && !late {
		return nil
	}
	if err := then.hold(charge.VisitKey{Lot: s.Lot, Plate: s.Plate}); err != nil {
		return err
	}
	if late {
		s.Entered = e.Entered
	}
	corrected := s.Plate != e.Plate
	s.Plate = e.Plate
	wasOpen := s.Open
	if wasOpen {
		if err := f.makeRoom(tx, then, s, now); err != nil {
			return err
		}
	}
	if err := tx.SetStay(s); err != nil {
		return err
	}
	if corrected {
		if err := f.noteOnStay(tx, s, charge.Event{At: now, Step: "corrected", Result: "stay",
			Detail: "the lot corrected the plate of stay " + s.OrderID + " to " + e.Plate.String()}); err != nil {
			return err
		}
	}
	if wasOpen {
		return f.arrived(tx, then, s, now)
	}
	return f.rematch(tx, then, charge.VisitKey{Lot: s.Lot, Plate: s.Plate}, now)
}

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
			answer = refuseLot("out_time lies before the entry")
			return f.refusedExit(tx, s, answer, now)
		}
		return f.closeStay(tx, then, s, closing{left: e.Left, how: charge.ClosedByExit, reduced: e.Reduced, now: now})
	})
	return answer, err
}

// refusedExit leaves word of an exit that was refused where support looks.
func (f *Flow) refusedExit(tx Tx, s *charge.Stay, a lot.Answer, now time.Time) error {
	return f.noteOnStay(tx, s, charge.Event{At: now, Step: "exit", Result: "refused", Detail: a.ErrMsg})
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

// party is a charge of a stay that comes to its end, with its last delivery.
type party struct {
	*charge.Charge
	delivery *charge.Delivery // nil where there is none
	included bool             // its reduction is in the total of a newer message that the lot may have
}

// mayHave reports whether the lot has the reduction, or may.
func (p party) mayHave() bool {
	switch p.State {
	case charge.StateDelivered, charge.StateUnknown, charge.StateUsed:
		return true
	case charge.StateSending:
		return p.included || p.delivery != nil && p.delivery.State != charge.DeliveryDue
	}
	return false
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
	if over == "" {
		return nil
	}
	return f.noteOnStay(tx, s, charge.Event{At: cl.now, Step: "exit", Result: "more_than_granted",
		Detail: "the exit names " + over + " beyond what was granted; another discount, or a mistake"})
}

// parties lists the charges of a stay, and those granted while its lot told no stays.
func (f *Flow) parties(tx Tx, then *after, s *charge.Stay, cl closing) ([]party, error) {
	charges, err := tx.ChargesOfStay(s.ID)
	if err != nil {
		return nil, err
	}
	unmatched, err := tx.ChargesOfVisit(charge.VisitKey{Lot: s.Lot, Plate: s.Plate}, cl.left.Add(-visitSpan))
	if err != nil {
		return nil, err
	}
	for _, c := range unmatched {
		if c.StayID == 0 && c.State.Granting() && !c.Received.After(cl.left.Add(clockSlack)) {
			charges = append(charges, c)
		}
	}
	parties := make([]party, len(charges))
	for i, c := range charges {
		if err := then.hold(charge.VisitKey{Lot: c.Lot, Plate: c.Plate}); err != nil {
			return nil, err // the stay's plate was corrected, or it lies around the charge's lot
		}
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
// was granted, and what is left to the first grant of another kind, whose worth nobody but the lot knows. over is
// what was left after that.
func share(parties []party, reduced *lot.Reduced) (shares map[int64]*charge.Usage, over string) {
	shares = map[int64]*charge.Usage{}
	if reduced == nil {
		return shares, ""
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
		return shares, ""
	}
	var rest []string
	if yuanFor != nil {
		yuanFor.Amount += amount
	} else if amount > 0 {
		rest = append(rest, amount.String()+" yuan")
	}
	if minutesFor != nil {
		minutesFor.Minutes += minutes
	} else if minutes > 0 {
		rest = append(rest, fmt.Sprintf("%d minutes", minutes))
	}
	return shares, strings.Join(rest, " and ")
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
	return f.use(tx, then, c, *used, cl.now)
}

func lastDelivery(tx Tx, chargeID int64) (*charge.Delivery, error) {
	all, err := tx.DeliveriesOf(chargeID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[len(all)-1], nil
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
