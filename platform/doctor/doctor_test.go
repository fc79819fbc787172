package doctor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/all"
	"github.com/chargestamp/chargestamp/platform/cec"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/platform/platformtest"
)

const cases = "../cec/testdata/telaidian"

var teldKeys = platform.Keys{"operator_id": "TELD00001", "operator_secret": "OperatorSecret-of-teld-1",
	"data_secret":    "teld-data-secret",
	"data_secret_iv": "teld-secret-iv-1", "sig_secret": "SigSecret-of-teld-0000000000001"}

// summary is "step result" of every step.
func summary(f doctor.Finding) string {
	var words []string
	for _, s := range f.Steps {
		words = append(words, string(s.Step)+" "+s.Result)
	}
	return strings.Join(words, ", ")
}

func TestCheckOffline(t *testing.T) {
	at := time.Date(2024, 1, 1, 12, 0, 5, 0, charge.Shanghai)
	const start = "body ok, account ok, lock not_judged, "
	for _, c := range []struct {
		name, want string
		accepted   bool
	}{
		{"stale", start + "seal ok, token not_judged, clock ok, cipher ok, fields ok, lot not_judged, binding not_judged",
			true},
		{"finished", start + "seal ok, token not_judged, clock ok, cipher ok, fields ok, lot not_judged, binding not_judged",
			true},
		{"no-token", start + "seal ok, token not_judged, clock ok, cipher ok, fields ok, lot not_judged, binding not_judged",
			true},
		{"token", start + "seal ok, clock ok, cipher ok, fields ok", true},
		{"forged", start + "seal failed, token not_judged, clock not_judged, cipher not_judged, fields not_judged, " +
			"lot not_judged, binding not_judged", false},
		{"stale enforce", start + "seal ok, token not_judged, clock failed, cipher ok, fields ok, lot not_judged, " +
			"binding not_judged", false},
		{"wrong-key", start + "seal ok, token not_judged, clock ok, cipher failed, fields not_judged, lot not_judged, " +
			"binding not_judged", false},
		{"plate-absurd", start + "seal ok, token not_judged, clock ok, cipher ok, fields failed, lot not_judged, " +
			"binding not_judged", false},
		{"wrong-account", "body ok, account failed, lock not_judged, seal not_judged, token not_judged, clock not_judged, " +
			"cipher not_judged, fields not_judged, lot not_judged, binding not_judged", false},
		{"not-json", "body failed, account not_judged, lock not_judged, seal not_judged, token not_judged, " +
			"clock not_judged, cipher not_judged, fields not_judged, lot not_judged, binding not_judged", false},
	} {
		name, clock, _ := strings.Cut(c.name, " ")
		f := doctor.Check(doctor.Examination{Dialect: platformtest.Find(t, cec.Builtin(), "telaidian"),
			Capture: platformtest.File(t, "../cec/testdata", "telaidian", name, "push.http"),
			At:      at, Keys: teldKeys, Clock: charge.ClockMode(clock)})
		if diff := cmp.Diff(c.want, summary(f)); diff != "" || f.Accepted != c.accepted {
			t.Errorf("%s: accepted %v (-want +got):\n%s", c.name, f.Accepted, diff)
		}
		text := f.String()
		for _, secret := range []string{"OperatorSecret-of", "teld-data-secret", "teld-secret-iv", "SigSecret-of",
			"京AD06088"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: the doctor shows %q:\n%s", c.name, secret, text)
			}
		}
	}
}

