package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

func TestActSaysItsEffectFirst(t *testing.T) {
	f := newFake()
	b := as(t, f, guard.RoleSupport)
	if a := b.get("/charges/7001/void"); !strings.Contains(a.body, "下发 30 分钟到车场") || len(f.done) != 0 {
		t.Errorf("no effect is said: %s", a.body)
	}
	if a := b.post("/charges/7001/void",
		url.Values{"step": {"do"}, "reason": {" "}}); a.StatusCode != http.StatusUnprocessableEntity ||
		!strings.Contains(a.body, "请填写原因") || len(f.done) != 0 {
		t.Errorf("no reason: %d, did %v", a.StatusCode, f.done)
	}
	a := b.post("/charges/7001/void", url.Values{"step": {"do"}, "reason": {"wrong car"}})
	if a.Header.Get("Location") != "/charges/7001" || fmt.Sprint(f.done) != "[void by user:support: wrong car]" {
		t.Errorf("leads to %q, did %v", a.Header.Get("Location"), f.done)
	}
	if a := b.get("/charges/7001"); !strings.Contains(a.body, "下发 30 分钟到车场") {
		t.Error("nothing says that it was done")
	}
	if a := b.get("/charges/7001"); strings.Contains(a.body, "下发 30 分钟到车场") {
		t.Error("it is said twice")
	}
}

// While a rule is typed, a part of its form says it as a sentence, what is wrong in the words of the form, and what the
// rule would have come to; nothing is applied.
func TestRuleIsSaidWhileItIsTyped(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleAdmin)
	const form = "/estate/binding/edit?id=teld-main@200461/1313"
	if a := b.get(form); !strings.Contains(a.body, `hx-trigger="change from:closest form`) ||
		!strings.Contains(a.body, "按推送的要求减免") {
		t.Errorf("the form does not say its rule: %s", a.body)
	}
	typed := func(values url.Values) answer {
		values.Set("account", "teld-main")
		values.Set("lot", "200461/1313")
		values.Set("csrf", hidden(b.get(form).body, "csrf"))
		r, err := http.NewRequest(http.MethodPost, b.base+form, strings.NewReader(values.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("HX-Request", "true")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return b.do(r)
	}
	a := typed(url.Values{"mode": {"live"}, "rule.grant": {"fixed"}, "rule.minutes": {"45"}, "step": {"preview"}})
	if a.StatusCode != http.StatusOK || strings.Contains(a.body, "<html") || !strings.Contains(a.body, "减 45 分钟") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	a = typed(url.Values{"mode": {"live"}, "rule.grant": {"fixed"}, "rule.minutes": {"many"}, "step": {"preview"}})
	if !strings.Contains(a.body, "减免分钟") || !strings.Contains(a.body, `class="wrong"`) {
		t.Errorf("what is wrong: %s", a.body)
	}
	if rules := f.book.State().Bindings()[0].Rules; len(rules) > 1 {
		t.Errorf("typing has changed the rule: %+v", rules)
	}
}

func TestEstateForm(t *testing.T) {
	f := newFake()
	b := as(t, f, guard.RoleAdmin)
	form := url.Values{"lot": {"200461/1399"}, "name": {"二号场"}, "kind": {"4g"}, "ckey": {"typed-secret-key"},
		"tariff.unit_minutes": {"sixty"}, "step": {"preview"}}
	a := b.post("/estate/lot/new", form)
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="wrong-tariff-unit_minutes"`) ||
		!strings.Contains(a.body, `value="sixty"`) || !strings.Contains(a.body, `value="二号场"`) {
		t.Fatalf("a wrong number: %d %s", a.StatusCode, a.body)
	}
	kept := regexp.MustCompile(`name="kept" value="([^"]+)"`)
	form.Set("kept", kept.FindStringSubmatch(a.body)[1])
	form.Set("tariff.unit_minutes", "60")
	form.Set("tariff.unit_price", "5.00")
	form.Del("ckey")
	a = b.post("/estate/lot/new", form)
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "将要更改") || !strings.Contains(a.body, "车场 200461/1399") ||
		strings.Contains(a.body, "typed-secret-key") {
		t.Fatalf("the preview: %d %s", a.StatusCode, a.body)
	}
	if _, _, found := f.book.State().Lot(charge.LotID{Union: "200461", Park: "1399"}); found {
		t.Fatal("a preview has changed the estate")
	}
	form.Set("kept", kept.FindStringSubmatch(a.body)[1])
	form.Set("step", "apply")
	if a = b.post("/estate/lot/new", form); !strings.HasPrefix(a.Header.Get("Location"), "/lots/200461/1399/setup?key=") {
		t.Fatalf("applying: %d %s", a.StatusCode, a.body)
	}
	l, _, found := f.book.State().Lot(charge.LotID{Union: "200461", Park: "1399"})
	if !found || l.Ckey.Reveal() != "typed-secret-key" || l.Tariff == nil || l.Tariff.UnitPrice != 500 {
		t.Errorf("the lot is %+v", l)
	}

	// A change leaves alone what the form does not say.
	form = url.Values{"name": {"三号场"}, "kept": {form.Get("kept")}, "step": {"apply"}}
	if a = b.post("/estate/lot/edit?id=200461/1313", form); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("changing: %d %s", a.StatusCode, a.body)
	}
	if l, _, _ := f.book.State().Lot(theLot); l.Name != "三号场" || l.Kind != charge.KindSDK {
		t.Errorf("the lot is %+v", l)
	}
}

