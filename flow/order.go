package flow

import (
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// Lots number their stays, and many begin again from the first number: on another day, after a restart, for every
// lane. So a number is unique among a lot's open stays only, and the times of a message say which stay it is about.

// sameEntry is how far apart two in_time may be and still be the same entry.
const sameEntry = 5 * time.Minute

// sameExit is how much later than the exit that ended a stay an out_time of the same car may be and still mean that
// exit: a gate asks anew while its barrier stays down.
const sameExit = time.Hour

// wildClock is how far ahead of its receipt a time may be to be a clock that goes wrong; beyond it is nonsense.
const wildClock = 2 * time.Hour

// orderKey is held while it is decided which stay an order number means.
func orderKey(id charge.LotID, orderID string) charge.VisitKey {
	return charge.VisitKey{Lot: id, Plate: charge.Plate("order " + orderID)}
}

// received is a time that counts for one that a lot has reported: what is ahead of its receipt is a fault of the lot's
// clock, and counts from the receipt. said is the lot's own time where it differs, else zero.
func received(reported, now time.Time) (counts, said time.Time) {
	if reported.After(now) {
		return now.UTC().Truncate(time.Millisecond), reported // as the store keeps times
	}
	return reported, time.Time{}
}

// orderStays are the stays that an order number of a lot has had, newest entry first.
type orderStays []*charge.Stay

// begun finds the stay whose entry the lot reported with an in_time, before others that of a plate, whichever of the
// car's it is; nil where there is none.
func (o orderStays) begun(inTime time.Time, plate charge.Plate) (nearest *charge.Stay) {
	best := 2 * sameEntry
	for _, s := range o {
		d := s.ToldEntry().Sub(inTime).Abs()
		if d > sameEntry || entryUntold(s) {
			continue
		}
		if !s.Is(plate) {
			d += sameEntry
		}
		if nearest == nil || d < best {
			nearest, best = s, d
		}
	}
	return nearest
}

// exitOnly finds the stay of which only its exit is known, and that an entry of the same car began; nil where there is
// none.
func (o orderStays) exitOnly(e lot.Entry) (found *charge.Stay) {
	for _, s := range o {
		if entryUntold(s) && s.Is(e.Plate) && e.Entered.Before(s.ToldExit()) {
			found = s
		}
	}
	return found
}

// another reports whether an entry that begins none of the stays is that of another visit: it came after the exit of
// the stay before it, or that one is open still.
func (o orderStays) another(inTime time.Time) bool {
	for _, s := range o {
		if s.ToldEntry().Before(inTime) {
			return s.Open || inTime.After(s.ToldExit())
		}
	}
	return len(o) == 0
}

// around finds the stay that a moment lies in. Where it lies in none it is the stay that began last before it, or else
// the first.
func (o orderStays) around(at time.Time) *charge.Stay {
	var before *charge.Stay
	for _, s := range o {
		switch {
		case s.Entered.After(at):
			continue
		case s.Open || !at.After(s.Left):
			return s
		case before == nil:
			before = s
		}
	}
	if before == nil && len(o) > 0 {
		return o[len(o)-1]
	}
	return before
}

// exited finds the stay that an exit ends, or has ended; nil where the lot has reported none. An in_time names it, else
// out_time: e.Left as the lot reported it where that has ended a stay of the car, left as it counts where not.
func (o orderStays) exited(e lot.Exit, left time.Time) *charge.Stay {
	if !e.Entered.IsZero() {
		if s := o.begun(e.Entered, e.Plate); s != nil {
			return s
		}
		if len(o) > 0 && !o[0].Open && e.Entered.After(o[0].ToldExit()) {
			return nil // a later visit, of which no entry came
		}
	}
	for _, s := range o {
		if s.Closed == charge.ClosedByExit && s.Is(e.Plate) && s.ToldExit().Equal(e.Left) {
			return s
		}
	}
	return o.meant(left, e.Left, e.Names.With(e.Plate))
}

// meant finds the stay around a moment that counts, said by the lot's own clock, for a car of some plates; nil where
// the car of that stay is long gone.
func (o orderStays) meant(counts, said time.Time, plates []charge.Plate) *charge.Stay {
	if s := o.around(counts); s != nil && !longLeft(s, said, plates) {
		return s
	}
	return nil
}

// longLeft reports whether an exit has ended a stay so long before a moment of the lot's clock that what the lot says
// of its number then is about a later visit, whose entry has not come yet. Of the car it knows one of the plates.
func longLeft(s *charge.Stay, said time.Time, plates []charge.Plate) bool {
	if s.Closed != charge.ClosedByExit && s.Closed != charge.ClosedLone {
		return false
	}
	same := func(p charge.Plate) bool { return p == "" || p.Unplated() || s.Plate.Unplated() || s.Is(p) }
	if slices.ContainsFunc(plates, same) {
		return said.Sub(s.ToldExit()) > sameExit
	}
	return said.Sub(s.ToldExit()) > sameEntry
}
