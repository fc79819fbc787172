package play

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
)

// Keys of vectors made outside, with openssl and Python; from no platform.
var vectorKeys = Keys{
	"operator_id":     "123456789",
	"operator_secret": "ABCDEF0123456789ABCDEF0123456789",
	"data_secret":     "1234567890abcdef",
	"data_secret_iv":  "fedcba0987654321",
	"sig_secret":      "0123456789ABCDEF0123456789ABCDEF",
	"sign_key":        "demo-secret",
	"secret_key":      "demo-secret",
	"ukey":            "demo-secret",
	"ckey":            "demo-secret",
	"app_id":          "demo-app",
	"app_secret":      "demo-secret",
}

var (
	noon    = time.Date(2024, 1, 1, 12, 0, 0, 0, charge.Shanghai)
	testLot = charge.LotID{Union: "200461", Park: "1313"}
)

// testPush is the push whose seals were computed by hand.
func testPush() Push {
	return Push{
		Lot: testLot, Plate: "京AD06088", Order: "202401010001",
		Start:  time.Date(2024, 1, 1, 10, 0, 0, 0, charge.Shanghai),
		End:    time.Date(2024, 1, 1, 11, 20, 0, 0, charge.Shanghai),
		Energy: 25_500, Elec: 12_75, Service: 5_10, Total: 17_85,
		Method: charge.MethodTime, Minutes: 30, Charger: "gun-7",
	}
}

func build(t *testing.T, platform string, p Push, o Options) *Request {
	t.Helper()
	r, err := Build(platform, p, vectorKeys, noon, o)
	if err != nil {
		t.Fatalf("Build(%s): %v", platform, err)
	}
	return r
}

func members(t *testing.T, text []byte) map[string]any {
	t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return m
}

