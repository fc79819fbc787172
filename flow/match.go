package flow

import (
	"slices"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// clockSlack is how far a lot's clock and a platform's may be apart before times count as not overlapping.
const clockSlack = 5 * time.Minute

// stayMemory is how long after its end a stay is still looked at: a car that left is distinguished from one that
// never came.
const stayMemory = 48 * time.Hour

// visitSpan is how long a visit lasts in a lot that reports no stays, from its first charge.
const visitSpan = 24 * time.Hour

// deciding is one decision on one charge, inside a transaction.
type deciding struct {
	f       *Flow
	est     Estate
	tx      Tx
	then    *after
	binding charge.Binding
	lot     charge.Lot // the lot that the push names
	rule    charge.Rule
	ruled   bool // a version of the rule is effective
	charge  *charge.Charge
	issuer  charge.Issuer // of the charge's order number
	marks   charge.LotMarks
	stay    *charge.Stay  // the matched one; nil while there is none
	clock   time.Duration // how far the stay's lot's clock is ahead, where only that made them match; else zero
	now     time.Time
}

func (d *deciding) pickRule() { d.rule, d.ruled = d.binding.RuleAt(d.charge.At()) }

// match finds the stay that a charge counts in and stores it in d.stay; none leaves it nil. Times that overlap
// win over times that nearly do, wherever the stay is.
func (d *deciding) match() error {
	d.stay, d.clock = nil, 0
	marks, err := d.tx.LotMarks(d.lot.ID)
	if err != nil {
		return err
	}
	d.marks = marks
	targets := d.stayLots()
	stays := make([][]*charge.Stay, len(targets))
	for i, id := range targets {
		if stays[i], err = staysOfPlates(d.tx, id, d.charge.Names.With(d.charge.Plate), d.staysSince()); err != nil {
			return err
		}
	}
	for _, slack := range []time.Duration{0, clockSlack} {
		for i := range targets {
			if d.stay = overlapping(stays[i], d.charge, slack, d.rule.Target == charge.TargetAtCharge); d.stay != nil {
				return d.then.hold(charge.VisitKey{Lot: d.stay.Lot, Plate: d.stay.Plate})
			}
		}
	}
	return d.matchByClock(targets, stays)
}

// matchByClock matches as far off a stay's times as its lot's clock is wrong.
func (d *deciding) matchByClock(targets []charge.LotID, stays [][]*charge.Stay) error {
	for i, id := range targets {
		if len(stays[i]) == 0 {
			continue
		}
		marks, err := d.tx.LotMarks(id)
		if err != nil {
			return err
		}
		wide := widened(marks)
		if wide == 0 {
			continue
		}
		if d.stay = overlapping(stays[i], d.charge, clockSlack+wide, d.rule.Target == charge.TargetAtCharge); d.stay != nil {
			d.clock = marks.Clock
			return d.then.hold(charge.VisitKey{Lot: d.stay.Lot, Plate: d.stay.Plate})
		}
	}
	return nil
}

// stayLots lists the lots whose stays are looked at: none where the lot reports no stays, since what it reports all the
// same is not the whole story.
func (d *deciding) stayLots() []charge.LotID {
	if !lot.KindOf(d.lot.Kind).KeepsStays && d.lot.Stays == charge.StaysNone && !d.charge.Plate.Trial() {
		return nil
	}
	return d.targets()
}

func (d *deciding) staysSince() time.Time { return d.charge.At().Add(-stayMemory) }

// foresee names to the store what the decision on a new charge will look up.
func (d *deciding) foresee() error {
	c := d.charge
	var visits []charge.VisitKey
	for _, id := range d.stayLots() {
		visits = append(visits, charge.VisitKey{Lot: id, Plate: c.Plate})
	}
	return d.tx.ForeseeDecision(c, visits, d.staysSince(), c.Received.Add(-visitSpan))
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
		for _, p := range d.charge.Names.With(d.charge.Plate) {
			if k := (charge.VisitKey{Lot: id, Plate: p}); !containsVisit(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	if d.rule.WidestReach() == charge.ReachVendor {
		keys = append(keys, d.plateKey(d.charge.Plate))
	}
	return keys
}

func (d *deciding) visit() charge.VisitKey {
	return charge.VisitKey{Lot: d.lot.ID, Plate: d.charge.Plate}
}

// plateKey is what is held while a decision looks at a plate in all lots of a vendor. In one lot its visit is enough:
// every decision on a charge there holds it.
func (d *deciding) plateKey(p charge.Plate) charge.VisitKey {
	return charge.VisitKey{Lot: charge.LotID{Union: d.lot.ID.Union}, Plate: p}
}

// overlapping picks the stay that a charge took place in: among those whose times overlap but for the slack of
// clocks an open one, then the latest entered. covers asks that the stay holds the charge's end.
func overlapping(stays []*charge.Stay, c *charge.Charge, slack time.Duration, covers bool) *charge.Stay {
	var best *charge.Stay
	for _, s := range stays {
		if !overlaps(s, c, slack, covers) {
			continue
		}
		if best == nil || s.Open && !best.Open || s.Open == best.Open && s.Entered.After(best.Entered) {
			best = s
		}
	}
	return best
}

func overlaps(s *charge.Stay, c *charge.Charge, slack time.Duration, covers bool) bool {
	from, to := c.StartedAt, c.At()
	if from.IsZero() || covers {
		from = to
	}
	entered := s.Entered
	if entryUntold(s) {
		entered = s.Left.Add(-visitSpan)
	}
	return !entered.After(to.Add(slack)) && (s.Open || !s.Left.Before(from.Add(-slack)))
}

// entryUntold reports whether all that is known of a stay is its exit: the car may have come at any time before.
func entryUntold(s *charge.Stay) bool {
	return s.Closed == charge.ClosedLone && s.Entered.Equal(s.Left)
}

// needsStay reports whether a charge waits where no stay is known.
func (d *deciding) needsStay() bool {
	switch {
	case lot.KindOf(d.lot.Kind).KeepsStays, d.lot.Stays == charge.StaysRequired, d.lot.Stays == charge.StaysTold,
		d.charge.Plate.Trial():
		return true
	case d.lot.Stays == charge.StaysNone:
		return false
	}
	return d.marks.ToldStays
}

// granted lists what the visit was granted before this charge. from is when the visit began, in a lot without
// stays.
func (d *deciding) granted() (out []charge.Granted, from time.Time, err error) {
	var before []*charge.Charge
	if d.stay != nil {
		before, err = d.tx.ChargesOfStay(d.stay.ID)
	} else {
		before, from, err = d.visitCharges()
	}
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
	return out, from, err
}

// visitCharges lists the charges of a visit in a lot without stays: 24 hours from its first charge. Each keeps
// when that was, so that no one has to count visits from the beginning of time.
func (d *deciding) visitCharges() (visit []*charge.Charge, from time.Time, err error) {
	c := d.charge
	if c.Decision != nil {
		from = c.Decision.VisitFrom // decided before: it stays in its visit
	}
	recent, err := aroundVisit(d.tx, d.visit(), from, c.Received)
	if err != nil {
		return nil, from, err
	}
	for i := len(recent) - 1; i >= 0 && from.IsZero(); i-- {
		if first := visitFrom(recent[i]); recent[i].ID != c.ID && !first.IsZero() {
			if c.Received.Sub(first) >= visitSpan {
				break
			}
			from = first
		}
	}
	if from.IsZero() {
		from = c.Received.UTC().Truncate(time.Millisecond) // as the store keeps times
	}
	for _, r := range recent {
		if visitFrom(r).Equal(from) {
			visit = append(visit, r)
		}
	}
	return visit, from, nil
}

// aroundVisit lists the charges of a plate since a day before a visit began, or one before a charge that begins
// one perhaps: a clock may have gone back since.
func aroundVisit(tx Tx, v charge.VisitKey, from, received time.Time) ([]*charge.Charge, error) {
	if from.IsZero() {
		from = received
	}
	return tx.ChargesOfVisit(v, from.Add(-visitSpan))
}

// visitFrom is when the visit of a charge without a stay began; zero for others.
func visitFrom(c *charge.Charge) time.Time {
	if c.StayID != 0 || c.Decision == nil {
		return time.Time{}
	}
	return c.Decision.VisitFrom
}

// neighbours lists a visit and the same plate's visits in the lots nested with it.
func (f *Flow) neighbours(v charge.VisitKey) []charge.VisitKey {
	est := f.cfg.Estate()
	keys := []charge.VisitKey{v}
	l, _, ok := est.Lot(v.Lot)
	if !ok || !lot.KindOf(l.Kind).KeepsStays {
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

// neighboursOf is neighbours of each plate of a car.
func (f *Flow) neighboursOf(id charge.LotID, plates []charge.Plate) (keys []charge.VisitKey) {
	for _, p := range plates {
		keys = append(keys, f.neighbours(charge.VisitKey{Lot: id, Plate: p})...)
	}
	return keys
}

func visitRepeatKey(s *charge.Stay) string {
	return "visit|" + s.Lot.String() + "|" + s.Plate.Full() + "|" + strconv.FormatInt(s.ID, 10)
}

// target is the lot that the reduction goes into: the stay's, else the one the push names.
func (d *deciding) target() charge.Lot {
	if d.stay != nil && d.stay.Lot != d.lot.ID {
		if l, _, ok := d.est.Lot(d.stay.Lot); ok {
			return l
		}
	}
	return d.lot
}
