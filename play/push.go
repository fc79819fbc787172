package play

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Push is one finished charge as a person would tell it. Build turns it into a platform's own words; fields
// that a platform has no words for are left out.
type Push struct {
	Lot     charge.LotID
	Plate   charge.Plate
	Order   string // the charging order's number; empty sends none
	Start   time.Time
	End     time.Time
	Energy  charge.Energy
	Elec    charge.Fen // energy fee
	Service charge.Fen // service fee
	Total   charge.Fen

	// What the push asks for. An empty method names nothing.
	Method  charge.Method
	Minutes int64
	Amount  charge.Fen

	Charger       string // the id that finds the lot: a charger's (奥特迅), a station's (蔚来, 向黔充)
	StationID     string
	StationName   string
	ConnectorID   string
	ConnectorName string
	Bay           string

	// Form is a platform's other way to say the same: "a" for the four-field form of 小桔, "old" for the
	// older SDK address of 星星, "station" for station_id in place of comid and union_id (令狐). Empty is
	// the usual way.
	Form string
}

// DefaultPush is a believable charge that ended a minute before a time: 80 minutes, 25.50 kWh, 17.85 yuan,
// asking for 30 minutes. Its order number holds the time, so that each second has its own.
func DefaultPush(at time.Time) Push {
	return Push{
		Plate:   "京AD06088",
		Order:   at.In(charge.Shanghai).Format("20060102150405") + fmt.Sprintf("%03d", at.Nanosecond()/1e6),
		Start:   at.Add(-81 * time.Minute).Truncate(time.Second),
		End:     at.Add(-time.Minute).Truncate(time.Second),
		Energy:  25_500,
		Elec:    12_75,
		Service: 5_10,
		Total:   17_85,
		Method:  charge.MethodTime,
		Minutes: 30,
	}
}

// minutes is the length of the charge, a started minute counted whole.
func (p Push) minutes() int64 {
	return int64((p.End.Sub(p.Start) + time.Minute - 1) / time.Minute)
}

// Keys are a platform's keys by the names of docs/platforms, with "ukey" for 小伟 and "ckey" for 令狐.
type Keys map[string]string

// need reports the first key that is missing.
func (k Keys) need(platform string, names ...string) error {
	for _, name := range names {
		if k[name] == "" {
			return fmt.Errorf("%s needs the key %s", platform, name)
		}
	}
	return nil
}

// Break is one thing done wrong on purpose, to see its refusal.
type Break string

// What can be broken.
const (
	BreakNothing   Break = ""
	BreakSig       Break = "sig"       // the last character of the signature is another one
	BreakToken     Break = "token"     // a bearer (or path) token that was never issued
	BreakKey       Break = "key"       // sealed with another key; where nothing is sealed, from another operator
	BreakClock     Break = "clock"     // a time stamp 26 hours old
	BreakBody      Break = "body"      // half a body
	BreakDuplicate Break = "duplicate" // the same bytes twice; the second answer is the one to look at
)

// Breaks lists what can be broken.
var Breaks = []Break{BreakSig, BreakToken, BreakKey, BreakClock, BreakBody, BreakDuplicate}

// ParseBreak reads one of Breaks; empty is BreakNothing.
func ParseBreak(text string) (Break, error) {
	b := Break(text)
	if b != BreakNothing && !slices.Contains(Breaks, b) {
		return "", fmt.Errorf("nothing is called %q to break; there are %s", text, breakNames(Breaks))
	}
	return b, nil
}

func breakNames(breaks []Break) string {
	names := make([]string, len(breaks))
	for i, b := range breaks {
		names[i] = string(b)
	}
	return strings.Join(names, ", ")
}

// staleBy is how far BreakClock puts a time stamp back: past every window, on another day.
const staleBy = 26 * time.Hour

// Options vary how a push is built.
type Options struct {
	Token     string  // access token, where the platform has query_token
	PathToken string  // appended as one more path segment
	Break     Break   // BreakDuplicate means nothing to Build: it is Send that repeats
	Fields    []Field // raw fields that replace or extend the built ones
	Seq       int     // counts up inside one second (CEC); 0 is 1
}
