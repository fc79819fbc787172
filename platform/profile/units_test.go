package profile

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/words"
)

func TestReadTime(t *testing.T) {
	ten := time.Date(2024, 1, 1, 10, 0, 0, 0, charge.Shanghai)
	for _, c := range []struct {
		text string
		unit Unit
		want string // of the error; empty for ten o'clock
	}{
		{"2024-01-01 10:00:00", UnitText, ""},
		{"2024-01-01 10:00:00", UnitTextOrUnixMS, ""},
		{"1704074400", UnitUnixS, ""},
		{"1704074400000", UnitUnixMS, ""},
		{"1704074400000", UnitTextOrUnixMS, ""},
		{"2024-01-01 10:00", UnitText, ""},
		{"2024-01-01T10:00:00", UnitText, ""},
		{"2024-01-01T02:00:00Z", UnitText, ""},
		{"2024-01-01T10:00:00.000+0800", UnitText, ""},
		{"2024/01/01 10:00:00", UnitText, ""},
		{"2024/1/1 10:00", UnitText, ""},
		{"2024-01-01 10:00:00.0", UnitText, ""},
		{"20240101100000", UnitText, ""},
		{"1704074400", UnitText, ""},
		{"1704074400000", UnitText, ""},
		{"1.7040744E9", UnitText, ""},
		{"20241301100000", UnitText, "in the year"},
		{"2024-02-30 10:00:00", UnitText, "not a time written"},
		{"0001-01-01 00:00:00", UnitText, "in the year 1"},
		{"1704074400", UnitUnixMS, ""},
		{"1704074400000", UnitUnixS, ""},
		{"1704074400.5", UnitUnixS, ""},
		{"-1704074400", UnitUnixS, "not a time written"},
		{"170407440000000000", UnitUnixS, "in the year"},
		{"99999999999999999999", UnitUnixMS, "out of range"},
		{"9223372036854775807", UnitUnixMS, "in the year"},
		{"", UnitUnixS, "not a time"},
		{"1704074400", UnitFen, "not a time in fen"},
	} {
		at, err := ReadTime(c.text, c.unit)
		if c.want == "" && (err != nil || at.Truncate(time.Second).Unix() != ten.Unix()) || c.want != "" &&
			!strings.Contains(words.Note(words.English, charge.Cause(err)), c.want) {
			t.Errorf("%q %s: %v, %v", c.text, c.unit, at, err)
		}
	}
}

func TestReadMoney(t *testing.T) {
	for _, c := range []struct {
		text string
		unit Unit
		want charge.Fen
		ok   bool
	}{
		{"12", UnitYuan, 1200, true},
		{"12.5", UnitYuan, 1250, true},
		{"12.500", UnitYuan, 1250, true},
		{"12.505", UnitYuan, 0, false},
		{"1250", UnitFen, 1250, true},
		{"1250.00", UnitFen, 1250, true},
		{"1250.5", UnitFen, 0, false},
		{"-1", UnitFen, 0, false},
		{"-0.01", UnitYuan, 0, false},
		{"1e2", UnitYuan, 10000, true},
		{"12", UnitUnknown, 0, false},
		{"12", UnitSeconds, 0, false},
		{"", UnitYuan, 0, false},
	} {
		if got, err := ReadMoney(c.text, c.unit); got != c.want || (err == nil) != c.ok {
			t.Errorf("%q %s: %v, %v", c.text, c.unit, got, err)
		}
	}
}

func TestReadMinutesAndEnergy(t *testing.T) {
	for _, c := range []struct {
		text string
		unit Unit
		want int64
		ok   bool
	}{
		{"30", UnitMinutes, 30, true},
		{"30.00", UnitMinutes, 30, true},
		{"29.01", UnitMinutes, 30, true},
		{"7200", UnitSeconds, 120, true},
		{"61", UnitSeconds, 2, true},
		{"60.5", UnitSeconds, 2, true},
		{"0", UnitSeconds, 0, true},
		{"-1", UnitMinutes, 0, false},
		{"-0.5", UnitMinutes, 0, false},
		{"527041", UnitMinutes, 0, false},
		{"1e3", UnitMinutes, 1000, true},
		{"30", UnitUnknown, 0, false},
	} {
		if got, err := ReadMinutes(c.text, c.unit); got != c.want || (err == nil) != c.ok {
			t.Errorf("%q %s: %v, %v", c.text, c.unit, got, err)
		}
	}
	for _, c := range []struct {
		text string
		unit Unit
		want charge.Energy
		ok   bool
	}{
		{"12.5", UnitKWh, 12500, true},
		{"12.50049", UnitKWh, 12500, true},
		{"12500", UnitWh, 12500, true},
		{"-1", UnitKWh, 0, false},
		{"1", UnitUnknown, 0, false},
	} {
		if got, err := ReadEnergy(c.text, c.unit); got != c.want || (err == nil) != c.ok {
			t.Errorf("%q %s: %v, %v", c.text, c.unit, got, err)
		}
	}
}

func TestCheckClock(t *testing.T) {
	now := time.Date(2024, 1, 1, 12, 0, 0, 0, charge.Shanghai)
	for _, c := range []struct {
		mode    charge.ClockMode
		off     time.Duration
		warned  bool
		refused bool
	}{
		{charge.ClockEnforce, platform.ClockWindow, false, false},
		{charge.ClockEnforce, -platform.ClockWindow, false, false},
		{charge.ClockEnforce, platform.ClockWindow + time.Second, false, true},
		{charge.ClockEnforce, -platform.ClockWindow - time.Second, false, true},
		{charge.ClockWarn, -time.Hour, true, false},
		{"", -time.Hour, true, false},
		{charge.ClockOff, -time.Hour, false, false},
	} {
		warning, refusal := platform.CheckClock(c.mode, now.Add(c.off), now)
		if warning.IsZero() == c.warned || (refusal != nil) != c.refused {
			t.Errorf("%s, %s off: %v, %v", c.mode, c.off, warning, refusal)
		}
		if refusal != nil && refusal.Outcome != charge.OutcomeStale {
			t.Errorf("refused as %s", refusal.Outcome)
		}
	}
	if _, r := platform.CheckClock(charge.ClockEnforce, now.Add(-8*time.Hour), now); r.Why.Code != "push.clock_zone" {
		t.Errorf("eight hours: %v", r.Why)
	}
}

// FuzzReadFields: a form reads as package net/url reads it, as long as no name comes twice.
func FuzzReadFields(f *testing.F) {
	f.Add("a=1&b=2")
	f.Add("plateNo=%E4%BA%ACA12345&merchId=200461%26%261313&x=")
	f.Add("a=1&a=2")
	f.Add("a+b=c%20d&%zz=1")
	f.Add(`{"a":"b","c":1.50}`)
	f.Fuzz(func(t *testing.T, body string) {
		b, err := ReadBody(platform.Push{Body: []byte(body)})
		trimmed := strings.TrimSpace(body)
		if err != nil || strings.HasPrefix(strings.TrimLeft(body, " \t\r\n"), "{") {
			return
		}
		want, err := url.ParseQuery(trimmed)
		if err != nil {
			return // net/url refuses a semicolon that we take as text
		}
		for _, got := range b.Fields {
			if values, there := want[got.Name]; got.Name != "" && (!there || len(values) != 1 || values[0] != got.Text) {
				t.Errorf("%q: %q is %q, net/url has %q", body, got.Name, got.Text, values)
			}
		}
	})
}
