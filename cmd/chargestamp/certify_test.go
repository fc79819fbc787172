package main

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// cloudKeys are made up.
var cloudKeys = map[string]play.Keys{
	"qcyuns":  {"org_id": "ORG01", "org_secret": "secret-qc"},
	"tdznyun": {"pid": "P100", "sign_key": "secret-td"},
	"hongmen": {"app_id": "HM1", "app_secret": "secret-hm", "park_name": "三号场"},
}

// TestCertifyCoupon examines played parking systems: what each can do is tried, what it cannot is skipped, and one
// that misbehaves fails.
func TestCertifyCoupon(t *testing.T) {
	const price, other, absent = "a price is told", "another key gets no coupon", "a car that is not inside gets no coupon"
	const again = "the same coupon again is known by its number"
	const back = "the coupon is taken back"
	for _, c := range []struct {
		as, answer string
		want       map[string]play.Verdict
		ok         bool
	}{
		{"qcyuns", "", map[string]play.Verdict{other: play.Passed, absent: play.Passed, price: play.Passed,
			again: play.Passed, back: play.Passed}, true},
		{"tdznyun", "", map[string]play.Verdict{other: play.Passed, absent: play.Passed, price: play.Skipped,
			again: play.Skipped, back: play.Skipped}, true},
		{"hongmen", "", map[string]play.Verdict{other: play.Passed, absent: play.Skipped, again: play.Passed}, true},
		{"qcyuns", play.AnswerHalf, map[string]play.Verdict{other: play.Passed, again: ""}, false},
	} {
		t.Run(c.as+c.answer, func(t *testing.T) {
			lot := charge.LotID{Union: "200461", Park: "1316"}
			cloud, err := play.NewCouponLot(play.CouponLotConfig{Lot: lot, As: c.as, Keys: cloudKeys[c.as], Answer: c.answer,
				Strict: true, Tariff: charge.Tariff{UnitMinutes: 60, UnitPrice: 500}})
			if err != nil {
				t.Fatal(err)
			}
			if err := cloud.Start(); err != nil {
				t.Fatal(err)
			}
			defer cloud.Stop()
			cloud.Admit("京AD06088", time.Now().Add(-3*time.Hour))
			var out bytes.Buffer
			k := certifyCommand{Target: "coupon", As: c.as, Against: cloud.Address(), Key: cloudKeys[c.as],
				Lot: lot.String(), Plate: "京AD06088", Patience: 20 * time.Second, Output: "json"}
			err = k.Run(&console{ctx: t.Context(), out: &out, err: io.Discard})
			if (err == nil) != c.ok {
				t.Errorf("certify: %v", err)
			}
			var sheet play.Sheet
			if err := json.Unmarshal(out.Bytes(), &sheet); err != nil {
				t.Fatal(err)
			}
			got := map[string]play.Verdict{}
			for _, check := range sheet.Checks {
				got[check.Name] = check.Verdict
			}
			for name, want := range c.want {
				if got[name] != want {
					t.Errorf("%s: %q, want %q", name, got[name], want)
				}
			}
			for _, row := range cloud.Book().Rows() {
				if row.Applied > 1 || row.Applied == 1 && c.want[back] == play.Passed {
					t.Errorf("the book has %+v", row)
				}
			}
		})
	}
}

// TestCertifyPlayedCoupon examines what the gateway sends to each parking system, and reads of it,
// against played ones.
func TestCertifyPlayedCoupon(t *testing.T) {
	for _, as := range play.FarEnds() {
		t.Run(as, func(t *testing.T) {
			var out bytes.Buffer
			k := certifyCommand{Target: "coupon", As: as, Patience: 20 * time.Second, Output: "json"}
			if err := k.Run(&console{ctx: t.Context(), out: &out, err: io.Discard}); err != nil {
				t.Errorf("certify: %v\n%s", err, out.String())
			}
			var sheet play.Sheet
			if err := json.Unmarshal(out.Bytes(), &sheet); err != nil {
				t.Fatal(err)
			}
			passed := 0
			for _, check := range sheet.Checks {
				if check.Verdict == play.Passed {
					passed++
				}
			}
			if passed < 8 {
				t.Errorf("%d checks passed: %+v", passed, sheet.Checks)
			}
		})
	}
	k := certifyCommand{Target: "coupon", Profile: "../../docs/examples/tingnar/tingnar.toml", Output: "json"}
	if err := k.Run(&console{ctx: t.Context(), out: io.Discard, err: io.Discard}); err == nil {
		t.Error("a system of one's own is played")
	}
}
