package flat

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/platformtest"
	"github.com/chargestamp/chargestamp/words"
)

func TestGolden(t *testing.T) {
	for _, d := range Builtin() {
		t.Run(d.Info().ID, func(t *testing.T) { platformtest.Golden(t, d, "testdata/"+d.Info().ID) })
	}
}

// TestPrinted opens vectors made outside with Python for the recipes, under the secret demo-secret.
func TestPrinted(t *testing.T) {
	now := time.Date(2025, 1, 1, 12, 0, 0, 0, charge.Shanghai)
	for _, c := range []struct{ id, key, body string }{
		{"xiaoju", "sign_key",
			`{"plateNo":"京A12345","merchId":"200461&&1313","duration":120,"sign":"85203D8E7F75B724B32FA29123F04DCC"}`},
		{"xiaowei", "ukey", `{"appId":"200461&&1313","deviceId":"D1","deviceName":"pile","elecMoney":1000,
			"endTime":"2025-01-01 11:30:00","freeMoney":0,"freeTime":7200,"freeType":0,"orderNo":"O1","parkId":1313,
			"plateNo":"京A12345","power":12.5,"reqId":"r1","serviceCode":"syncChargePilePay","seviceMoney":500,"spaceNo":"A1",
			"startTime":"2025-01-01 10:00:00","stationId":"S1","stationName":"demo","totalMoney":1500,"ts":"1735700000000",
			"key":"1C9CBEA9E25A862FD2EA02941B4E074B"}`},
	} {
		d := byID(t, c.id)
		p := platform.Push{Platform: c.id, Route: d.Info().Routes[0], Body: []byte(c.body)}
		m, err := d.Open(p, platform.Account{Keys: []platform.Keys{{c.key: "demo-secret"}}}, now)
		if err != nil {
			t.Errorf("%s: %v", c.id, err)
			continue
		}
		if m.Charge == nil || m.Charge.Ask != (charge.Ask{Method: charge.MethodTime, Minutes: 120}) {
			t.Errorf("%s: read %+v", c.id, m.Charge)
		}
	}
}

// TestOpenFields: what a recipe leaves out of the signature may be anything, so nothing of it is read.
func TestOpenFields(t *testing.T) {
	for _, c := range []struct{ id, path, mark string }{
		{"xiaoju", "open/xiaoju/blank-fields", `"remark":""`},
		{"xiaowei", "open/xiaowei/composite", `"list":["plateNo"]`},
		{"zhichong", "open/zhichong/null", `"openId":null`},
		{"weilai", "open/weilai/times", `"charge_start_time":1704074400000`},
	} {
		d := byID(t, c.id)
		read := func(body []byte) *platform.Charge {
			p, accounts := captured(t, d, c.path)
			p.Body = body
			p.Remote = netip.MustParseAddr("192.0.2.1")
			got := platform.Admit(d, accounts, p, p.Received)
			if got.Refusal != nil {
				t.Fatalf("%s: %v", c.path, got.Refusal)
			}
			return got.Message.Charge
		}
		usual, _ := captured(t, d, c.id+"/finished")
		p, _ := captured(t, d, c.path)
		if !strings.Contains(string(p.Body), c.mark) {
			t.Fatalf("%s holds no %s", c.path, c.mark)
		}
		if diff := cmp.Diff(read(usual.Body), read(p.Body)); diff != "" {
			t.Errorf("%s reads otherwise than finished (-finished +%s):\n%s", c.path, c.path, diff)
		}
		// What stands open is changed into fields that we read: still nothing of it may count.
		for _, swap := range [][2]string{{"blank", "bizId"}, {"note", "duration"}, {"note", "freeTime"},
			{"freeDetail", "spaceNo2"}, {"list", "orderNo2"}, {"openId", "mobile"}} {
			changed := strings.Replace(string(p.Body), `"`+swap[0]+`"`, `"x`+swap[1]+`"`, 1)
			if diff := cmp.Diff(read(usual.Body), read([]byte(changed))); diff != "" {
				t.Errorf("%s with %s for %s reads otherwise:\n%s", c.path, swap[1], swap[0], diff)
			}
		}
	}
}

