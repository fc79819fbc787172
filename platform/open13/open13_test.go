package open13

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/platform/platformtest"
	"github.com/chargestamp/chargestamp/words"
)

func linghu() platform.Dialect { return Builtin()[0] }

func TestGolden(t *testing.T) {
	platformtest.Golden(t, linghu(), "testdata/linghu")
}

// captured reads a push below testdata and the account that it may be opened with.
func captured(t testing.TB, path string) (platform.Push, platform.Account) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + path + "/push.http")
	if err != nil {
		t.Fatal(err)
	}
	p, err := doctor.ReadCapture(linghu().Info(), text)
	if err != nil {
		t.Fatal(err)
	}
	accounts, at := platformtest.ReadAccounts(t, linghu(), "testdata/linghu")
	p.Received, p.Remote = at, netip.MustParseAddr("192.0.2.1")
	return p, accounts.Candidates("linghu", platform.Claim{Lot: charge.LotID{Union: "200461", Park: "1313"}})[0].Account
}

// TestPrinted opens two vectors made outside with Python, the first under the sample key of
// https://www.kancloud.cn/bolink/apis/860377
func TestPrinted(t *testing.T) {
	for _, c := range []struct{ data, sign, key string }{
		{`{"comid":"1313","union_id":"200461","start_charge_seq":"20210126","start_charging_time":1603779352,` +
			`"stop_charging_time":1603789352,"car_number":"京AA1234","mitigate_type":1,"duration":120}`,
			"3164B431D5681628F9905FD53CE750A6", "MAVXUU3C2545G9K1"},
		{`{"comid":"1313","union_id":"200461","start_charge_seq":"20210126","car_number":"京A12345","mitigate_type":1,` +
			`"duration":120}`,
			"AE8EA0F3CD7712122858EEB7A7AA36D5", "demo-secret"},
	} {
		body := base64.StdEncoding.EncodeToString([]byte(`{"data":` + c.data + `,"sign":"` + c.sign + `"}`))
		p := platform.Push{Platform: "linghu", Route: linghu().Info().Routes[0], Body: []byte(body)}
		m, err := linghu().Open(p, platform.Account{Keys: []platform.Keys{{"ckey": charge.Secret(c.key)}}}, time.Time{})
		if err != nil {
			t.Error(err)
			continue
		}
		if m.Charge.Order != "20210126" || m.Charge.Ask != (charge.Ask{Method: charge.MethodTime, Minutes: 120}) {
			t.Errorf("read %+v", m.Charge)
		}
	}
}

// TestEscaped: escapes in data are resolved before the second text is signed, and nothing else is.
func TestEscaped(t *testing.T) {
	usual, account := captured(t, "linghu/finished")
	escaped, _ := captured(t, "open/escaped")
	want, err := linghu().Open(usual, account, usual.Received)
	if err != nil {
		t.Fatal(err)
	}
	got, err := linghu().Open(escaped, account, usual.Received)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-bare +escaped):\n%s", diff)
	}
}

// TestMistakes: pushes signed wrong by openssl, and what the doctor makes of them.
func TestMistakes(t *testing.T) {
	for path, want := range map[string]string{
		"doctor/joint":             "joined in another way",
		"doctor/sorted":            "sorted for signing",
		"doctor/spaced":            "with blanks",
		"doctor/envelope":          "whole envelope",
		"doctor/pairs":             "kv-md5-key",
		"doctor/upper-key":         "other case",
		"doctor/key-with-line-end": "blanks around",
		"doctor/ampersands":        `\u0026`,
		"doctor/url-base64":        "kind for URLs",
		"linghu/lower-sign":        "lower-case",
		"linghu/bare-json":         "Base64 of it is wanted",
		"linghu/no-padding":        "without its padding",
		"linghu/wrong-account":     "the key is another one",
		"linghu/forged":            "the key is another one",
		"linghu/unsealed":          "not signed",
		"linghu/finished":          "",
		"linghu/spaced":            "",
		"linghu/former-key":        "",
	} {
		t.Run(path, func(t *testing.T) {
			p, account := captured(t, path)
			g := linghu().(platform.Doctor).Diagnose(p, account, p.Received)
			likely := words.Note(words.English, g.Likely)
			if want == "" && likely != "" || !strings.Contains(likely, want) {
				t.Errorf("likely %q, want %q in it", likely, want)
			}
			if want == "" && g.Signature != platform.Equal {
				t.Errorf("the signature %s is %q", g.Found, g.Signature)
			}
			read := strings.Join(words.Lines(words.English, g.Read), "")
			if all := g.Canonical + likely + read; strings.Contains(all, "invented-ckey") ||
				strings.Contains(all, "former-ckey") {
				t.Error("shows the key")
			}
		})
	}
}

