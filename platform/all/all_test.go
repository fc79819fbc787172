package all

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/platform/profile"
)

// TestBuiltin holds the built-in platforms against their table, written out by hand.
func TestBuiltin(t *testing.T) {
	want := []string{
		`1 xiaoju 小桔充电 | /zld/xiaoju/reduce /zld/xiaoju/queryPlateNo? | merchId [&&] | [sdk 4g api] | [time] | 1 | as_pushed`,
		`2 xingxing 星星充电 | ` +
			`/zld/xingxing/v1/notification_parking_charge_result /unionapi/newenergy/notification_parking_charge_result | ` +
			`ParkID [- ,] | [sdk 4g api] | [fixed_amount fixed_time fixed_free] | 2 | must say`,
		`3 xiaowei 小伟 | /zld/api/wec/SyncChargePilePay | appId [&&] | [sdk 4g api] | [amount time] | 3 | as_pushed`,
		`4 telaidian 特来电 | /zld/telaidian/query_token! /zld/telaidian/notification_charge_end_order_info | ParkID [&&] | ` +
			`[sdk 4g api] | [time amount lot_decides] | 4 | as_pushed`,
		`5 wanchong 万城万充 | /zld/api/wanchong/tcxt/notification_tc_info | ParkCode [&&] | [sdk 4g api] | ` +
			`[time amount free] | 5 | must say`,
		`6 linghu 令狐充电 | /zld/chargingPile/syncChargePilePay | station_id [&&] | [sdk 4g api] | ` +
			`[free time amount lot_decides] | 14 | as_pushed`,
		`7 zhongdianlian 广州中电联 | /zld/api/zdl/query_token! /zld/api/zdl/notification_end_charge_order_info | ParkID [&&] | ` +
			`[sdk 4g api] | [time] | 8 | as_pushed`,
		`8 yunkuaichong 云快充 | /zld/chargePile/chargingRecord | parkId [&&] | [sdk api] | [lot_decides] | 9 | lot_decides`,
		`9 zhichong 北京智充 | /zld/api/zhichong/noticeparkreduce | parkId [&&] | [sdk 4g api] | [time] | 10 | charge_time`,
		`10 aotexun 奥特迅 | /zld/park/v1/query_token! /zld/park/v1/notification_charge_detail |  [] | [sdk 4g api] | ` +
			`[time] | 12 | as_pushed`,
		`11 dakeyun 达克云 | /zld//hlht/v1/query_token! /zld//hlht/v1/notification_charge_detail | parkId [&&] | ` +
			`[sdk 4g api] | [fixed_time fixed_amount fixed_free] | 13 | must say`,
		`12 yonglian 永联 | /zld/api/yonglian/notification_charge_order | parkId [&&] | [sdk api] | [lot_decides] | 11 | ` +
			`lot_decides`,
		`13 guowang-jinan 济南国家电网 | /zld/echargepile/v1/notification_charge_detail | parkId [&&] | [sdk 4g api] | [time] | ` +
			`16 | charge_time+60`,
		`14 echongwang E充网 | /zld/groudLock/v1/SyncChargePilePay | custId [&&] | [4g] | [time amount free] | 0 | must say`,
		`15 xindiantu 新电途 | /zld/xindiantu/chargePile/chargingRecord | parkId [&&] | [sdk 4g api] | ` +
			`[time fixed_amount fixed_free lot_decides] | 14 | must say`,
		`16 jingtai 静态交通 | /zld/jingtai/derate | merchId [&&] | [sdk 4g api] | [time] | 14 | as_pushed`,
		`17 weilai 蔚来 | /zld/weilai/deduct | resource_id [] | [sdk 4g api] | ` +
			`[fixed_time fixed_amount fixed_free] | 14 | must say`,
		`18 xiangqianchong 向黔充 | /zld/xiangqianchong/charge | stationId [] | [sdk 4g api] | ` +
			`[time fixed_amount fixed_free lot_decides] | 14 | must say`,
	}
	var got []string
	for _, d := range Builtin() {
		got = append(got, row(d.Info()))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func row(i platform.Info) string {
	var routes []string
	for _, r := range i.Routes {
		routes = append(routes, r.Path+map[platform.RouteKind]string{platform.RouteToken: "!",
			platform.RouteInquiry: "?"}[r.Kind])
	}
	rule := "must say"
	if i.Default != nil {
		rule = string(i.Default.Grant)
		if i.Default.PlusMinutes != 0 {
			rule += fmt.Sprintf("+%d", i.Default.PlusMinutes)
		}
	}
	return fmt.Sprintf("%d %s %s | %s | %s %v | %v | %v | %d | %s", i.Number, i.ID, i.Title, strings.Join(routes, " "),
		i.LotField, i.Separators, i.Kinds, i.Grants, i.FormID, rule)
}

// TestInfoComplete holds what docs, console and validation need of every platform.
func TestInfoComplete(t *testing.T) {
	for _, d := range Builtin() {
		i := d.Info()
		if i.Title == "" || i.English == "" || i.Family == "" || i.Evidence == "" || len(i.Spec) == 0 || len(i.Notes) == 0 {
			t.Errorf("%s: a part of its description is missing", i.ID)
		}
		if i.OwnProfile {
			t.Errorf("%s: is built in", i.ID)
		}
		if i.Issuer == platform.IssuerAccount && len(i.Keys) == 0 && !i.NeedsLock {
			t.Errorf("%s: accounts hold no key", i.ID)
		}
		for _, f := range i.Fields {
			if f.Name == "" || f.Meaning == "" || f.Chinese == "" {
				t.Errorf("%s: field %+v is not described", i.ID, f)
			}
		}
		if i.Default != nil && (i.Default.Combine != charge.CombineBest || i.Default.HoldSeconds != 7200 ||
			i.Default.Target != charge.TargetStay) {
			t.Errorf("%s: default rule %+v", i.ID, *i.Default)
		}
		if _, ok := d.(platform.Doctor); !ok {
			t.Errorf("%s: has no doctor", i.ID)
		}
	}
}

// lvdian is the folder of the made-up platform that docs/add-a-platform.md walks through.
const lvdian = "../../docs/examples/lvdian"

// TestAddAPlatform holds the walk-through: its profile is the one in the folder, and opens the captured push.
func TestAddAPlatform(t *testing.T) {
	page, err := os.ReadFile("../../docs/add-a-platform.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```toml\n"+ownProfile(t)+"```") {
		t.Error("docs/add-a-platform.md prints another profile than the one in docs/examples/lvdian")
	}
	d, err := Load(strings.NewReader(ownProfile(t)), "lvdian.toml")
	if err != nil {
		t.Fatal(err)
	}
	captured, err := os.ReadFile(lvdian + "/captured.http")
	if err != nil {
		t.Fatal(err)
	}
	p, err := doctor.ReadCapture(d.Info(), captured)
	if err != nil {
		t.Fatal(err)
	}
	account := platform.Account{Clock: charge.ClockEnforce, Keys: []platform.Keys{{"sign_key": "8c1f6a0d4b7e9352"}}}
	at := time.Date(2026, 1, 1, 12, 1, 0, 0, charge.Shanghai)
	m, err := d.Open(p, account, at)
	if err != nil {
		t.Fatal(err)
	}
	want := platform.Charge{Order: "LD1767240000", RepeatKey: "LD1767240000", Plate: "京AD06088",
		Lot:     charge.LotID{Union: "200461", Park: "1313"},
		Started: at.Add(-61 * time.Minute), Ended: at.Add(-2 * time.Minute), Energy: 18200, HasEnergy: true, Total: 2130,
		HasTotal: true,
		Ask:      charge.Ask{Method: charge.MethodTime, Minutes: 30},
		Detail:   charge.Detail{Power: "18.20", TotalMoney: "21.30"}}
	if diff := cmp.Diff(want, *m.Charge); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	reply := d.Reply(p, &account, platform.Verdict{Outcome: charge.OutcomeAccepted, Message: &m})
	if want := `{"status":0,"message":"ok"}`; string(reply.Body) != want {
		t.Errorf("answer %s, want %s", reply.Body, want)
	}
	if _, err := d.Open(p, account, at.Add(time.Hour)); err == nil {
		t.Error("an hour later it still opens: the clock is not checked")
	}
	account.Keys[0]["sign_key"] = "8c1f6a0d4b7e9353"
	if _, err := d.Open(p, account, at); err == nil {
		t.Error("opens with another key")
	}
}

// ownProfile is a made-up platform of an operator's own; change replaces parts of it.
func ownProfile(t testing.TB, change ...string) string {
	t.Helper()
	text, err := os.ReadFile(lvdian + "/lvdian.toml")
	if err != nil {
		t.Fatal(err)
	}
	profile := strings.NewReplacer(change...).Replace(string(text))
	if len(change) > 0 && profile == string(text) {
		t.Fatalf("%q is not in the profile", change[0])
	}
	return profile
}

func TestWithFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "lvdian.toml", ownProfile(t))
	write(t, dir, "README.md", "not a profile")
	write(t, dir, ".hidden.toml", "not a profile")
	dialects, err := WithFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	last := dialects[len(dialects)-1].Info()
	if len(dialects) != 19 || last.ID != "lvdian" || !last.OwnProfile || last.Number != 0 ||
		last.FormID != profile.FormOther {
		t.Errorf("%d platforms, the last is %+v", len(dialects), last)
	}
	if dialects, err := WithFolder(""); err != nil || len(dialects) != 18 {
		t.Errorf("without a folder: %d platforms, %v", len(dialects), err)
	}
	if _, err := WithFolder(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there is taken")
	}
}

