package estate_test

import (
	"os"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
)

// env holds the secrets that example.yaml names. Each begins with "hush", so that a test can prove that
// none is ever shown.
var env = map[string]string{
	"DEMO_UKEY": "hush-ukey-200461", "DEMO_CKEY_1313": "hush-ckey-1313", "DEMO_CKEY_1314": "hush-ckey-1314",
	"DEMO_CKEY_1300": "hush-ckey-1300", "DEMO_CKEY_1315": "hush-ckey-1315",
	"TELD_OPERATOR_SECRET": "hush-teld-operator", "TELD_DATA_SECRET": "hush-teld-data-1",
	"TELD_DATA_SECRET_IV": "hush-teld-data-2",
	"TELD_SIG_SECRET":     "hush-teld-sig", "TELD_OLD_OPERATOR_SECRET": "hush-teld-old",
	"TELD_REPORT_SECRET": "hush-teld-report",
	"STAR_TOKEN":         "hush-b4e1c8d07f23a95c6e1088", "XIAOJU_KEY": "hush-xiaoju",
	"ATX_OPERATOR_SECRET": "hush-atx-operator", "ATX_DATA_SECRET": "hush-atx-data-01",
	"ATX_DATA_SECRET_IV": "hush-atx-data-02",
	"ATX_SIG_SECRET":     "hush-atx-sig",
}

func getenv(name string) (string, bool) { v, set := env[name]; return v, set }

// assertHush fails where a secret is shown.
func assertHush(t *testing.T, where, shown string) {
	t.Helper()
	if i := strings.Index(shown, "hush"); i >= 0 {
		t.Errorf("%s shows a secret: …%s…", where, shown[max(0, i-20):min(len(shown), i+12)])
	}
}

// catalog is what a few platforms of each shape can do.
func catalog() *estate.Catalog {
	all := []charge.LotKind{charge.KindSDK, charge.Kind4G, charge.KindAPI}
	cec := []estate.Key{{Name: "operator_id", Public: true}, {Name: "operator_secret"},
		{Name: "data_secret", Bytes: 16}, {Name: "data_secret_iv", Bytes: 16}, {Name: "sig_secret"}}
	loose := append([]estate.Key(nil), cec...)
	loose[4].Optional = true
	asPushed := &charge.Rule{Grant: charge.GrantAsPushed}
	list := []estate.Platform{
		{ID: "xiaoju", Number: 1, Kinds: all, Grants: []string{"time"}, Keys: []estate.Key{{Name: "sign_key"}},
			Issuer: "account", Default: asPushed, Undated: true},
		{ID: "xingxing", Number: 2, Kinds: all, OlderMessage: charge.Message336,
			Grants: []string{"fixed_amount", "fixed_time", "fixed_free"},
			Keys:   []estate.Key{{Name: "operator_id", Public: true}}, Issuer: "account", Operator: "operator_id",
			NeedsLock: true},
		{ID: "xiaowei", Number: 3, Kinds: all, Grants: []string{"amount", "time"}, Issuer: "vendor", Default: asPushed},
		{ID: "telaidian", Number: 4, Kinds: all, Grants: []string{"time", "amount", "lot_decides"}, Keys: loose,
			Issuer:   "account",
			Operator: "operator_id", LockUnless: "sig_secret", Default: asPushed, Report: true},
		{ID: "wanchong", Number: 5, Kinds: all, Grants: []string{"time", "amount", "free"},
			Keys:   []estate.Key{{Name: "operator_id", Public: true, Default: "MA59J8YL8Q"}},
			Issuer: "account", Operator: "operator_id", OperatorPrefix: 9, NeedsLock: true, Default: asPushed, Assumed: true},
		{ID: "linghu", Number: 6, Kinds: all, Grants: []string{"free", "time", "amount", "lot_decides"}, Issuer: "lot",
			OpenInterface: true, Default: asPushed},
		{ID: "yunkuaichong", Number: 8, Kinds: []charge.LotKind{charge.KindSDK, charge.KindAPI},
			Grants: []string{"lot_decides"},
			Keys:   []estate.Key{{Name: "sign_key"}}, Issuer: "account", Default: &charge.Rule{Grant: charge.GrantLotDecides}},
		{ID: "aotexun", Number: 10, Kinds: all, Grants: []string{"time"}, Keys: cec, Issuer: "account",
			Operator: "operator_id",
			Default:  asPushed, ByCharger: true, Report: true},
	}
	c := &estate.Catalog{Platforms: map[string]estate.Platform{}, Targets: map[string]estate.Target{
		"sure": {ID: "sure", Address: "https://sure.example",
			Keys: []estate.Key{{Name: "id", Public: true}, {Name: "secret"}, {Name: "minutes_key", Public: true, Optional: true},
				{Name: "inout_token", Optional: true}},
			Methods: map[charge.Method]string{charge.MethodLotDecides: "", charge.MethodTime: "minutes_key"},
			Safe:    true, StaysToken: "inout_token"},
		"once": {ID: "once", Keys: []estate.Key{{Name: "secret"}},
			Methods: map[charge.Method]string{charge.MethodTime: "", charge.MethodAmount: ""}},
		"gone": {ID: "gone", Address: "https://gone.example", Methods: map[charge.Method]string{charge.MethodTime: ""}},
	}}
	for _, p := range list {
		c.Platforms[p.ID] = p
	}
	return c
}

func load(t *testing.T, path string) *estate.Document {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := estate.Parse(path, src, getenv, nil)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestExample(t *testing.T) {
	s, changes, err := catalog().Merge(nil, load(t, "testdata/example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(changes)
	assertHush(t, "changes", changes.String())
	_, changes, err = catalog().Merge(s, load(t, "testdata/example.yaml"))
	if err != nil || len(changes) != 0 {
		t.Errorf("applied again: %v, changes:\n%v", err, changes)
	}
}
