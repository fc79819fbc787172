package estate_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const leaning = `
version: 1
vendors:
  - {union_id: "1", ukey: u1, open_interface: true}
  - {union_id: "2", ukey: u2}
lots:
  - {lot: "1/1", kind: sdk, ckey: c1}
  - {lot: "1/2", kind: 4g, ckey: c2, tariff: {unit_minutes: 60, unit_price: "5.00", daily_cap: "40.00"}}
  - {lot: "1/3", kind: 4g, ckey: c3, parent: "1/2", tariff: {unit_minutes: 60, unit_price: "5.00", daily_cap: "40.00"}}
  - {lot: "1/4", kind: 4g, ckey: c4, parent: "1/3", tariff: {unit_minutes: 60, unit_price: "5.00", daily_cap: "40.00"}}
  - {lot: "2/1", kind: sdk}
accounts:
  - {account: lh, platform: linghu}
  - {account: ykc, platform: yunkuaichong, keys: {sign_key: k}}
  - {account: star, platform: xingxing, keys: {operator_id: "313744932"}, allow_from: [192.0.2.1/32]}
  - {account: star-2, platform: xingxing, keys: {operator_id: "999999999"}, allow_from: [192.0.2.1/32]}
  - {account: aotexun, platform: aotexun, keys: {operator_id: "1", operator_secret: s,
      data_secret: "0123456789abcdef", data_secret_iv: "0123456789abcdef", sig_secret: s}}
bindings:
  - {account: lh, lot: "1/1"}
  - {account: ykc, lot: "1/1"}
  - {account: ykc, lot: "2/1"}
  - {account: aotexun, lot: "1/1", chargers: [a]}
`

// What of a sound estate a document does not reach is not checked again: things that lean on what it changes are.
func TestChecksReachWhatLeansOnAChange(t *testing.T) {
	for name, doc := range map[string]string{
		"nothing breaks":        `lots: [{lot: "1/1", name: one}]`,
		"a vendor's permission": `vendors: [{union_id: "1", open_interface: false}]`,
		"a vendor's key":        `vendors: [{union_id: "2", ukey: ""}]`,
		"a lot's kind, and its bindings": `lots: [{lot: "1/1", kind: 4g,
			tariff: {unit_minutes: 60, unit_price: "5.00", daily_cap: "40.00"}}]`,
		"a lot's key, and its bindings": `lots: [{lot: "1/1", ckey: ""}]`,
		"the lot around others":         `lots: [{lot: "1/2", kind: sdk}]`,
		"lots around each other":        `lots: [{lot: "1/2", parent: "1/4"}]`,
		"an account's scope":            `accounts: [{account: ykc, scope: "2"}]`,
		"an account switched off":       `accounts: [{account: lh, state: off}]`,
		"an account's platform":         `accounts: [{account: ykc, platform: linghu}]`,
		"accounts that nobody can tell": `accounts: [{account: star-2, keys: {operator_id: "313744932"}}]`,
		"a charger that is taken":       `bindings: [{account: aotexun, lot: "2/1", chargers: [a]}]`,
		"a charger that is given away":  `bindings: [{account: aotexun, lot: "1/1", chargers: []}]`,
		"a binding without its account": `bindings: [{account: nobody, lot: "1/1"}]`,
		"what is broken, and its neighbour": "vendors: [{union_id: \"1\", open_interface: false}]\nlots: [{lot: " +
			"\"1/2\", kind: sdk}]",
	} {
		c := catalog()
		s, _, err := c.Merge(nil, parse(t, leaning))
		if err != nil {
			t.Fatal(err)
		}
		doc = "version: 1\n" + doc
		_, changes, err := c.Merge(s, parse(t, doc))
		_, allChanges, all := catalog().Merge(s, parse(t, doc)) // what another catalog has passed is checked as a whole
		if diff := cmp.Diff(fmt.Sprint(allChanges, all), fmt.Sprint(changes, err)); diff != "" {
			t.Errorf("%s (-all of it +reached):\n%s", name, diff)
		}
		if breaks := name != "nothing breaks" && name != "an account switched off"; breaks != (err != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
