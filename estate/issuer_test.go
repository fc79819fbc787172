package estate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
)

func TestWhoNumbersOrders(t *testing.T) {
	doc, err := estate.Parse("f.yaml", []byte(strings.ReplaceAll(`version: 1
vendors: [{union_id: "1", open_interface: true}, {union_id: "2"}, {union_id: "3"}]
lots:
  - {lot: "1/1", name: a, kind: sdk, ckey: c}
  - {lot: "2/1", name: b, kind: sdk, ckey: d}
accounts:
  - {account: all, platform: aotexun, keys: KEYS}
  - {account: one, platform: aotexun, scope: "1", keys: KEYS}
  - {account: one-lot, platform: aotexun, scope: "1/1", keys: KEYS}
  - {account: two, platform: aotexun, scope: "2", keys: KEYS, formerly: [two-old]}
  - {account: two-old, platform: aotexun, scope: "2/1", keys: {operator_id: OTHER}, formerly: [two-older], state: off}
  - {account: two-older, platform: aotexun, scope: "2/1", keys: {operator_id: ANOTHER}, state: off}
  - {account: star-1, platform: xingxing, scope: "1", keys: {operator_id: A}, allow_from: ["192.0.2.1/32"]}
  - {account: star-2, platform: xingxing, scope: "2", keys: {operator_id: A}, allow_from: ["192.0.2.1/32"]}
  - {account: xj, platform: xiaoju, keys: {sign_key: k}}
  - {account: xj-lot, platform: xiaoju, scope: "1/1", keys: {sign_key: k}}
  - {account: wei, platform: xiaowei}
  - {account: hu, platform: linghu}
`, "KEYS", `{operator_id: OP, operator_secret: s, data_secret: "0123456789abcdef",
    data_secret_iv: "0123456789abcdef", sig_secret: s}`)), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := catalog().Merge(nil, doc)
	if err != nil {
		t.Fatal(err)
	}
	first, second := charge.LotID{Union: "1", Park: "1"}, charge.LotID{Union: "2", Park: "1"}
	for _, c := range []struct {
		why, account string
		lot          charge.LotID
		names        []string
	}{
		{"the platform-wide account of an operator is one with all its accounts", "all", first,
			[]string{"all", "one", "one-lot", "two", "two-old", "two-older"}},
		{"accounts of one operator in one vendor's scope", "one", first, []string{"one", "one-lot", "all"}},
		{"and of one lot of it", "one-lot", first, []string{"one-lot", "one", "all"}},
		{"earlier names, and theirs", "two", second, []string{"two", "two-old", "two-older", "all"}},
		{"accounts of different vendors never are", "star-1", first, []string{"star-1"}},
		{"nor are accounts of a platform that names no operators", "xj", first, []string{"xj"}},
		{"nor are they", "xj-lot", first, []string{"xj-lot"}},
		{"the vendor", "wei", first, []string{"1"}},
		{"another vendor", "wei", second, []string{"2"}},
		{"the lot", "hu", first, []string{"1/1"}},
		{"another lot", "hu", second, []string{"2/1"}},
	} {
		if diff := cmp.Diff(c.names, s.Issuer(c.account, c.lot).Names); diff != "" {
			t.Errorf("%s: %s for %s (-want +got):\n%s", c.why, c.account, c.lot, diff)
		}
	}
}
