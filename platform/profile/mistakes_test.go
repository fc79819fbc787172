package profile

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
	"github.com/chargestamp/chargestamp/words"
)

func field(name, text string) []seal.Field {
	return []seal.Field{{Name: name, Text: text, Kind: seal.String}}
}

// A lot key that was escaped once too often is named as that, whatever the family.
func TestAnEscapedLotIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		"200461%26%261313":          "URL-encoded",
		"200461%2d1313":             "URL-encoded",
		"200461&amp;&amp;1313":      "HTML",
		`200461\u0026\u00261313`:    "twice as in JSON",
		"200461&&1313":              "",
		"200461-1313":               "",
		"a park with % in its name": "",
	} {
		got := words.Note(words.English, EscapedLot(field("parkId", text), "parkId"))
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it", text, got, want)
		}
	}
	if got := EscapedLot(field("a", "%26"), ""); !got.IsZero() {
		t.Errorf("no lot field: %v", got)
	}
}

// An end that is eight hours off is a wrong time zone, though nothing refuses the push.
func TestAWrongTimeZoneIsNamed(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, charge.Shanghai)
	for _, c := range []struct {
		text string
		unit Unit
		want string
	}{
		{"2026-03-03 11:59:00", UnitText, ""},
		{"2026-03-03 03:59:00", UnitText, "UTC where Asia/Shanghai"},
		{"2026-03-03 19:59:00", UnitText, "ahead"},
		{"2026-03-03 06:00:00", UnitText, ""},
		{"1772510340", UnitUnixS, ""},      // 11:59 here
		{"1772539140", UnitUnixS, "ahead"}, // our digits taken for UTC
		{"1772481540000", UnitUnixMS, "UTC where"},
		{"yesterday", UnitText, ""},
	} {
		columns := Columns{RoleEnd: {Names: []string{"endTime"}, Unit: c.unit}}
		got := words.Note(words.English, columns.WrongZone(field("endTime", c.text), now))
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q in it", c.text, got, c.want)
		}
	}
}

func TestOtherZone(t *testing.T) {
	for text, want := range map[string][]string{
		"2026-03-03 12:00:00": {"2026-03-03 04:00:00", "2026-03-03 20:00:00"},
		"1772510400":          {"1772481600", "1772539200"},
		"1772510400000":       {"1772481600000", "1772539200000"},
		"120":                 nil,
		"京A12345":             nil,
	} {
		if got := OtherZone(text); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// said is a dialect that reads what it is given.
type said struct {
	platform.Dialect
	info   platform.Info
	charge platform.Charge
}

func (s said) Info() platform.Info                         { return s.info }
func (s said) Claim(platform.Push) (platform.Claim, error) { return platform.Claim{}, nil }
func (s said) Open(platform.Push, platform.Account, time.Time) (platform.Message, error) {
	c := s.charge
	return platform.Message{Charge: &c, Keys: 1}, nil
}

type one struct{}

func (one) Candidates(string, platform.Claim) []platform.Candidate {
	return []platform.Candidate{{Account: platform.Account{ID: "a"}}}
}
func (one) KnowsLot(charge.LotID) bool { return true }

func admit(s said, now time.Time) platform.Admission {
	return platform.Admit(s, one{}, platform.Push{Remote: netip.MustParseAddr("192.0.2.1")}, now)
}

// An end in the future is left out where an order identifies the charge. Where times do, the push is refused, and the
// answer must not blame the plate: T/CEC's dialects do that where a charge was read.
func TestTimesOfNonsenseAreNoFaultOfThePlate(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, charge.Shanghai)
	kept := admit(said{charge: platform.Charge{Order: "1", Ended: now.Add(48 * time.Hour)}}, now)
	if kept.Refusal != nil || !kept.Message.Charge.Ended.IsZero() || len(kept.Message.Warnings) == 0 {
		t.Fatalf("with an order: %v, %+v", kept.Refusal, kept.Message)
	}
	got := admit(said{charge: platform.Charge{Ended: now.Add(48 * time.Hour)}}, now)
	if got.Refusal == nil || got.Refusal.Outcome != charge.OutcomeBadField {
		t.Fatalf("refusal %v", got.Refusal)
	}
	if got.Message == nil || got.Message.Charge != nil || got.Message.Keys != 1 {
		t.Errorf("message %+v, want the keys that opened it and no charge", got.Message)
	}
}

// 小桔 may grant time. That one variant of its form can name money does not change it.
func TestAPushCannotNameWhatItsPlatformMayNotGrant(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, charge.Shanghai)
	for _, c := range []struct {
		grants []platform.GrantKind
		ask    charge.Ask
		kept   bool
	}{
		{[]platform.GrantKind{platform.GrantTime}, charge.Ask{Method: charge.MethodTime, Minutes: 30}, true},
		{[]platform.GrantKind{platform.GrantTime}, charge.Ask{Method: charge.MethodAmount, Amount: 500}, false},
		{[]platform.GrantKind{platform.GrantTime}, charge.Ask{Method: charge.MethodFree}, false},
		{[]platform.GrantKind{platform.GrantTime}, charge.Ask{Method: charge.MethodLotDecides}, false},
		{[]platform.GrantKind{platform.GrantFixedTime, platform.GrantFixedAmount},
			charge.Ask{Method: charge.MethodTime, Minutes: 30}, false},
		{[]platform.GrantKind{platform.GrantAmount, platform.GrantFree, platform.GrantLotDecides},
			charge.Ask{Method: charge.MethodAmount, Amount: 500}, true},
		{[]platform.GrantKind{platform.GrantAmount, platform.GrantFree, platform.GrantLotDecides},
			charge.Ask{Method: charge.MethodFree}, true},
		{[]platform.GrantKind{platform.GrantAmount, platform.GrantFree, platform.GrantLotDecides},
			charge.Ask{Method: charge.MethodLotDecides}, true},
		{[]platform.GrantKind{platform.GrantTime}, charge.Ask{}, true},
	} {
		got := admit(said{info: platform.Info{Grants: c.grants}, charge: platform.Charge{Ended: now, Ask: c.ask}}, now)
		want := charge.Ask{}
		if c.kept {
			want = c.ask
		}
		if got.Refusal != nil || got.Message.Charge.Ask != want {
			t.Errorf("%v, %+v: %v %+v", c.grants, c.ask, got.Refusal, got.Message.Charge.Ask)
		}
	}
}
