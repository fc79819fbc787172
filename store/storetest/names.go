package storetest

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
)

// A car with several plates is found by each whole one, in its lot only, and by a part of none but the first. The lists
// find by any of them what was pushed under another.
func testNames(t *testing.T, s *site) {
	stay, c := s.stay("粤ZJ068澳", "o1"), s.charge("粤ZJ068澳")
	stay.Names, c.Names, c.State = "MX7742|ZM127", "MX7742|ZM127", charge.StateHeld
	plain := s.charge("MX7742")
	plain.Received, plain.State = c.Received.Add(-time.Second), charge.StateHeld
	s.write(func(tx *store.Tx) error {
		return all(tx.AddStay(stay), tx.AddCharge(c, teld.Name()), tx.AddCharge(plain, teld.Name()))
	})
	since := s.now.Add(-time.Hour)
	s.read(func(tx *store.Tx) error {
		for plate, want := range map[charge.Plate]struct{ stays, charges int }{
			"粤ZJ068澳": {1, 1}, "MX7742": {1, 2}, "ZM127": {1, 1}, "M127": {0, 0}, "MX774": {0, 0}, "京A12345": {0, 0},
		} {
			stays, e1 := tx.StaysOf(s.visit(plate), since)
			charges, e2 := tx.ChargesOfVisit(s.visit(plate), since)
			held, e3 := tx.HeldCharges(s.visit(plate))
			if len(stays) != want.stays || len(charges) != want.charges || len(held) != want.charges {
				t.Errorf("%s: %d stays, %d charges, %d held, want %+v", plate.Full(), len(stays), len(charges), len(held), want)
			}
			if len(charges) == 2 && !charges[0].Received.Before(charges[1].Received) {
				t.Errorf("%s: not in the order of their receipt", plate.Full())
			}
			elsewhere := charge.VisitKey{Lot: charge.LotID{Union: "200461", Park: "9"}, Plate: plate}
			none, e4 := tx.StaysOf(elsewhere, since)
			nothing, e5 := tx.HeldCharges(elsewhere)
			if err := all(e1, e2, e3, e4, e5); err != nil {
				return err
			}
			if len(none)+len(nothing) > 0 {
				t.Errorf("%s is found in another lot", plate.Full())
			}
		}
		return nil
	})
	for asked, want := range map[string]struct{ stays, charges int }{
		"MX7742": {1, 2}, "ZM127": {1, 2}, "zm-127": {1, 2}, "粤ZJ068澳": {1, 2}, "粤ZJ068澳|MX7742|ZM127": {1, 2},
		"ZJ068": {1, 1}, "M127": {0, 0},
	} {
		stays, e1 := s.Stays(t.Context(), charge.StayFilter{Plate: asked})
		charges, e2 := s.Charges(t.Context(), charge.ChargeFilter{Plate: asked})
		found, foundStays, e3 := s.FindPlate(t.Context(), asked, 10, 10)
		if err := all(e1, e2, e3); err != nil {
			t.Fatal(err)
		}
		if len(stays.Items) != want.stays || len(charges.Items) != want.charges || len(found.Items) != want.charges ||
			len(foundStays.Items) != want.stays {
			t.Errorf("%s: %d and %d stays, %d and %d charges, want %+v", asked, len(stays.Items), len(foundStays.Items),
				len(charges.Items), len(found.Items), want)
		}
	}
}
