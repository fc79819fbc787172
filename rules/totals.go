package rules

import (
	"fmt"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
)

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

// String says what the stay has: "60 minutes and 5.00 yuan".
func (t totals) String() string {
	var parts []string
	if t.minutes != 0 {
		parts = append(parts, minutes(t.minutes))
	}
	if t.amount != 0 {
		parts = append(parts, t.amount.String()+" yuan")
	}
	if t.free {
		parts = append(parts, "free parking")
	}
	if t.lot {
		parts = append(parts, "a reduction of the lot's own")
	}
	return strings.Join(parts, " and ")
}

// text says a reduction: "60 minutes", "5.00 yuan", "free parking".
func text(r charge.Reduction) string {
	switch r.Method {
	case charge.MethodTime:
		return minutes(r.Minutes)
	case charge.MethodAmount:
		return r.Amount.String() + " yuan"
	case charge.MethodFree:
		return "free parking"
	}
	return "a reduction of the lot's own"
}

func capText(rule charge.Rule, m charge.Method) string {
	if m == charge.MethodTime {
		return minutes(rule.CapMinutes)
	}
	return rule.CapAmount.String() + " yuan"
}

func minutes(n int64) string {
	if n == 1 {
		return "1 minute"
	}
	return fmt.Sprintf("%d minutes", n)
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
