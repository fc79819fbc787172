package profile

import (
	"fmt"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// EscapedLot says how the separator of a lot key was escaped on its way; the zero note where it was not.
func EscapedLot(fields []seal.Field, name string) charge.Note {
	lot, ok := Lookup(fields, name)
	if !ok || name == "" {
		return charge.Note{}
	}
	for _, escaped := range []struct{ from, how string }{
		{"%26", "escaped.url"}, {"%2D", "escaped.url"}, {"%2C", "escaped.url"}, {"&amp;", "escaped.html"},
		{`\u0026`, "escaped.json"},
	} {
		if strings.Contains(strings.ToUpper(lot), strings.ToUpper(escaped.from)) {
			return charge.Say("likely.lot_escaped", charge.Text("field", name), charge.Because("how", charge.Say(escaped.how)))
		}
	}
	return charge.Note{}
}

// zoneOff is how far a time in UTC is from the same digits read as Asia/Shanghai.
const zoneOff = 8 * time.Hour

// WrongZone says that a charge's end is as far from now as Asia/Shanghai is from UTC; the zero note where it is not. A
// push comes soon after the charge, so that most likely the sender wrote another zone's time.
func (c Columns) WrongZone(fields []seal.Field, now time.Time) charge.Note {
	text, name, ok := c.Value(fields, RoleEnd)
	if !ok {
		return charge.Note{}
	}
	end, err := ReadTime(text, c[RoleEnd].Unit)
	if err != nil {
		return charge.Note{}
	}
	switch ahead := end.Sub(now); {
	case (ahead + zoneOff).Abs() <= platform.ClockWindow:
		return charge.Say("likely.end_utc", charge.Text("field", name))
	case ahead > platform.ClockWindow:
		return charge.Say("likely.end_ahead", charge.Text("field", name), charge.Span("ahead", ahead))
	}
	return charge.Note{}
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