// TestChangesInChinese wants what a change says of the estate's own in the page's language, and what somebody typed as
// it is.
func TestChangesInChinese(t *testing.T) {
	b := as(t, newFake(), guard.RoleAdmin)
	form := url.Values{"step": {"preview"}, "text": {`version: 1
vendors: [{union_id: "200461", name: fixed, open_interface: true}]
lots: [{lot: "200461/1399", name: "live, name on", kind: 4g, ckey: typed-secret-key,
  tariff: {unit_minutes: 60, unit_price: "5.00"}}]
accounts: [{account: teld-main, keys: {sig_secret: another-secret}, state: "off"}]
bindings: [{account: teld-main, lot: "200461/1313", mode: live, rule: {grant: fixed, minutes: 30}}]`}}
	a := b.post("/estate/import", form)
	for _, want := range []string{
		"<strong>厂商 200461</strong>", "<code>名称</code>", "<ins>fixed</ins>", "<code>开放接口 13（令狐）</code>  <ins>是</ins>",
		"<strong>车场 200461/1399</strong>", "名称 live, name on, 类型 4G 云端计费, 车场密钥 ••••", "计费规则 {计费单元（分钟） 60, 单元价格（元） 5.00",
		"<code>密钥 · sig_secret</code>", "<code>状态</code>  <ins>停用</ins>",
		"<strong>对接 teld-main@200461/1313</strong>", "<ins>正式</ins>", "<code>减免规则版本 2</code>", "减免方式 固定减免, 减免分钟 30",
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("%d, the change list does not say %q", a.StatusCode, want)
		}
	}
}

// TestRuleForm writes every kind of rule field into a form, and what is stored is what was written; the form offers
// what the platform and an SDK lot can do, and no more.
func TestRuleForm(t *testing.T) {
	f := newFake()
	b := as(t, f, guard.RoleAdmin)
	const path = "/estate/binding/edit?id=teld-main@200461/1313"
	page := b.get(path).body
	for _, want := range []string{`name="rule.lock.for"`, `name="rule.per_day.times"`, `name="rule.steps[0].from_kwh"`,
		`name="rule.plates.temporary"`, ">阶梯减免<", ">本车场<", ">不减免<", "1 到 527040 的整数", "如 30m、4h"} {
		if !strings.Contains(page, want) {
			t.Errorf("the form does not hold %s", want)
		}
	}
	for _, not := range []string{`name="rule.takes"`, `name="rule.leave_within"`, `name="rule.target"`, `name="rule.free"`,
		">由车场决定<", "（默认）</option><option value=\"as_pushed\""} {
		if strings.Contains(page, not) {
			t.Errorf("the form holds %s, which this platform and lot cannot do", not)
		}
	}
	form := url.Values{"mode": {"shadow"}, "rule.grant": {"charge_time"}, "rule.plus_minutes": {"60"},
		"rule.cap_charge_minutes": {"120"}, "rule.min_fee": {"5.00"}, "rule.cap_minutes": {"180"}, "rule.combine": {"best"},
		"rule.hold": {"1h"}, "rule.plates.temporary": {"false"}, "rule.only_chargers": {"B1\nB2"},
		"rule.per_day.times": {"1"}, "rule.per_day.per": {"vendor"}, "rule.lock.for": {"4h"}, "rule.lock.per": {"lot"},
		"step": {"preview"}}
	a := b.post(path, form)
	const says = "减去充电时长，再加 60 分钟；充电时长最多计 120 分钟；充电费不足 5.00 元的不减；只减在 B1, B2 的充电；临时车牌和无牌车不减；" +
		"每次停车最多减 180 分钟；"
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, says) || !strings.Contains(a.body, `id="backtest"`) {
		t.Fatalf("the preview: %d %s", a.StatusCode, a.body)
	}
	form.Set("step", "apply")
	if a = b.post(path, form); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("applying: %d %s", a.StatusCode, a.body)
	}
	bound, _ := f.book.State().Binding("teld-main", theLot)
	want := charge.Rule{Version: 2, Grant: charge.GrantChargeTime, PlusMinutes: 60, CapChargeMinutes: 120, MinFee: 500,
		CapMinutes: 180, Combine: charge.CombineBest, HoldSeconds: 3600, Target: charge.TargetStay, NoTemporary: true,
		OnlyChargers: []string{"B1", "B2"}, PerDay: charge.PerDay{Times: 1, Per: charge.ReachVendor},
		Lock: charge.Lock{Seconds: 4 * 3600}}
	if got := bound.Rules[len(bound.Rules)-1]; !reflect.DeepEqual(got, want) {
		t.Errorf("the rule is %+v, want %+v", got, want)
	}
	if page = b.get(path).body; !strings.Contains(page, `<option value="false" selected>`) {
		t.Error("the form does not show that temporary plates get nothing")
	}
	if page = b.get("/bindings/teld-main/200461/1313").body; !strings.Contains(page, says) {
		t.Errorf("the binding's page does not say the rule: %s", page)
	}
}

