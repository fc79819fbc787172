package flow

import (
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// clockSlack is how far a lot's clock and a platform's may be apart before times count as not overlapping.
const clockSlack = 5 * time.Minute

// stayMemory is how long after its end a stay is still looked at: a car that left is told from one that
// never came.
const stayMemory = 48 * time.Hour

// visitSpan is how long a visit lasts in a lot that tells no stays, from its first charge.
const visitSpan = 24 * time.Hour

// match finds the stay that a charge counts in and stores it in d.stay; none leaves it nil.
func (d *deciding) match() error {
	d.stay = nil
	marks, err := d.tx.LotMarks(d.lot.ID)
	if err != nil {
		return err
	}
	d.marks = marks
	for _, id := range d.targets() {
		stays, err := d.tx.StaysOf(charge.VisitKey{Lot: id, Plate: d.charge.Plate}, d.charge.At().Add(-stayMemory))
		if err != nil {
			return err
		}
		if s := overlapping(stays, d.charge, d.rule.Target == charge.TargetAtCharge); s != nil {
			d.stay = s
			return nil
		}
	}
	return nil
}

// targets lists the lots whose stay may be meant, the first that has one wins.
func (d *deciding) targets() []charge.LotID {
	own := d.lot.ID
	switch {
	case d.rule.Target == charge.TargetOuter && !d.lot.Parent.IsZero():
		return []charge.LotID{d.lot.Parent, own}
	case d.rule.Target == charge.TargetAtCharge:
		return append(slices.Clone(d.est.Children(own)), own) // innermost first
	}
	return []charge.LotID{own}
}

// visits lists what a decision on the charge may look at or change.
func (d *deciding) visits() []charge.VisitKey {
	d.pickRule()
	keys := []charge.VisitKey{d.visit()}
	for _, id := range d.targets() {
		if k := (charge.VisitKey{Lot: id, Plate: d.charge.Plate}); !containsVisit(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func (d *deciding) visit() charge.VisitKey {
	return charge.VisitKey{Lot: d.lot.ID, Plate: d.charge.Plate}
}

// overlapping picks the stay that a charge took place in: the times overlap, else they do within the slack of
// clocks; among several an open one, then the latest entered. covers asks that the stay holds the charge's end.
func overlapping(stays []*charge.Stay, c *charge.Charge, covers bool) *charge.Stay {
	for _, slack := range []time.Duration{0, clockSlack} {
		var best *charge.Stay
		for _, s := range stays {
			if !overlaps(s, c, slack, covers) {
				continue
			}
			if best == nil || s.Open && !best.Open || s.Open == best.Open && s.Entered.After(best.Entered) {
				best = s
			}
		}
		if best != nil {
			return best
		}
	}
	return nil
}

func overlaps(s *charge.Stay, c *charge.Charge, slack time.Duration, covers bool) bool {
	from, to := c.StartedAt, c.At()
	if from.IsZero() || covers {
		from = to
	}
	return !s.Entered.After(to.Add(slack)) && (s.Open || !s.Left.Before(from.Add(-slack)))
}

// needsStay reports whether a charge waits where no stay is known.
func (d *deciding) needsStay() bool {
	switch {
	case d.lot.Kind == charge.Kind4G, d.lot.Stays == charge.StaysRequired:
		return true
	case d.lot.Stays == charge.StaysNone:
		return false
	}
	return d.marks.ToldStays
}

// granted lists what the visit was granted before this charge.
func (d *deciding) granted() ([]charge.Granted, error) {
	var before []*charge.Charge
	var err error
	if d.stay != nil {
		before, err = d.tx.ChargesOfStay(d.stay.ID)
	} else {
		before, err = d.visitCharges()
	}
	if err != nil {
		return nil, err
	}
	var out []charge.Granted
	for _, c := range before {
		if c.ID == d.charge.ID || !c.State.Granting() || c.Reduction == nil {
			continue
		}
		g := charge.Granted{Charge: c.ID, Reduction: *c.Reduction, Combine: charge.CombineBest, At: c.Received}
		if c.Decision != nil {
			g.Combine, g.At = c.Decision.Rule.Combine, c.Decision.At
		}
		out = append(out, g)
	}
	return out, nil
}

// visitCharges lists the charges of the running visit of a lot without stays: 24 hours from its first charge.
func (d *deciding) visitCharges() ([]*charge.Charge, error) {
	recent, err := d.tx.ChargesOfVisit(d.visit(), d.charge.Received.Add(-2*visitSpan))
	if err != nil {
		return nil, err
	}
	var visit []*charge.Charge
	for _, c := range recent {
		if c.StayID != 0 || c.ID == d.charge.ID {
			continue
		}
		if len(visit) > 0 && c.Received.Sub(visit[0].Received) >= visitSpan {
			visit = visit[:0]
		}
		visit = append(visit, c)
	}
	if len(visit) > 0 && d.charge.Received.Sub(visit[0].Received) >= visitSpan {
		return nil, nil
	}
	return visit, nil
}

// rematch decides the held charges of a plate anew after a lot told something: the stay they waited for may
// be here. Held charges of neighbouring areas count too, since a rule may aim at this lot's stay.
func (f *Flow) rematch(tx Tx, then *after, v charge.VisitKey, now time.Time) error {
	for _, k := range f.neighbours(v) {
		waiting, err := tx.HeldCharges(k)
		if err != nil {
			return err
		}
		if len(waiting) > 0 {
			if err := then.hold(k); err != nil {
				return err
			}
		}
		for _, c := range waiting {
			if err := f.decideAgain(tx, then, c, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// neighbours lists a visit and the same plate's visits in the lots nested with it.
func (f *Flow) neighbours(v charge.VisitKey) []charge.VisitKey {
	est := f.cfg.Estate()
	keys := []charge.VisitKey{v}
	l, _, ok := est.Lot(v.Lot)
	if !ok || l.Kind != charge.Kind4G {
		return keys
	}
	for _, child := range est.Children(v.Lot) {
		keys = append(keys, charge.VisitKey{Lot: child, Plate: v.Plate})
	}
	if !l.Parent.IsZero() {
		keys = append(keys, charge.VisitKey{Lot: l.Parent, Plate: v.Plate})
	}
	return keys
}
