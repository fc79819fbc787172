package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/guard"
)

// A link shows one push to its holder: masked, without a sign-in, to no search engine, until it is ended.
func TestPartnersLink(t *testing.T) {
	f := onPages()
	f.push.Charge, f.push.Outcome, f.push.Reason, f.push.Plate = 0, charge.OutcomeBadSignature,
		charge.Notes{charge.Say("push.unsigned", charge.Text("field", "sign"))},
		"京AD06088"
	b := as(t, f, guard.RoleSupport)
	made := b.follow(b.post("/pushes/31/share", url.Values{"days": {"7"}}))
	path := regexp.MustCompile(`/p/([A-Z2-7]{26})`).FindString(made.body)
	if path == "" {
		t.Fatalf("no link is shown: %s", made.body)
	}
	if again := b.get("/pushes/31"); strings.Contains(again.body, path) {
		t.Error("the link is shown a second time")
	}
	stranger := open(t, f)
	a := stranger.get(path)
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "签名错误") || !strings.Contains(a.body, "签名：不通过") {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	if strings.Contains(a.body, "AD06088") || strings.Contains(a.body, "tok3n") ||
		strings.Contains(a.body, `method="post"`) {
		t.Errorf("the page shows too much: %s", a.body)
	}
	if a.Header.Get("X-Robots-Tag") != "noindex, nofollow, noarchive" ||
		a.Header.Get("Referrer-Policy") != "no-referrer" || len(a.Cookies()) != 0 {
		t.Errorf("headers: %v", a.Header)
	}
	checkPage(t, path, "zh", a)
	if a := stranger.get("/pushes/31"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the link opens another page: %d", a.StatusCode)
	}
	if a := stranger.get("/p/AAAAAAAAAAAAAAAAAAAAAAAAAA"); a.StatusCode != http.StatusNotFound {
		t.Errorf("an invented token: %d", a.StatusCode)
	}
	if a := as(t, f, guard.RoleAdmin).get("/audit"); !strings.Contains(a.body, "链接被查看") ||
		strings.Contains(a.body, path[3:]) {
		t.Error("a look is no line of the audit log, or the log holds the token")
	}
	revoke := regexp.MustCompile(`/shares/[0-9a-f]{32}/revoke`).FindString(b.get("/pushes/31").body)
	if a := b.post(revoke, url.Values{}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("ending it: %d", a.StatusCode)
	}
	if a := stranger.get(path); a.StatusCode != http.StatusNotFound {
		t.Errorf("after its end: %d", a.StatusCode)
	}
	for _, days := range []string{"0", "31", "x"} {
		if a := b.post("/pushes/31/share", url.Values{"days": {days}}); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s days: %d", days, a.StatusCode)
		}
	}
	if a := as(t, f, guard.RoleViewer).post("/pushes/31/share",
		url.Values{"days": {"7"}}); a.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer: %d", a.StatusCode)
	}
}

// A plate that stands in our answer is masked for the holder of a link, as all of the page is.
func TestPartnersLinkMasksOurAnswer(t *testing.T) {
	f := onPages()
	f.push.Reply = []byte(`{"errmsg":"京AD06088 is not in the lot"}`)
	b := as(t, f, guard.RoleSupport)
	path := sharedPath(t, b.follow(b.post("/pushes/31/share", url.Values{"days": {"1"}})))
	if a := open(t, f).get(path); a.StatusCode != http.StatusOK || strings.Contains(a.body, "AD06088") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// Who has a link, or tries to guess one, has the doctor at work a few times a second and no more; one look costs one
// look-up, however many links there are, and those that were over long ago are forgotten.
func TestSecurityLooksAtLinksAreBounded(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleSupport)
	path := sharedPath(t, b.follow(b.post("/pushes/31/share", url.Values{"days": {"1"}})))
	stranger, seen := open(t, f), map[int]int{}
	for range 20 {
		seen[stranger.get(path).StatusCode]++
	}
	if seen[http.StatusOK] != 5 || seen[http.StatusTooManyRequests] != 15 {
		t.Errorf("twenty looks within a moment: %v", seen)
	}
	for i := range 3 {
		f.memory.docs["share"][fmt.Sprint("old", i)] = fmt.Appendf(nil, `{"push":"31","until":%q}`,
			now.Add(-31*24*time.Hour).Format(time.RFC3339))
	}
	b.post("/pushes/31/share", url.Values{"days": {"1"}})
	if n := len(f.memory.docs["share"]); n != 2 {
		t.Errorf("%d links are kept, want 2", n)
	}
}

