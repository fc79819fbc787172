package ledger

import (
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
}

// Settle prices a stay at a moment with everything that was granted in it, oldest grant first. It moves
// nothing and may be asked as often as wanted.
//
// A time grant of D minutes is worth the difference between the price and the price of a stay that ended D
// minutes earlier; an amount is worth itself; nothing is worth more than the price. The rule of the latest
// grant combines: sum takes time off first and then amounts, anything else gives the method that is worth
// most. Free parking beats everything, and a grant that the lot decides is worth nothing here.
//
// A payment that covered what was due opens the tariff's leave minutes: until they are over the price is
// that of the moment of payment. Later, or where too little was paid, the difference is due.
func Settle(t *charge.Tariff, stay *charge.Stay, grants []charge.Granted, at time.Time) Settlement {
	var s Settlement
	if leaving(t, stay, grants, at) {
		s = reduce(t, stay.Entered, stay.PaidAt, grants)
	} else {
		s = reduce(t, stay.Entered, at, grants)
		s.Price = max(0, s.Total-s.DerateMoney-stay.Paid)
	}
	s.Duration = wholeMinutes(stay.Entered, at)
	return s
}

// leaving reports whether the leave minutes of a sufficient payment are running. A payment is told a moment
// after its quote, and a unit may have begun in between: it suffices if it covers what was due at any moment
// of the leave minutes before it.
func leaving(t *charge.Tariff, stay *charge.Stay, grants []charge.Granted, at time.Time) bool {
	leave := minutes(t.LeaveMinutes)
	if stay.PaidAt.IsZero() || at.Before(stay.PaidAt) || at.After(stay.PaidAt.Add(leave)) {
		return false
	}
	quoted := reduce(t, stay.Entered, stay.PaidAt.Add(-leave), grants)
	return stay.Paid >= quoted.Total-quoted.DerateMoney
}

// reduce is Settle without payment.
func reduce(t *charge.Tariff, entered, at time.Time, grants []charge.Granted) Settlement {
	s := Settlement{Total: Price(t, entered, at), Used: make([]Used, len(grants))}
	had := sums{}
	for i, g := range grants {
		s.Used[i].Charge = g.Charge
		had.add(g.Reduction)
	}
	if len(grants) == 0 || s.Total == 0 {
		return s
	}
	usable := min(had.minutes, wholeMinutes(entered, at))
	byTime := s.Total - Price(t, entered, at.Add(-minutes(usable)))
	switch {
	case had.free:
		s.takeFree(grants)
	case grants[len(grants)-1].Combine == charge.CombineSum:
		s.takeMinutes(grants, usable, byTime)
		s.takeAmount(grants, min(had.amount, s.Total-byTime))
	case byTime >= min(had.amount, s.Total):
		s.takeMinutes(grants, usable, byTime)
	default:
		s.takeAmount(grants, min(had.amount, s.Total))
	}
	return s
}

// sums is what was granted by method.
type sums struct {
	minutes int64
	amount  charge.Fen
	free    bool
}

func (h *sums) add(r charge.Reduction) {
	switch r.Method {
	case charge.MethodTime:
		h.minutes += r.Minutes
	case charge.MethodAmount:
		h.amount += r.Amount
	case charge.MethodFree:
		h.free = true
	}
}

// takeFree lets the first grant of free parking take everything.
func (s *Settlement) takeFree(grants []charge.Granted) {
	s.DerateMoney = s.Total
	for i, g := range grants {
		if g.Reduction.Method == charge.MethodFree {
			s.Used[i].Amount = s.Total
			return
		}
	}
}

// takeMinutes lets the time grants take minutes off, the oldest first.
func (s *Settlement) takeMinutes(grants []charge.Granted, usable int64, worth charge.Fen) {
	s.DerateMoney += worth
	for i, g := range grants {
		if g.Reduction.Method == charge.MethodTime {
			s.Used[i].Minutes = min(g.Reduction.Minutes, usable-s.DerateDuration)
			s.DerateDuration += s.Used[i].Minutes
		}
	}
}

// takeAmount lets the amount grants take money off, the oldest first.
func (s *Settlement) takeAmount(grants []charge.Granted, usable charge.Fen) {
	s.DerateMoney += usable
	for i, g := range grants {
		if g.Reduction.Method == charge.MethodAmount {
			s.Used[i].Amount = min(g.Reduction.Amount, usable)
			usable -= s.Used[i].Amount
		}
	}
}

// wholeMinutes is a length in minutes, a started one counted whole.
func wholeMinutes(from, to time.Time) int64 {
	if !to.After(from) {
		return 0
	}
	return started(to.Sub(from), time.Minute)
}
