package admin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/admin/console"
	"github.com/chargestamp/chargestamp/guard"
)

// filled is a form of a page as somebody has filled it in.
type filled struct {
	page, path string // the page that holds it, and where it is sent
	form       url.Values
	shown      string // the page's text, as it was when the form was filled in
}

// fillIn fills in every form of the console for an admin. The forms of signing in and of one's own second factor have
// tests of their own, see notFilled.
func fillIn(b *browser, f *fake, incident string) []filled {
	b.t.Helper()
	as(b.t, f, guard.RoleAdmin) // a second session of the same admin
	const binding, lot, charge = "/bindings/teld-main/200461/1313", "/estate/lot/edit?id=200461/1313", "/charges/7001"
	for _, made := range []filled{
		{path: "/pushes/31/share", form: url.Values{"days": {"7"}}},
		{path: "/access/tokens", form: url.Values{"name": {"old"}, "role": {"viewer"}}},
		{path: "/access/users", form: url.Values{"name": {"wang"}, "role": {"viewer"}, "password": {phrase}}},
		{path: "/views", form: url.Values{"list": {"/charges"}, "query": {"state=held"}, "name": {"old"}}},
	} {
		if a := b.post(made.path, made.form); a.StatusCode != http.StatusSeeOther {
			b.t.Fatalf("%s: %d %s", made.path, a.StatusCode, a.body)
		}
	}
	typed := b.post(lot, url.Values{"lot": {"200461/1313"}, "name": {"One"}, "kind": {"sdk"},
		"ckey": {"typed-before-the-restart"}, "seen": {hidden(b.get(lot).body, "seen")}, "step": {"preview"}})
	action := func(page, pattern string) string {
		path := regexp.MustCompile(pattern).FindString(b.get(page).body)
		if path == "" {
			b.t.Errorf("%s has no form for %s", page, pattern)
		}
		return path
	}
	reason := func() url.Values { return url.Values{"reason": {"x"}} }
	act := func() url.Values { return url.Values{"step": {"do"}, "reason": {"x"}} }
	forms := []filled{
		{lot, lot, url.Values{"lot": {"200461/1313"}, "name": {"One"}, "kind": {"sdk"}, "step": {"apply"},
			"kept": {hidden(typed.body, "kept")}, "seen": {hidden(typed.body, "seen")}}, typed.body},
		{page: "/estate/vendor/new", form: url.Values{"union_id": {"200777"}, "name": {"N"}, "step": {"create"},
			"ukey": {"a-vendor-key-55123"}}},
		{"/estate/file", "/estate/import", url.Values{"step": {"apply"},
			"text": {"version: 1\nvendors: [{union_id: \"200778\", name: M, ukey: a-vendor-key-55124}]\n"}}, ""},
		{page: charge + "/redeliver", form: act()},
		{page: charge + "/void", form: act()},
		{"/pushes/31", "/pushes/31/replay", reason(), ""},
		{page: incident, form: url.Values{"verb": {"note"}, "note": {"x"}, "seen": {"-"}}},
		{incident, incident + "/redeliver", reason(), ""},
		{binding, binding + "/test", url.Values{"plate": {"京A12345"}, "once": {hidden(b.get(binding).body, "once")}}, ""},
		{binding, binding + "/compare", url.Values{"csv": {"订单号,车牌\nT-1,京AD06088\n"}}, ""},
		{binding + "/mode?to=off", binding + "/mode", url.Values{"to": {"off"}}, ""},
		{binding, binding + "/share", url.Values{"days": {"7"}}, ""},
		{"/pushes/31", "/pushes/31/share", url.Values{"days": {"7"}}, ""},
		{"/pushes/31", action("/pushes/31", `/shares/[0-9a-f]+/revoke`), url.Values{}, ""},
		{"/lots/200461/1313", "/lots/200461/1313/pause", reason(), ""},
		{"/access", "/access/users", url.Values{"name": {"zhao"}, "role": {"viewer"}, "password": {phrase}}, ""},
		{"/access", "/access/users/wang/role", url.Values{"role": {"support"}}, ""},
		{"/access", "/access/tokens", url.Values{"name": {"erp"}, "role": {"viewer"}}, ""},
		{"/access", action("/access", `/access/tokens/[^/"]+/revoke`), url.Values{}, ""},
		{"/me", action("/me", `/me/sessions/[^/"]+/revoke`), url.Values{}, ""},
		{page: "/work/redeliver?state=gave_up", form: reason()},
		{page: "/doctor", form: url.Values{"platform": {"telaidian"}, "push": {"{}"}}},
		{"/alerts", "/alerts/test", url.Values{"name": {"duty"}}, ""},
		{"/alerts", "/webhooks/erp/resend", url.Values{}, ""},
		{"/charges?state=held", "/views", url.Values{"list": {"/charges"}, "query": {"state=held"}, "name": {"new"}}, ""},
		{"/charges?state=held", "/views/drop", url.Values{"list": {"/charges"}, "query": {"state=held"}}, ""},
		{charge, charge + "/compensate", url.Values{"amount": {"5.00"}, "how": {"x"}}, ""}, // which ends the incident
	}
	for i := range forms {
		f := &forms[i]
		if f.path == "" {
			f.path = f.page
		}
		if f.shown == "" {
			f.shown = b.get(f.page).body
		}
		f.form.Set("csrf", hidden(f.shown, "csrf"))
	}
	return forms
}

