package flow

import (
	"cmp"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// A car of Hong Kong or Macau that drives on the mainland has up to three plates, and a lot's camera may write all of
// them, where a platform knows one. They are names of one car: what a lot or a push names by any is looked for by all.

// ofPlates looks something up for each plate of a car, and keeps each thing once.
func ofPlates[T any](plates []charge.Plate, find func(charge.Plate) ([]T, error), id func(T) int64) (all []T,
	err error) {
	for _, p := range plates {
		found, err := find(p)
		if err != nil {
			return nil, err
		}
		if len(plates) == 1 {
			return found, nil
		}
		for _, v := range found {
			if !slices.ContainsFunc(all, func(had T) bool { return id(had) == id(v) }) {
				all = append(all, v)
			}
		}
	}
	return all, nil
}

// staysOfPlates lists the stays of a car in a lot, as Tx.StaysOf does.
func staysOfPlates(tx Tx, id charge.LotID, plates []charge.Plate, since time.Time) ([]*charge.Stay, error) {
	stays, err := ofPlates(plates, func(p charge.Plate) ([]*charge.Stay, error) {
		return tx.StaysOf(charge.VisitKey{Lot: id, Plate: p}, since)
	}, func(s *charge.Stay) int64 { return s.ID })
	slices.SortStableFunc(stays, func(a, b *charge.Stay) int { return b.Entered.Compare(a.Entered) })
	return stays, err
}

// chargesOfPlates lists the charges of a car in a lot, as Tx.ChargesOfVisit does.
func chargesOfPlates(tx Tx, id charge.LotID, plates []charge.Plate, since time.Time) ([]*charge.Charge, error) {
	return inOrder(ofPlates(plates, func(p charge.Plate) ([]*charge.Charge, error) {
		return tx.ChargesOfVisit(charge.VisitKey{Lot: id, Plate: p}, since)
	}, chargeID))
}

// inOrder sorts charges by their receipt.
func inOrder(charges []*charge.Charge, err error) ([]*charge.Charge, error) {
	slices.SortStableFunc(charges, func(a, b *charge.Charge) int {
		return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.ID, b.ID))
	})
	return charges, err
}

func chargeID(c *charge.Charge) int64 { return c.ID }