// Vectors made outside, with openssl and Python.
func TestPrintedVectors(t *testing.T) {
	short := Push{Lot: testLot, Plate: "京A12345", Method: charge.MethodTime, Minutes: 120}
	t.Run("R1 xiaoju", func(t *testing.T) {
		p := short
		p.Form = "a"
		got := string(build(t, "xiaoju", p, Options{}).Body)
		want := `{"plateNo":"京A12345","merchId":"200461&&1313","duration":120,"sign":"85203D8E7F75B724B32FA29123F04DCC"}`
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
	t.Run("R2 xiaowei", func(t *testing.T) {
		p := short
		p.Order, p.StationID, p.StationName = "O1", "S1", "demo"
		p.ConnectorID, p.ConnectorName, p.Bay = "D1", "pile", "A1"
		p.Start = time.Date(2025, 1, 1, 10, 0, 0, 0, charge.Shanghai)
		p.End = p.Start.Add(90 * time.Minute)
		p.Elec, p.Service, p.Total = 10_00, 5_00, 15_00
		raw := []Field{{"ts", "1735700000000"}, {"reqId", "r1"}, {"power", json.Number("12.5")}}
		got := members(t, build(t, "xiaowei", p, Options{Fields: raw}).Body)
		if got["key"] != "1C9CBEA9E25A862FD2EA02941B4E074B" {
			t.Errorf("key = %v", got["key"])
		}
	})
	t.Run("R5 linghu", func(t *testing.T) {
		p := short
		p.Order = "20210126"
		body, err := base64.StdEncoding.DecodeString(string(build(t, "linghu", p, Options{}).Body))
		if err != nil {
			t.Fatal(err)
		}
		want := `{"data":{"comid":"1313","union_id":"200461","start_charge_seq":"20210126","car_number":"京A12345",` +
			`"mitigate_type":1,"duration":120},"sign":"AE8EA0F3CD7712122858EEB7A7AA36D5"}`
		if string(body) != want {
			t.Errorf("got  %s\nwant %s", body, want)
		}
	})
	t.Run("CEC R1 token", func(t *testing.T) {
		v, err := voiceOf("telaidian")
		if err != nil {
			t.Fatal(err)
		}
		r, err := tokenRequest(v, vectorKeys, noon, Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := `{"OperatorID":"123456789",` +
			`"Data":"hkAwSV+Qj10USGrQWm2DztjTR2VeqfP7pn88FU0v7TBjs/ABLntz+OnQlBqIN7hxnXEpyf9G/XHmoHFiPWcbkOMrjTQZKe3KpVgTpXgYu` +
			`Jc=","TimeStamp":"20240101120000","Seq":"0001","Sig":"CCADDA8A60B213BA051A282734402985"}`
		if got := string(r.Body); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
	t.Run("CEC R8 whole padding block", func(t *testing.T) {
		data, err := encrypt("1234567890abcdef", "fedcba0987654321", []byte(`{"A":"12345678"}`))
		if err != nil || data != "Vg8tvadoNbhmQqpuGhvUiHyMdLJnL2JE2uqLesUQKGc=" {
			t.Errorf("data = %s, %v", data, err)
		}
		if sig := hmacUpper(vectorKeys["sig_secret"],
			"123456789"+data+"20240101120000"+"0003"); sig != "208F462BBFF8215529E1B2D6748F3583" {
			t.Errorf("sig = %s", sig)
		}
	})
	t.Run("CEC R5 answer 4001", func(t *testing.T) {
		a, err := Decode("telaidian", vectorKeys,
			[]byte(`{"Ret":4001,"Msg":"签名错误","Data":"","Sig":"3B87057166A66B9E0AD9B4EA788F2F82"}`))
		if want := (Answer{Code: "4001", Text: "签名错误"}); err != nil || !cmp.Equal(a, want) {
			t.Errorf("got %+v, %v", a, err)
		}
		_, err = Decode("telaidian", vectorKeys,
			[]byte(`{"Ret":4001,"Msg":"签名错误","Data":"","Sig":"569F64D1209526675DF8E4EDB99605C7"}`))
		if !errors.Is(err, ErrAnswer) {
			t.Errorf("an answer signed over GBK bytes: %v", err)
		}
	})
}

// Seals computed with openssl over the texts that the recipes (package seal) give, such as
//
//	printf '%s' 'bizId=202401010001&duration=30&merchId=200461&&1313&plateNo=京AD06088&startChargingTime=…'\
//	  '&key=<md5 of demo-secret>' | openssl md5
//	printf '%s' 'carNo=京AD06088&duration=80&endTime=1704079200000&…&tradeNo=202401010001' |
//	  openssl dgst -md5 -hmac demo-secret
func TestFlatSeals(t *testing.T) {
	lotDecides := testPush()
	lotDecides.Method = charge.MethodLotDecides
	for _, tc := range []struct {
		platform, field, want string
		push                  Push
	}{
		{"xiaoju", "sign", "342B42C821B31C02070C9B882D04A432", testPush()},
		{"yunkuaichong", "sign", "1DE374FAF3FA09D100F1790EA76F3818", testPush()},
		{"yonglian", "sign", "1DE374FAF3FA09D100F1790EA76F3818", lotDecides},
		{"zhichong", "sign", "a0f7606c1de9dd00fbd4770eafb5e26a", testPush()},
		{"xindiantu", "sign", "55B1D6906BE5B055FC738AAFF45713FC", testPush()},
		{"jingtai", "sign", "342B42C821B31C02070C9B882D04A432", testPush()},
		{"weilai", "sign", "B972F71C841D769B531FFE9135D3E8BF", testPush()},
		{"echongwang", "key", "94658915E1C1F7B2AF37DB070306B1B2", lotDecides},
	} {
		if got := members(t, build(t, tc.platform, tc.push, Options{}).Body)[tc.field]; got != tc.want {
			t.Errorf("%s: %s = %v, want %s", tc.platform, tc.field, got, tc.want)
		}
		broken := members(t, build(t, tc.platform, tc.push, Options{Break: BreakSig}).Body)[tc.field]
		if broken == tc.want {
			t.Errorf("%s: --break sig broke nothing", tc.platform)
		}
		wrong := members(t, build(t, tc.platform, tc.push, Options{Break: BreakKey}).Body)[tc.field]
		if wrong == tc.want || wrong == broken {
			t.Errorf("%s: --break key broke nothing", tc.platform)
		}
	}
	r, err := Inquiry(testPush(), vectorKeys, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := members(t, r.Body)["sign"]; got != "76526DDD2F1DBD95064A4093FD41F3F5" {
		t.Errorf("queryPlateNo: sign = %v", got)
	}
}

// Data made with
//
//	printf '%s' "$plain" | openssl enc -aes-128-cbc -K <hex of 1234567890abcdef> -iv <hex of fedcba0987654321> -base64 -A
//
// and Sig with openssl dgst -md5 -hmac 0123456789ABCDEF0123456789ABCDEF over OperatorID, Data, TimeStamp and Seq.
func TestCECSeals(t *testing.T) {
	const data = "vTc1gWHiRspcc7Zb5n3ynip5cBRxZ1mkecRdAIa+oVFyMt0v6wajKWUzRY2wtpXKRWI0TMEWAGqvMZy9FNDn1bZdvPRFSpDp0WUx" +
		"4QU2kYfeN+QwcDMFg82vD6VyFYaFpnVgxNJcmxEnHZXsXDMEGUCVjtd2v81XuoJdYM2uSyoowwL0eq62S1lnsP7RkFFMaRTTkIW7" +
		"dDzqtGzGupaxvb0d5aN1TAsxDRsxM+ZVDXL9pdkpVU8WiNUSTCLSzxB0XmOxEu4fj2V05BtQ406ynjzjMmYUdsFjPveZ3FfcLKm+" +
		"XhFiWlJnmBfRoghlwl9Oo+yY1B22l3GpnLjENnJQmeOaUIICPjG1HsF6KGFeL2s="
	r := build(t, "telaidian", testPush(), Options{Token: "tok-1"})
	want := `{"OperatorID":"123456789","Data":"` + data +
		`","TimeStamp":"20240101120000","Seq":"0001","Sig":"6EE9C454D43DAEC88548751CB9E12F19"}`
	if string(r.Body) != want {
		t.Errorf("got  %s\nwant %s", r.Body, want)
	}
	if got := r.Header.Get("Authorization"); got != "Bearer tok-1" {
		t.Errorf("Authorization: %s", got)
	}

	const alone = "fvzmsTfKE/QfOKZMQu+Y4ixxko7732n7auTkNq+lXvAv3B+iQ8lTsdjNS5BJancuYjnEuzGB1YjDC91A2mM9G/HrZFuvZ0BK9K8n" +
		"bACeTAJih/lR4PtJ12V338PDcRc4elKsz0n9PoYZiAIBSlyn7xilMN2ii3zKCW0dDMjNotGLqlvkcY0IfJwJ+WjvOWSD/wlDCUCz" +
		"dktiM51+jUKzXEksyyDmDkQfwM8HV58ILa6wEyqkz2qkypS6p/UVpoBZjGFv8ob6vUn/wbu2o063IP9YH3j4J+V+C0hpit/C2Is="
	p := testPush()
	p.Method, p.Charger = "", ""
	keys := Keys{"data_secret": vectorKeys["data_secret"], "data_secret_iv": vectorKeys["data_secret_iv"]}
	r, err := Build("guowang-jinan", p, keys, noon, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(r.Body), `{"Data":"`+alone+`"}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	// With a signature secret 济南国网 sends the whole envelope, though no operator_id is among its keys.
	keys["sig_secret"] = vectorKeys["sig_secret"]
	if r, err = Build("guowang-jinan", p, keys, noon, Options{}); err != nil {
		t.Fatal(err)
	}
	want = `{"OperatorID":"000000000","Data":"` + alone +
		`","TimeStamp":"20240101120000","Seq":"0001","Sig":"DDC83A171B5049CD114169B8C20D867B"}`
	if string(r.Body) != want {
		t.Errorf("got  %s\nwant %s", r.Body, want)
	}
}

func TestCECBreaks(t *testing.T) {
	good := build(t, "telaidian", testPush(), Options{Token: "tok-1"})
	sig := func(r *Request) string {
		m := members(t, r.Body)
		return hmacUpper(vectorKeys["sig_secret"],
			m["OperatorID"].(string)+m["Data"].(string)+m["TimeStamp"].(string)+m["Seq"].(string))
	}
	for _, tc := range []struct {
		b        Break
		sealed   bool // the signature holds over what is sent
		opens    bool // Data decrypts with the right key
		sameTime bool
	}{
		{BreakSig, false, true, true},
		{BreakKey, true, false, true},
		{BreakClock, true, true, false},
	} {
		r := build(t, "telaidian", testPush(), Options{Token: "tok-1", Break: tc.b})
		m := members(t, r.Body)
		if got := m["Sig"] == sig(r); got != tc.sealed {
			t.Errorf("%s: signature holds: %v", tc.b, got)
		}
		_, err := decrypt(vectorKeys["data_secret"], vectorKeys["data_secret_iv"], m["Data"].(string))
		if got := err == nil; got != tc.opens {
			t.Errorf("%s: Data opens: %v", tc.b, got)
		}
		if got := m["TimeStamp"] == "20240101120000"; got != tc.sameTime {
			t.Errorf("%s: TimeStamp %v", tc.b, m["TimeStamp"])
		}
	}
	r := build(t, "telaidian", testPush(), Options{Token: "tok-1", Break: BreakToken})
	if got := r.Header.Get("Authorization"); got == "Bearer tok-1" || string(r.Body) != string(good.Body) {
		t.Errorf("--break token: %s", got)
	}
	r = build(t, "telaidian", testPush(), Options{Token: "tok-1", Break: BreakBody})
	if json.Valid(r.Body) || !strings.HasPrefix(string(good.Body), string(r.Body)) {
		t.Errorf("--break body: %s", r.Body)
	}
}

func TestLotKeys(t *testing.T) {
	decides := testPush()
	decides.Method = charge.MethodLotDecides
	old, station := testPush(), testPush()
	old.Form, station.Form = "old", "station"
	for _, tc := range []struct {
		platform, path, want string
		push                 Push
	}{
		{"xingxing", "/zld/xingxing/v1/notification_parking_charge_result", `"ParkID":"200461-1313"`, testPush()},
		{"xingxing", "/unionapi/newenergy/notification_parking_charge_result", `"ParkID":"200461,1313"`, old},
		{"xiaowei", "/zld/api/wec/SyncChargePilePay", `"appId":"200461&&1313"`, testPush()},
		{"wanchong", "/zld/api/wanchong/tcxt/notification_tc_info", `"ParkCode":"200461&&1313"`, testPush()},
		{"linghu", "/zld/chargingPile/syncChargePilePay", `"station_id":"200461&&1313"`, station},
		{"zhongdianlian", "/zld/api/zdl/notification_end_charge_order_info", `"ParkID":"200461&&1313"`, testPush()},
		{"aotexun", "/zld/park/v1/notification_charge_detail", `"ConnectorID":"gun-7"`, testPush()},
		{"dakeyun", "/zld//hlht/v1/notification_charge_detail", `"parkId":"200461&&1313"`, testPush()},
		{"echongwang", "/zld/groudLock/v1/SyncChargePilePay", `"custId":"200461&&1313"`, decides},
		{"weilai", "/zld/weilai/deduct", `"resource_id":"gun-7"`, testPush()},
		{"xiangqianchong", "/zld/xiangqianchong/charge", `"stationId":"gun-7"`, testPush()},
	} {
		r := build(t, tc.platform, tc.push, Options{})
		if r.Path != tc.path || !strings.Contains(string(r.Plain), tc.want) {
			t.Errorf("%s: %s %s\nwant %s %s", tc.platform, r.Path, r.Plain, tc.path, tc.want)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	noLot, noPlate, noCharger, free := testPush(), testPush(), testPush(), testPush()
	noLot.Lot, noPlate.Plate, noCharger.Charger, free.Method = charge.LotID{}, "", "", charge.MethodFree
	for _, tc := range []struct {
		platform, want string
		push           Push
		keys           Keys
		b              Break
	}{
		{"nobody", "no platform is called", testPush(), vectorKeys, ""},
		{"telaidian", "needs the key operator_id", testPush(), Keys{}, ""},
		{"xiaoju", "needs a lot", noLot, vectorKeys, ""},
		{"xiaoju", "needs a plate", noPlate, vectorKeys, ""},
		{"xiaoju", "minutes only", free, vectorKeys, ""},
		{"aotexun", "needs a charger id", noCharger, vectorKeys, ""},
		{"weilai", "needs the station's id", noCharger, vectorKeys, ""},
		{"xingxing", "nothing of the kind", testPush(), vectorKeys, BreakSig},
		{"xingxing", "no path token", testPush(), vectorKeys, BreakToken},
	} {
		_, err := Build(tc.platform, tc.push, tc.keys, noon, Options{Break: tc.b})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.platform, err, tc.want)
		}
	}
}

func TestEveryPlatformBuilds(t *testing.T) {
	for _, id := range Platforms() {
		p := testPush()
		r := build(t, id, p, Options{PathToken: "s3cret"})
		if !strings.HasSuffix(r.Path, "/s3cret") || len(r.Body) == 0 || !json.Valid(r.Plain) {
			t.Errorf("%s: %s %q %q", id, r.Path, r.Body, r.Plain)
		}
		breaks, err := Breakable(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range breaks {
			if again := build(t, id, p, Options{PathToken: "s3cret", Break: b}); b != BreakDuplicate &&
				string(again.Dump("h")) == string(r.Dump("h")) {
				t.Errorf("%s: --break %s changed nothing", id, b)
			}
		}
	}
}

// Each platform has its lock or its keys to break: a token where there is one, in the path or before it, and a key,
// which of those that seal nothing is the operator's number.
func TestEveryPlatformHasKeyAndTokenToBreak(t *testing.T) {
	for _, id := range Platforms() {
		breaks, err := Breakable(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range []Break{BreakKey, BreakToken, BreakBody, BreakDuplicate} {
			keyless := id == "xiangqianchong" && b == BreakKey // it seals nothing and names no operator
			if !keyless && !slices.Contains(breaks, b) {
				t.Errorf("%s: %s cannot be broken", id, b)
			}
		}
	}
	for _, id := range []string{"xingxing", "wanchong"} {
		if r := build(t, id, testPush(), Options{Break: BreakKey}); !bytes.Contains(r.Body, []byte(`"OperatorID":"x`)) {
			t.Errorf("%s: %s", id, r.Body)
		}
	}
}

// 济南国网 signs its time where it signs at all.
func TestGuowangsClockCanBeBrokenWhereItSigns(t *testing.T) {
	stamp := func(r *Request) string {
		var e struct{ TimeStamp string }
		if err := json.Unmarshal(r.Body, &e); err != nil {
			t.Fatal(err)
		}
		return e.TimeStamp
	}
	now, stale := stamp(build(t, "guowang-jinan", testPush(), Options{})),
		stamp(build(t, "guowang-jinan", testPush(), Options{Break: BreakClock}))
	if now == "" || stale >= now {
		t.Errorf("TimeStamp %q, broken %q", now, stale)
	}
	bare := Keys{"data_secret": vectorKeys["data_secret"], "data_secret_iv": vectorKeys["data_secret_iv"]}
	if _, err := Build("guowang-jinan", testPush(), bare, noon, Options{Break: BreakClock}); !errors.Is(err,
		ErrNotBreakable) {
		t.Errorf("without sig_secret: %v", err)
	}
}

// Who asks for something that a platform does not have is shown what it has.
func TestBreakingWhatIsNotThereNamesWhatIs(t *testing.T) {
	_, err := Build("xiaoju", testPush(), vectorKeys, noon, Options{Break: BreakClock})
	if err == nil || !strings.Contains(err.Error(), "there are sig, token, key, body, duplicate") {
		t.Errorf("%v", err)
	}
}

func TestReadFields(t *testing.T) {
	fields, err := ReadFields([]byte("duration: 12.50\nplateNo: null\nname: \"00123\"\nn: 007\nlist: [1, a]\nyes: true\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := string(record{{"plateNo", "京A12345"}, {"duration", json.Number("30")}}.over(fields).json())
	want := `{"duration":12.50,"name":"00123","n":"007","list":[1,"a"],"yes":true}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	fields, err = ReadFields([]byte(`{"b": "200461&&1313", "a": 1.0}`))
	if err != nil || string(record(fields).json()) != `{"b":"200461&&1313","a":1.0}` {
		t.Errorf("got %s, %v", record(fields).json(), err)
	}
	for _, bad := range []string{"", "- 1", "word", "{"} {
		if _, err := ReadFields([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// Names sort by themselves, not together with "=".
func TestKVSortsNames(t *testing.T) {
	r := record{{"a1", "x"}, {"a", "y"}, {"empty", ""}, {"nested", json.RawMessage(`{}`)}, {"sign", "z"}}
	if got, want := r.kv(false, "sign"), "a=y&a1=x"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := r.kv(true, "sign"), "a=y&a1=x&empty="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDecode(t *testing.T) {
	// Data and Sig by openssl, as above.
	const taken = `{"Ret":0,"Msg":"成功",` +
		`"Data":"pE9MOBLU9Gzo6C7oaddZX+q5eH/NiYXZD5hqz1kkaWsueq/a14CBIJwPYC9My0P41JLC3czX5ViRAOSNkGL5NuTSazf63Z/1R3AP5t5aq2` +
		`bV4g5sPmSzCjajSsbnGCFX","Sig":"AC9BA84823F59183A11660C88644A835"}`
	const refused = `{"Ret":0,"Msg":"失败",` +
		`"Data":"pE9MOBLU9Gzo6C7oaddZX+q5eH/NiYXZD5hqz1kkaWsueq/a14CBIJwPYC9My0P4xggc9Ege4TC0SyIM3ynDkQE/Ap6JxuzZdh4vLUyxpF` +
		`UJdvwhZKM8nk2R7kLZqb5u","Sig":"F516EF20CD892E88E2BB6B09384ED8A9"}`
	linghu := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, tc := range []struct {
		platform, answer string
		ok               bool
		code             string
	}{
		{"telaidian", taken, true, "0"},
		{"telaidian", refused, false, "0"},
		{"telaidian", `{"Ret":4003,"Msg":"参数错误","Data":null,"Sig":null}`, false, "4003"},
		{"xiaoju", `{"code":10000,"msg":"成功","data":{}}`, true, "10000"},
		{"xiaoju", `{"code":90001,"msg":"签名错误","data":null}`, false, "90001"},
		{"xiaowei", `{"resCode":"0","resMsg":"ok","data":null}`, true, "0"},
		{"echongwang", `{"resCode":"1101","resMsg":"bad sign"}`, false, "1101"},
		{"yunkuaichong", `{"result":0}`, true, "0"},
		{"yonglian", `{"result":1,"description":"x"}`, false, "1"},
		{"zhichong", `{"code":"ok","desc":"SUCCESS"}`, true, "ok"},
		{"jingtai", `{"code":0,"msg":"成功"}`, true, "0"},
		{"weilai", `{"result_code":"failed","message":"签名错误"}`, false, "failed"},
		{"xiangqianchong", "OK", true, "OK"},
		{"xiangqianchong", "FAIL", false, "FAIL"},
		{"zhichong", `{"code":200,"desc":"bad request"}`, false, "200"},
		{"wanchong", `{"Ret":0,"Msg":""}`, true, "0"},
		{"xingxing", `{"Ret":0,"Msg":"成功","result_code":"success","message":"成功"}`, true, "0"},
		{"xingxing", `{"Ret":0,"Msg":"成功","result_code":"failed","message":"成功"}`, false, "0"},
		{"linghu", linghu(`{"sign":"AB","data":{"state":1,"message":"成功"}}`), true, "1"},
		{"linghu", linghu(`{"sign":"AB","data":{"state":0,"message":"签名错误"}}`), false, "0"},
	} {
		a, err := Decode(tc.platform, vectorKeys, []byte(tc.answer))
		if err != nil || a.OK != tc.ok || a.Code != tc.code {
			t.Errorf("%s %s: %+v, %v", tc.platform, tc.answer, a, err)
		}
	}
	for _, id := range Platforms() {
		if _, err := Decode(id, vectorKeys, []byte("<html>")); !errors.Is(err, ErrAnswer) {
			t.Errorf("%s: rubbish was read: %v", id, err)
		}
	}
}
