package platform

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Where charging time is granted, times of nonsense would be years of free parking.
func TestChargeTimesMustBeBelievable(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, charge.Shanghai)
	for name, c := range map[string]struct {
		started, ended time.Time
		refused        bool
	}{
		"no times":            {},
		"an hour":             {now.Add(-time.Hour), now, false},
		"a clock that is off": {now, now.Add(8 * time.Hour), false},
		"2099":                {now, time.Date(2099, 1, 1, 0, 0, 0, 0, charge.Shanghai), true},
		"two days ahead":      {now, now.Add(48 * time.Hour), true},
		"over a holiday":      {now.Add(-20 * 24 * time.Hour), now, false},
		"for a year":          {now.Add(-366 * 24 * time.Hour), now, true},
	} {
		if err := believe(&Message{Charge: &Charge{Started: c.started, Ended: c.ended}}, now); (err != nil) != c.refused {
			t.Errorf("%s: %v, want refused %v", name, err, c.refused)
		}
	}
}
