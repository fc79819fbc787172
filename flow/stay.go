package flow

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

var _ lot.Events = (*Flow)(nil)

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
	if l, _, ok := f.cfg.Estate().Lot(s.Lot); !ok || lot.KindOf(l.Kind).KeepsStays || l.Stays == charge.StaysNone {
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
			Detail: charge.Say("match.before", charge.Text("stay", s.OrderID))}); err != nil {
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
	if e.Plate.Unplated() {
		e.Plate = s.Plate // a camera that reads no plate corrects none
	}
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
			Detail: charge.Say("match.corrected", charge.Text("stay", s.OrderID), charge.Masked("plate", e.Plate))}); err != nil {
			return err
		}
	}
	if wasOpen {
		return f.arrived(tx, then, s, now)
	}
	return f.rematch(tx, then, charge.VisitKey{Lot: s.Lot, Plate: s.Plate}, now)
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
			answer = refuseLot("out_time早于入场", charge.Say("lot.before_entry", charge.Text("field", "out_time"),
				charge.When("time", e.Left), charge.When("entry", s.Entered)))
			return f.refusedExit(tx, s, answer, now)
		}
		return f.closeStay(tx, then, s, closing{left: e.Left, how: charge.ClosedByExit, reduced: e.Reduced, now: now})
	})
	return answer, err
}

// refusedExit leaves word of an exit that was refused where support looks.
func (f *Flow) refusedExit(tx Tx, s *charge.Stay, a lot.Answer, now time.Time) error {
	return f.noteOnStay(tx, s, charge.Event{At: now, Step: "exit", Result: "refused", Detail: a.Why})
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

// rematch decides the held charges of a plate anew after a lot told something: the stay they waited for may
// be here. Held charges of neighbouring areas count too, since a rule may aim at this lot's stay.
func (f *Flow) rematch(tx Tx, then *after, v charge.VisitKey, now time.Time) error {
	var waiting []*charge.Charge
	for _, k := range f.neighbours(v) {
		held, err := tx.HeldCharges(k)
		if err != nil {
			return err
		}
		waiting = append(waiting, held...)
	}
	if err := then.holdCharges(waiting); err != nil {
		return err
	}
	for _, c := range waiting {
		if err := f.decideAgain(tx, then, c, now); err != nil {
			return err
		}
	}
	return nil
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

// openStay finds the newest open stay of a plate in a lot; nil where there is none.
func openStay(tx Tx, v charge.VisitKey, f *Flow) (*charge.Stay, error) {
	stays, err := tx.StaysOf(v, f.cfg.Now())
	if err != nil {
		return nil, err
	}
	for _, s := range stays {
		if s.Open {
			return s, nil
		}
	}
	return nil, nil
}
