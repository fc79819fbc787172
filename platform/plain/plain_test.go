package plain

import (
	"net/netip"
	"os"
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

func TestGolden(t *testing.T) {
	for _, d := range Builtin() {
		t.Run(d.Info().ID, func(t *testing.T) { platformtest.Golden(t, d, "testdata/"+d.Info().ID) })
	}
}

// open takes a case through every check.
func open(t testing.TB, d platform.Dialect, name string) platform.Admission {
	t.Helper()
	p, accounts := captured(t, d, name)
	return platform.Admit(d, accounts, p, p.Received)
}

func captured(t testing.TB, d platform.Dialect, name string) (platform.Push, *platformtest.Accounts) {
	t.Helper()
	dir := "testdata/" + d.Info().ID
	text, err := os.ReadFile(dir + "/" + name + "/push.http")
	if err != nil {
		t.Fatal(err)
	}
	p, err := doctor.ReadCapture(d.Info(), text)
	if err != nil {
		t.Fatal(err)
	}
	accounts, at := platformtest.ReadAccounts(t, d, dir)
	p.Received, p.Remote = at, netip.MustParseAddr("192.0.2.1")
	return p, accounts
}

// TestSameCharge: forms in which one push of 星星 may come read as one charge.
func TestSameCharge(t *testing.T) {
	d := Builtin()[0]
	want := open(t, d, "finished").Message
	for _, name := range []string{"form", "comma", "old-path", "text-numbers"} {
		if diff := cmp.Diff(want, open(t, d, name).Message); diff != "" {
			t.Errorf("%s reads otherwise (-finished +%s):\n%s", name, name, diff)
		}
	}
	if a, b := open(t, d, "no-order").Message.Charge,
		open(t, d, "no-order-again").Message.Charge; a.RepeatKey != b.RepeatKey || a.RepeatKey == want.Charge.RepeatKey {
		t.Errorf("repeat keys without an order: %q, %q", a.RepeatKey, b.RepeatKey)
	}
}

// TestUnknownUnit: what 万充 pushes as a reduction is not applied; a profile that states the unit applies it.
func TestUnknownUnit(t *testing.T) {
	if c := open(t, Builtin()[1], "finished").Message.Charge; c.Ask != (charge.Ask{}) {
		t.Errorf("a guessed unit was applied: %+v", c.Ask)
	}
	text, err := os.ReadFile("profiles/wanchong.toml")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.NewReplacer("number   = 5\n", "", `"FreeParkingTimes"], unit = "unknown"`,
		`"FreeParkingTimes"], unit = "minutes"`).Replace(string(text))
	d, err := Load(strings.NewReader(own), "own.toml")
	if err != nil {
		t.Fatal(err)
	}
	if !d.Info().NeedsLock || !d.Info().OwnProfile {
		t.Errorf("an own profile without a lock: %+v", d.Info())
	}
	if c := open(t, d, "finished").Message.Charge; c.Ask != (charge.Ask{Method: charge.MethodTime, Minutes: 30}) {
		t.Errorf("a stated unit was not applied: %+v", c.Ask)
	}
}

func TestLoadRefuses(t *testing.T) {
	text, err := os.ReadFile("profiles/xingxing.toml")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(text), "number   = 2\n", "", 1)
	if _, err := Load(strings.NewReader(own), "own.toml"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"no operator", "field = \"OperatorID\"\n", "", "own.toml:21: operator.field: is missing"},
		{"no operator key", "key   = \"operator_id\"\n", "", "own.toml:21: operator.key: is missing"},
		{"a lock dropped", "[lot]\n", "[lot]\nneeds_lock = false\n", "own.toml:27: lot.needs_lock is not a key of a profile"},
		{"a recipe", "[lot]\n", "[seal]\nrecipe = \"none\"\n[lot]\n", "seal is not a key of a profile"},
		{"a plate query", "[operator]\n", "inquiry = [\"/own/query\"]\n[operator]\n", "paths.inquiry: an unsigned platform"},
		{"an unsigned clock", "[fields]\n", "[fields]\nsent = {names = [\"TimeStamp\"], unit = \"text\"}\n",
			"fields.sent: an unsigned time proves nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(own, c.old, c.new, 1)
			if changed == own {
				t.Fatalf("%q is not in the profile", c.old)
			}
			if _, err := Load(strings.NewReader(changed), "own.toml"); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestDiagnose(t *testing.T) {
	d := Builtin()[0]
	for name, want := range map[string]string{
		"finished": "", "enveloped": "envelope of T/CEC 102", "missing-lot": "ParkID is missing",
		"wrong-account": "is not the account's operator_id", "not-json": "the body is XML or HTML",
	} {
		p, accounts := captured(t, d, name)
		account := accounts.Candidates("xingxing",
			platform.Claim{Operator: "123456789", Lot: charge.LotID{Union: "200461", Park: "1313"}})[0].Account
		g := d.(platform.Doctor).Diagnose(p, account, p.Received)
		likely := words.Note(words.English, g.Likely)
		if want == "" && likely != "" || !strings.Contains(likely, want) {
			t.Errorf("%s: likely %q, want %q in it", name, likely, want)
		}
		if strings.Contains(strings.Join(words.Lines(words.English, g.Read), "\n"), "京A12345") {
			t.Errorf("%s: shows a whole plate", name)
		}
	}
}

// FuzzOpen: no push makes a dialect panic, and what opens has a plate, a lot and a repeat key.
func FuzzOpen(f *testing.F) {
	dialects := Builtin()
	for i, d := range dialects {
		for _, p := range platformtest.Pushes(f, d, "testdata/"+d.Info().ID) {
			f.Add(i, p.Body)
		}
	}
	f.Fuzz(func(t *testing.T, which int, body []byte) {
		d := dialects[uint(which)%uint(len(dialects))]
		p := platform.Push{Platform: d.Info().ID, Route: d.Info().Routes[0], Body: body}
		account := platform.Account{Keys: []platform.Keys{{"operator_id": "123456789"}, {}}}
		claim, claimErr := d.Claim(p)
		m, err := d.Open(p, account, time.Time{})
		d.(platform.Doctor).Diagnose(p, account, time.Time{})
		if d.Reply(p, nil, platform.Verdict{Outcome: charge.OutcomeBadBody}).Status != 200 {
			t.Error("an answer without status 200")
		}
		if err == nil && claimErr != nil {
			t.Errorf("opened, and no claim: %v", claimErr)
		}
		if c := m.Charge; err == nil && c != nil &&
			(c.Plate == "" || c.Lot != claim.Lot || c.RepeatKey == "" || c.Ask.Minutes < 0 || c.Energy < 0) {
			t.Errorf("opened as %+v", c)
		}
	})
}

// BenchmarkOpen is decode of one push, claim included.
func BenchmarkOpen(b *testing.B) {
	for _, d := range Builtin() {
		b.Run(d.Info().ID, func(b *testing.B) {
			p, accounts := captured(b, d, "finished")
			claim, err := d.Claim(p)
			if err != nil {
				b.Fatal(err)
			}
			account := accounts.Candidates(d.Info().ID, claim)[0].Account
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Claim(p); err != nil {
					b.Fatal(err)
				}
				if _, err := d.Open(p, account, p.Received); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
