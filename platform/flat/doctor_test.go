package flat

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/platform/platformtest"
	"github.com/chargestamp/chargestamp/words"
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
	p, err := doctor.ReadCapture(d.Info(), text)
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
		"xiaoju-other-key":       "no usual mistake in the text explains the signature",
		"xiaoju-no-sign":         "the push is not signed",
		"zhichong-seconds":       "seconds",
		"zhichong-numbers":       "numbers were signed in another form",
		"zhichong-md5":           "with the recipe kv-md5-key",
		"echongwang-app-signed":  "that the recipe leaves out",
		"echongwang-app-as-key":  "with the account's app_id in place of its app_secret",
		"../xiaoju/forged":       "no usual mistake in the text explains the signature",
		"../xiaoju/finished":     "",
		"../xiaoju/former-key":   "",
		"../xiaoju/not-json":     "the body is XML or HTML",
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
			likely := words.Note(words.English, g.Likely)
			if want == "" && likely != "" || !strings.Contains(likely, want) {
				t.Errorf("likely %q, want %q in it", likely, want)
			}
			if want == "" && g.Signature != platform.Equal {
				t.Errorf("the signature %s is %q", g.Found, g.Signature)
			}
			for _, k := range account.Keys {
				for name, secret := range k {
					read := strings.Join(words.Lines(words.English, g.Read), "")
					if name != "app_id" && strings.Contains(g.Canonical+likely+read, secret.Reveal()) {
						t.Errorf("shows the key %s", name)
					}
				}
			}
			if strings.Contains(strings.Join(words.Lines(words.English, g.Read), "\n"), "京A12345") {
				t.Error("shows a whole plate among what was read")
			}
		})
	}
}

// TestMistakesInOneField: what was digested differs from what was sent in one field, or in its letters. The digests
// are made here by hand, after the recipes' own words.
func TestMistakesInOneField(t *testing.T) {
	md5Of := func(text string) []byte {
		sum := md5.Sum([]byte(text))
		return sum[:]
	}
	upperMD5 := func(text string) string { return strings.ToUpper(hex.EncodeToString(md5Of(text))) }
	mac := func(text string) string {
		h := hmac.New(md5.New, []byte("one-field-key"))
		h.Write([]byte(text))
		return hex.EncodeToString(h.Sum(nil))
	}
	const record = `{"parkId":"200461&&1313","orderNo":"a/B c","plateNo":"京A12345","startTime":"2024-01-01 10:00:00",` +
		`"endTime":"2024-01-01 11:30:00","sign":"%s"}`
	const recordText = "endTime=2024-01-01 11:30:00&orderNo=a/B " +
		"c&parkId=200461&&1313&plateNo=京A12345&startTime=2024-01-01 10:00:00"
	const tail = "&key=one-field-key"
	const notice = `{"parkId":"200461&&1313","carNo":"京A12345","startTime":1704074400000,"endTime":1704079800000,` +
		`"timestamp":1704079805000,"sign":"%s"}`
	const noticeText = "carNo=京A12345&endTime=1704079800000&parkId=200461&&1313&startTime=1704074400000" +
		"&timestamp=1704079805000"
	in := strings.NewReplacer
	for _, c := range []struct{ name, id, body, sign, want string }{
		{"sound", "yunkuaichong", record, upperMD5(recordText + tail), ""},
		{"one time in seconds", "zhichong", notice, mac(in("1704079805000", "1704079805").Replace(noticeText)),
			"in seconds and sent in milliseconds"},
		{"one time eight hours back", "zhichong", notice, mac(in("1704079805000", "1704051005000").Replace(noticeText)),
			"another time zone"},
		{"all texts in UTC", "yunkuaichong", record,
			upperMD5(in("11:30", "03:30", "10:00", "02:00").Replace(recordText) + tail), "another time zone"},
		{"one text in UTC", "yunkuaichong", record, upperMD5(in("11:30", "03:30").Replace(recordText) + tail),
			"another time zone"},
		{"one value URL-encoded", "yunkuaichong", record, upperMD5(in("京A", "%E4%BA%ACA").Replace(recordText) + tail),
			"URL-encoded"},
		{"hex of small letters", "yunkuaichong", record, upperMD5(in("京A", "%e4%ba%acA").Replace(recordText) + tail),
			"URL-encoded"},
		{"slashes kept", "yunkuaichong", record,
			upperMD5(in("京", "%E4%BA%AC", "&&", "%26%26", "B c", "B%20c", ":", "%3A", "01 1", "01%201").Replace(recordText) +
				tail), "URL-encoded"},
		{"the lot alone escaped", "yunkuaichong", record, upperMD5(in("&&", `\u0026\u0026`).Replace(recordText) + tail),
			"as JSON writes"},
		{"slashes escaped", "yunkuaichong", record, upperMD5(in("a/B", `a\/B`).Replace(recordText) + tail), "as JSON writes"},
		{"small letters", "yunkuaichong", record, upperMD5(strings.ToLower(recordText) + tail), "other case"},
		{"capitals", "yunkuaichong", record, upperMD5(strings.ToUpper(recordText) + tail), "other case"},
		{"one value in small letters", "yunkuaichong", record, upperMD5(in("A12345", "a12345").Replace(recordText) + tail),
			"other case"},
		{"no secret", "yunkuaichong", record, upperMD5(recordText), "secret was left out"},
		{"Base64", "yunkuaichong", record, base64.StdEncoding.EncodeToString(md5Of(recordText + tail)), "Base64"},
		{"hex in Base64", "yunkuaichong", record, base64.StdEncoding.EncodeToString([]byte(upperMD5(recordText + tail))),
			"Base64"},
		{"16 digits", "yunkuaichong", record, upperMD5(recordText + tail)[8:24], "16 digits"},
		{"SHA-256", "yunkuaichong", record, fmt.Sprintf("%x", sha256.Sum256([]byte(recordText+tail))), "SHA-256"},
		{"key digested", "yunkuaichong", record, upperMD5(recordText + strings.ToLower(upperMD5("one-field-key"))),
			"joined in another way"},
		{"no joints", "yunkuaichong", record,
			upperMD5("endTime2024-01-01 11:30:00orderNoa/B cparkId200461&&1313plateNo京A12345startTime2024-01-01 10:00:00" +
				tail), "without = or without &"},
		{"names in small letters", "yunkuaichong", record,
			upperMD5("endtime=2024-01-01 11:30:00&orderno=a/B " +
				"c&parkid=200461&&1313&plateno=京A12345&starttime=2024-01-01 10:00:00" + tail), "names were signed in lower case"},
		{"plain MD5", "zhichong", notice, upperMD5(noticeText + "one-field-key"), "HMAC-MD5 is wanted"},
	} {
		d := byID(t, c.id)
		p := platform.Push{Platform: c.id, Route: d.Info().Routes[0], Body: []byte(fmt.Sprintf(c.body, c.sign))}
		key := "sign_key"
		if c.id == "zhichong" {
			key = "secret_key"
		}
		account := platform.Account{Keys: []platform.Keys{{key: "one-field-key"}}}
		g := d.(platform.Doctor).Diagnose(p, account, time.Date(2024, 1, 1, 11, 31, 0, 0, charge.Shanghai))
		likely := words.Note(words.English, g.Likely)
		if c.want == "" && likely != "" || !strings.Contains(likely, c.want) {
			t.Errorf("%s: likely %q, want %q in it", c.name, likely, c.want)
		}
	}
}