// FuzzOpen: no push makes the dialect panic, and what opens with one key does not open with another.
func FuzzOpen(f *testing.F) {
	d := linghu()
	for _, p := range platformtest.Pushes(f, d, "testdata/linghu") {
		f.Add(p.Body)
		if plain, err := base64.StdEncoding.DecodeString(string(p.Body)); err == nil {
			f.Add(plain)
		}
	}
	account := platform.Account{Keys: []platform.Keys{{"ckey": "lot-invented-ckey"}}}
	other := platform.Account{Keys: []platform.Keys{{"ckey": "another"}}}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, b := range [][]byte{body, []byte(base64.StdEncoding.EncodeToString(body))} {
			p := platform.Push{Platform: "linghu", Route: d.Info().Routes[0], Body: b}
			claim, claimErr := d.Claim(p)
			m, err := d.Open(p, account, time.Time{})
			d.(platform.Doctor).Diagnose(p, account, time.Time{})
			if d.Reply(p, nil, platform.Verdict{Outcome: charge.OutcomeBadBody}).Status != 200 {
				t.Error("an answer without status 200")
			}
			if err != nil {
				continue
			}
			if c := m.Charge; claimErr != nil || c.Plate == "" || c.Lot != claim.Lot || c.RepeatKey == "" || c.Ask.Minutes < 0 ||
				c.Ask.Amount < 0 {
				t.Errorf("opened as %+v, claim %v", c, claimErr)
			}
			if _, err := d.Open(p, other, time.Time{}); err == nil {
				t.Error("opens with two keys")
			}
		}
	})
}

// BenchmarkOpen is decode and verify of one push, claim included.
func BenchmarkOpen(b *testing.B) {
	d := linghu()
	p, account := captured(b, "linghu/finished")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Claim(p); err != nil {
			b.Fatal(err)
		}
		if _, err := d.Open(p, account, p.Received); err != nil {
			b.Fatal(err)
		}
	}
}

// TestMistakesInTheText: what was digested differs from what was sent. The digests are made here by hand.
func TestMistakesInTheText(t *testing.T) {
	const data = `{"comid":"1313","union_id":"200461","start_charge_seq":"X/1","start_charging_time":1704074400,` +
		`"stop_charging_time":1704079800,"car_number":"京A12345","power":12.50,"station_name":""}`
	sign := func(text string) string {
		sum := md5.Sum([]byte(text + "key=lot-key-of-a-test"))
		return strings.ToUpper(hex.EncodeToString(sum[:]))
	}
	in := strings.NewReplacer
	for _, c := range []struct{ name, data, sign, want string }{
		{"sound", data, sign(data), ""},
		{"milliseconds signed", data, sign(in("4400,", "4400000,", "9800,", "9800000,").Replace(data)),
			"in seconds and sent in milliseconds"},
		{"milliseconds sent", in("4400,", "4400000,", "9800,", "9800000,").Replace(data), sign(data),
			"in seconds and sent in milliseconds"},
		{"another zone", data, sign(in("1704074400", "1704103200", "1704079800", "1704108600").Replace(data)),
			"another time zone"},
		{"slashes", data, sign(in("X/1", `X\/1`).Replace(data)), "slashes"},
		{"empty left out", data, sign(in(`,"station_name":""`, "").Replace(data)), "empty members"},
		{"number", data, sign(in("12.50", "12.5").Replace(data)), "12.5 for 12.50"},
		{"small letters", data, sign(strings.ToLower(data)), "other case"},
		{"its Base64", data, sign(base64.StdEncoding.EncodeToString([]byte(data))), "Base64 of data"},
		{"a text", strconv.Quote(data), sign(data), ""},
		{"lot escaped", `{"station_id":"200461%26%261313","car_number":"京A12345"}`,
			sign(`{"station_id":"200461%26%261313","car_number":"京A12345"}`), "URL-encoded"},
	} {
		body := base64.StdEncoding.EncodeToString([]byte(`{"data":` + c.data + `,"sign":"` + c.sign + `"}`))
		g := linghu().(platform.Doctor).Diagnose(platform.Push{Body: []byte(body)},
			platform.Account{Keys: []platform.Keys{{"ckey": "lot-key-of-a-test"}}},
			time.Date(2024, 1, 1, 11, 31, 0, 0, charge.Shanghai))
		likely := words.Note(words.English, g.Likely)
		if c.want == "" && likely != "" || !strings.Contains(likely, c.want) {
			t.Errorf("%s: likely %q, want %q in it", c.name, likely, c.want)
		}
	}
}
