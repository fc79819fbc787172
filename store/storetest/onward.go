package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
)

// testOnward follows charges on their way, of which a store may keep in memory what it has written: a write must
// see them as a fresh read does, whatever was done to what it was given before.
func testOnward(t *testing.T, s *site) {
	c := s.charge("京AD06088")
	c.UpdatedAt = s.now.Add(1234567 * time.Nanosecond)
	d, j := s.delivery(c)
	d.DueAt = c.UpdatedAt
	visit := s.visit(c.Plate)
	s.write(func(tx *store.Tx) error { return all(tx.AddCharge(c, c.Account), tx.AddDelivery(d, j)) }, visit)
	asRead := func(what string) {
		t.Helper()
		var kept *charge.Charge
		var sent *charge.Delivery
		s.write(func(tx *store.Tx) (err error) {
			if err := tx.ForeseeResult(d.ID, c.ID, 0); err != nil {
				return err
			}
			if kept, err = tx.Charge(c.ID); err != nil {
				return err
			}
			sent, err = tx.Delivery(d.ID)
			return err
		}, visit)
		s.read(func(tx *store.Tx) error {
			stored, err1 := tx.Charge(c.ID)
			delivery, err2 := tx.Delivery(d.ID)
			same(t, what+": charge", kept, stored)
			same(t, what+": delivery", sent, delivery)
			return all(err1, err2)
		})
	}
	asRead("as put")

	s.write(func(tx *store.Tx) error {
		got, err := tx.Charge(c.ID)
		if err != nil {
			return err
		}
		got.Plate, got.Decision.StayOrder, got.Reduction.Minutes = "京B00000", "scribbled", 7
		sent, err := tx.Delivery(d.ID)
		if err != nil {
			return err
		}
		sent.State = charge.DeliveryGaveUp
		return nil
	}, visit)
	asRead("scribbled on and not put")

	broken := errors.New("broken")
	err := s.Write(t.Context(), []charge.VisitKey{visit}, func(tx *store.Tx) error {
		got, err := tx.Charge(c.ID)
		if err != nil {
			return err
		}
		got.Reason = charge.ReasonLineOff
		return errors.Join(tx.SetCharge(got), broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("a broken write: %v", err)
	}
	asRead("put by a write that failed")

	s.write(func(tx *store.Tx) error {
		got, err := tx.Charge(c.ID)
		if err != nil {
			return err
		}
		got.Reason = charge.ReasonNoAnswer
		if err := tx.SetCharge(got); err != nil {
			return err
		}
		if seen, err := tx.Charge(c.ID); err != nil || seen.Reason != charge.ReasonNoAnswer {
			t.Errorf("a write does not see what it has put: %v, %v", seen, err)
		}
		sent, err := tx.Delivery(d.ID)
		if err != nil {
			return err
		}
		sent.State, sent.Attempts = charge.DeliverySent, 1
		return tx.SetDelivery(sent)
	}, visit)
	asRead("on its way")

	s.write(func(tx *store.Tx) error {
		got, err := tx.Charge(c.ID)
		if err != nil {
			return err
		}
		got.State, got.Reason = charge.StateDelivered, charge.ReasonOK
		return tx.SetCharge(got)
	}, visit)
	asRead("arrived")

	// A change of what a decision points to is a change of the charge.
	for i, change := range []func(*charge.Charge){
		func(c *charge.Charge) { c.Decision.StayOrder = "looked at" },
		func(c *charge.Charge) { c.Decision.Granted = append(c.Decision.Granted, charge.Granted{Charge: 7}) },
		func(c *charge.Charge) { c.Decision.Granted[0].Charge = 8 },
		func(c *charge.Charge) { c.Reduction.Minutes++ },
		func(c *charge.Charge) { c.Usage = &charge.Usage{Minutes: 1} },
		func(c *charge.Charge) { c.Usage.Minutes = 2 },
	} {
		var want *charge.Charge
		s.write(func(tx *store.Tx) (err error) {
			if want, err = tx.Charge(c.ID); err != nil {
				return err
			}
			change(want)
			return tx.SetCharge(want)
		}, visit)
		s.read(func(tx *store.Tx) error {
			got, err := tx.Charge(c.ID)
			same(t, fmt.Sprintf("change %d", i), got, want)
			return err
		})
	}
}

// testForesee asks ahead, changes what was asked, and asks.
func testForesee(t *testing.T, s *site) {
	first := s.charge("京AD06088")
	stay := s.stay(first.Plate, "o1")
	visit := s.visit(first.Plate)
	s.write(func(tx *store.Tx) error { return tx.AddStay(stay) }, visit)
	s.write(func(tx *store.Tx) error {
		since := s.now.Add(-24 * time.Hour)
		if err := tx.ForeseeDecision(first, []charge.VisitKey{visit}, since, since); err != nil {
			return err
		}
		before, err1 := tx.ChargeByRepeat(first.Platform, first.RepeatKey, teld)
		none, err2 := tx.ChargesOfVisit(visit, since)
		stays, err3 := tx.StaysOf(visit, since)
		marks, err4 := tx.LotMarks(s.lot)
		same(t, "repeat", before, (*charge.Charge)(nil))
		same(t, "charges", none, []*charge.Charge(nil))
		same(t, "stays", stays, []*charge.Stay{stay})
		same(t, "marks", marks, charge.LotMarks{})
		if err := all(err1, err2, err3, err4, tx.AddCharge(first, first.Account),
			tx.SetLotMarks(s.lot, charge.LotMarks{ToldStays: true})); err != nil {
			return err
		}
		after, err1 := tx.ChargeByRepeat(first.Platform, first.RepeatKey, teld)
		charges, err2 := tx.ChargesOfVisit(visit, since)
		marks, err3 = tx.LotMarks(s.lot)
		same(t, "repeat after it was put", after, first)
		same(t, "charges after one was put", charges, []*charge.Charge{first})
		same(t, "marks after they were put", marks, charge.LotMarks{ToldStays: true})
		return all(err1, err2, err3)
	}, visit)
}

// testChangesInOrder changes rows twice in one write, by statements of two kinds and in both orders, in writes that
// share a batch: the last change of each row must stay.
func testChangesInOrder(t *testing.T, s *site) {
	const n = 40
	charges := make([]*charge.Charge, n)
	s.write(func(tx *store.Tx) error {
		for i := range charges {
			charges[i] = s.charge(charge.Plate(fmt.Sprintf("京A%05d", i)))
			if err := tx.AddCharge(charges[i], charges[i].Account); err != nil {
				return err
			}
		}
		return nil
	})
	var wg sync.WaitGroup
	for i, c := range charges {
		wg.Go(func() {
			err := s.Write(t.Context(), []charge.VisitKey{s.visit(c.Plate)}, func(tx *store.Tx) error {
				got, err := tx.Charge(c.ID)
				if err != nil {
					return err
				}
				steps := []func(){
					func() { got.Reason = charge.ReasonNoAnswer },                             // what became of it
					func() { got.Reason, got.Account = charge.ReasonLotError, "other" },       // what was reported
					func() { got.Reason, got.State = charge.ReasonOK, charge.StateDelivered }, // what became of it again
				}
				if i%2 == 1 {
					steps[0], steps[1] = steps[1], steps[0]
				}
				for _, step := range steps {
					step()
					if err := tx.SetCharge(got); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s.read(func(tx *store.Tx) error {
		for i, c := range charges {
			got, err := tx.Charge(c.ID)
			if err != nil {
				return err
			}
			if got.Reason != charge.ReasonOK || got.State != charge.StateDelivered || got.Account != "other" {
				t.Errorf("charge %d: %s, %s, %s", i, got.State, got.Reason, got.Account)
			}
		}
		return nil
	})
}
