package estate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/chargestamp/chargestamp/estate"
)

type obj = map[string]any

// drawEstate draws a document that fits itself: a few things of each kind with any of their fields.
func drawEstate(t *rapid.T) []byte {
	maybe := func(o obj, name string, gen *rapid.Generator[any]) {
		if rapid.Bool().Draw(t, "has "+name) {
			o[name] = gen.Draw(t, name)
		}
	}
	text := rapid.StringOfN(rapid.RuneFrom([]rune("aZ09 _-:#\"'\\{}[]号场，&*!|>%@`😀\u2028")), 0, 12, -1).AsAny()
	secret := rapid.StringMatching(`hush([ -~]{0,20}[!-~])?`).AsAny()
	key16 := rapid.StringMatching(`hush[a-z0-9]{12}`).AsAny()
	until := rapid.SampledFrom([]any{"2030-01-01T00:00:00+08:00", "2031-06-01T12:30:00Z"})
	some := func(list []any) *rapid.Generator[any] { return rapid.SampledFrom(list) }
	var vendors, lots, accounts, bindings []obj
	for i := range rapid.IntRange(1, 2).Draw(t, "vendors") {
		v := obj{"union_id": fmt.Sprint(i), "ukey": secret.Draw(t, "ukey"), "open_interface": true}
		maybe(v, "name", text)
		maybe(v, "callback", some([]any{"https://lot.example/in?a=b", ""}))
		maybe(v, "old_ukey", some([]any{obj{"key": "hush-old", "until": until.Draw(t, "until")}, obj{}}))
		maybe(v, "allow_to", some([]any{[]string{"10.0.0.0/8", "fd00::/8"}, []string{}}))
		vendors = append(vendors, v)
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "lots") {
		kind := rapid.SampledFrom([]string{"sdk", "api", "4g"}).Draw(t, "kind")
		l := obj{"lot": fmt.Sprintf("0/%d", i), "kind": kind, "ckey": secret.Draw(t, "ckey")}
		maybe(l, "name", text)
		maybe(l, "repeats", some([]any{"add", "replace", "unsafe"}))
		maybe(l, "stays", some([]any{"auto", "required"}))
		switch kind {
		case "sdk":
			maybe(l, "message", some([]any{"3.25", "3.36"}))
		case "api":
			l["callback"] = "http://10.1.2.3:80/in"
			l["allow_to"] = []string{"10.1.2.3/32"}
		case "4g":
			l["tariff"] = rapid.SampledFrom([]obj{
				{"unit_minutes": 60, "unit_price": "5", "daily_cap": "40.00", "free_minutes": 15},
				{"leave_minutes": 15, "periods": []obj{{"from": "08:00", "to": "24:00", "unit_minutes": 30, "unit_price": "1.50",
					"cap": "9"},
					{"from": "00:00", "to": "08:00", "unit_minutes": 60, "unit_price": "0"}}},
			}).Draw(t, "tariff")
		}
		lots = append(lots, l)
	}
	for i, platform := range rapid.Permutation([]string{"telaidian", "xingxing", "wanchong", "aotexun"}).Draw(t,
		"platforms")[:rapid.IntRange(0, 4).Draw(t, "accounts")] {
		a := obj{"account": fmt.Sprintf("a.%d", i), "platform": platform, "allow_from": []string{"192.0.2.0/24"}}
		switch platform {
		case "telaidian", "aotexun":
			a["keys"] = obj{"operator_id": "123456789", "operator_secret": secret.Draw(t, "s"),
				"data_secret":    key16.Draw(t, "k"),
				"data_secret_iv": key16.Draw(t, "iv"), "sig_secret": secret.Draw(t, "sig")}
			maybe(a, "report", some([]any{obj{"url": "https://report.example", "keys": obj{"sig_secret": "hush-report"}},
				obj{}}))
			maybe(a, "old_keys", some([]any{obj{"sig_secret": "hush-old", "until": until.Draw(t, "until")}, obj{}}))
		case "xingxing":
			a["keys"] = obj{"operator_id": "987654321"}
			maybe(a, "path_token", some([]any{"hush0123456789abcdefghijklm", ""}))
		}
		maybe(a, "clock", some([]any{"off", "warn", "enforce"}))
		maybe(a, "state", some([]any{"on", "off"}))
		maybe(a, "scope", some([]any{"platform", "0"}))
		accounts = append(accounts, a)
		for j, l := range lots {
			b := obj{"account": a["account"], "lot": l["lot"]}
			grants := []obj{{"grant": "charge_time", "plus_minutes": 5}, {"grant": "fixed", "minutes": 60, "cap_minutes": 90},
				{"grant": "as_pushed", "hold": "90s", "combine": "sum"}}
			if platform == "xingxing" {
				grants = []obj{{"grant": "fixed", "amount": "7.5", "cap_amount": "30", "min_energy_kwh": "2.505"},
					{"grant": "fixed", "amount": "8", "hold": 0, "effective": "2026-01-01T00:00:00+08:00"}}
				b["rule"] = grants[0]
			}
			maybe(b, "rule", some([]any{grants[0], grants[1], []obj{grants[0], grants[1]}}))
			maybe(b, "mode", some([]any{"live", "shadow", "off"}))
			if platform == "aotexun" {
				b["chargers"] = []string{fmt.Sprintf("c%d", j)}
			}
			bindings = append(bindings, b)
		}
	}
	src, err := json.Marshal(obj{"version": 1, "vendors": vendors, "lots": lots, "accounts": accounts,
		"bindings": bindings})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func mustParse(t *rapid.T, src []byte, getenv func(string) (string, bool)) *estate.Document {
	doc, err := estate.Parse("drawn", src, getenv, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return doc
}

func mustMerge(t *rapid.T, s *estate.State, doc *estate.Document) (*estate.State, estate.Changes) {
	next, changes, err := catalog().Merge(s, doc)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return next, changes
}

func TestApplyTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := drawEstate(t)
		s, _ := mustMerge(t, nil, mustParse(t, first, nil))
		// A second document over the first may not fit it; where it does, the same must hold.
		second := drawEstate(t)
		if next, _, err := catalog().Merge(s, mustParse(t, second, nil)); err == nil {
			s, first = next, second
		}
		_, changes := mustMerge(t, s, mustParse(t, first, nil))
		if len(changes) > 0 {
			t.Fatalf("applied again:\n%s\n%s", changes, first)
		}
	})
}

func TestExportComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := mustMerge(t, nil, mustParse(t, drawEstate(t), nil))
		file := estate.Export(s)
		if bytes.Contains(file, []byte("hush")) {
			t.Fatalf("an export shows a secret:\n%s", file)
		}
		secrets := estate.ExportedSecrets(s)
		lookup := func(name string) (string, bool) { v, found := secrets[name]; return v, found }
		if _, changes := mustMerge(t, s, mustParse(t, file, lookup)); len(changes) > 0 {
			t.Fatalf("its own export changes an estate:\n%s\n%s", changes, file)
		}
		anew, _ := mustMerge(t, nil, mustParse(t, file, lookup))
		if diff := cmp.Diff(everything(s), everything(anew), prefixes); diff != "" {
			t.Fatalf("another site made of an export (-this +other):\n%s\n%s", diff, file)
		}
	})
}

func TestExportWithoutSecretsChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := mustMerge(t, nil, mustParse(t, drawEstate(t), nil))
		file := estate.ExportWithoutSecrets(s)
		if bytes.Contains(file, []byte("hush")) || bytes.Contains(file, []byte("env:")) {
			t.Fatalf("secrets, or placeholders of them:\n%s", file)
		}
		if _, changes := mustMerge(t, s, mustParse(t, file, nil)); len(changes) > 0 {
			t.Fatalf("it changes the estate that it came from:\n%s\n%s", changes, file)
		}
	})
}

func TestResolvedKeepsMeaningAndLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := mustMerge(t, nil, mustParse(t, drawEstate(t), nil))
		secrets := estate.ExportedSecrets(s)
		file := estate.Export(s)
		doc := mustParse(t, file, func(name string) (string, bool) { v, found := secrets[name]; return v, found })
		again := mustParse(t, doc.Resolved(), nil)
		if _, changes := mustMerge(t, s, again); len(changes) > 0 {
			t.Fatalf("resolved:\n%s\n%s", changes, doc.Resolved())
		}
	})
	const bad = "version: 1\n\nlots:\n  - lot: \"200461/1313\"\n    kind: sdk\n\n    callback: " +
		"\"https://lot.example/in\"\n    ckey: {env: DEMO_CKEY_1313}\nvendors:\n  - union_id: \"200461\"\n"
	doc, err := estate.Parse("f", []byte(bad), getenv, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _, want := catalog().Merge(nil, doc)
	again, err := estate.Parse("f", doc.Resolved(), nil, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, doc.Resolved())
	}
	_, _, got := catalog().Merge(nil, again)
	if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(got)); diff != "" || !strings.HasPrefix(fmt.Sprint(got), "f:7: ") {
		t.Errorf("errors of the resolved document: %s\n%s", diff, got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("version: 1\nlots: [{lot: \"1/1\", kind: sdk, ckey: {env: X}}]\n"))
	f.Add([]byte(`{"version":1,"accounts":[{"account":"a","platform":"xiaoju","keys":{"sign_key":"k"}}]}`))
	f.Add([]byte("version: 1\nbindings:\n- account: a\n  lot: 1/1\n  rule:\n  - {grant: fixed, minutes: 3}\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, err := estate.Parse("f", src, getenv, readFile)
		if err != nil {
			return
		}
		s, _, err := catalog().Merge(nil, doc)
		if err != nil {
			return
		}
		if _, changes, err := catalog().Merge(s, doc); err != nil {
			t.Fatalf("applied again: %v, %s", err, changes)
		}
		estate.Export(s)
	})
}
