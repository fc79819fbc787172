package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/guard"
)

// audited has a book that writes its changes into the audit log, as the gateway's does.
func audited() *fake {
	f := onPages()
	f.book.Audit = func(ctx context.Context, actor, file string, changes estate.Changes) error {
		e := guard.Entry{Actor: actor, Action: "estate.apply", Object: file}
		return f.guard.Audit.Record(ctx, e.Saying(changes.Notes()...))
	}
	return f
}

// applied sends an estate document by the console's page.
func applied(b *browser, doc string) {
	b.t.Helper()
	if a := b.post("/estate/import", url.Values{"step": {"apply"},
		"text": {doc}}); a.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("%d %s", a.StatusCode, a.body)
	}
}

var detailLink = regexp.MustCompile(`/audit/\d+/detail\.txt`)

// What changed in the estate stands in the audit log by code: its page and its files say it in the reader's language,
// with what somebody typed as it is. The API says it in English. What an older release stored is shown as it stands.
func TestEstateChangesInTheAudit(t *testing.T) {
	f := audited()
	b := as(t, f, guard.RoleAdmin)
	applied(b, `version: 1
vendors: [{union_id: "200461", name: fixed, open_interface: true}]
lots: [{lot: "200461/1399", name: "live, name on", kind: 4g, ckey: typed-secret-key,
  tariff: {unit_minutes: 60, unit_price: "5.00"}}]
accounts: [{account: teld-main, keys: {sig_secret: another-secret}, state: "off"}]
bindings: [{account: teld-main, lot: "200461/1313", mode: live, rule: {grant: fixed, minutes: 30}}]`)
	for lang, want := range map[string][]string{
		"zh": {"厂商 200461：名称“Vendor One” → “fixed”",
			"厂商 200461：开放接口 13（令狐）设为“是”", "新增车场 200461/1399", "· 名称：live, name on",
			"· 类型：4G 云端计费", "· 车场密钥：••••", "· 计费规则：{计费单元（分钟） 60, 单元价格（元） 5.00", "平台账号 teld-main：密钥 · sig_secret 已更换",
			"状态设为“停用”", "对接 teld-main@200461/1313：模式“试运行” → “正式”", "减免方式 固定减免, 减免分钟 30"},
		"en": {"vendor 200461: name Vendor One → fixed", "vendor 200461: open_interface set to true", "lot 200461/1399: new",
			"· name: live, name on", "· kind: 4g", "account teld-main: keys.sig_secret changed",
			"binding teld-main@200461/1313: mode shadow → live", "rule version 2 set to {grant fixed, minutes 30"},
	} {
		b.get("/?lang=" + lang)
		page := b.get("/audit?action=estate.apply")
		link := detailLink.FindString(page.body)
		for path, a := range map[string]answer{"the page": page, "the file": b.get(link),
			"the list as a file": b.get("/audit/audit.csv?action=estate.apply")} {
			for _, text := range want {
				if !strings.Contains(a.body, text) {
					t.Errorf("%s, %s lacks %q: %s", lang, path, text, a.body)
				}
			}
			if strings.Contains(a.body, "#estate.") || strings.Contains(a.body, "another-secret") {
				t.Errorf("%s, %s shows a code or a secret", lang, path)
			}
		}
		checkPage(t, "/audit", lang, page)
	}
	w := call(t, f, "admin", "GET", "/api/v1/audit?action=estate.apply", "")
	if !strings.Contains(w.Body.String(), `vendor 200461: name Vendor One → fixed\nvendor 200461: open_interface`) {
		t.Errorf("the API: %s", w.Body)
	}
	const old = "lot 200461/1: name one → two"
	if err := f.guard.Audit.Record(t.Context(), guard.Entry{Actor: "li", Action: "estate.apply", Object: "estate",
		Detail: old}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/audit?lang=zh", "/audit", "/audit/audit.csv"} {
		if a := b.get(path); a.StatusCode == http.StatusOK && !strings.Contains(a.body, old) {
			t.Errorf("%s: what an older release stored is gone: %s", path, a.body)
		}
	}
}

// The log's page shows the beginning of a long change, whole sentences as far as they were read, and leads to the rest.
func TestLongEstateChangesInTheAudit(t *testing.T) {
	f := audited()
	b := as(t, f, guard.RoleAdmin)
	var doc strings.Builder
	doc.WriteString("version: 1\nlots:\n")
	for i := range 500 {
		fmt.Fprintf(&doc, "  - {lot: \"200461/9%04d\", name: 第 %d 号停车场, kind: sdk, ckey: \"never-shown-ckey-%d\"}\n", i, i, i)
	}
	applied(b, doc.String())
	page := b.get("/audit?action=estate.apply")
	_, entry, _ := strings.Cut(page.body, "<details>")
	entry, _, _ = strings.Cut(entry, "</details>")
	for _, want := range []string{"新增车场 200461/90000 …", "· 名称：第 0 号停车场", "…</p>", "下载全文"} {
		if !strings.Contains(entry, want) {
			t.Errorf("the page lacks %q: %s", want, entry)
		}
	}
	if strings.Contains(entry, "#estate") || strings.Contains(entry, "旧记录") || len(page.body) > 100<<10 {
		t.Errorf("the page of %d bytes: %s", len(page.body), entry)
	}
	if a := b.get(detailLink.FindString(page.body)); !strings.Contains(a.body, "· 名称：第 499 号停车场") {
		t.Error("the file has not all of it")
	}
}

