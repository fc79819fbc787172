package ledger

import (
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Settlement is what a stay comes to at a moment.
type Settlement struct {
	Total          charge.Fen // before any reduction
	Price          charge.Fen // due now, after reductions and what was paid
	DerateMoney    charge.Fen // what the reductions are worth
	DerateDuration int64      // minutes that the end was moved
	Duration       int64      // of the stay in minutes, a started one counted whole
	Used           []Used     // one for each grant, in their order
}

// Used is what a charge's grant really took off: minutes of a time grant, money of an amount or of free
// parking.
type Used struct {
	Charge  int64
	Minutes int64
	Amount  charge.Fen
	Worth   charge.Fen // in money, whatever the method; those of all grants add up to DerateMoney
	Late    bool       // lost: the car left after Granted.LeaveBy
}

// Settle prices a stay at a moment with everything that was granted in it, oldest grant first. It moves
// nothing and may be asked as often as wanted.
//
// A time grant of D minutes is worth the difference between the price and the price of a stay that ended D
// minutes earlier; an amount is worth itself; nothing is worth more than the price. The rule of the latest
// grant combines: sum takes time off first and then amounts, anything else takes the method that is worth
// most. Free parking beats everything, and a grant that the lot decides is worth nothing here.
//
// A time grant with ChargeFrom takes the price of its minutes from there, as far as they lie in the stay, at the
// tariff of that time of day and without free minutes; under best each such charge counts with all that the stay was
// granted up to it, since its own grant is the difference. A grant whose LeaveBy has passed is worth nothing.
//
// A payment that covered what was due opens the tariff's leave minutes: until they are over the price is
// that of the moment of payment. Later, or where too little was paid, the difference is due.
func Settle(t *charge.Tariff, stay *charge.Stay, grants []charge.Granted, at time.Time) Settlement {
	var s Settlement
	if quoted := leaving(t, stay, grants, at); !quoted.IsZero() {
		s = reduce(t, stay.Entered, stay.PaidAt, kept(grants, quoted))
	} else {
		s = reduce(t, stay.Entered, at, kept(grants, at))
		s.Price = max(0, s.Total-s.DerateMoney-stay.Paid)
	}
	for i, g := range grants {
		s.Used[i].Charge = g.Charge
	}
	s.Duration = wholeMinutes(stay.Entered, at)
	return s
}

// leaving is the moment of the quote that a sufficient payment answered, while the leave minutes of that payment are
// running; zero otherwise. A payment is reported a moment after its quote, and a unit may have begun in between, or
// LeaveBy passed: it suffices if it covers what was due at any moment of the leave minutes before it.
func leaving(t *charge.Tariff, stay *charge.Stay, grants []charge.Granted, at time.Time) time.Time {
	leave := minutes(t.LeaveMinutes)
	if stay.PaidAt.IsZero() || at.Before(stay.PaidAt) || at.After(stay.PaidAt.Add(leave)) {
		return time.Time{}
	}
	for _, quoted := range []time.Time{stay.PaidAt, stay.PaidAt.Add(-leave)} {
		if due := reduce(t, stay.Entered, quoted, kept(grants, quoted)); stay.Paid >= due.Total-due.DerateMoney {
			return quoted
		}
	}
	return time.Time{}
}

// kept leaves nothing of the grants that are lost at a moment; lost ones stay in their place.
func kept(grants []charge.Granted, at time.Time) []charge.Granted {
	out := slices.Clone(grants)
	for i := range out {
		if by := out[i].LeaveBy; !by.IsZero() && at.After(by) {
			out[i].Reduction = charge.Reduction{}
		}
	}
	return out
}

// reduce is Settle without payment. A grant without a reduction is a lost one.
func reduce(t *charge.Tariff, entered, at time.Time, grants []charge.Granted) Settlement {
	p := pricing{tariff: t, entered: entered, at: at, grants: grants}
	p.Total, p.Used = Price(t, entered, at), make([]Used, len(grants))
	had := sums{}
	for i, g := range grants {
		p.Used[i].Late = g.Reduction.IsZero()
		had.add(g)
	}
	if len(grants) == 0 || p.Total == 0 {
		return p.Settlement
	}
	switch {
	case had.free:
		p.takeFree()
	case grants[len(grants)-1].Combine == charge.CombineSum:
		p.takeSum(had)
	default:
		p.takeBest(min(had.amount, p.Total))
	}
	return p.Settlement
}

// sums is what was granted by method.
type sums struct {
	minutes  int64
	charging int64 // of the minutes, those at the price of charging
	amount   charge.Fen
	free     bool
}

func (h *sums) add(g charge.Granted) {
	switch r := g.Reduction; r.Method {
	case charge.MethodTime:
		h.minutes += r.Minutes
		if !g.ChargeFrom.IsZero() {
			h.charging += r.Minutes
		}
	case charge.MethodAmount:
		h.amount += r.Amount
	case charge.MethodFree:
		h.free = true
	}
}

// wholeMinutes is a length in minutes, a started one counted whole.
func wholeMinutes(from, to time.Time) int64 {
	if !to.After(from) {
		return 0
	}
	return started(to.Sub(from), time.Minute)
}