// sharedPath is the link that a page shows after it was made.
func sharedPath(t *testing.T, a answer) string {
	t.Helper()
	path := regexp.MustCompile(`/p/[A-Z2-7]{26}`).FindString(a.body)
	if path == "" {
		t.Fatalf("no link is shown: %s", a.body)
	}
	return path
}

// A link to a binding shows its holder where to push, and what was refused and why: masked, without a sign-in, until it
// is ended.
func TestPartnersLinkToABinding(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleSupport)
	const binding = "/bindings/teld-main/200461/1313"
	path := sharedPath(t, b.follow(b.post(binding+"/share", url.Values{"days": {"7"}})))
	stranger := open(t, f)
	for lang, wants := range map[string][]string{
		"zh": {"https://push.example/zld/telaidian/query_token", "200461&amp;&amp;1313", "签名错误", "签名：不通过", "最近一次接收的推送"},
		"en": {"https://push.example/zld/telaidian/query_token", "bad signature", "Last push accepted"},
	} {
		stranger.get(path + "?lang=" + lang)
		a := stranger.get(path)
		for _, want := range wants {
			if !strings.Contains(a.body, want) {
				t.Errorf("%s: the page lacks %q", lang, want)
			}
		}
		if strings.Contains(a.body, "never-shown") || strings.Contains(a.body, `method="post"`) ||
			strings.Contains(a.body, `href="/bindings`) || a.Header.Get("X-Robots-Tag") != "noindex, nofollow, noarchive" ||
			a.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("the page shows too much, or to too many: %v %s", a.Header, a.body)
		}
		checkPage(t, path, lang, a)
	}
	if a := stranger.get(binding); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the link opens another page: %d", a.StatusCode)
	}
	if a := as(t, f, guard.RoleAdmin).get("/audit?action=binding.shared_view"); !strings.Contains(a.body, "链接被查看") ||
		!strings.Contains(a.body, `href="`+binding+`"`) || strings.Contains(a.body, path[3:]) {
		t.Errorf("a look is no line of the audit log, or the log holds the token: %s", a.body)
	}
	revoke := regexp.MustCompile(`/shares/[0-9a-f]{32}/revoke`).FindString(b.get(binding).body)
	if a := b.post(revoke, url.Values{}); a.Header.Get("Location") != binding {
		t.Fatalf("ending it: %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	if a := stranger.get(path); a.StatusCode != http.StatusNotFound {
		t.Errorf("after its end: %d", a.StatusCode)
	}
	if a := b.post("/bindings/teld-main/200461/9999/share",
		url.Values{"days": {"7"}}); a.StatusCode != http.StatusNotFound {
		t.Errorf("a link to no binding: %d", a.StatusCode)
	}
	viewer := as(t, f, guard.RoleViewer)
	if a := viewer.post(binding+"/share", url.Values{"days": {"7"}}); a.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer: %d", a.StatusCode)
	}
}

// A lot's checklist says what is done and what is missing, and so does going live.
func TestSetUpChecklist(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleAdmin)
	a := b.get("/lots/200461/1313/setup")
	for _, want := range []string{"厂商已登记", "长连接登录过", "收到过入场", "收到过推送", "按推送的要求减免；", "mode?to=live",
		"/lots/200461/1313/sheet"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the checklist does not say %q", want)
		}
	}
	if a := b.get("/lots/200461/1313/sheet"); !strings.Contains(a.body, "push.example:6700") ||
		strings.Contains(a.body, "never-shown") {
		t.Errorf("the sheet: %s", a.body)
	}
	f.many = -1 // no entry and no push has come
	if a := b.get("/lots/200461/1313/setup"); !strings.Contains(a.body, "转正式前还差：") ||
		strings.Contains(a.body, "mode?to=live") {
		t.Error("a lot without a push may go live")
	}
	mode := "/bindings/teld-main/200461/1313/mode"
	if a := b.get(mode + "?to=live"); !strings.Contains(a.body, "转正式前还差：") || strings.Contains(a.body, "确认切换") {
		t.Error("going live does not say what is missing, or is offered")
	}
	if a := b.post(mode, url.Values{"to": {"live"}}); a.StatusCode != http.StatusConflict ||
		!strings.Contains(a.body, "收到过推送") || f.book.State().Bindings()[0].Mode == charge.ModeLive {
		t.Errorf("it goes live without a push: %d", a.StatusCode)
	}
	r, err := http.NewRequest(http.MethodGet, b.base+"/lots/200461/1313/setup", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("HX-Request", "true")
	if a := b.do(r); strings.Contains(a.body, "<html") || !strings.Contains(a.body, "收到过推送") {
		t.Errorf("the part that renews itself: %s", a.body)
	}
}