// A binding that goes live before its lot's checklist is complete is warned of, by the form, by a file and by the API,
// and refused by none: a file is its operator's word.
func TestGoingLiveEarlyIsWarnedOf(t *testing.T) {
	const doc = "version: 1\nbindings: [{account: teld-main, lot: \"200461/1313\", mode: live}]\n"
	const fresh = "version: 1\nlots: [{lot: \"200461/1400\", name: New, kind: sdk, ckey: a-lot-key-5512345}]\n" +
		"bindings: [{account: teld-main, lot: \"200461/1400\", mode: live, rule: {grant: as_pushed}}]\n"
	const zh, en = "接入清单还没有全亮；还没有收到过推送", "the lot's checklist is not complete; no push has come yet"
	f := onPages()
	f.charge.Account = "another" // whose push turns no lamp on
	b := as(t, f, guard.RoleAdmin)
	if a := b.post("/estate/import", url.Values{"step": {"preview"}, "text": {doc}}); !strings.Contains(a.body, zh) {
		t.Errorf("the file's page: %s", a.body)
	}
	if a := b.post("/estate/binding/edit?id=teld-main@200461/1313", url.Values{"account": {"teld-main"},
		"lot": {"200461/1313"}, "mode": {"live"}, "rule.grant": {"as_pushed"},
		"step": {"preview"}}); !strings.Contains(a.body, zh) {
		t.Errorf("the binding's form: %s", a.body)
	}
	if w := call(t, f, "admin", "POST", "/api/v1/estate?dry_run=true", fresh); strings.Contains(w.Body.String(), en) {
		t.Errorf("a lot that comes with the same file is warned of: %s", w.Body)
	}
	w := call(t, f, "admin", "POST", "/api/v1/estate", doc)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), en) || !strings.Contains(w.Body.String(), zh) {
		t.Errorf("the API: %d %s", w.Code, w.Body)
	}
	if w := call(t, f, "admin", "POST", "/api/v1/estate", doc); strings.Contains(w.Body.String(), en) {
		t.Errorf("where nothing changes: %s", w.Body)
	}
	w = call(t, onPages(), "admin", "POST", "/api/v1/estate?dry_run=true", doc)
	if strings.Contains(w.Body.String(), "checklist") {
		t.Errorf("each lamp is on: %s", w.Body)
	}
}

// What the warning is worked out from cannot be read: the document counts, and its answer says so.
func TestAppliedWithoutItsWarning(t *testing.T) {
	f := onPages()
	f.fail = errors.New("away")
	w := call(t, f, "admin", "POST", "/api/v1/estate",
		"version: 1\nbindings: [{account: teld-main, lot: \"200461/1313\", mode: live}]\n")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"to":"live"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	b, _ := f.book.State().Binding("teld-main", charge.LotID{Union: "200461", Park: "1313"})
	if b.Mode != charge.ModeLive {
		t.Errorf("the binding is %s", b.Mode)
	}
}

// Sign-ins, the doctor and links say in the page's language what they did.
func TestDetailsOfTheAuditAreTranslated(t *testing.T) {
	f := audited()
	b := as(t, f, guard.RoleAdmin)
	for _, e := range []guard.Entry{
		guard.Entry{Action: "session.begin"}.Saying(charge.Say("signin.from", charge.Text("remote", "192.0.2.7"))),
		guard.Entry{Action: "session.refused"}.Saying(charge.Say("signin.wrong"),
			charge.Say("signin.more", charge.Count("n", 3))),
		guard.Entry{Action: "doctor.check"}.Saying(charge.Say("doctor.body", charge.Count("bytes", 93),
			charge.Text("digest", "0011223344556677"))),
		{Action: "lot.pause", Detail: "#signin.wrong"}, // somebody typed it
	} {
		e.Actor, e.Object = "user:li", "x"
		if err := f.guard.Audit.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for lang, want := range map[string][]string{
		"zh": {"来自 192.0.2.7", "用户名、密码或验证码不对", "自上一条起另有 3 次被拒绝", "93 字节，sha256 0011223344556677", "#signin.wrong"},
		"en": {"from 192.0.2.7", "wrong name, password or code", "3 more were refused", "93 bytes, sha256", "#signin.wrong"},
	} {
		page := b.get("/audit?lang=" + lang)
		if page.StatusCode == http.StatusSeeOther {
			page = b.get("/audit")
		}
		for _, text := range want {
			if !strings.Contains(page.body, text) {
				t.Errorf("%s lacks %q: %s", lang, text, page.body)
			}
		}
	}
}
