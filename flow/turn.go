package flow

import (
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// In a lot where a message takes the place of the one before (repeats: replace) each message of a stay has the
// total of the grants before it. So they must arrive in the order in which they were granted: a newer one waits
// until the older one has its answer, and an older one that has none is not sent again once there is a newer.

// turn is whether a delivery may be sent now.
type turn int

const (
	turnNow   turn = iota
	turnLater      // an older message of the stay is on its way
	turnNever      // a newer message has the reduction in its total
)

// turnCheck is how often a message that waits for an older one is looked at.
const turnCheck = time.Second

// turn says whether a charge's reduction may be sent now.
func (f *Flow) turn(tx Tx, c *charge.Charge, l charge.Lot) (turn, error) {
	if l.Repeats != charge.RepeatsReplace || lot.KindOf(l.Kind).NeedsTariff {
		return turnNow, nil
	}
	others, err := f.sameVisit(tx, c)
	if err != nil {
		return turnNow, err
	}
	now := turnNow
	for _, o := range others {
		switch {
		case !o.State.Granting():
		case grantedAfter(c, o):
			return turnNever, nil
		case grantedAfter(o, c):
			dl, err := lastDelivery(tx, o.ID)
			if err != nil {
				return turnNow, err
			}
			if dl != nil && (dl.State == charge.DeliveryLeased || dl.State == charge.DeliverySent) {
				now = turnLater
			}
		}
	}
	return now, nil
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

// openTotal is a newer message whose total has a charge's reduction and which the lot has, or may have; nil for none.
func (f *Flow) openTotal(tx Tx, c *charge.Charge, dl *charge.Delivery) (*charge.Delivery, error) {
	if l, _, _ := f.cfg.Estate().Lot(dl.Lot); l.Repeats != charge.RepeatsReplace {
		return nil, nil
	}
	others, err := f.sameVisit(tx, c)
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		if !grantedAfter(c, o) {
			continue
		}
		newer, err := lastDelivery(tx, o.ID)
		if err != nil {
			return nil, err
		}
		if newer != nil && (party{Charge: o, delivery: newer}).mayHave() {
			return newer, nil
		}
	}
	return nil, nil
}

// grantedAfter reports whether a charge was decided with another one granted before it.
func grantedAfter(older, newer *charge.Charge) bool {
	return newer.Decision != nil &&
		slices.ContainsFunc(newer.Decision.Granted, func(g charge.Granted) bool { return g.Charge == older.ID })
}

// sameVisit lists the charges of a charge's stay, or of its visit in a lot without stays.
func (f *Flow) sameVisit(tx Tx, c *charge.Charge) ([]*charge.Charge, error) {
	if c.StayID != 0 {
		return tx.ChargesOfStay(c.StayID)
	}
	from := visitFrom(c)
	if from.IsZero() {
		return nil, nil
	}
	all, err := aroundVisit(tx, charge.VisitKey{Lot: c.Lot, Plate: c.Plate}, from, c.Received)
	return slices.DeleteFunc(all, func(o *charge.Charge) bool { return !visitFrom(o).Equal(from) }), err
}
