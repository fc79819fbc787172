package ledger

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// pricing is a settlement in the making: the price of a stay, and what of it each grant takes off.
type pricing struct {
	Settlement
	tariff      *charge.Tariff
	entered, at time.Time
	grants      []charge.Granted
}

// takeFree lets the first grant of free parking take everything.
func (p *pricing) takeFree() {
	for i, g := range p.grants {
		if g.Reduction.Method == charge.MethodFree {
			p.Used[i].Amount = p.Total
			p.worth(i, p.Total)
			return
		}
	}
}

// takeBest lets that count which is worth most: the end of the stay, the charging interval of one grant, or amounts; of
// equal ones the first in this order. Grants are differences, so a time grant counts with all that came before it.
func (p *pricing) takeBest(amount charge.Fen) {
	var running int64
	var ends, best span
	var charging []span
	for i, g := range p.grants {
		if g.Reduction.Method != charge.MethodTime {
			continue
		}
		running += g.Reduction.Minutes
		if s := p.span(g, running, i+1); g.ChargeFrom.IsZero() {
			ends = s
		} else {
			charging = append(charging, s)
		}
	}
	most := charge.Fen(-1)
	for _, s := range append([]span{ends}, charging...) {
		if worth := p.priceOf(s, s.minutes); s.grants > 0 && worth > most {
			best, most = s, worth
		}
	}
	if most < amount {
		p.takeAmount(amount)
		return
	}
	p.take(best, func(i int) bool { return i < best.grants })
}

// takeSum takes the end of the stay off, then each charging interval as far as no other has it, then amounts.
func (p *pricing) takeSum(had sums) {
	end := p.span(charge.Granted{}, had.minutes-had.charging, len(p.grants))
	p.take(end, func(i int) bool { return p.grants[i].ChargeFrom.IsZero() })
	var covered []span
	for i, g := range p.grants {
		if g.Reduction.Method != charge.MethodTime || g.ChargeFrom.IsZero() {
			continue
		}
		for _, piece := range p.span(g, g.Reduction.Minutes, len(p.grants)).without(covered) {
			p.take(piece, func(j int) bool { return j == i })
			covered = append(covered, piece)
		}
	}
	p.takeAmount(min(had.amount, p.Total-p.DerateMoney))
}

// span is a part of the stay that is taken off: minutes from a moment, or the last minutes of the stay where from is
// zero. It is what so many of the grants come to.
type span struct {
	from    time.Time
	to      time.Time
	minutes int64
	grants  int
}

// span is what so many minutes of a time grant mean in this stay.
func (p *pricing) span(g charge.Granted, most int64, grants int) span {
	if g.ChargeFrom.IsZero() {
		return span{minutes: min(most, wholeMinutes(p.entered, p.at)), grants: grants}
	}
	s := span{from: g.ChargeFrom, to: g.ChargeFrom.Add(minutes(most)), grants: grants}
	if s.from.Before(p.entered) {
		s.from = p.entered
	}
	if s.to.After(p.at) {
		s.to = p.at
	}
	s.minutes = wholeMinutes(s.from, s.to)
	return s
}

// without is what is left of a charging interval beside others.
func (s span) without(others []span) []span {
	left := []span{s}
	for _, o := range others {
		var next []span
		for _, l := range left {
			if !l.from.Before(o.to) || !o.from.Before(l.to) {
				next = append(next, l)
				continue
			}
			if l.from.Before(o.from) {
				next = append(next, span{from: l.from, to: o.from, minutes: wholeMinutes(l.from, o.from)})
			}
			if o.to.Before(l.to) {
				next = append(next, span{from: o.to, to: l.to, minutes: wholeMinutes(o.to, l.to)})
			}
		}
		left = next
	}
	return left
}

// priceOf is what the first so many minutes of a span are worth, or the last of the stay. A charging interval is
// charged from its first minute, as the stay is that it lies in.
func (p *pricing) priceOf(s span, n int64) charge.Fen {
	if s.from.IsZero() {
		return p.Total - Price(p.tariff, p.entered, p.at.Add(-minutes(n)))
	}
	to := s.from.Add(minutes(n))
	if to.After(s.to) {
		to = s.to
	}
	charged := *p.tariff
	charged.FreeMinutes = 0
	return min(p.Total, Price(&charged, s.from, to))
}

// take lets the time grants that a span is made of take it off, the oldest first.
func (p *pricing) take(s span, of func(i int) bool) {
	taken := int64(0)
	usable := min(s.minutes, wholeMinutes(p.entered, p.at)-p.DerateDuration)
	for i, g := range p.grants {
		if g.Reduction.Method != charge.MethodTime || !of(i) {
			continue
		}
		n := min(g.Reduction.Minutes-p.Used[i].Minutes, usable-taken)
		if n <= 0 {
			continue
		}
		p.worth(i, p.priceOf(s, taken+n)-p.priceOf(s, taken))
		taken += n
		p.Used[i].Minutes += n
		p.DerateDuration += n
	}
}

// takeAmount lets the amount grants take money off, the oldest first.
func (p *pricing) takeAmount(usable charge.Fen) {
	for i, g := range p.grants {
		if g.Reduction.Method == charge.MethodAmount {
			p.Used[i].Amount = min(g.Reduction.Amount, usable)
			usable -= p.Used[i].Amount
			p.worth(i, p.Used[i].Amount)
		}
	}
}

// worth adds to what a grant is worth, and so to what is taken off; never more than the price.
func (p *pricing) worth(i int, w charge.Fen) {
	w = min(w, p.Total-p.DerateMoney)
	p.Used[i].Worth += w
	p.DerateMoney += w
}
