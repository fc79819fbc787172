package flow

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

var _ lot.Events = (*Flow)(nil)

// Entered stores an entry: a new stay, a correction of an open one, or a repeat. A stay that has ended never changes
// by it, but for one of which only the exit was known. It closes only earlier stays of the plate, and is stored closed
// where a later one is open.
func (f *Flow) Entered(ctx context.Context, e lot.Entry) (lot.Answer, error) {
	now := f.cfg.Now()
	if a, ok := checkTimes(e.Entered, e.Entered, now); !ok {
		return a, nil
	}
	visits := append(f.neighboursOf(e.Lot, e.Names.With(e.Plate)), orderKey(e.Lot, e.OrderID))
	learn := f.hearClock(e.Lot, e.Plate, e.Entered, now)
	err := f.write(ctx, visits, func(tx Tx, then *after) error {
		if err := errors.Join(f.learnStays(tx, e), learn(tx, then)); err != nil {
			return err
		}
		all, err := tx.StaysByOrder(e.Lot, e.OrderID)
		if err != nil {
			return err
		}
		known := orderStays(all)
		begun := known.begun(e.Entered, e.Plate)
		switch {
		case begun != nil && (namesNothingNew(begun, e) || !begun.Open || e.Plate.Unplated()):
			return nil // a repeat; a camera that reads no plate corrects none
		case begun != nil:
			st, err := settlementOf(begun)
			if err != nil || st.older(e) {
				return err
			}
			if !e.Replace {
				return f.correct(tx, then, begun, e, now)
			}
		}
		if s := known.exitOnly(e); s != nil {
			return f.beginEarlier(tx, then, s, e, now)
		}
		if !e.Replace && !known.another(e.Entered) {
			return nil // it says nothing new
		}
		return f.enter(tx, then, known, e, now)
	})
	return taken1, err
}

// namesNothingNew reports whether an entry names the car of a stay, and by no plate that the stay has not.
func namesNothingNew(s *charge.Stay, e lot.Entry) bool {
	return !slices.ContainsFunc(e.Names.With(e.Plate), func(p charge.Plate) bool { return !s.Is(p) })
}

// hearClock notes the time that a lot's message names. What it returns stores how far the lot's clock is ahead, where
// that is news.
func (f *Flow) hearClock(id charge.LotID, plate charge.Plate, told, now time.Time) func(Tx, *after) error {
	if plate.Trial() {
		return func(Tx, *after) error { return nil }
	}
	ahead, news := f.clocks.heard(id, told, now)
	return func(tx Tx, then *after) error {
		if !news {
			return nil
		}
		m, err := tx.LotMarks(id)
		if err != nil {
			return err
		}
		then.tell = append(then.tell, func(Observer) { f.clocks.kept(id, ahead) })
		if (m.Clock - ahead).Abs() < clockStep {
			return nil
		}
		m.Clock = ahead
		return tx.SetLotMarks(id, m)
	}
}

// learnStays notes that a lot reports its entries.
func (f *Flow) learnStays(tx Tx, e lot.Entry) error {
	if e.Plate.Trial() {
		return nil
	}
	m, err := tx.LotMarks(e.Lot)
	if err != nil || m.ToldStays {
		return err
	}
	m.ToldStays = true
	return tx.SetLotMarks(e.Lot, m)
}

