package profile

import (
	"fmt"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// EscapedLot says how the separator of a lot key was escaped on its way; empty where it was not.
func EscapedLot(fields []seal.Field, name string) string {
	lot, ok := Lookup(fields, name)
	if !ok || name == "" {
		return ""
	}
	for _, escaped := range []struct{ from, what string }{
		{"%26", "URL-encoded"}, {"%2D", "URL-encoded"}, {"%2C", "URL-encoded"}, {"&amp;", "escaped as in HTML"},
		{`\u0026`, "escaped twice as in JSON"},
	} {
		if strings.Contains(strings.ToUpper(lot), strings.ToUpper(escaped.from)) {
			return fmt.Sprintf("the separator in %s is %s", name, escaped.what)
		}
	}
	return ""
}

// zoneOff is how far a time in UTC is from the same digits read as Asia/Shanghai.
const zoneOff = 8 * time.Hour

// WrongZone says that a charge's end is as far from now as Asia/Shanghai is from UTC; empty where it is not. A
// push comes soon after the charge, so that most likely the sender wrote another zone's time.
func (c Columns) WrongZone(fields []seal.Field, now time.Time) string {
	text, name, ok := c.Value(fields, RoleEnd)
	if !ok {
		return ""
	}
	end, err := ReadTime(text, c[RoleEnd].Unit)
	if err != nil {
		return ""
	}
	switch ahead := end.Sub(now); {
	case (ahead + zoneOff).Abs() <= platform.ClockWindow:
		return name + " lies eight hours back: it looks like UTC where Asia/Shanghai is meant"
	case ahead > platform.ClockWindow:
		return fmt.Sprintf("%s lies %s ahead: another time zone, or a clock that is off; times without a zone are Asia/Shanghai",
			name, ahead.Round(time.Second))
	}
	return ""
}

// OtherZone returns a moment's text as it would read had the sender's zone been UTC, or ours been added twice; nothing
// of a text that is no moment.
func OtherZone(text string) []string {
	at, err := ReadTime(text, UnitText)
	if err != nil {
		return nil
	}
	var texts []string
	for _, t := range []time.Time{at.Add(-zoneOff), at.Add(zoneOff)} {
		switch digits := strings.Trim(text, "0123456789") == ""; {
		case !digits:
			texts = append(texts, t.In(charge.Shanghai).Format(platform.TimeLayout))
		case len(text) <= 10:
			texts = append(texts, fmt.Sprint(t.Unix()))
		case len(text) == 14:
			texts = append(texts, t.In(charge.Shanghai).Format("20060102150405"))
		default:
			texts = append(texts, fmt.Sprint(t.UnixMilli()))
		}
	}
	return texts
}
