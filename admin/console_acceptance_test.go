package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
)

// A database that is away for a while is no failure of ours: 503 says that it is worth coming again.
func TestDatabaseAwayIs503(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleAdmin)
	f.fail = fmt.Errorf("%w: failed to connect to `user=postgres`: dial tcp 10.0.0.7:5432", flow.ErrBusy)
	for _, path := range []string{"/", "/charges", "/charges/7001", "/lots", "/statements", "/work/near"} {
		a := b.get(path)
		if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" ||
			strings.Contains(a.body, "10.0.0.7") || !strings.Contains(a.body, "数据库暂时不可用") {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	isProblem(t, call(t, f, "admin", "GET", "/api/v1/charges", ""), http.StatusServiceUnavailable)
}

func TestWrongMethodIs405(t *testing.T) {
	b := as(t, onPages(), guard.RoleAdmin)
	r, err := http.NewRequest(http.MethodDelete, b.base+"/charges", nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := b.do(r); a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("DELETE: %d, Allow %q", a.StatusCode, a.Header.Get("Allow"))
	}
}

// A form sent after the session is over leads back to the page that it stood on.
func TestExpiredSessionOnAPostLeadsBack(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleSupport)
	if err := f.guard.Sessions.Revoke(t.Context(),
		f.guard.Sessions.List(guard.Identity{Name: "support", Kind: "user"})[0].ID); err != nil {
		t.Fatal(err)
	}
	for referer, want := range map[string]string{
		b.base + "/charges/7001/void?x=1": "/login?next=" + url.QueryEscape("/charges/7001/void?x=1"),
		"https://elsewhere.example/trap":  "/login",
	} {
		r, err := http.NewRequest(http.MethodPost, b.base+"/charges/7001/void", strings.NewReader("reason=x"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Referer", referer)
		if a := b.do(r); a.Header.Get("Location") != want {
			t.Errorf("from %s: leads to %q, want %q", referer, a.Header.Get("Location"), want)
		}
	}
}

// A token query holds no charge: there is nothing to take, and no button that says so.
func TestQuestionsAreNotReplayed(t *testing.T) {
	f := onPages()
	f.push.Charge, f.push.Outcome = 0, charge.OutcomeQuestion
	b := as(t, f, guard.RoleSupport)
	if a := b.get("/pushes/31"); strings.Contains(a.body, "/pushes/31/replay") || a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	f.push.Outcome = charge.OutcomeNotBound
	if a := b.get("/pushes/31"); !strings.Contains(a.body, "/pushes/31/replay") {
		t.Error("a push that can be taken now is not offered for replay")
	}
}

// Why a push was refused is said in the reader's language, in the list and on its page.
func TestRefusalsAreInTheReadersLanguage(t *testing.T) {
	f := onPages()
	f.push.Charge, f.push.Outcome, f.push.Reason = 0, charge.OutcomeUnknownLot,
		charge.Notes{charge.Say("push.no_lot", charge.Text("lot", "200461/1399"))}
	b := as(t, f, guard.RoleSupport)
	if a := b.get("/pushes/31"); !strings.Contains(a.body, "没有车场 200461/1399") ||
		strings.Contains(a.body, "there is no lot") {
		t.Error("Chinese page: ", a.body)
	}
	b.get("/?lang=en")
	if a := b.get("/pushes/31"); !strings.Contains(a.body, "there is no lot 200461/1399") {
		t.Error("English page: ", a.body)
	}
}

// Of a push that is refused still, support reads what the doctor finds: how far it came and what was in it.
func TestRefusedPushIsDiagnosed(t *testing.T) {
	f := onPages()
	f.push.Charge, f.push.Outcome, f.unread = 0, charge.OutcomeBadSignature, true
	if a := as(t, f, guard.RoleSupport).get("/pushes/31"); !strings.Contains(a.body, "sign differs") ||
		strings.Contains(a.body, "/pushes/31/replay") {
		t.Error(a.body)
	}
	if a := as(t, f, guard.RoleViewer).get("/pushes/31"); strings.Contains(a.body, "sign differs") ||
		a.StatusCode != http.StatusOK {
		t.Errorf("a viewer: %d %s", a.StatusCode, a.body)
	}
}

// What is sent to a platform's engineers is in the language of the page, and holds no signature of our keys.
func TestSharedFindingIsInTheReadersLanguage(t *testing.T) {
	b := as(t, onPages(), guard.RoleSupport)
	ask := url.Values{"platform": {"telaidian"}, "push": {"{}"}}
	_, shared, _ := strings.Cut(b.follow(b.post("/doctor", ask)).body, `class="share"`)
	if !strings.Contains(shared, "签名：不通过") || strings.Contains(shared, "failed") {
		t.Errorf("in Chinese: %s", shared)
	}
	b.get("/?lang=en")
	_, shared, _ = strings.Cut(b.follow(b.post("/doctor", ask)).body, `class="share"`)
	if !strings.Contains(shared, "failed") {
		t.Errorf("in English: %s", shared)
	}
}

// A retry is described by what came of it: its message is the first one's, and only the last says what comes next.
func TestRetriesAreTold(t *testing.T) {
	f := onPages()
	sent := &f.told.Deliveries[0]
	one := sent.Attempts[0]
	sent.Delivery.Payload = []byte(`{"a":1}`)
	one.Result = charge.AttemptTimeout
	sent.Attempts = nil
	for n := range 6 {
		one.N = n + 1
		sent.Attempts = append(sent.Attempts, one)
	}
	a := as(t, f, guard.RoleSupport).get("/charges/7001")
	if n := strings.Count(a.body, "<summary>报文</summary>"); n != 1 {
		t.Errorf("the message stands there %d times", n)
	}
	if !strings.Contains(a.body, "下发（第 1–6 次）") || !strings.Contains(a.body, "相同的 5 次") {
		t.Error("six equal tries are not told as one step with the times of five more")
	}
	sent.Attempts[5].Result = charge.AttemptAcked
	a = as(t, f, guard.RoleSupport).get("/charges/7001")
	if !strings.Contains(a.body, "下发（第 1–5 次）") || !strings.Contains(a.body, "下发（第 6 次）") {
		t.Error("a try that came to something else is not a step of its own")
	}
}

// Staff read whole plates in what was decoded; viewers never do.
func TestDecodedPlateIsWholeForSupport(t *testing.T) {
	for role, want := range map[guard.Role]string{guard.RoleSupport: "京AD06088", guard.RoleViewer: "京A***88"} {
		a := as(t, onPages(), role).get("/pushes/31")
		_, decoded, _ := strings.Cut(a.body, "解码结果")
		if !strings.Contains(decoded, want) || role == guard.RoleViewer && strings.Contains(a.body, "京AD06088") {
			t.Errorf("%s reads %s", role, decoded)
		}
	}
}

// An import of thousands of lots is one entry of the audit log; the page shows its beginning and a file has all.
func TestHugeAuditEntriesAreClipped(t *testing.T) {
	f := onPages()
	detail := strings.Repeat("lot 200461/1: new: name 一号场\n", 5000) + "the end"
	for range 120 {
		if err := f.guard.Audit.Record(t.Context(),
			guard.Entry{Actor: "li", Role: guard.RoleAdmin, Action: "estate.apply", Detail: detail}); err != nil {
			t.Fatal(err)
		}
	}
	b := as(t, f, guard.RoleAdmin)
	if a := b.get("/audit"); a.StatusCode != http.StatusOK || len(a.body) > 300<<10 {
		t.Errorf("the page: %d, %d bytes", a.StatusCode, len(a.body))
	}
	if a := b.get("/audit/5/detail.txt"); a.body != detail ||
		!strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file: %d, %d bytes", a.StatusCode, len(a.body))
	}
	if a := b.get("/audit/999/detail.txt"); a.StatusCode != http.StatusNotFound {
		t.Errorf("an entry that is not there: %d", a.StatusCode)
	}
	if a := as(t, f, guard.RoleSupport).get("/audit/5/detail.txt"); a.StatusCode != http.StatusForbidden {
		t.Errorf("support gets %d", a.StatusCode)
	}
}

// hidden is the value of a form's hidden field.
func hidden(page, name string) string {
	_, rest, _ := strings.Cut(page, `name="`+name+`" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// A file of thousands of lots is previewed, kept and applied by pages of ordinary size.
func TestHugeImport(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleAdmin)
	var doc strings.Builder
	doc.WriteString("version: 1\nlots:\n")
	for i := range 3000 {
		fmt.Fprintf(&doc, "  - {lot: \"200461/9%05d\", name: 大场, kind: sdk, ckey: \"never-shown-ckey-%d\"}\n", i, i)
	}
	a := b.post("/estate/import", url.Values{"text": {doc.String()}, "step": {"preview"}})
	packed := hidden(a.body, "packed")
	if a.StatusCode != http.StatusOK || len(a.body) > 300<<10 || packed == "" {
		t.Fatalf("preview: %d, %d bytes", a.StatusCode, len(a.body))
	}
	if a := b.post("/estate/import",
		url.Values{"packed": {packed}, "step": {"apply"}}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("apply: %d %.300s", a.StatusCode, a.body)
	}
	for _, path := range []string{"/estate", "/lots", "/estate/binding/new", "/audit"} {
		if a := b.get(path); a.StatusCode != http.StatusOK || len(a.body) > 300<<10 {
			t.Errorf("%s with 3000 lots: %d, %d bytes", path, a.StatusCode, len(a.body))
		}
	}
	if a := b.get("/estate?find=902999"); !strings.Contains(a.body, "200461/902999") ||
		strings.Contains(a.body, "200461/900001") {
		t.Error("a lot beyond the first hundred is not found")
	}
	wrong := "version: 1\nlots:\n" + strings.Repeat("  - {lot: nothing, kind: none}\n", 4000)
	if a := b.post("/estate/import", url.Values{"text": {wrong}}); a.StatusCode != http.StatusUnprocessableEntity ||
		len(a.body) > 300<<10 {
		t.Errorf("4000 errors: %d, %d bytes", a.StatusCode, len(a.body))
	}
}

// The menu shows screen readers which page this is.
func TestMenuSaysWhereYouAre(t *testing.T) {
	if a := as(t, onPages(), guard.RoleViewer).get("/lots"); !strings.Contains(a.body,
		`<a href="/lots" aria-current="page"`) {
		t.Error("no aria-current=\"page\" on the menu's entry")
	}
}
