package cec

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// What was agreed with users of each platform, written out by hand: paths, keys, grants and default rules.
func TestBuiltinTable(t *testing.T) {
	type row struct {
		Number   int
		Paths    []string
		LotField string
		Kinds    string
		Grants   string
		FormID   int
		Default  string
		Plus     int64
		Keys     string
		Lock     string
		Evidence platform.Evidence
	}
	const all, five = "4g api sdk", "operator_id operator_secret data_secret data_secret_iv sig_secret"
	want := map[string]row{
		"telaidian": {4, []string{"/zld/telaidian/query_token", "/zld/telaidian/notification_charge_end_order_info"},
			"ParkID", all,
			"time amount lot_decides", 4, "as_pushed", 0, five, "sig_secret", "observed"},
		"zhongdianlian": {7, []string{"/zld/api/zdl/query_token", "/zld/api/zdl/notification_end_charge_order_info"},
			"ParkID", all,
			"time", 8, "as_pushed", 0, five, "", "assumed"},
		"aotexun": {10, []string{"/zld/park/v1/query_token", "/zld/park/v1/notification_charge_detail"}, "", all,
			"time", 12, "as_pushed", 0, five, "", "assumed"},
		"dakeyun": {11, []string{"/zld//hlht/v1/query_token", "/zld//hlht/v1/notification_charge_detail"}, "parkId", all,
			"fixed_time fixed_amount fixed_free", 13, "", 0, five, "", "assumed"},
		"guowang-jinan": {13, []string{"/zld/echargepile/v1/notification_charge_detail"}, "parkId", all,
			"time", 16, "charge_time", 60, "data_secret data_secret_iv sig_secret", "sig_secret", "assumed"},
	}
	got := map[string]row{}
	for _, d := range Builtin() {
		i := d.Info()
		r := row{Number: i.Number, LotField: i.LotField, Kinds: words2(i.Kinds), Grants: joined(i.Grants), FormID: i.FormID,
			Lock: i.LockUnless, Evidence: i.Evidence}
		for _, route := range i.Routes {
			r.Paths = append(r.Paths, route.Path)
		}
		for _, k := range i.Keys {
			r.Keys = strings.TrimSpace(r.Keys + " " + k.Name)
		}
		if i.Default != nil {
			r.Default, r.Plus = string(i.Default.Grant), i.Default.PlusMinutes
			if i.Default.Combine != charge.CombineBest || i.Default.HoldSeconds != 7200 ||
				i.Default.Target != charge.TargetStay {
				t.Errorf("%s: default rule %+v", i.ID, *i.Default)
			}
		}
		if i.NeedsLock || i.OwnProfile || i.Family != Family || i.Title == "" || i.English == "" || len(i.Spec) == 0 ||
			len(i.Notes) == 0 {
			t.Errorf("%s: %+v", i.ID, i)
		}
		got[i.ID] = r
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-agreed +ours:\n%s", diff)
	}
}

func joined[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = string(v)
	}
	return strings.Join(words, " ")
}

func words2[T ~string](list []T) string { return joined(slices.Sorted(slices.Values(list))) }

// own is a sound profile of an operator.
const own = `family = "cec"
id = "xinchong"
seal = "signed"
asks = "pushed"
[about]
title = "新充"
evidence = "observed"
[paths]
token = "/own/xinchong/query_token"
charge = "/own/xinchong/notify"
[lot]
field = "ParkID"
separators = ["&&", "-"]
kinds = ["sdk"]
[grants]
kinds = ["time", "amount"]
default = "as_pushed"
[fields]
plate = {names = ["LicensePlate"]}
minutes = {unit = "seconds"}
energy = {names = ["Wh"], unit = "wh"}
`

func TestLoad(t *testing.T) {
	d, err := Load(strings.NewReader(own), "xinchong.toml")
	if err != nil {
		t.Fatal(err)
	}
	i := d.Info()
	if !i.OwnProfile || i.ID != "xinchong" || i.English != "新充" || len(i.Routes) != 2 || i.Operator != keyOperator {
		t.Errorf("%+v", i)
	}
	data := encrypt(t, testKey, testIV,
		`{"StartChargeSeq":"1","ParkID":"200461-1313","LicensePlate":"京AD06088","Wh":12500,"FreeParkingTimes":1801}`)
	now := time.Date(2024, 1, 1, 12, 0, 0, 0, charge.Shanghai)
	a := platform.Account{ID: "own", TokenKey: []byte("k"),
		Keys: []platform.Keys{{keyOperator: "TELD00001", keyData: testKey, keyIV: testIV, keySig: testSig}}}
	p := platform.Push{Route: i.Routes[1], Body: envelopeOf(t, data, mac(testSig, "TELD00001"+data+"202401011200000001")),
		Header: http.Header{"Authorization": {"Bearer " + seal.SealToken(a.TokenKey, "own", now.Add(time.Hour))}}}
	m, err := d.Open(p, a, now)
	if err != nil {
		t.Fatal(err)
	}
	c := m.Charge
	if c.Lot.String() != "200461/1313" || c.Plate.Full() != "京AD06088" || c.Energy.String() != "12.50" ||
		c.Detail.Power != "12.50" || c.Ask.Minutes != 31 {
		t.Errorf("%+v", *c)
	}
}

