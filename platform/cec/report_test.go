package cec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

var reportKeys = platform.Keys{keyOperator: "OURS00001", keyOperatorSecret: "their-operator-secret",
	keyData: "their-data-key01",
	keyIV:   "their-data-iv-01", keySig: "SigSecret-of-theirs"}

// golden reads what openssl made.
func golden(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "report", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestReportRequests(t *testing.T) {
	r := builtinDialect(t, "telaidian").(platform.Reporter)
	at := time.Date(2024, 1, 1, 4, 35, 0, 0, time.UTC)
	used := platform.Used{Order: "TELD00001202401010001", Plate: "京AD06088",
		Left: time.Date(2024, 1, 1, 4, 34, 56, 0, time.UTC)}
	minutes, yuan, decides := used, used, used
	minutes.Method, minutes.Minutes = 1, "2.12"
	yuan.Method, yuan.Yuan = 2, "1.25"
	decides.Method = 3
	for name, c := range map[string]struct {
		got   platform.Request
		path  string
		token string
	}{
		"token-request": {r.TokenRequest(reportKeys, at, 7), "/query_token", ""},
		"minutes": {r.Report(reportKeys, "their-token", minutes, at, 8), "/notification_park_order_consumed",
			"Bearer their-token"},
		"yuan": {r.Report(reportKeys, "their-token", yuan, at, 9), "/notification_park_order_consumed",
			"Bearer their-token"},
		"lot-decides": {r.Report(reportKeys, "their-token", decides, at, 10), "/notification_park_order_consumed",
			"Bearer their-token"},
	} {
		if diff := cmp.Diff(string(golden(t, name)), string(c.got.Body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if c.got.Path != c.path || c.got.Header.Get("Authorization") != c.token ||
			c.got.Header.Get("Content-Type") != contentType {
			t.Errorf("%s: %s, %v", name, c.got.Path, c.got.Header)
		}
	}
}

func TestReportAnswers(t *testing.T) {
	r := builtinDialect(t, "aotexun").(platform.Reporter)
	for name, want := range map[string]time.Duration{"says-token": time.Hour, "says-token-epoch": 2 * time.Hour} {
		if token, valid, err := r.ReadToken(reportKeys, golden(t, name)); token != "their-token" || valid != want ||
			err != nil {
			t.Errorf("%s: %q for %s, %v", name, token, valid, err)
		}
	}
	other := platform.Keys{keyData: "another-data-key", keyIV: "their-data-iv-01", keySig: "another"}
	for name, c := range map[string]struct {
		keys platform.Keys
		body []byte
		want string
	}{
		"refused":     {reportKeys, golden(t, "says-no-token"), "report.no_token_stat stat=text:1 reason=text:2"},
		"busy":        {reportKeys, golden(t, "says-busy"), "report.no_token ret=n:-1"},
		"no data":     {reportKeys, golden(t, "says-taken"), "push.data_differs"},
		"another key": {other, golden(t, "says-token"), "report.other_key"},
		"rubbish":     {reportKeys, []byte("<html>"), "json.no_object"},
		"no Ret":      {reportKeys, []byte(`{"ret_code":0}`), "report.no_ret"},
		"text as Ret": {reportKeys, []byte(`{"Ret":"ok"}`), "report.no_ret"},
		"oracle": {platform.Keys{keyData: "another-data-key", keyIV: "their-data-iv-01"}, golden(t, "says-token"),
			"report."},
	} {
		token, _, err := r.ReadToken(c.keys, c.body)
		if token != "" || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q, %v", name, token, err)
		}
	}
	for name, c := range map[string]struct {
		body        []byte
		taken, over bool
	}{
		"taken":         {golden(t, "says-taken"), true, false},
		"bare zero":     {[]byte(`{"ret":0}`), true, false},
		"null":          {[]byte(`{"Ret":0,"Msg":null,"Data":null,"Sig":null}`), true, false},
		"token over":    {golden(t, "says-token-over"), false, true},
		"unsigned over": {[]byte(`{"Ret":4002,"Msg":"","Data":null,"Sig":null}`), false, true},
		"busy":          {golden(t, "says-busy"), false, false},
		"forged":        {[]byte(`{"Ret":0,"Msg":"","Data":"","Sig":"00000000000000000000000000000000"}`), false, false},
	} {
		taken, over, err := r.ReadReport(reportKeys, c.body)
		if taken != c.taken || over != c.over || (err == nil) != c.taken {
			t.Errorf("%s: taken %v, token over %v, %v", name, taken, over, err)
		}
	}
}

// Only the two platforms that want reports can make them.
func TestReporters(t *testing.T) {
	for _, d := range Builtin() {
		_, reports := d.(platform.Reporter)
		if id := d.Info().ID; reports != (id == "telaidian" || id == "aotexun") {
			t.Errorf("%s reports: %v", id, reports)
		}
	}
}

func TestReportWithoutKeys(t *testing.T) {
	r := builtinDialect(t, "telaidian").(platform.Reporter)
	got := r.Report(nil, "", platform.Used{Method: 1, Minutes: `"x"`, Left: time.Unix(0, 0).In(charge.Shanghai)},
		time.Unix(0, 0), 1)
	if !strings.Contains(string(got.Body), `"Data":""`) || got.Header.Get("Authorization") != "" {
		t.Errorf("%s", got.Body)
	}
}
