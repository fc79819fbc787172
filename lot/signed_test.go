package lot

import (
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Published examples that sign an envelope, from https://www.kancloud.cn/bolink/ newapi/524034 (V1), apis/860377 (V3)
// and sdk/596745 (V7). The keys are the pages' samples.
var vectors = map[string]struct{ data, key, sign string }{
	"V1": {`{"park_id":"1001","name":"北京上地三街9号院停车场","address":"北京上地三街9号","phone":"139000334443","lng":"123.994449",` +
		`"city_id":110000,"lat":"332.466666","total_plot":90,"empty_plot":56,"union_id":10001,"price_desc":"2元每小时",` +
		`"rand":"0.210354312785198048"}`,
		"NQ0eSXs720170114", "F2BA9A4E4362E2C41676FC720B14290C"},
	"V3": {`{"comid":"kytest2020032501","union_id":"200279","car_number":"晋QQ1234","lock_status":1}`,
		"MAVXUU3C2545G9K1", "4973765089F20FCFE45868796F81278A"},
	"V7": {`{"union_id":"200208","park_id":"21835","local_id":"0071cc97102b_1001_qh321_quanhao-atest1"}`,
		"8403A41ED5EF20BC", "CB649425CB5548A375099103AB04CC1E"},
}

func TestSignedVectors(t *testing.T) {
	for name, v := range vectors {
		plain := `{"data":` + v.data + `,"sign":"` + v.sign + `"}`
		pretty := strings.NewReplacer(`{"`, "{\r\n\t\"", `,"`, ",\r\n\t\"", `":`, `" : `).Replace(plain)
		for how, body := range map[string]string{
			"plain": plain, "pretty": pretty,
			"byte order mark": "\ufeff" + plain,
			"a form's name":   plain + "=",
			"a form's value":  "json=" + plain,
			"URL-safe Base64": base64.RawURLEncoding.EncodeToString([]byte(plain)),
			"data as a text":  `{"data":` + strconv.Quote(v.data) + `,"sign":"` + v.sign + `"}`,
			"Base64":          base64.StdEncoding.EncodeToString([]byte(pretty)), // as the open interface's pages print it
		} {
			m, err := ReadSigned([]byte(body))
			if err != nil {
				t.Errorf("%s, %s: %v", name, how, err)
				continue
			}
			if !m.By(charge.Secret(v.key)) || !m.By("another", charge.Secret(v.key)) {
				t.Errorf("%s, %s: its key did not sign it", name, how)
			}
			if m.By("another") || m.By("") || m.By() {
				t.Errorf("%s, %s: another key signed it", name, how)
			}
		}
		for at := range v.data { // no byte may change
			changed := []byte(plain)
			changed[len(`{"data":`)+at] ^= 1
			if m, err := ReadSigned(changed); err == nil && m.By(charge.Secret(v.key)) {
				t.Errorf("%s: byte %d changed and the sign held", name, at)
			}
		}
	}
}

func TestKeysAt(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for until, want := range map[time.Time]int{now.Add(1): 2, now: 1, {}: 1} {
		if got := KeysAt("new", charge.OldKey{Key: "old", Until: until}, now); len(got) != want || got[0] != "new" {
			t.Errorf("until %s: %d keys, want %d", until, len(got), want)
		}
	}
}

// A body in GBK is signed over its own bytes or over the UTF-8 that a lot's software wrote first. The sign is from
// openssl: printf '{"car_number":"京AD06088","park_id":"1314"}key=6E1D9B4C7A3F5820' | iconv -t GBK | openssl dgst -md5
func TestSignedInGBK(t *testing.T) {
	const data = `{"car_number":"京AD06088","park_id":"1314"}`
	for how, sign := range map[string]string{"GBK": "CEC3317D68B3FA794FBF6BB398FF3DF1",
		"UTF-8": "CDC56485EC28D048E66B7D33E739C147"} {
		m, err := ReadSigned(ToGBK([]byte(`{"data":` + data + `,"sign":"` + sign + `"}`)))
		if err != nil || !m.By("6E1D9B4C7A3F5820") || m.By("another") {
			t.Fatalf("signed over %s: %v", how, err)
		}
		if m.Plate() != "京AD06088" {
			t.Errorf("signed over %s: plate %s", how, m.Plate())
		}
	}
}