func TestLoadRefuses(t *testing.T) {
	replace := func(old, with string) string {
		if !strings.Contains(own, old) {
			t.Fatalf("the profile does not hold %q", old)
		}
		return strings.Replace(own, old, with, 1)
	}
	for name, c := range map[string]struct{ profile, want string }{
		"unknown key":     {own + "[more]\nx = 1\n", "own.toml:22: more is not a key"},
		"a check to drop": {replace("[about]", "verify_sig = false\n[about]"), "own.toml:5: verify_sig is not a key"},
		"no seal": {replace(`seal = "signed"`, ``),
			"own.toml:1: seal: is missing: say which of signed, signed-or-locked, cipher"},
		"another seal":      {replace(`"signed"`, `"none"`), "own.toml:3: seal: none is none of"},
		"no token":          {replace(`token = "/own/xinchong/query_token"`, ``), "own.toml:8: paths.token: is missing"},
		"token without use": {replace(`"signed"`, `"cipher"`), "own.toml:9: paths.token: has no use"},
		"no path":           {replace(`charge = "/own/xinchong/notify"`, ``), "paths.charge: is missing"},
		"bad path":          {replace(`/own/xinchong/notify`, `own`), "own.toml:8: paths: \"own\""},
		"another family":    {replace(`"cec"`, `"flat"`), "own.toml:1: family"},
		"bad id":            {replace(`"xinchong"`, `"X"`), "own.toml:2: id"},
		"number":            {replace(`title`, "number = 4\ntitle"), "about.number: only built-in"},
		"no title":          {replace(`title = "新充"`, ``), "about.title: is missing"},
		"no evidence":       {replace(`evidence = "observed"`, ``), "about.evidence: is missing"},
		"lot found twice":   {replace(`[lot]`, "[lot]\nchargers = [\"X\"]"), "own.toml:13: lot.field: either"},
		"lot found nowhere": {replace(`field = "ParkID"`, ``), "lot.field: either"},
		"separator":         {replace(`"&&"`, `"+"`), "lot.separators: + is none of"},
		"kind of lot":       {replace(`["sdk"]`, `["lora"]`), "lot.kinds: lora is none of"},
		"grants":            {replace(`["time", "amount"]`, `["discount"]`), "grants.kinds: discount is none of"},
		"default": {replace(`default = "as_pushed"`, `default = "lot_decides"`),
			"grants.default: lot_decides is not among"},
		"plus without time": {replace(`default = "as_pushed"`, "default = \"as_pushed\"\nplus_minutes = 5"),
			"grants.plus_minutes: goes with"},
		"nothing to go by":       {replace(`asks = "pushed"`, `asks = "none"`), "grants.default: as_pushed cannot be"},
		"field nobody knows":     {replace(`plate =`, `colour =`), "fields.colour: is no field"},
		"unit that does not fit": {replace(`"seconds"`, `"fen"`), "own.toml:20: fields.minutes.unit: fen is none of"},
		"name without unit":      {replace(`, unit = "wh"`, ``), "own.toml:21: fields.energy.unit: is missing"},
		"type":                   {replace(`asks = "pushed"`, `asks = 1`), "own.toml:4: asks"},
		"no TOML":                {"family = ", "own.toml:1:"},
	} {
		_, err := Load(strings.NewReader(c.profile), "own.toml")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "own.toml:") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// The built-in profiles load as an operator's would, but for their number.
func TestBuiltinAsOwn(t *testing.T) {
	for _, d := range Builtin() {
		id := d.Info().ID
		text, err := os.ReadFile(filepath.Join("profiles", id+".toml"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Load(strings.NewReader(string(text)), id+".toml"); err == nil ||
			!strings.Contains(err.Error(), "about.number") {
			t.Errorf("%s: %v", id, err)
		}
		var lines []string
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "number =") {
				lines = append(lines, line)
			}
		}
		if _, err := Load(strings.NewReader(strings.Join(lines, "")), id+".toml"); err != nil {
			t.Errorf("%s without its number: %v", id, err)
		}
	}
}
