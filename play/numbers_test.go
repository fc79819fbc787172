package play_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/all"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/seal"
	"github.com/chargestamp/chargestamp/words"
)

var update = flag.Bool("update", false, "write the golden table of written numbers anew")

// numbersFile is the golden table; docs/numbers.md is printed from it.
const numbersFile = "testdata/numbers.tsv"

// writtenForms are the ways in which senders write numbers, as the JSON of a member.
var writtenForms = []string{
	`15`, `"15"`, `15.0`, `"15.0"`, `15.00`, `"15.00"`, `"15.000"`, `15.5`, `"15.50"`, `"15.05"`, `15.0012`, `"15.0012"`,
	`"15.999"`, `35.800000000000004`, `"35.800000000000004"`, `12.345678901234567890`,
	`1.5E+1`, `"1.5E+1"`, `1.5e1`, `150E-1`,
	`0E-8`, `"0E-8"`, `0`, `"0"`, `"0.00"`, `0.001`, `-0`, `"-0.00"`, `-0.01`, `"-0.01"`, `-5`, `"+15"`, `" 15 "`, `"015"`,
	`"15."`, `".5"`, `"15,00"`, `"1,500.00"`, `"15元"`, `"15.00元"`, `"￥15"`, `"１５"`,
	`"15 min"`, `"0x0F"`, `"NaN"`, `"Infinity"`,
	`1E99`, `1E-99`, `"99999999999999999999"`, `100000`, `1440`, `"1440.0"`, `"1e3"`, `""`, `" "`, `null`, `true`, `[15]`,
	`{"value":15}`, `"many"`,
}

// writtenTimes are the ways in which senders write a moment, ten o'clock of the third of March 2026 where it is one.
var writtenTimes = []string{
	`"2026-03-03 10:00:00"`, `"2026-03-03 10:00:00.0"`, `"2026-03-03 10:00"`,
	`"2026-3-3 10:00:00"`, `"2026/03/03 10:00:00"`,
	`"2026/3/3 10:00"`, `"2026-03-03T10:00:00"`, `"2026-03-03T10:00"`, `"2026-03-03T10:00:00+08:00"`,
	`"2026-03-03T02:00:00Z"`, `"2026-03-03T10:00:00.000+0800"`, `"20260303100000"`, `20260303100000`, `1772503200`,
	`"1772503200"`, `1772503200000`, `"1772503200000"`, `1.7725032E9`,
	`1772503200.5`, `"2026-03-03"`, `"03/03/2026 10:00"`,
	`"0001-01-01 00:00:00"`, `0`, `-1`, `"yesterday"`, `""`, `null`,
}

// valueless are forms that hold no value. The flat family's senders differ in whether they sign them.
var valueless = []string{`""`, `" "`, `null`, `[15]`, `{"value":15}`}

// numberField is a field of a family's platform, and how what was read of it is shown.
type numberField struct {
	kind, family, platform string
	name                   string
	beside                 []play.Field // what makes it count
	show                   func(*platform.Charge) string
}

func numberFields() []numberField {
	fee := func(c *platform.Charge) string { return shown(c.HasTotal, c.Total.String()) }
	energy := func(c *platform.Charge) string { return shown(c.HasEnergy, c.Energy.String()) }
	span := func(c *platform.Charge) string { return shown(c.Ask.Minutes > 0, fmt.Sprint(c.Ask.Minutes)) }
	money := func(c *platform.Charge) string { return shown(c.Ask.Amount > 0, c.Ask.Amount.String()) }
	start := func(c *platform.Charge) string {
		return shown(!c.Started.IsZero(), c.Started.In(charge.Shanghai).Format(platform.TimeLayout))
	}
	by := func(name, value string) []play.Field { return []play.Field{{Name: name, Value: json.Number(value)}} }
	return []numberField{
		{"fee, yuan", "cec", "telaidian", "TotalMoney", nil, fee},
		{"fee, yuan", "flat", "yunkuaichong", "totalMoney", nil, fee},
		{"fee, yuan", "plain", "xingxing", "TotalMoney", nil, fee},
		{"fee, yuan", "open13", "linghu", "total_money", nil, fee},
		{"fee, fen", "flat", "xiaowei", "totalMoney", nil, fee},
		{"energy, kWh", "cec", "telaidian", "Power", nil, energy},
		{"energy, kWh", "flat", "yunkuaichong", "power", nil, energy},
		{"energy, kWh", "plain", "xingxing", "TotalPower", nil, energy},
		{"energy, kWh", "open13", "linghu", "power", nil, energy},
		{"asked, minutes", "cec", "telaidian", "FreeParkingTimes", by("CalculationMethod", "1"), span},
		{"asked, minutes", "flat", "xiaoju", "duration", nil, span},
		{"asked, minutes", "open13", "linghu", "duration", by("mitigate_type", "1"), span},
		{"asked, seconds", "flat", "xiaowei", "freeTime", by("freeType", "0"), span},
		{"asked, yuan", "cec", "telaidian", "FreeParkingCost", by("CalculationMethod", "2"), money},
		{"asked, yuan", "open13", "linghu", "free_money", by("mitigate_type", "2"), money},
		{"asked, fen", "flat", "xiaowei", "freeMoney", append(by("freeType", "0"), play.Field{Name: "freeTime"}), money},
		{"start", "cec", "telaidian", "StartTime", nil, start},
		{"start", "flat", "yunkuaichong", "startTime", nil, start},
		{"start", "plain", "xingxing", "StartTime", nil, start},
		{"start", "open13", "linghu", "start_charging_time", nil, start},
	}
}

