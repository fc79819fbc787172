package open13

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// The numbers that look alike but differ between interfaces (docs/lots/README.md), as far as they concern interface 13.

// trapOpen signs data with MD5 on its own and opens the push.
func trapOpen(t *testing.T, members string) *platform.Charge {
	t.Helper()
	data := `{"comid":"1313","union_id":"200461","car_number":"京A12345","start_charge_seq":"1",` + members + `}`
	sum := md5.Sum([]byte(data + "key=TRAPKEY20240101A"))
	body := fmt.Sprintf(`{"data":%s,"sign":"%s"}`, data, strings.ToUpper(hex.EncodeToString(sum[:])))
	d := Builtin()[0]
	m, err := d.Open(platform.Push{Platform: "linghu", Route: d.Info().Routes[0],
		Body: []byte(base64.StdEncoding.EncodeToString([]byte(body)))},
		platform.Account{ID: "a", Keys: []platform.Keys{{"ckey": "TRAPKEY20240101A"}}}, time.Unix(1603789400, 0))
	if err != nil {
		t.Fatal(err)
	}
	return m.Charge
}

func TestTrapMitigateTypeOf13(t *testing.T) {
	for members, want := range map[string]charge.Ask{
		`"mitigate_type":0`:                    {Method: charge.MethodFree},
		`"mitigate_type":1,"duration":120`:     {Method: charge.MethodTime, Minutes: 120},
		`"mitigate_type":2,"free_money":12.00`: {Method: charge.MethodAmount, Amount: 1200},
		`"mitigate_type":3,"duration":120`:     {Method: charge.MethodLotDecides},
	} {
		if got := trapOpen(t, members).Ask; got != want {
			t.Errorf("%s asks for %+v, want %+v", members, got, want)
		}
	}
}

func TestTrapTimesOf13AreSeconds(t *testing.T) {
	c := trapOpen(t, `"start_charging_time":1603779352,"stop_charging_time":1603789352,"mitigate_type":0`)
	if !c.Started.Equal(time.Unix(1603779352, 0)) || !c.Ended.Equal(time.Unix(1603789352, 0)) {
		t.Errorf("read %s to %s from Unix seconds", c.Started, c.Ended)
	}
}

func TestTrapPowerAndMoneysOf13AreNumbers(t *testing.T) {
	c := trapOpen(t, `"power":25,"sevice_money":6.00,"total_money":11.25,"mitigate_type":0`)
	if c.Energy != 25_000 || c.Total != 1125 {
		t.Errorf("read %s kWh and %s yuan, want 25.00 and 11.25", c.Energy, c.Total)
	}
}
