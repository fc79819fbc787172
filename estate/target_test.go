package estate_test

import (
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
)

const couponLots = `version: 1
vendors: [{union_id: "1"}]
lots:
  - {lot: "1/1", kind: coupon, target: sure, stays: told,
      keys: {id: "7", secret: hush-a, inout_token: "hush-4f1e9a70c2d85b36e9014c7d"}}
  - {lot: "1/2", kind: coupon, target: once, address: "https://once.example/x", keys: {secret: hush-b}}
accounts:
  - {account: x, platform: xiaoju, keys: {sign_key: hush-x}}
bindings:
  - {account: x, lot: "1/2"}
`

// A lot of another parking system gets what its target says where the file says nothing, and is shown without secrets.
func TestCouponLots(t *testing.T) {
	c := catalog()
	doc, err := estate.Parse("coupon.yaml", []byte(couponLots), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := c.Merge(nil, doc)
	if err != nil {
		t.Fatal(err)
	}
	sure, _, _ := s.Lot(charge.LotID{Union: "1", Park: "1"})
	once, _, _ := s.Lot(charge.LotID{Union: "1", Park: "2"})
	if sure.Repeats != charge.RepeatsAdd || sure.Stays != charge.StaysTold || once.Repeats != charge.RepeatsUnsafe ||
		once.Stays != charge.StaysNone {
		t.Errorf("%+v\n%+v", sure, once)
	}
	shown := string(estate.Export(s))
	assertHush(t, "the export", shown)
	if !strings.Contains(shown, `id: "7"`) {
		t.Errorf("a public key is not shown:\n%s", shown)
	}
	if _, changes, err := c.Merge(s, doc); err != nil || len(changes) != 0 {
		t.Errorf("applied twice: %v, %v", changes, err)
	}
	doc, err = estate.Parse("keys.yaml", []byte("version: 1\nlots: [{lot: \"1/1\", keys: {id: \"8\"}}]\n"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	next, _, err := c.Merge(s, doc)
	if err != nil {
		t.Fatal(err)
	}
	if sure, _, _ = next.Lot(sure.ID); sure.Keys["id"] != "8" || sure.Keys["secret"] != "hush-a" {
		t.Errorf("a key that was left out did not stay: %v", sure.Keys)
	}
}
