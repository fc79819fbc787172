package estate

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
)

func TestFormValues(t *testing.T) {
	doc, err := Parse("t.yaml", []byte(`
version: 1
vendors: [{union_id: "1", ukey: u-key-u-key}]
lots: [{lot: "1/2", kind: sdk, ckey: c-key-c-key, name: 一号}]
accounts: [{account: a, platform: p, keys: {operator_id: OP, sig_secret: s-s-s},
  allow_from: ["192.0.2.0/24", "198.51.100.7/32"]}]
bindings: [{account: a, lot: "1/2", mode: live,
  rule: [{grant: as_pushed}, {grant: charge_time, plus_minutes: 5, effective: "2026-01-01T00:00:00+08:00"}]}]
`), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	catalog := Catalog{Platforms: map[string]Platform{"p": {ID: "p", Kinds: []charge.LotKind{charge.KindSDK},
		Issuer: "account",
		Grants: []string{"time"}, Keys: []Key{{Name: "operator_id", Public: true}, {Name: "sig_secret"}}}}}
	s, _, err := catalog.Merge(nil, doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		kind, id string
		want     map[string]FormValue
	}{
		{"lot", "1/2", map[string]FormValue{"lot": {Text: "1/2"}, "name": {Text: "一号"}, "kind": {Text: "sdk"},
			"ckey":    {Secret: true},
			"message": {Text: "3.25"}, "repeats": {Text: "add"}, "stays": {Text: "auto"}}},
		{"account", "a", map[string]FormValue{"account": {Text: "a"}, "platform": {Text: "p"}, "scope": {Text: "platform"},
			"keys.operator_id": {Text: "OP"}, "keys.sig_secret": {Secret: true}, "clock": {Text: "warn"},
			"allow_from": {Texts: []string{"192.0.2.0/24", "198.51.100.7/32"}}}},
		{"binding", "a@1/2", map[string]FormValue{"account": {Text: "a"}, "lot": {Text: "1/2"}, "mode": {Text: "live"},
			"rule.effective": {Text: "2026-01-01T00:00:00+08:00"}, "rule.grant": {Text: "charge_time"},
			"rule.plus_minutes": {Text: "5"},
			"rule.combine":      {Text: "best"}, "rule.hold": {Text: "2h"}, "rule.target": {Text: "stay"}}},
	} {
		got, found := s.FormValues(tc.kind, tc.id)
		if !found {
			t.Errorf("%s %s is not there", tc.kind, tc.id)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.kind, diff)
		}
	}
	if _, found := s.FormValues("lot", "1/9"); found {
		t.Error("a lot that is not there has fields")
	}
}
