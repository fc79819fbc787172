package flow_test

import (
	"testing"

	"github.com/chargestamp/chargestamp/charge"
)

// A push that names no lot goes to the one that lists its charger; one that no lot lists is refused.
func TestLotOfACharger(t *testing.T) {
	w := newWorld(t)
	w.estate.chargers = map[string]charge.LotID{"pile 7": apiLot}
	push := func(order string, chargers ...string) charge.Outcome {
		c := w.finished(order, charge.LotID{})
		c.Chargers = chargers
		return w.push(c)
	}
	if got := push("o1", "station 1", "pile 7"); got != charge.OutcomeAccepted {
		t.Fatalf("by its charger: %s", got)
	}
	if c := w.charge("o1"); c.Lot != apiLot || c.Detail.Charger != "pile 7" {
		t.Errorf("went to %s by %q", c.Lot, c.Detail.Charger)
	}
	for _, chargers := range [][]string{nil, {"pile 8"}} {
		if got := push("o2", chargers...); got != charge.OutcomeUnknownLot {
			t.Errorf("by %q: %s, want %s", chargers, got, charge.OutcomeUnknownLot)
		}
	}
}
