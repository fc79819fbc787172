package bench

import (
	"fmt"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
)

// Verdict is what the lots' own books and the server say of the charges that their platforms count as accepted.
type Verdict struct {
	Accepted int      // by the platforms' account
	Applied  int      // of them in a lot's book
	Lost     int      // accepted and without effect in the lot, or unknown to the server
	Doubled  int      // applied more than once, or stored more than once
	Strange  int      // in a book although it was not pushed, or in a state that does not fit
	Repeats  int      // messages that a lot heard again and did not apply again: allowed
	Wrong    []string // the first few of what is wrong
}

// OK reports whether everything accepted took effect exactly once.
func (v Verdict) OK() bool { return v.Lost+v.Doubled+v.Strange == 0 }

const wrongShown = 10

func (v *Verdict) note(count *int, format string, args ...any) {
	*count++
	if len(v.Wrong) < wrongShown {
		v.Wrong = append(v.Wrong, fmt.Sprintf(format, args...))
	}
}

// Judge compares the platforms' account with the lots' books and with what the server lists, by lot. Why, which
// may be nil, excuses a state that is neither delivered nor used, by whether the charge is in a book.
func Judge(entries []Entry, books Books, said map[charge.LotID][]client.Charge,
	why func(s client.Charge, applied bool) bool) Verdict {
	var v Verdict
	pushed := map[string]Entry{}
	for _, e := range entries {
		pushed[e.Push.Order] = e
	}
	applied := map[string]int{}
	for lot, rows := range books {
		for _, row := range rows {
			v.Repeats += max(0, row.Heard-1)
			e, known := pushed[row.Charge]
			switch {
			case !known:
				v.note(&v.Strange, "lot %s has a reduction for charge %q, which nobody pushed", lot, row.Charge)
			case e.Push.Lot != lot:
				v.note(&v.Strange, "lot %s has the reduction of %s for lot %s", lot, row.Charge, e.Push.Lot)
			}
			applied[row.Charge] += row.Applied
		}
	}
	stored, one := map[string]int{}, map[string]client.Charge{}
	for _, list := range said {
		for _, s := range list {
			stored[s.Order]++
			one[s.Order] = s
		}
	}
	for _, e := range entries {
		order := e.Push.Order
		s := one[order]
		if n := stored[order]; n > 1 {
			v.note(&v.Doubled, "charge %s is stored %d times", order, n)
		}
		if n := applied[order]; n > 1 {
			v.note(&v.Doubled, "charge %s was applied %d times", order, n)
		}
		if !e.Accepted {
			continue
		}
		v.Accepted++
		if applied[order] > 0 {
			v.Applied++
		}
		excused := why != nil && why(s, applied[order] > 0)
		switch {
		case stored[order] == 0:
			v.note(&v.Lost, "charge %s was accepted and the server does not know it", order)
		case applied[order] == 0 && !excused:
			v.note(&v.Lost, "charge %s was accepted and is in no book; the server says %s, %s", order, s.State, s.Reason)
		case applied[order] > 0 && s.State != charge.StateDelivered && s.State != charge.StateUsed && !excused:
			v.note(&v.Strange, "charge %s is in the lot's book and the server says %s, %s", order, s.State, s.Reason)
		}
	}
	return v
}
