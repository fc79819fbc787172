package flow

import (
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/rules"
)

// past lists what the plate was granted around the charge's end, as far as per_day and lock of the rule look. began is
// when the charge's visit began, in a lot without stays.
func (d *deciding) past(began time.Time) ([]charge.Past, error) {
	if !d.rule.LimitsPlate() {
		return nil, nil
	}
	reach, plates := d.rule.WidestReach(), d.plates()
	if reach == charge.ReachVendor {
		for _, p := range plates {
			if err := d.then.hold(d.plateKey(p)); err != nil {
				return nil, err
			}
		}
	}
	from, to := rules.Looks(&d.rule, d.charge)
	all, err := inOrder(ofPlates(plates, func(p charge.Plate) ([]*charge.Charge, error) {
		return d.tx.ChargesOfPlate(p, d.lot.ID, reach, from, to)
	}, chargeID))
	if err != nil {
		return nil, err
	}
	var out []charge.Past
	for _, c := range all {
		if c.ID != d.charge.ID && c.State.Granting() && c.Reduction != nil {
			out = append(out, pastOf(c, d.countsBeside(c, began)))
		}
	}
	return out, nil
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

func pastOf(c *charge.Charge, same bool) charge.Past {
	return charge.Past{Charge: c.ID, Lot: c.Lot, Ended: c.At().UTC(), Same: same, Reduction: *c.Reduction}
}

// countsBeside reports whether another charge counts in the stay, or the visit, of this one.
func (d *deciding) countsBeside(c *charge.Charge, began time.Time) bool {
	if d.stay != nil {
		return c.StayID == d.stay.ID
	}
	return c.Lot == d.lot.ID && !began.IsZero() && visitFrom(c).Equal(began)
}