// FuzzOpen: no push makes a dialect panic, what opens has a plate, a lot and a repeat key, and what opens with
// one key does not open with another.
func FuzzOpen(f *testing.F) {
	dialects := Builtin()
	for i, d := range dialects {
		for _, p := range platformtest.Pushes(f, d, "testdata/"+d.Info().ID) {
			f.Add(i, p.Body)
		}
	}
	now := time.Date(2024, 1, 1, 12, 0, 0, 0, charge.Shanghai)
	keys := map[string]platform.Keys{
		"xiaoju": {"sign_key": "xiaoju-invented-key"}, "xiaowei": {"ukey": "vendor-invented-ukey"},
		"yunkuaichong": {"sign_key": "yunkuaichong-invented-key"}, "zhichong": {"secret_key": "zhichong-invented-key"},
		"yonglian":   {"sign_key": "yonglian-invented-key"},
		"echongwang": {"app_id": "INVENTED9", "app_secret": "echong-invented-secret"},
		"xindiantu":  {"sign_key": "xindiantu-invented-key"}, "jingtai": {"sign_key": "jingtai-invented-key"},
		"weilai": {"sign_key": "weilai-invented-key"},
	}
	f.Fuzz(func(t *testing.T, which int, body []byte) {
		d := dialects[uint(which)%uint(len(dialects))]
		info := d.Info()
		for _, route := range info.Routes {
			p := platform.Push{Platform: info.ID, Route: route, Path: route.Path, Body: body}
			account := platform.Account{Keys: []platform.Keys{keys[info.ID]}}
			claim, claimErr := d.Claim(p)
			m, err := d.Open(p, account, now)
			d.(platform.Doctor).Diagnose(p, account, now)
			if d.Reply(p, &account, platform.Verdict{Outcome: charge.OutcomeAccepted, Message: &m}).Status != 200 {
				t.Error("an answer without status 200")
			}
			if err != nil {
				continue
			}
			if claimErr != nil {
				t.Errorf("opened, and no claim: %v", claimErr)
			}
			if c := m.Charge; c != nil && (c.Plate == "" || c.Lot != claim.Lot || c.RepeatKey == "" || c.Ask.Minutes < 0 ||
				c.Ask.Amount < 0 || c.Energy < 0) {
				t.Errorf("opened as %+v", c)
			}
			other := platform.Keys{}
			for name, k := range keys[info.ID] {
				other[name] = k + "x"
			}
			if _, err := d.Open(p, platform.Account{Keys: []platform.Keys{other}}, now); err == nil {
				t.Error("opens with two keys")
			}
		}
	})
}

// BenchmarkOpen is decode and verify of one push, claim included.
func BenchmarkOpen(b *testing.B) {
	for _, d := range Builtin() {
		b.Run(d.Info().ID, func(b *testing.B) {
			p, accounts := captured(b, d, d.Info().ID+"/finished")
			account := accountOf(b, d, p, accounts)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Claim(p); err != nil {
					b.Fatal(err)
				}
				if _, err := d.Open(p, account, p.Received); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestHiddenFields: two pushes with one canonical text, the second made by moving a field into a value before it.
func TestHiddenFields(t *testing.T) {
	d := byID(t, "yunkuaichong")
	p, accounts := captured(t, d, "yunkuaichong/finished")
	account := accountOf(t, d, p, accounts)
	body := string(p.Body)
	for _, swap := range [][2]string{
		{`"orderNo":"O20240101001",`, ""},
		{`"endTime":"2024-01-01 11:30:00"`, `"endTime":"2024-01-01 11:30:00&orderNo=O20240101001"`},
	} {
		if !strings.Contains(body, swap[0]) {
			t.Fatalf("%s is not in %s", swap[0], body)
		}
		body = strings.Replace(body, swap[0], swap[1], 1)
	}
	p.Body = []byte(body)
	_, err := d.Open(p, account, p.Received)
	if said := words.Note(words.English, charge.Cause(err)); !strings.HasPrefix(said, `endTime holds "&orderno=":`) {
		t.Errorf("refused for: %s", said)
	}
}

// TestOperatorSealed: appId is outside what recipe kv-md5-secret signs, so opening itself compares it, however the
// account was chosen.
func TestOperatorSealed(t *testing.T) {
	d := byID(t, "echongwang")
	p, accounts := captured(t, d, "echongwang/finished")
	account := accountOf(t, d, p, accounts)
	p.Body = []byte(strings.Replace(string(p.Body), "INVENTED9", "INVENTED8", 1))
	if _, err := d.Open(p, account, p.Received); err == nil || !strings.HasPrefix(err.Error(), "bad_signature") {
		t.Errorf("another appId: %v", err)
	}
}