// notFilled are the forms that fillIn leaves out, and the tests that send them.
var notFilled = map[string]string{
	"POST /setup": "TestFirstStart", "POST /login": "TestSignIn", "POST /logout": "TestCookiesAreSecure",
	"POST /draft": "TestDraftSurvivesTheSession", "POST /me/password": "TestChangingThePassword",
	"POST /me/totp": "TestSecondFactor", "POST /me/totp/confirm": "TestSecondFactor",
	"POST /me/totp/drop": "TestSecondFactor",
}

// TestEveryFormIsFilledIn wants fillIn to know every form of the console, and TestPages every page.
func TestEveryFormIsFilledIn(t *testing.T) {
	f := troubled()
	pages := onPages()
	f.push, f.alerts = pages.push, pages.alerts
	b := as(t, f, guard.RoleAdmin)
	mux, known := http.NewServeMux(), map[string]bool{}
	for _, pattern := range console.Routes() {
		mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	}
	meet := func(method, path string) {
		_, pattern := mux.Handler(httptest.NewRequest(method, path, nil))
		known[pattern] = true
	}
	for _, one := range fillIn(b, f, theIncident(b)) {
		meet(http.MethodPost, one.path)
	}
	for _, p := range consolePages {
		meet(http.MethodGet, p.path)
	}
	for _, pattern := range console.Routes() {
		path := strings.TrimPrefix(pattern, "GET ")
		if !known[pattern] && notFilled[pattern] == "" && notLookedAt[path] == "" {
			t.Errorf("no test sends, or looks at, %s", pattern)
		}
	}
}

// notLookedAt are what consolePages leaves out, and where it is looked at.
var notLookedAt = map[string]string{
	"/today/stream": "TestLiveChartsEndWithTheServer", "/setup": "TestFirstStart", "/login": "TestSignIn",
	"/oidc/begin": "TestSignInAtAnIssuer", "/oidc/return": "TestSignInAtAnIssuer", "/p/{token}": "TestPartnersLink",
	"/incidents/{id}": "TestIncidentsGroupByLotAndCause", "/estate/export": "TestImport",
	"/statements/{file}": "TestFilesInTheReadersLanguage", "/charges/charges.csv": "TestListsAsFiles",
	"/pushes/pushes.csv": "TestListsAsFiles", "/audit/audit.csv": "TestFilesInTheReadersLanguage",
	"/compensations/compensations.csv": "TestCompensationIsNoted",
	"/audit/{seq}/detail.txt":          "TestHugeAuditEntriesAreClipped",
}

// The gateway restarts between a page and its form: what was shown before is taken after, with the secrets that were
// typed for it.
func TestRestartInTheMiddleOfEachForm(t *testing.T) {
	f := troubled()
	pages := onPages()
	f.push, f.alerts = pages.push, pages.alerts
	b := as(t, f, guard.RoleAdmin)
	forms := fillIn(b, f, theIncident(b))
	again := httptest.NewServer(serve(t, f))
	t.Cleanup(again.Close)
	b.base = again.URL
	for _, one := range forms {
		if a := b.post(one.path, one.form); a.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %d %.300s", one.path, a.StatusCode, a.body)
		}
	}
	if key := f.book.State().Lots()[0].Ckey.Reveal(); key != "typed-before-the-restart" {
		t.Errorf("the key that was typed before is lost: %q", key)
	}
}

// After each form the browser stands on a page that can be loaded again, and can go back to the form's own; the same
// form sent once more, by a second tab, is taken or refused in words.
func TestBackReloadAndTwoTabsAfterEachForm(t *testing.T) {
	f := troubled()
	pages := onPages()
	f.push, f.alerts = pages.push, pages.alerts
	b := as(t, f, guard.RoleAdmin)
	for _, one := range fillIn(b, f, theIncident(b)) {
		a := b.post(one.path, one.form)
		if a.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %d %s", one.path, a.StatusCode, a.body)
			continue
		}
		next, _, _ := strings.Cut(a.Header.Get("Location"), "#")
		for _, path := range []string{next, next, one.page} {
			over := strings.HasPrefix(path, "/incidents/") // its charges are compensated meanwhile
			if a := b.get(path); a.StatusCode != http.StatusOK && !(over && a.StatusCode == http.StatusNotFound) {
				t.Errorf("after %s, %s: %d %.300s", one.path, path, a.StatusCode, a.body)
			}
		}
		if a := b.post(one.path, one.form); a.StatusCode >= 500 || a.StatusCode != http.StatusSeeOther &&
			!strings.Contains(a.body, "<h1>") {
			t.Errorf("%s, once more: %d %.300s", one.path, a.StatusCode, a.body)
		}
	}
}

// A changed password ends every session: the next page asks for it, and takes no other.
func TestChangingThePassword(t *testing.T) {
	f := newFake()
	b := as(t, f, guard.RoleSupport)
	const next = "another phrase, as long"
	a := b.post("/me/password", url.Values{"old": {phrase}, "password": {next}, "again": {next}})
	if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/login") {
		t.Fatalf("%d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	for range 2 { // loaded again, it says the same
		if a := b.follow(a); a.StatusCode != http.StatusOK || !strings.Contains(a.body, `name="password"`) {
			t.Errorf("the page after it: %d", a.StatusCode)
		}
	}
	for password, want := range map[string]int{phrase: http.StatusUnprocessableEntity, next: http.StatusSeeOther} {
		if a := open(t, f).post("/login", url.Values{"name": {"support"}, "password": {password}}); a.StatusCode != want {
			t.Errorf("signing in: %d, want %d", a.StatusCode, want)
		}
	}
}