// TestRuleFormErrors wants everything that is wrong beside its field at once, in words of the form.
func TestRuleFormErrors(t *testing.T) {
	b := as(t, newFake(), guard.RoleAdmin)
	const path = "/estate/binding/edit?id=teld-main@200461/1313"
	form := url.Values{"rule.grant": {"steps"}, "rule.minutes": {"30"}, "rule.steps[0].from_minutes": {"60"},
		"rule.steps[0].minutes": {"60"}, "rule.steps[1].from_minutes": {"30"}, "rule.steps[1].minutes": {"30"},
		"rule.lock.for": {"four hours"}, "rule.per_day.amount": {"5.00"}, "step": {"preview"}}
	a := b.post(path, form)
	if a.StatusCode != http.StatusUnprocessableEntity {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	for field, says := range map[string]string{
		"rule-minutes": "仅用于 “减免方式” “固定减免”", "rule-steps-1-from_minutes": "不高于前一级",
		"rule-lock-for": "不超过 168h 的时长", "rule-per_day-amount": "限制的是 “减免金额（元）”",
	} {
		_, after, found := strings.Cut(a.body, `id="wrong-`+field+`"`)
		if said, _, _ := strings.Cut(after, "</p>"); !found || !strings.Contains(said, says) {
			t.Errorf("beside %s stands %q, want %q", field, said, says)
		}
	}
}

func TestKeyRotation(t *testing.T) {
	f := newFake()
	b := as(t, f, guard.RoleAdmin)
	form := url.Values{"platform": {"telaidian"}, "scope": {"platform"}, "keys.operator_id": {"OP"},
		"keys.sig_secret": {"the-new-secret"},
		"old_keys.until":  {"2026-04-01T00:00"}, "step": {"apply"}}
	if a := b.post("/estate/account/edit?id=teld-main", form); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	acc, _ := f.book.State().Account("teld-main")
	if acc.Keys["sig_secret"].Reveal() != "the-new-secret" || acc.OldKeys["sig_secret"].Reveal() != "never-shown-sig" ||
		!acc.OldUntil.Equal(time.Date(2026, 4, 1, 0, 0, 0, 0, charge.Shanghai)) {
		t.Errorf("keys %v, old %v until %v", acc.Keys["sig_secret"].Reveal(), acc.OldKeys["sig_secret"].Reveal(),
			acc.OldUntil)
	}
	if _, both := acc.OldKeys["operator_id"]; both {
		t.Error("a key that was not changed has a former one")
	}
}

// TestHandoverWithoutPublicAddress wants no made-up address where none is configured: the console's own is another
// listener's, so the page says which setting is missing, in both languages.
func TestHandoverWithoutPublicAddress(t *testing.T) {
	f := newFake()
	f.hidden = true
	b := as(t, f, guard.RoleAdmin)
	for lang, says := range map[string]string{"zh": "还不知道本网关的公网地址",
		"en": "This gateway&#39;s public address is not known"} {
		b.get("/?lang=" + lang)
		page := b.get("/bindings/teld-main/200461/1313").body
		for _, want := range []string{says, "http.url", "CHARGESTAMP_HTTP_URL", "docs/config.md",
			">/zld/telaidian/query_token</code>"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page does not say %q", lang, want)
			}
		}
	}
}

