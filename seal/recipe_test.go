package seal

import (
	"strings"
	"testing"
)

const demoSecret = "demo-secret"

// Vectors made outside, with Python, under the secret demo-secret.
func TestRecipeVectors(t *testing.T) {
	for _, c := range []struct {
		recipe           Recipe
		body, base, sign string
	}{
		{
			KVMD5MD5Key,
			`{"sign":"x","plateNo":"京A12345","merchId":"200461&&1313","duration":120,"blank":" ","none":null}`,
			"duration=120&merchId=200461&&1313&plateNo=京A12345&key=a9e5bdf70390a2232ab70601a753a9d3",
			"85203D8E7F75B724B32FA29123F04DCC",
		},
		{
			KVMD5Secret,
			`{"appId":"200461&&1313","key":"x","parkId":1313,"serviceCode":"syncChargePilePay","ts":1735700000000,` +
				`"reqId":"r1","orderNo":"O1","plateNo":"京A12345","startTime":"2025-01-01 10:00:00",` +
				`"endTime":"2025-01-01 11:30:00","stationId":"S1","stationName":"demo","deviceId":"D1","deviceName":"pile",` +
				`"spaceNo":"A1","power":12.5,"elecMoney":1000,"seviceMoney":500,"totalMoney":1500,"freeType":0,"freeMoney":0,` +
				`"freeTime":7200,"note":"","list":[1],"none":null}`,
			"deviceId=D1&deviceName=pile&elecMoney=1000&endTime=2025-01-01 " +
				"11:30:00&freeMoney=0&freeTime=7200&freeType=0&orderNo=O1&parkId=1313&plateNo=京A12345&power=12.5&reqId=r1" +
				"&serviceCode=syncChargePilePay&seviceMoney=500&spaceNo=A1&startTime=2025-01-01 10:00:00&stationId=S1" +
				"&stationName=demo&totalMoney=1500&ts=1735700000000&demo-secret",
			"1C9CBEA9E25A862FD2EA02941B4E074B",
		},
		// R3 and R4 by the words of their recipes; the signs are openssl's over these texts.
		{
			KVMD5Key,
			`{"parkId":"200461&&1313","orderNo":"O1","plateNo":"京A12345","power":"12.50","empty":"","none":null,"sign":"x"}`,
			"empty=&none=&orderNo=O1&parkId=200461&&1313&plateNo=京A12345&power=12.50&key=demo-secret",
			"0C2C87D07F6B0FA35E3FAEE696FAB23A",
		},
		{
			KVHMACMD5,
			`{"tradeNo":"690893096315527168","carNo":"京ADG7191","powerCharged":22.30,"duration":37,"signType":"MD5",` +
				`"timestamp":1678086750165,"openId":"","mobile":null,"sign":"x"}`,
			"carNo=京ADG7191&duration=37&openId=&powerCharged=22.30&signType=MD5&timestamp=1678086750165" +
				"&tradeNo=690893096315527168",
			"8e0c26af72d9667c4528099bbc573f1f",
		},
		{
			ListedMD5Key,
			`{"vehicle_plate_number":"京A12345","start_charge_seq":"S1","resource_id":"CS-1","charge_end_time":1704079800000,` +
				`"deduct_content":{"value":60,"type":"1"},"sign":"x"}`,
			`deduct_content={"type":"1","value":"60"}&resource_id=CS-1&start_charge_seq=S1&vehicle_plate_number=京A12345` +
				`&key=demo-secret`,
			"F18053A1020AD11FB6BDFA7036C5B504",
		},
	} {
		fields, err := ReadObject([]byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if base := c.recipe.Canonical(fields, demoSecret); base != c.base {
			t.Errorf("%s: base\n%s\nwant\n%s", c.recipe, base, c.base)
		}
		if sign := c.recipe.Sign(fields, demoSecret); sign != c.sign {
			t.Errorf("%s: sign %s, want %s", c.recipe, sign, c.sign)
		}
		if masked := c.recipe.Masked(fields); strings.Contains(masked, demoSecret) ||
			strings.Contains(masked, MD5Lower(demoSecret)) {
			t.Errorf("%s: masked text shows the secret: %s", c.recipe, masked)
		}
		if !c.recipe.Verify(fields, demoSecret, strings.ToLower(c.sign)) ||
			c.recipe.Verify(fields, demoSecret, c.sign[:31]+"0") {
			t.Errorf("%s: does not verify as it should", c.recipe)
		}
		if how, ok := c.recipe.VerifyAny(fields, demoSecret, c.sign); how != "" || !ok {
			t.Errorf("%s: its own signature holds as %q, %t", c.recipe, how, ok)
		}
		if how, ok := c.recipe.VerifyAny(fields, demoSecret, c.sign[:31]+"0"); ok {
			t.Errorf("%s: a wrong signature holds as %q", c.recipe, how)
		}
	}
}

func TestRecipeWithoutSecretOrName(t *testing.T) {
	fields := []Field{{Name: "a", Text: "1", Kind: Number}}
	for _, r := range append([]Recipe{"kv-unknown", ""}, Recipes...) {
		if r.Verify(fields, "", r.Sign(fields, "")) {
			t.Errorf("%q verifies without a secret", r)
		}
		if !r.Known() && (r.Sign(fields, "x") != "" || r.Verify(fields, "x", "")) {
			t.Errorf("%q signs", r)
		}
	}
}

// FuzzRecipe: a text is the same whatever the order of the members, and a changed value changes it.
func FuzzRecipe(f *testing.F) {
	f.Add([]byte(`{"plateNo":"京A12345","merchId":"200461&&1313","duration":120,"sign":"x"}`))
	f.Add([]byte(`{"a":"","b":null,"c":{"d":1},"e":true,"key":"k","appId":"p"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		fields, err := ReadObject(body)
		if err != nil {
			return
		}
		for _, r := range Recipes {
			before := r.Sign(fields, demoSecret)
			turned := make([]Field, 0, len(fields))
			for i := len(fields) - 1; i >= 0; i-- {
				turned = append(turned, fields[i])
			}
			if r.Sign(turned, demoSecret) != before || !r.Verify(turned, demoSecret, before) {
				t.Fatalf("%s: the order of members counts in %q", r, body)
			}
			for i := range turned {
				if r.skips(turned[i]) {
					continue
				}
				turned[i].Text += "x"
				if r.Verify(turned, demoSecret, before) {
					t.Fatalf("%s: %q may change in %q", r, turned[i].Name, body)
				}
				turned[i].Text = turned[i].Text[:len(turned[i].Text)-1]
			}
		}
	})
}