// TestClashes: an own profile never shadows anybody.
func TestClashes(t *testing.T) {
	const path = `"/own/lvdian/charge"`
	for _, c := range []struct {
		name   string
		change []string
		want   string
	}{
		{"id of a built-in", []string{`id     = "lvdian"`, `id     = "telaidian"`},
			"lvdian.toml:9: id: \"telaidian\" is the built-in platform telaidian already"},
		{"path of a built-in", []string{path, `"/zld/xiaoju/reduce"`},
			"lvdian.toml:21: paths.charge: /zld/xiaoju/reduce belongs to the built-in platform xiaoju already"},
		{"path of a built-in with single slashes", []string{path, `"/zld/hlht/v1/query_token"`},
			"belongs to the built-in platform dakeyun already"},
		{"path of a built-in with more slashes", []string{path, `"/zld//xiaoju//reduce"`},
			"belongs to the built-in platform xiaoju already"},
		{"path of a built-in's path tokens", []string{path, `"/zld/xiaoju/reduce/more"`}, "where path tokens stand"},
		{"path of a car park", []string{path, `"/gate/v1/entry"`}, "is where car parks come in"},
		{"path of a car park, new", []string{path, `"/zld/openservice/charge"`}, "is where car parks come in"},
		{"path twice", []string{path, path + ", " + path}, "belongs to"},
		{"unknown family", []string{`family = "flat"`, `family = "round"`},
			`lvdian.toml:8: family: "round" is no family; there are cec, flat, open13, plain`},
		{"family of one", []string{`family = "flat"`, `family = "open13"`},
			"lvdian.toml:8: family: open13 has one platform, which is built in"},
		{"no TOML", []string{`family = "flat"`, `family = "flat`}, "lvdian.toml:8:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "lvdian.toml", ownProfile(t, c.change...))
			_, err := WithFolder(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
			if _, err := Load(strings.NewReader(ownProfile(t, c.change...)), "lvdian.toml"); err == nil ||
				!strings.Contains(err.Error(), c.want) {
				t.Errorf("Load: error %v, want %q in it", err, c.want)
			}
		})
	}
	dir := t.TempDir()
	write(t, dir, "a.toml", ownProfile(t))
	write(t, dir, "b.toml", ownProfile(t, `"lvdian"`, `"lvdian-2"`))
	if _, err := WithFolder(dir); err == nil ||
		!strings.Contains(err.Error(), "b.toml:21: paths.charge: /own/lvdian/charge belongs to") ||
		!strings.Contains(err.Error(), "a.toml already") {
		t.Errorf("two own profiles with one path: %v", err)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
