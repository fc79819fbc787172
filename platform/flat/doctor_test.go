package flat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/platformtest"
)

// byID finds a built-in platform.
func byID(t testing.TB, id string) platform.Dialect {
	t.Helper()
	for _, d := range Builtin() {
		if d.Info().ID == id {
			return d
		}
	}
	t.Fatalf("no platform %s", id)
	return nil
}

// captured reads a push below testdata and an account that it may be opened with.
func captured(t testing.TB, d platform.Dialect, path string) (platform.Push, *platformtest.Accounts) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", path, "push.http"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := platform.ReadCapture(d.Info(), text)
	if err != nil {
		t.Fatal(err)
	}
	accounts, at := platformtest.ReadAccounts(t, d, "testdata/"+d.Info().ID)
	p.Received = at
	return p, accounts
}

func accountOf(t testing.TB, d platform.Dialect, p platform.Push, accounts *platformtest.Accounts) platform.Account {
	t.Helper()
	claim, err := d.Claim(p)
	if err != nil {
		t.Fatal(err)
	}
	candidates := accounts.Candidates(d.Info().ID, claim)
	if len(candidates) == 0 {
		t.Fatal("no account fits")
	}
	return candidates[0].Account
}

// TestMistakes: pushes signed wrong by openssl, and what the doctor makes of them.
func TestMistakes(t *testing.T) {
	for name, want := range map[string]string{
		"xiaoju-as-sent":         "not sorted",
		"xiaoju-bare-key":        "with the recipe kv-md5-key",
		"xiaoju-no-joint":        "joined in another way",
		"xiaoju-encoded":         "URL-encoded",
		"xiaoju-escaped":         `\u0026`,
		"xiaoju-empty-kept":      "empty fields were signed",
		"xiaoju-left-out":        "without the field bizId",
		"xiaoju-gbk":             "GBK",
		"xiaoju-key-with-blank":  "blanks around",
		"xiaoju-upper-key":       "other case",
		"xiaoju-other-key":       noMistake,
		"xiaoju-no-sign":         "it was not signed",
		"zhichong-seconds":       "seconds",
		"zhichong-numbers":       "numbers were signed in another form",
		"zhichong-md5":           "with the recipe kv-md5-key",
		"echongwang-app-signed":  "that the recipe leaves out",
		"echongwang-app-as-key":  "with the account's app_id in place of its app_secret",
		"../xiaoju/forged":       noMistake,
		"../xiaoju/finished":     "",
		"../xiaoju/former-key":   "",
		"../xiaoju/not-json":     "neither a JSON object nor a form",
		"../zhichong/empty-kept": "",
	} {
		t.Run(name, func(t *testing.T) {
			id, _, _ := strings.Cut(strings.TrimPrefix(name, "../"), "-")
			id, _, _ = strings.Cut(id, "/")
			d := byID(t, id)
			p, accounts := captured(t, d, filepath.Join("doctor", name))
			account := platform.Account{}
			if _, err := d.Claim(p); err == nil {
				account = accountOf(t, d, p, accounts)
			}
			g := d.(platform.Doctor).Diagnose(p, account, p.Received)
			if want == "" && g.Likely != "" || !strings.Contains(g.Likely, want) {
				t.Errorf("likely %q, want %q in it", g.Likely, want)
			}
			if want == "" && !strings.EqualFold(g.Expected, g.Found) {
				t.Errorf("expected %s, found %s", g.Expected, g.Found)
			}
			for _, k := range account.Keys {
				for name, secret := range k {
					if name != "app_id" && strings.Contains(g.Canonical+g.Likely+strings.Join(g.Read, ""), secret.Reveal()) {
						t.Errorf("shows the key %s", name)
					}
				}
			}
			if strings.Contains(strings.Join(g.Read, "\n"), "京A12345") {
				t.Error("shows a whole plate among what was read")
			}
		})
	}
}

// TestDiagnosisRead holds what the doctor says of a sound push, line by line.
func TestDiagnosisRead(t *testing.T) {
	d := byID(t, "xiaowei")
	p, accounts := captured(t, d, "xiaowei/finished")
	g := d.(platform.Doctor).Diagnose(p, accountOf(t, d, p, accounts), p.Received)
	want := `plateNo = 京A***45
orderNo = O20240101001
startTime = 2024-01-01 10:00:00 text_or_unix_ms: 2024-01-01T10:00:00+08:00
endTime = 2024-01-01 11:30:00 text_or_unix_ms: 2024-01-01T11:30:00+08:00
freeType = 0
freeTime = 7200 seconds: 120 minutes
freeMoney = 0 fen: 0.00 yuan
power = 12.50 kwh: 12.50 kWh
elecMoney = 1000 fen: 10.00 yuan
seviceMoney = 500 fen: 5.00 yuan
totalMoney = 1500 fen: 15.00 yuan
stationId = S1
stationName = 一号站
deviceId = D1
deviceName = 一号桩
spaceNo = A1`
	if got := strings.Join(g.Read, "\n"); got != want {
		t.Errorf("read:\n%s\nwant:\n%s", got, want)
	}
	if !strings.HasSuffix(g.Canonical, "&ts=1704081600000&<secret>") || strings.Contains(g.Canonical, "appId") {
		t.Errorf("canonical %s", g.Canonical)
	}
}
