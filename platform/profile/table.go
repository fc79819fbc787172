package profile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// Members of repeat tuples that are not roles.
const (
	memberLot   = "lot"
	memberAsked = "asked" // the minutes asked for, else the yuan
	memberVisit = "visit" // pseudo member: by stay, else within 10 minutes
)

// maxExtra is how many fields a family may name beside the roles.
const maxExtra = 6

// Table reads the fields of a push by their names, in one pass: a push is read some ten thousand times a second.
type Table struct {
	Columns Columns
	Asking  Asking
	Repeat  [][]string // ordered; the first tuple that is full is the repeat key

	places map[string][]place // by name in lower case
	extra  []string
}

// place is where the value of a name goes. rank is which of the names for a slot it is.
type place struct{ slot, rank int }

// NewTable makes a table. extra names fields that a family reads by itself (Values.Extra), at most six; empty
// names are no field.
func NewTable(columns Columns, asking Asking, repeat [][]string, extra ...string) Table {
	t := Table{Columns: columns, Asking: asking, Repeat: repeat, places: map[string][]place{},
		extra: extra[:min(len(extra), maxExtra)]}
	add := func(slot, rank int, name string) {
		if name != "" {
			key := strings.ToLower(name)
			t.places[key] = append(t.places[key], place{slot, rank})
		}
	}
	for slot, r := range roles {
		for rank, name := range columns[r.role].Names {
			add(slot, rank, name)
		}
	}
	for i, name := range t.extra {
		add(slotExtra+i, 0, name)
	}
	return t
}

// Find sorts the fields of a push into their slots. Null, bools, objects and arrays are no values.
func (t *Table) Find(fields []seal.Field) Values {
	v := Values{table: t}
	var lower [64]byte
	for i := range fields {
		f := &fields[i]
		if len(f.Name) > len(lower) || f.Kind != seal.String && f.Kind != seal.Number {
			continue
		}
		for j := range len(f.Name) {
			c := f.Name[j]
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			lower[j] = c
		}
		for _, p := range t.places[string(lower[:len(f.Name)])] {
			text := strings.TrimSpace(f.Text)
			if text != "" && (v.text[p.slot] == "" || p.rank < v.rank[p.slot]) {
				v.text[p.slot], v.rank[p.slot] = text, p.rank
			}
		}
	}
	return v
}

// Undated reports that some tuple of the repeat keys proves no time.
func (t *Table) Undated() bool {
	return slices.ContainsFunc(t.Repeat, func(tuple []string) bool { return slices.Contains(tuple, memberVisit) })
}

// UnitUnknown reports that a push can ask for minutes or yuan alone, and that the units of both are unknown.
func (t *Table) UnitUnknown() bool {
	kinds := []AskKind{t.Asking.Otherwise}
	for _, kind := range t.Asking.By {
		kinds = append(kinds, kind)
	}
	for _, kind := range kinds {
		minutes, amount := t.Columns[RoleMinutes].Unit, t.Columns[RoleAmount].Unit
		switch {
		case kind == AskFree || kind == AskLotDecides || kind == AskRule || kind == AskThere,
			kind != AskAmount && minutes != "" && minutes != UnitUnknown,
			kind != AskTime && amount != "" && amount != UnitUnknown:
			return false
		}
	}
	return true
}

// repeat finds the repeat key of a charge; false where no tuple is full.
func (t *Table) repeat(c *platform.Charge) bool {
	for _, tuple := range t.Repeat {
		var room [6]string
		parts := room[:0]
		c.Repeat = platform.RepeatOrder
		for _, member := range tuple {
			if member == memberVisit {
				c.Repeat = platform.RepeatVisit
				continue
			}
			if v := memberText(c, member); v != "" {
				parts = append(parts, v)
			}
		}
		if full := len(tuple); len(parts) == full || c.Repeat == platform.RepeatVisit && len(parts) == full-1 {
			c.RepeatKey = strings.Join(parts, "|")
			return true
		}
	}
	return false
}

func orTuples(tuples [][]string) string {
	words := make([]string, len(tuples))
	for i, t := range tuples {
		words[i] = strings.Join(t, " and ")
	}
	return strings.Join(words, ", nor ")
}

// memberText is the text of one member of a repeat tuple.
func memberText(c *platform.Charge, name string) string {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	switch name {
	case string(RoleOrder):
		return c.Order
	case memberLot:
		if c.Lot.IsZero() && len(c.Chargers) > 0 {
			return c.Chargers[0]
		}
		return c.Lot.String()
	case string(RolePlate):
		return c.Plate.Full()
	case string(RoleStart):
		return at(c.Started)
	case string(RoleEnd):
		return at(c.Ended)
	case memberAsked:
		if c.Ask.Method == charge.MethodAmount {
			return c.Ask.Amount.String()
		}
		return fmt.Sprint(c.Ask.Minutes)
	}
	return ""
}