func shown(there bool, text string) string {
	if there {
		return text
	}
	return "none"
}

// solitary is one account that every claim fits, of a lot that is there.
type solitary struct{ platform.Candidate }

func (a solitary) Candidates(string, platform.Claim) []platform.Candidate {
	return []platform.Candidate{a.Candidate}
}
func (solitary) KnowsLot(charge.LotID) bool { return true }

// numberReader reads pushes of one platform by its own dialect, sealed by the player.
type numberReader struct {
	t       *testing.T
	now     time.Time
	dialect platform.Dialect
	keys    play.Keys
	account platform.Candidate
}

func newNumberReader(t *testing.T, id string) *numberReader {
	r := &numberReader{t: t, now: time.Date(2026, 3, 3, 12, 0, 0, 0, charge.Shanghai), keys: play.Keys{}}
	for _, d := range all.Builtin() {
		if d.Info().ID == id {
			r.dialect = d
		}
	}
	names, err := play.KeyNames(id)
	if err != nil {
		t.Fatal(err)
	}
	own := platform.Keys{"ukey": "0123456789abcdef", "ckey": "0123456789abcdef"}
	for _, name := range names {
		r.keys[name], own[name] = "0123456789abcdef", "0123456789abcdef"
	}
	r.account = platform.Candidate{AllowFrom: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		Account: platform.Account{ID: "a", Clock: charge.ClockOff, Keys: []platform.Keys{own}, TokenKey: make([]byte, 32)}}
	return r
}

// read returns what is made of a field that holds a text of JSON: what was taken, what was said of it, and what a rule
// hears that grants as pushed.
func (r *numberReader) read(f numberField, text string) string {
	r.t.Helper()
	push := play.DefaultPush(r.now)
	push.Lot, push.Start = charge.LotID{Union: "200461", Park: "1313"}, time.Date(2026, 3, 3, 9, 0, 0, 0, charge.Shanghai)
	token := seal.SealToken(r.account.TokenKey, "a", r.now.Add(time.Hour))
	fields := append([]play.Field{{Name: f.name, Value: memberOf(r.t, text)}}, f.beside...)
	q, err := play.Build(f.platform, push, r.keys, r.now, play.Options{Token: token, Fields: fields})
	if err != nil {
		return "not sent: " + err.Error()
	}
	at, err := url.Parse("http://gateway" + q.Path)
	if err != nil {
		r.t.Fatal(err)
	}
	p := platform.Push{Platform: f.platform, Method: q.Method, Path: at.Path, Header: q.Header, Body: q.Body,
		Remote: netip.MustParseAddr("192.0.2.1"), Received: r.now}
	for _, route := range r.dialect.Info().Routes {
		if route.Path == at.Path {
			p.Route = route
		}
	}
	got := platform.Admit(r.dialect, solitary{r.account}, p, r.now)
	switch {
	case strings.HasPrefix(f.kind, "asked") && got.Refusal != nil &&
		strings.HasPrefix(words.Note(words.English, got.Refusal.Why), f.name+": "):
		return "none, refused as pushed" // the platform's own rule grants so
	case got.Refusal != nil:
		return "refused: " + string(got.Refusal.Outcome) + " " + words.Note(words.English, got.Refusal.Why)
	case got.Message.Charge == nil:
		return "no charge"
	}
	says := f.show(got.Message.Charge)
	if strings.Contains(words.Notes(words.English, got.Message.Warnings), f.name) {
		says += ", warned"
	}
	if refusal := got.Message.Charge.Unusable(&charge.Rule{Grant: charge.GrantAsPushed}); refusal != nil {
		says += ", refused as pushed"
	}
	return says
}

// memberOf is a text of JSON as the players take it.
func memberOf(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	switch v.(type) {
	case string, json.Number, bool:
		return v
	}
	return json.RawMessage(text)
}

// TestNumbersAsTheyAreWritten reads each written form in each kind of field of each family, and compares with the
// golden table.
func TestNumbersAsTheyAreWritten(t *testing.T) {
	var table strings.Builder
	table.WriteString("kind\tfamily\twritten\tread\n")
	for _, f := range numberFields() {
		r, forms := newNumberReader(t, f.platform), writtenForms
		if f.kind == "start" {
			forms = writtenTimes
		}
		for _, text := range forms {
			if f.family == "flat" && slices.Contains(valueless, text) {
				continue
			}
			says := r.read(f, text)
			if strings.HasPrefix(says, "refused:") || strings.HasPrefix(says, "not sent") || says == "no charge" {
				t.Errorf("%s of %s, %s: %s; what only describes refuses nothing", f.kind, f.family, text, says)
			}
			fmt.Fprintf(&table, "%s\t%s\t%s\t%s\n", f.kind, f.family, text, says)
		}
	}
	if *update {
		if err := os.WriteFile(numbersFile, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(numbersFile)
	if err != nil {
		t.Fatal(err)
	}
	was, is := strings.Split(string(want), "\n"), strings.Split(table.String(), "\n")
	for i := range max(len(was), len(is)) {
		if i >= len(was) || i >= len(is) || was[i] != is[i] {
			t.Fatalf("line %d of %s is not what is read now; -update writes it anew:\n%s", i+1, numbersFile,
				is[min(i, len(is)-1)])
		}
	}
}