func TestShadowToLive(t *testing.T) {
	f := newFake()
	b := as(t, f, guard.RoleAdmin)
	page := b.get("/bindings/teld-main/200461/1313")
	for _, want := range []string{"试运行对比", "https://push.example/zld/telaidian/query_token", "200461&amp;&amp;1313",
		"ParkID", "OperatorID", "协议是推定的"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the binding's page does not say %q", want)
		}
	}
	push := url.Values{"plate": {"京A12345"}, "once": {"a form's own mark"}}
	for range 2 { // the second time is a double click
		if a := b.follow(b.post("/bindings/teld-main/200461/1313/test", push)); a.StatusCode != http.StatusOK ||
			!strings.Contains(a.body, "/charges/7001") ||
			!strings.Contains(a.body, "车已离场，实际减免 30 分钟") {
			t.Errorf("the test push: %d", a.StatusCode)
		}
	}
	if len(f.done) != 1 {
		t.Errorf("a form that was sent twice did %q", f.done)
	}
	if a := b.get("/bindings/teld-main/200461/1313/mode?to=live"); !strings.Contains(a.body, "<ins>正式</ins>") {
		t.Errorf("no difference is shown: %s", a.body)
	}
	if a := b.post("/bindings/teld-main/200461/1313/mode",
		url.Values{"to": {"live"}}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("going live: %d %s", a.StatusCode, a.body)
	}
	if got, _ := f.book.State().Binding("teld-main", theLot); got.Mode != charge.ModeLive {
		t.Errorf("the binding is %s", got.Mode)
	}
}

func TestImport(t *testing.T) {
	f := newFake()
	b := as(t, f, guard.RoleAdmin)
	a := b.post("/estate/import",
		url.Values{"text": {"version: 1\nlots:\n  - {lot: \"200461/1400\", kind: sdk, colour: red}\n"}})
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "line 3") ||
		!strings.Contains(a.body, "colour") {
		t.Errorf("a wrong file: %d %s", a.StatusCode, a.body)
	}
	text := "version: 1\nlots:\n  - {lot: \"200461/1400\", kind: sdk}\n"
	if a = b.post("/estate/import", url.Values{"text": {text}, "step": {"preview"}}); a.StatusCode != http.StatusOK ||
		!strings.Contains(a.body, "车场 200461/1400") {
		t.Errorf("the preview: %d %s", a.StatusCode, a.body)
	}
	if a = b.post("/estate/import", url.Values{"text": {text}, "step": {"apply"}}); a.Header.Get("Location") != "/estate" {
		t.Errorf("applying: %d %s", a.StatusCode, a.body)
	}
	a = b.get("/estate/export")
	if !strings.Contains(a.body, "200461/1400") || strings.Contains(a.body, "never-shown") ||
		!strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the export: %s", a.body)
	}
	// What was downloaded is imported again, and changes nothing.
	a = b.post("/estate/import", url.Values{"text": {a.body}, "step": {"preview"}})
	if !strings.Contains(a.body, "没有任何变化") {
		t.Errorf("the export, imported: %d %s", a.StatusCode, a.body)
	}
	if a = b.get("/estate/export?secrets=placeholders"); !strings.Contains(a.body, "env: ") {
		t.Errorf("with placeholders: %s", a.body)
	}
}

// What a webhook has not taken is shown with why, and one press sends it again.
func TestResendWebhook(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleAdmin)
	a := b.get("/alerts")
	for _, want := range []string{"erp", "接收方应答 HTTP 502", "/webhooks/erp/resend", "正常"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the page lacks %q: %s", want, a.body)
		}
	}
	if strings.Contains(a.body, "/webhooks/bi/resend") {
		t.Error("nothing waits for bi, and it can be sent")
	}
	a = b.follow(b.post("/webhooks/erp/resend", url.Values{}))
	if !strings.Contains(a.body, "正在重发 3 条") || len(f.done) != 1 || f.done[0] != "resend erp" {
		t.Errorf("%d, did %v", a.StatusCode, f.done)
	}
	if a = b.post("/webhooks/none/resend", url.Values{}); a.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown webhook: %d", a.StatusCode)
	}
}

func TestTestAlert(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleAdmin)
	a := b.follow(b.post("/alerts/test", url.Values{"name": {"duty"}}))
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "nobody answers") || strings.Contains(a.body, "k3y") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}
