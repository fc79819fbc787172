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

// neighboursOf is neighbours of each plate of a car.
func (f *Flow) neighboursOf(id charge.LotID, plates []charge.Plate) (keys []charge.VisitKey) {
	for _, p := range plates {
		keys = append(keys, f.neighbours(charge.VisitKey{Lot: id, Plate: p})...)
	}
	return keys
}

// plates lists the plates of the charge's car, as far as its push and its stay name them.
func (d *deciding) plates() []charge.Plate {
	all := d.charge.Names.With(d.charge.Plate)
	if !d.byOtherName() {
		return all
	}
	for _, p := range d.stay.Names.With(d.stay.Plate) {
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// byOtherName reports whether the stay is that of the charge's car under another plate, and not one that support has
// bound the charge to.
func (d *deciding) byOtherName() bool {
	c, s := d.charge, d.stay
	return s != nil && (s.Plate != c.Plate || s.Names != "") &&
		slices.ContainsFunc(c.Names.With(c.Plate), s.Is)
}
