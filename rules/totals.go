package rules

import "github.com/chargestamp/chargestamp/charge"

// totals is what a stay was granted before, by method.
type totals struct {
	grants  int
	minutes int64
	amount  charge.Fen
	free    bool
	lot     bool // left to the lot to decide
}

// add sums grants up. Grants are differences, so that the sum of a method is what the stay really has.
func add(granted []charge.Granted) totals {
	t := totals{grants: len(granted)}
	for _, g := range granted {
		switch g.Reduction.Method {
		case charge.MethodTime:
			t.minutes += g.Reduction.Minutes
		case charge.MethodAmount:
			t.amount += g.Reduction.Amount
		case charge.MethodFree:
			t.free = true
		case charge.MethodLotDecides:
			t.lot = true
		}
	}
	return t
}

// only reports whether nothing of another method was granted.
func (t totals) only(m charge.Method) bool {
	return (m == charge.MethodTime || t.minutes == 0) && (m == charge.MethodAmount || t.amount == 0) &&
		(m == charge.MethodFree || !t.free) && (m == charge.MethodLotDecides || !t.lot)
}

// with is the new total of a reduction's method.
func (t totals) with(r charge.Reduction) charge.Reduction {
	switch r.Method {
	case charge.MethodTime:
		r.Minutes += t.minutes
	case charge.MethodAmount:
		r.Amount += t.amount
	}
	return r
}

// list is what the stay has, one reduction a method.
func (t totals) list() []charge.Reduction {
	var out []charge.Reduction
	if t.minutes != 0 {
		out = append(out, charge.Reduction{Method: charge.MethodTime, Minutes: t.minutes})
	}
	if t.amount != 0 {
		out = append(out, charge.Reduction{Method: charge.MethodAmount, Amount: t.amount})
	}
	if t.free {
		out = append(out, charge.Reduction{Method: charge.MethodFree})
	}
	if t.lot {
		out = append(out, charge.Reduction{Method: charge.MethodLotDecides})
	}
	return out
}

// had is what the stay has, as an argument of a note.
func (t totals) had() charge.Arg { return charge.Grants("had", t.list()...) }