// The signature is there and is not found: under a name in other letters, or not as a text.
func TestSignatureThatIsNotFound(t *testing.T) {
	for member, want := range map[string]string{`"Sign":"00"`: "stands in Sign", `"sign":12`: "is no text",
		`"sign":""`: "the push is not signed"} {
		p := platform.Push{Platform: "yunkuaichong", Route: byID(t, "yunkuaichong").Info().Routes[0],
			Body: []byte(`{"orderNo":"a",` + member + `}`)}
		g := byID(t, "yunkuaichong").(platform.Doctor).Diagnose(p, platform.Account{Keys: []platform.Keys{{"sign_key": "k"}}},
			time.Now())
		if likely := words.Note(words.English, g.Likely); !strings.Contains(likely, want) {
			t.Errorf("%s: likely %q, want %q in it", member, likely, want)
		}
	}
}

// A push that is signed well may still hold an escaped lot or the times of another zone.
func TestMistakesUnderASoundSignature(t *testing.T) {
	const text = "duration=120&merchId=%s&plateNo=京A12345&startChargingTime=2024-01-01 " +
		"10:00:00&stopChargingTime=2024-01-01 11:30:00"
	const body = `{"plateNo":"京A12345","merchId":"%s","duration":120,"startChargingTime":"2024-01-01 10:00:00",` +
		`"stopChargingTime":"2024-01-01 11:30:00","sign":"%s"}`
	hexOf := func(text string) string { sum := md5.Sum([]byte(text)); return hex.EncodeToString(sum[:]) }
	for _, c := range []struct {
		lot  string
		hour int
		want string
	}{
		{"200461&&1313", 11, ""},
		{"200461%26%261313", 11, "URL-encoded"},
		{"200461&&1313", 19, "UTC where Asia/Shanghai is meant"},
		{"200461&&1313", 3, "ahead"},
	} {
		sign := strings.ToUpper(hexOf(fmt.Sprintf(text, c.lot) + "&key=" + hexOf("one-field-key")))
		p := platform.Push{Platform: "xiaoju", Route: byID(t, "xiaoju").Info().Routes[0],
			Body: []byte(fmt.Sprintf(body, c.lot, sign))}
		g := byID(t, "xiaoju").(platform.Doctor).Diagnose(p,
			platform.Account{Keys: []platform.Keys{{"sign_key": "one-field-key"}}},
			time.Date(2024, 1, 1, c.hour, 31, 0, 0, charge.Shanghai))
		likely := words.Note(words.English, g.Likely)
		if c.want == "" && likely != "" || !strings.Contains(likely, c.want) || g.Signature != platform.Equal {
			t.Errorf("%s at %d:31: likely %q, want %q in it", c.lot, c.hour, likely, c.want)
		}
	}
}

// TestDiagnosisRead holds what the doctor says of a sound push, line by line.
func TestDiagnosisRead(t *testing.T) {
	d := byID(t, "xiaowei")
	p, accounts := captured(t, d, "xiaowei/finished")
	g := d.(platform.Doctor).Diagnose(p, accountOf(t, d, p, accounts), p.Received)
	want := `plateNo = 京A***45
orderNo = O20240101001
startTime = 2024-01-01 10:00:00 text_or_unix_ms: 2024-01-01 10:00:00
endTime = 2024-01-01 11:30:00 text_or_unix_ms: 2024-01-01 11:30:00
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
	if got := strings.Join(words.Lines(words.English, g.Read), "\n"); got != want {
		t.Errorf("read:\n%s\nwant:\n%s", got, want)
	}
	if !strings.HasSuffix(g.Canonical, "&ts=1704081600000&<secret>") || strings.Contains(g.Canonical, "appId") {
		t.Errorf("canonical %s", g.Canonical)
	}
}
