package admin

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/guard"
)

// What was typed is not lost with the session: after signing in it waits, and is sent by one press.
func TestDraftSurvivesTheSession(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleAdmin)
	if err := f.guard.Sessions.Revoke(t.Context(),
		f.guard.Sessions.List(guard.Identity{Name: "admin", Kind: "user"})[0].ID); err != nil {
		t.Fatal(err)
	}
	if a := b.post("/estate/vendor/new",
		url.Values{"union_id": {"200777"}, "name": {"停车"},
			"ukey": {"never-shown-draft"}}); !strings.HasPrefix(a.Header.Get("Location"), "/login") {
		t.Fatalf("without a session: %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	b.post("/login", url.Values{"name": {"admin"}, "password": {phrase}})
	page := b.get("/estate/vendor/new")
	if !strings.Contains(page.body, "继续提交") || strings.Contains(page.body, "never-shown-draft") {
		t.Fatalf("after signing in: %s", page.body)
	}
	a := b.post("/draft", url.Values{})
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "将要更改") || !strings.Contains(a.body, "200777") {
		t.Errorf("the form that was typed: %d %s", a.StatusCode, a.body)
	}
	if a := b.get("/estate"); strings.Contains(a.body, "继续提交") {
		t.Error("a form that was sent waits still")
	}
}

// A browser that never had a session is a stranger's: it cannot push out what is kept for others.
func TestNoDraftOfAStranger(t *testing.T) {
	stranger := open(t, onPages())
	a := stranger.post("/estate/vendor/new", url.Values{"union_id": {"200777"}})
	for _, c := range a.Cookies() {
		if c.Name == "cs_draft" {
			t.Error("the form of a stranger is kept")
		}
	}
}

// Two people change one thing: the second is reported by whom it was changed, and nothing is overwritten unseen.
func TestFormsRefuseASilentOverwrite(t *testing.T) {
	f := onPages()
	mine, theirs := as(t, f, guard.RoleAdmin), as(t, f, guard.RoleAdmin)
	form := func(b *browser, name string) url.Values {
		page := b.get("/estate/lot/edit?id=200461/1313")
		return url.Values{"lot": {"200461/1313"}, "name": {name}, "kind": {"sdk"}, "seen": {hidden(page.body, "seen")},
			"step": {"apply"}}
	}
	first, second := form(mine, "One"), form(theirs, "Two")
	if a := mine.post("/estate/lot/edit?id=200461/1313", first); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("the first: %d %s", a.StatusCode, a.body)
	}
	a := theirs.post("/estate/lot/edit?id=200461/1313", second)
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "改过这里") ||
		f.book.State().Lots()[0].Name != "One" {
		t.Fatalf("the second: %d, the name is %q: %s", a.StatusCode, f.book.State().Lots()[0].Name, a.body)
	}
	second.Set("seen", hidden(a.body, "seen"))
	if a := theirs.post("/estate/lot/edit?id=200461/1313", second); a.StatusCode != http.StatusSeeOther ||
		f.book.State().Lots()[0].Name != "Two" {
		t.Errorf("the second, knowing: %d", a.StatusCode)
	}
}

// The server holds the lengths that the browser's fields have, and takes no character that turns text round.
func TestLengthsHoldOnTheServer(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleAdmin)
	for _, reason := range []string{strings.Repeat("长", 501), "a\u202eb"} {
		if a := b.post("/charges/7001/void",
			url.Values{"reason": {reason}, "step": {"do"}}); a.StatusCode != http.StatusUnprocessableEntity || len(f.done) != 0 {
			t.Errorf("%.10q: %d, did %v", reason, a.StatusCode, f.done)
		}
	}
	if a := b.post("/charges/7001/void",
		url.Values{"reason": {strings.Repeat("长", 500)}, "step": {"do"}}); a.StatusCode != http.StatusSeeOther ||
		len(f.done) != 1 {
		t.Errorf("500 characters: %d", a.StatusCode)
	}
}

