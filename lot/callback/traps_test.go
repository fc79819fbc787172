package callback

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// The numbers that look alike but differ between interfaces (docs/lots/README.md), as far as they concern API lots.

// compose returns the members of a composed 5.14, numbers as they were written.
func compose(t *testing.T, n lot.Notice) map[string]any {
	t.Helper()
	body, err := newChannel(t, ChannelConfig{}).Compose(n)
	if err != nil {
		t.Fatal(err)
	}
	var m struct{ Data map[string]any }
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m.Data
}

func wantMember(t *testing.T, data map[string]any, name string, want any) {
	t.Helper()
	if got := data[name]; got != want {
		t.Errorf("%s is %T %v, want %T %v", name, got, got, want, want)
	}
}

var (
	trapTime = charge.Reduction{Method: charge.MethodTime, Minutes: 30}
	trapYuan = charge.Reduction{Method: charge.MethodAmount, Amount: 1050}
	trapFree = charge.Reduction{Method: charge.MethodFree}
	trapLot  = charge.Reduction{Method: charge.MethodLotDecides}
)

func TestTrapTypeIn514IsThree(t *testing.T) {
	for _, r := range []charge.Reduction{trapTime, trapYuan, trapFree, trapLot} {
		wantMember(t, compose(t, notice("x", 1, r)), "type", json.Number("3"))
	}
}

func TestTrapTypeInInterface9KnowsNoCharge(t *testing.T) {
	for path := range New(Config{}).Routes() {
		if strings.Contains(path, "paynoticetopark") {
			t.Error("interface 9 is served, which has no type for a charge")
		}
	}
}

func TestTrapPlatFormIDOf514(t *testing.T) {
	for _, id := range []string{"1", "2", "3", "4", "5", "6", "8", "9", "10", "11", "12", "13", "14", "16", "20"} {
		n, _ := json.Number(id).Int64()
		data := compose(t, notice("x", int(n), trapTime))
		wantMember(t, data, "plat_form_id", json.Number(id))
		wantMember(t, data, "platform_id", nil)
	}
	wantMember(t, compose(t, notice("x", 0, trapTime)), "plat_form_id", json.Number("14")) // other
}

func TestTrapPlatformIDOf311(t *testing.T) {
	for id, want := range map[string]string{"1": "telaidian", "1.0": "telaidian", "2": "aotexun", "13": "dakeyun"} {
		e := &events{answer: lot.Answer{State: 1}}
		tell(testDirectory(""), e, uploadUsage, signed(sub(usage11, `"platform_id":2`, `"platform_id":`+id), testUkey))
		if len(e.heard) != 1 || e.heard[0].(lot.Usage).Platform != want {
			t.Errorf("platform_id %s: heard %v, want %s", id, e.heard, want)
		}
	}
	// 4 and 12 are the plat_form_id of 特来电 and 奥特迅.
	for _, id := range []string{"4", "12", "0", "3", "-1", `""`, "null", "1.5"} {
		refused(t, uploadUsage, signed(sub(usage11, `"platform_id":2`, `"platform_id":`+id), testUkey),
			"platform_id 无效: 1特来电, 2奥特迅, 13达克云")
	}
	refused(t, uploadUsage, signed(sub(usage11, `"platform_id":2`, `"plat_form_id":2`), testUkey),
		"platform_id 无效: 1特来电, 2奥特迅, 13达克云")
}

func TestTrapCalculationMethodOf514(t *testing.T) {
	for method, r := range map[string]charge.Reduction{"0": trapFree, "1": trapTime, "2": trapYuan, "3": trapLot} {
		data := compose(t, notice("x", 1, r))
		wantMember(t, data, "calculation_method", json.Number(method))
		duration, amount := any(nil), any(nil)
		if method == "1" {
			duration = json.Number("30")
		}
		if method == "2" {
			amount = "10.50"
		}
		wantMember(t, data, "duration", duration)
		wantMember(t, data, "reduce_amount", amount)
	}
}

func TestTrapCalculationMethodOf311HasNoFreeAndNoPercentage(t *testing.T) {
	for _, method := range []string{"0", "4", "-1", `""`, `"time"`} {
		refused(t, uploadUsage, signed(sub(usage11, `"calculation_method":1`, `"calculation_method":`+method), testUkey),
			"calculation_method 无效: 1按时长, 2按金额, 3车场自定")
	}
}

func TestTrapParkIDIsNotComid(t *testing.T) {
	data := compose(t, notice("x", 1, trapTime))
	wantMember(t, data, "park_id", "1314")
	wantMember(t, data, "comid", nil)
	refused(t, addOrder, signed(sub(entry31, "park_id", "comid"), testUkey), "车场编号错误")
}

func TestTrapTimesOf514AreTexts(t *testing.T) {
	n := notice("x", 1, trapTime)
	n.Started, n.Ended = localTime(t, "2019-12-26 20:51:46"), localTime(t, "2019-12-26 21:51:46")
	data := compose(t, n)
	wantMember(t, data, "start_charging_time", "2019-12-26 20:51:46")
	wantMember(t, data, "stop_charging_time", "2019-12-26 21:51:46")
}

func TestTrapReduceAmountOf514IsText(t *testing.T) {
	for fen, want := range map[charge.Fen]string{1000: "10.00", 5: "0.05", 1250: "12.50"} {
		wantMember(t, compose(t, notice("x", 1, charge.Reduction{Method: charge.MethodAmount, Amount: fen})), "reduce_amount",
			want)
	}
}

func TestTrapPowerAndMoneysOf514AreTexts(t *testing.T) {
	n := notice("x", 1, trapTime)
	n.Detail = charge.Detail{Power: "25", ElecMoney: "5.25", SeviceMoney: "6.00", TotalMoney: "11.25"}
	data := compose(t, n)
	wantMember(t, data, "power", "25")
	wantMember(t, data, "elec_money", "5.25")
	wantMember(t, data, "total_money", "11.25")
}

func TestTrapSeviceMoneyIsMisspelled(t *testing.T) {
	n := notice("x", 1, trapTime)
	n.Detail = charge.Detail{SeviceMoney: "6.00"}
	data := compose(t, n)
	wantMember(t, data, "sevice_money", "6.00")
	wantMember(t, data, "service_money", nil)
}

func TestTrapDurationOf514IsANumberOfMinutes(t *testing.T) {
	wantMember(t, compose(t, notice("x", 1, charge.Reduction{Method: charge.MethodTime, Minutes: 120})), "duration",
		json.Number("120"))
}
