//go:build soak

package bench

import (
	"strings"
	"testing"
	"time"
)

func TestLines(t *testing.T) {
	rows, err := newRig(t).Lines(t.Context(), onSQLite(t), LinesConfig{Few: 5, Many: 30, Idle: 20, Active: 2, Times: 1,
		Loop: OpenLoop{Rate: 50, Warm: 100 * time.Millisecond, For: 500 * time.Millisecond}, Settle: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 13 {
		t.Errorf("%d rows: %+v", len(rows), rows)
	}
}

func TestLots(t *testing.T) {
	// A silent downlink holds its session for 7 s, so that 20 lying lots take fewer than 30 a second.
	// Cars and lines need their time, on a busy machine more than the wait for an acknowledgement, until half is applied.
	rows, err := newRig(t).Lots(t.Context(), onSQLite(t),
		LotsConfig{Lots: 20, For: 12 * time.Second, Rate: 20, Life: 20 * time.Second, End: 40 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Failed(rows) {
		if !strings.Contains(r.Name, "quarter") { // twelve seconds are too short for that
			t.Errorf("%s: %v %s, %s", r.Name, r.Value, r.Unit, r.Note)
		}
	}
}