// What a page lets people type is what the server takes, and no more.
func TestFieldsTakeWhatTheirPagesSay(t *testing.T) {
	f := troubled()
	stay := *f.told.Stay
	stay.Open, stay.Left = false, now
	f.told.Stay = &stay
	b := as(t, f, guard.RoleAdmin)
	incident := theIncident(b)
	for _, c := range []struct {
		page, path, field string
		form              url.Values
	}{
		{incident, incident, "owner", url.Values{"verb": {"note"}}},
		{incident, incident, "note", url.Values{"verb": {"note"}}},
		{incident, incident + "/redeliver", "reason", url.Values{}},
		{"/charges/7001", "/charges/7001/compensate", "how", url.Values{"amount": {"5.00"}}},
	} {
		says := regexp.MustCompile(`name="` + c.field + `"[^>]* maxlength="(\d+)"`).FindStringSubmatch(b.get(c.page).body)
		if says == nil {
			t.Errorf("%s does not say how long %s may be", c.page, c.field)
			continue
		}
		most, err := strconv.Atoi(says[1])
		if err != nil {
			t.Fatal(err)
		}
		for length, want := range map[int]int{most + 1: http.StatusUnprocessableEntity, most: http.StatusSeeOther} {
			c.form.Set(c.field, strings.Repeat("长", length))
			if a := b.post(c.path, c.form); a.StatusCode != want {
				t.Errorf("%s of %d characters: %d, want %d", c.field, length, a.StatusCode, want)
			}
		}
	}
}

// Text goes packed to those who take that, and a form's token is another on every page.
func TestPagesArePacked(t *testing.T) {
	b := as(t, onPages(), guard.RoleAdmin)
	for _, path := range []string{"/charges", "/assets/console.css", "/assets/htmx-2.0.11.min.js"} {
		r, err := http.NewRequest(http.MethodGet, b.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip")
		resp, err := b.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := io.ReadAll(resp.Body)
		if err != nil || resp.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: %q, %v", path, resp.Header.Get("Content-Encoding"), err)
		}
		z, err := gzip.NewReader(strings.NewReader(string(packed)))
		if err != nil {
			t.Fatal(err)
		}
		if whole, err := io.ReadAll(z); err != nil || len(whole) < 2*len(packed) {
			t.Errorf("%s: %d bytes packed of %d, %v", path, len(packed), len(whole), err)
		}
	}
	first, second := hidden(b.get("/me").body, "csrf"), hidden(b.get("/me").body, "csrf")
	if first == second {
		t.Error("two pages bear the same token")
	}
}

// The set-up speaks the browser's language, and so does what follows.
func TestSetUpInTheBrowsersLanguage(t *testing.T) {
	f := newFake()
	for accept, want := range map[string]string{"en-US,en;q=0.9": "Create the first admin",
		"zh-CN,zh;q=0.9,en;q=0.8": "创建第一位管理员", "": "创建第一位管理员"} {
		b := open(t, f)
		r, err := http.NewRequest(http.MethodGet, b.base+"/setup?token="+f.guard.Setup.Token(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Language", accept)
		if a := b.do(r); !strings.Contains(a.body, want) {
			t.Errorf("%q: %s", accept, a.body)
		}
	}
}

// An admin sets a new password for a user, which ends the old sessions; the page says when each signed in last.
func TestPasswordResetByAnAdmin(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleAdmin)
	as(t, f, guard.RoleSupport)
	if a := b.get("/access"); !strings.Contains(a.body, "最近登录") ||
		!strings.Contains(a.body, now.In(time.FixedZone("", 8*3600)).Format("15:04:05")) {
		t.Error("the last sign-in is not told")
	}
	if a := b.post("/access/users/support/password",
		url.Values{"password": {"another long phrase"}}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	if a := open(t, f).post("/login",
		url.Values{"name": {"support"}, "password": {"another long phrase"}}); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the new password: %d", a.StatusCode)
	}
	a := b.get("/audit?action=user.password_reset&from=2026-01-01&to=2026-12-31")
	if !strings.Contains(a.body, "重置密码") || !strings.Contains(a.body, `href="/access">support</a>`) {
		t.Errorf("the audit log: %s", a.body)
	}
	if a := b.get("/audit?action=session.refused"); strings.Contains(a.body, `href="/access"></a>`) {
		t.Error("an entry about nothing has a link without a text")
	}
	if a := b.get("/audit/audit.csv?action=user.password_reset"); !strings.Contains(a.body, "user:admin") {
		t.Errorf("the log as a file: %s", a.body)
	}
}