// enter stores a new stay; known are those that its order number has had.
func (f *Flow) enter(tx Tx, then *after, known orderStays, e lot.Entry, now time.Time) error {
	s := &charge.Stay{ID: f.cfg.IDs.Next(), Lot: e.Lot, OrderID: e.OrderID, Plate: e.Plate, Names: e.Names, Open: true,
		Channel: e.Channel}
	s.Entered, s.ToldEntered = received(e.Entered, now)
	if e.Replace {
		if err := (settlement{Forced: true}).keep(s); err != nil {
			return err
		}
	}
	if err := f.makeRoomIn(tx, then, s, known, e.Replace, now); err != nil {
		return err
	}
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
// new one begins; where the lot reports late and a newer one is open already, the new one is over.
func (f *Flow) makeRoom(tx Tx, then *after, s *charge.Stay, now time.Time) error {
	others, err := staysOfPlates(tx, s.Lot, s.Names.With(s.Plate), now)
	if err != nil {
		return err
	}
	return f.makeRoomIn(tx, then, s, others, false, now)
}

// makeRoomIn is makeRoom among some stays. replace: the new stay is the one that stays open.
func (f *Flow) makeRoomIn(tx Tx, then *after, s *charge.Stay, others []*charge.Stay, replace bool,
	now time.Time) error {
	for _, o := range others {
		switch {
		case !o.Open || o.ID == s.ID:
		case replace || enteredBefore(o, s):
			if err := then.hold(charge.VisitKey{Lot: o.Lot, Plate: o.Plate}); err != nil {
				return err
			}
			if err := f.closeStay(tx, then, o,
				closing{left: later(s.Entered, o.Entered), how: charge.ClosedByEntry, now: now}); err != nil {
				return err
			}
		default:
			s.Open, s.Left, s.Closed = false, later(s.Entered, o.Entered), charge.ClosedLate
		}
	}
	return nil
}

// enteredBefore compares entries by the lot's clock. One that was too far ahead to be a time comes last.
func enteredBefore(o, s *charge.Stay) bool {
	return o.ToldEntry().Sub(o.Entered) > wildClock || o.ToldEntry().Before(s.ToldEntry())
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// adopt credits a stay with what its car was granted before the lot reported stays, so that caps hold over both.
func (f *Flow) adopt(tx Tx, s *charge.Stay, now time.Time) error {
	if l, _, ok := f.cfg.Estate().Lot(s.Lot); !ok || lot.KindOf(l.Kind).KeepsStays || l.Stays == charge.StaysNone {
		return nil
	}
	recent, err := chargesOfPlates(tx, s.Lot, s.Names.With(s.Plate), s.Entered.Add(-clockSlack))
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
	return f.rematch(tx, then, s, now)
}

// correct sets the plate of an open stay to the one that its lot has read since.
func (f *Flow) correct(tx Tx, then *after, s *charge.Stay, e lot.Entry, now time.Time) error {
	if err := then.hold(charge.VisitKey{Lot: s.Lot, Plate: s.Plate}); err != nil {
		return err
	}
	if s.Plate != e.Plate {
		st, err := settlementOf(s)
		if err != nil {
			return err
		}
		st.Was, st.Forced = append(st.Was, formerPlate{s.Plate, st.Forced}), false
		if err := st.keep(s); err != nil {
			return err
		}
	}
	s.Plate, s.Names = e.Plate, e.Names
	if err := f.makeRoom(tx, then, s, now); err != nil {
		return err
	}
	if err := tx.SetStay(s); err != nil {
		return err
	}
	if err := f.noteOnStay(tx, s, charge.Event{At: now, Step: "corrected", Result: "stay",
		Detail: charge.Say("match.corrected", charge.Text("stay", s.OrderID), charge.Masked("plate", e.Plate))}); err != nil {
		return err
	}
	return f.arrived(tx, then, s, now)
}

// beginEarlier stores when a stay began of which only its exit was known.
func (f *Flow) beginEarlier(tx Tx, then *after, s *charge.Stay, e lot.Entry, now time.Time) error {
	s.Entered = e.Entered
	if err := tx.SetStay(s); err != nil {
		return err
	}
	return f.rematch(tx, then, s, now)
}

// Left stores an exit and settles what the stay was granted. An exit without an entry is stored as a closed
// stay and answered with 1.
func (f *Flow) Left(ctx context.Context, e lot.Exit) (lot.Answer, error) {
	now := f.cfg.Now()
	if a, ok := checkTimes(e.Entered, e.Left, now); !ok {
		return a, nil
	}
	answer := taken1
	left, told := received(e.Left, now)
	visits := append(f.neighboursOf(e.Lot, e.Names.With(e.Plate)), orderKey(e.Lot, e.OrderID))
	learn := f.hearClock(e.Lot, e.Plate, e.Left, now)
	err := f.write(ctx, visits, func(tx Tx, then *after) error {
		answer = taken1
		if err := learn(tx, then); err != nil {
			return err
		}
		known, err := tx.StaysByOrder(e.Lot, e.OrderID)
		if err != nil {
			return err
		}
		s := orderStays(known).exited(e, left)
		if s == nil {
			return f.loneExit(tx, then, e, now)
		}
		if err := then.hold(charge.VisitKey{Lot: s.Lot, Plate: s.Plate}); err != nil {
			return err
		}
		if left.Before(s.Entered) {
			answer = refuseLot("out_time早于入场", charge.Say("lot.before_entry", charge.Text("field", "out_time"),
				charge.When("time", e.Left), charge.When("entry", s.Entered)))
			return f.refusedExit(tx, s, answer, now)
		}
		return f.closeStay(tx, then, s,
			closing{left: left, told: told, how: charge.ClosedByExit, reduced: e.Reduced, now: now})
	})
	return answer, err
}

// refusedExit leaves word of an exit that was refused where support looks.
func (f *Flow) refusedExit(tx Tx, s *charge.Stay, a lot.Answer, now time.Time) error {
	return f.noteOnStay(tx, s, charge.Event{At: now, Step: "exit", Result: "refused", Detail: a.Why})
}

// loneExit stores an exit of which no entry came as a stay that is over.
func (f *Flow) loneExit(tx Tx, then *after, e lot.Exit, now time.Time) error {
	s := &charge.Stay{ID: f.cfg.IDs.Next(), Lot: e.Lot, OrderID: e.OrderID, Plate: e.Plate, Names: e.Names,
		Closed: charge.ClosedLone}
	s.Left, s.ToldLeft = received(e.Left, now)
	s.Entered, s.ToldEntered = s.Left, s.ToldLeft
	if !e.Entered.IsZero() {
		s.Entered, s.ToldEntered = received(e.Entered, now)
	}
	if err := tx.AddStay(s); err != nil {
		return err
	}
	if err := f.settleCharges(tx, then, s,
		closing{left: s.Left, how: charge.ClosedLone, reduced: e.Reduced, now: now}); err != nil {
		return err
	}
	return f.rematch(tx, then, s, now)
}

// rematch decides the held charges of a stay's car anew after its lot reported something: the stay they waited for may
// be here. Held charges of neighbouring areas count too, since a rule may aim at this lot's stay.
func (f *Flow) rematch(tx Tx, then *after, s *charge.Stay, now time.Time) error {
	waiting, err := ofPlates(s.Names.With(s.Plate), func(p charge.Plate) (all []*charge.Charge, err error) {
		for _, k := range f.neighbours(charge.VisitKey{Lot: s.Lot, Plate: p}) {
			held, err := tx.HeldCharges(k)
			if err != nil {
				return nil, err
			}
			all = append(all, held...)
		}
		return all, nil
	}, chargeID)
	if err != nil {
		return err
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
