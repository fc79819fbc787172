package charge

import (
	"fmt"
	"time"
)

// Shanghai is the zone of every time that comes without one.
var Shanghai = time.FixedZone("+08:00", 8*60*60)

// Tariff is what a stay in a 4G lot costs; package lot/ledger prices with it. A stay of at most FreeMinutes
// costs nothing, a longer one is charged from its first minute, in started units counted from entry.
type Tariff struct {
	FreeMinutes  int64
	UnitMinutes  int64
	UnitPrice    Fen
	DailyCap     Fen // of each 24 hours from entry; 0 is none
	LeaveMinutes int64
	Periods      []Period // in place of the flat unit, together covering the day
}

// Period is a part of the local day with a price of its own. From after To crosses midnight.
type Period struct {
	From        ClockTime
	To          ClockTime
	UnitMinutes int64
	UnitPrice   Fen
	Cap         Fen // of this period's pieces in one 24 hours from entry; 0 is none
}

// ClockTime is a time of the local day in minutes after midnight; 24:00 is 1440.
type ClockTime int

// ParseClockTime reads "08:00".
func ParseClockTime(text string) (ClockTime, error) {
	var h, m int
	if n, err := fmt.Sscanf(text, "%d:%d", &h, &m); n != 2 || err != nil || len(text) != 5 ||
		h < 0 || m < 0 || m > 59 || h*60+m > 24*60 {
		return 0, fmt.Errorf("%q is not a time of day written HH:MM", clip(text))
	}
	return ClockTime(h*60 + m), nil
}

// String returns "HH:MM".
func (c ClockTime) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// MarshalText writes "HH:MM".
func (c ClockTime) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads "HH:MM".
func (c *ClockTime) UnmarshalText(b []byte) error {
	v, err := ParseClockTime(string(b))
	if err == nil {
		*c = v
	}
	return err
}