// A push that an account sent for another lot turns no lamp of this one on.
func TestSetUpWaitsForAPushOfThisLot(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleAdmin)
	f.charge.Account, f.charge.Received = "another", now
	if a := b.get("/lots/200461/1313/setup"); !strings.Contains(a.body, "转正式前还差：") ||
		f.page.Lot != theLot || f.page.Platform != "telaidian" {
		t.Errorf("looked for %+v: %s", f.page, a.body)
	}
}

// The key that was typed for a lot stands on its sheet once, for the person who typed it.
func TestSheetShowsANewKeyOnce(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleAdmin)
	const key = "typed-for-the-sheet"
	a := b.post("/estate/lot/new", url.Values{"lot": {"200461/1500"}, "name": {"新场"}, "kind": {"sdk"}, "ckey": {key},
		"step": {"create"}})
	setup := b.follow(a)
	link := regexp.MustCompile(`/lots/200461/1500/sheet\?key=[A-Z2-7]+`).FindString(setup.body)
	if link == "" || strings.Contains(setup.body, key) {
		t.Fatalf("%d %s", a.StatusCode, setup.body)
	}
	if a := as(t, f, guard.RoleSupport).get(link); strings.Contains(a.body, key) {
		t.Error("another person reads the key")
	}
	if a := b.get("/lots/200461/1313/sheet" + link[strings.Index(link, "?"):]); strings.Contains(a.body, key) {
		t.Error("the key stands on another lot's sheet")
	}
	if a := b.get(link); !strings.Contains(a.body, key) {
		t.Errorf("the sheet: %s", a.body)
	}
	if a := b.get(link); strings.Contains(a.body, key) {
		t.Error("the key is shown twice")
	}
	a = b.post("/estate/lot/edit?id=200461/1500", url.Values{"lot": {"200461/1500"}, "name": {"新场"}, "kind": {"sdk"},
		"ckey": {"another-typed-key"}, "step": {"apply"}})
	if a := b.follow(a); !strings.Contains(a.body, "another-typed-key") {
		t.Errorf("a key that was changed is not on the sheet: %s", a.body)
	}
}

// The set-up and the sheet of a lot ask its kind: whose key signs, and which interfaces it calls.
func TestSetUpAsksTheKind(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleAdmin)
	doc, err := estate.Parse("lots.yaml", []byte(`version: 1
lots:
  - {lot: "200461/1401", name: 回调场, kind: api, callback: "https://lot.example/bolink"}
  - {lot: "200461/1402", name: 道闸场, kind: 4g, ckey: never-shown-ckey, tariff: {unit_minutes: 60, unit_price: "5.00"}}
  - {lot: "200461/1403", name: 优惠券场, kind: coupon, target: cloud,
      keys: {secret: never-shown-key}, address: "https://cloud.example"}
`), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.book.Apply(t.Context(), doc, "test", false); err != nil {
		t.Fatal(err)
	}
	for park, want := range map[string][]string{
		"1401": {"/unionapi/neworder/addorder", "/zld/openservice/uploaddurationinfo", "已设置"},
		"1402": {"/gate/v1/entry", "/gate/v1/exit", "已设置"},
		"1403": nil,
	} {
		if a := b.get("/lots/200461/" + park + "/setup"); strings.Contains(a.body, "填写密钥") {
			t.Errorf("%s lacks a key: %s", park, a.body)
		}
		sheet := b.get("/lots/200461/" + park + "/sheet").body
		for _, w := range want {
			if !strings.Contains(sheet, w) {
				t.Errorf("the sheet of %s does not say %q", park, w)
			}
		}
		if want == nil && (strings.Contains(sheet, "/unionapi/") || strings.Contains(sheet, "/gate/")) {
			t.Errorf("the sheet of %s names interfaces that it does not call", park)
		}
	}
}