// TestNoSealJudgedWithoutALot wants no seal called ok that was not looked at: a push without a lot is refused before.
func TestNoSealJudgedWithoutALot(t *testing.T) {
	f := doctor.Check(doctor.Examination{Dialect: platformtest.Find(t, all.Builtin(), "xiaoju"),
		Capture: []byte(`{"plateNo":"京A12345"}`), At: time.Now(), Keys: platform.Keys{"sign_key": "k"}})
	const want = "body ok, account not_judged, lock not_judged, seal not_judged, clock not_judged, fields not_judged, " +
		"lot failed, binding not_judged"
	if got := summary(f); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// The body alone, with the line end an editor puts behind it.
func TestCheckBody(t *testing.T) {
	_, body, _ := strings.Cut(string(platformtest.File(t, "../cec/testdata", "telaidian", "finished", "push.http")),
		"\n\n")
	f := doctor.Check(doctor.Examination{Dialect: platformtest.Find(t, cec.Builtin(), "telaidian"),
		Capture: []byte(body + "\n"),
		At:      time.Date(2024, 1, 1, 12, 0, 5, 0, charge.Shanghai), Keys: teldKeys})
	if !f.Accepted || !strings.Contains(strings.Join(f.Read, "\n"), "reduction asked for = 30 minutes") ||
		!strings.Contains(f.Answer, `"Ret":0`) {
		t.Errorf("%s", f)
	}
	f = doctor.Check(doctor.Examination{Dialect: platformtest.Find(t, cec.Builtin(), "telaidian"),
		Capture: []byte("POST /zld/other HTTP/1.1\r\n\r\n{}"), Keys: teldKeys})
	if f.Accepted || !strings.Contains(f.String(), "/zld/telaidian/query_token") {
		t.Errorf("a path of somebody else: %s", f)
	}
}

// A running server judges token, lot and binding as well, and no lock.
func TestCheckLive(t *testing.T) {
	d := platformtest.Find(t, cec.Builtin(), "telaidian")
	accounts, now := platformtest.ReadAccounts(t, d, cases)
	bound := true
	check := func(name string) doctor.Finding {
		return doctor.Check(doctor.Examination{Dialect: d,
			Capture: platformtest.File(t, "../cec/testdata", "telaidian", name, "push.http"), At: now, Accounts: accounts,
			Bound: func(account string, c *platform.Charge) (charge.Note, bool) {
				return charge.Say("push.not_bound", charge.Text("account", account), charge.AtLot("lot", c.Lot)), bound
			}})
	}
	for name, want := range map[string]string{
		"finished":         "binding ok",
		"no-token":         "token failed",
		"token-of-another": "token failed",
		"lot-unknown":      "lot failed",
		"wrong-address":    "binding ok",
		"no-lock-at-all":   "binding ok",
	} {
		if f := check(name); !strings.Contains(summary(f), want) || f.Accepted != (want == "binding ok") {
			t.Errorf("%s: accepted %v, %s, want %s", name, f.Accepted, summary(f), want)
		}
	}
	// What does not hold alone leaves the rest judged.
	for name, want := range map[string]string{
		"no-token": "seal ok, token failed, clock ok, cipher ok, fields ok, lot ok, binding ok",
		"stale":    "token ok, clock failed, cipher ok, fields ok, lot ok, binding ok",
	} {
		if f := check(name); !strings.HasSuffix(summary(f), want) {
			t.Errorf("%s: %s, want …%s", name, summary(f), want)
		}
	}
	_, body, _ := strings.Cut(string(platformtest.File(t, "../cec/testdata", "telaidian", "finished", "push.http")),
		"\n\n")
	f := doctor.Check(doctor.Examination{Dialect: d, Capture: []byte(body), At: now, Accounts: accounts,
		Bound: func(string, *platform.Charge) (charge.Note, bool) { return charge.Note{}, true }})
	if !f.Accepted || !strings.Contains(summary(f),
		"token not_judged, clock ok, cipher ok, fields ok, lot ok, binding ok") {
		t.Errorf("a body alone: %v %s", f.Accepted, summary(f))
	}
	bound = false
	if f := check("finished"); f.Accepted || !strings.Contains(f.String(), "teld-main is not bound to lot 200461/1313") {
		t.Errorf("not bound: %s", f)
	}
}

func TestReadCapture(t *testing.T) {
	info := platformtest.Find(t, cec.Builtin(), "telaidian").Info()
	const path = "/zld/telaidian/notification_charge_end_order_info"
	for name, c := range map[string]struct {
		capture, body, query string
		token                charge.Secret
	}{
		"CRLF":   {"POST " + path + "?a=b HTTP/1.1\r\nHost: x\r\n\r\n{}", "{}", "a=b", ""},
		"LF":     {"POST " + path + " HTTP/1.1\nHost: x\n\n{}\n", "{}\n", "", ""},
		"length": {"POST " + path + " HTTP/1.1\nContent-Length: 2\n\n{}\n", "{}", "", ""},
		"chunked": {"POST " + path + " HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
			"{}", "", ""},
		"path token":      {"POST " + path + "/tok HTTP/1.1\n\n{}", "{}", "", "tok"},
		"body":            {"{}\r\n", "{}", "", ""},
		"no body":         {"POST " + path + " HTTP/1.1\n\n", "", "", ""},
		"nothing at all":  {"", "", "", ""},
		"headers cut off": {"POST " + path + " HTTP/1.1\nHost: x", "", "", ""},
	} {
		p, err := doctor.ReadCapture(info, []byte(c.capture))
		if err != nil || string(p.Body) != c.body || p.Query != c.query || p.PathToken != c.token || p.Path != path {
			t.Errorf("%s: %q %q %q, %v", name, p.Path, p.Query, p.Body, err)
		}
	}
	for name, capture := range map[string]string{
		"too short":  "POST " + path + " HTTP/1.1\nContent-Length: 9\n\n{}",
		"no number":  "POST " + path + " HTTP/1.1\nContent-Length: x\n\n{}",
		"bad header": "POST " + path + " HTTP/1.1\nno colon\n\n{}",
		"bad chunk":  "POST " + path + " HTTP/1.1\nTransfer-Encoding: chunked\n\nzz\n",
		"other path": "POST /zld HTTP/1.1\n\n{}",
	} {
		if _, err := doctor.ReadCapture(info, []byte(capture)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A request's path says whose it is.
func TestPlatformOf(t *testing.T) {
	var infos []platform.Info
	for _, d := range cec.Builtin() {
		infos = append(infos, d.Info())
	}
	for capture, want := range map[string]string{
		"POST /zld/telaidian/query_token HTTP/1.1\r\n\r\n{}":                          "telaidian",
		"POST /zld/api/zdl/notification_end_charge_order_info/tok HTTP/1.1\r\n\r\n{}": "zhongdianlian",
		"POST /zld/hlht/v1/query_token HTTP/1.1\n\n{}":                                "dakeyun",
		"POST /nobody HTTP/1.1\r\n\r\n{}":                                             "",
		"POST /zld/telaidian/query_token HTTP/1.1\nno colon\n\n":                      "",
		`{"OperatorID":"x"}`: "",
	} {
		if got := doctor.PlatformOf(infos, []byte(capture)); got != want {
			t.Errorf("%q is of %q, want %q", capture, got, want)
		}
	}
}
