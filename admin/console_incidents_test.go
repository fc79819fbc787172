package admin

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// troubled has a charge that its lot refused a minute ago, its car still inside.
func troubled() *fake {
	f := onPages()
	f.charge.State, f.charge.Reason, f.charge.Usage, f.charge.Received = charge.StateRefused, charge.ReasonLotRefused, nil,
		now.Add(-time.Minute)
	return f
}

var incidentLink = regexp.MustCompile(`/incidents/[0-9a-f]{16}`)

// theIncident is the page of the lot's incident.
func theIncident(b *browser) string {
	b.t.Helper()
	for _, path := range incidentLink.FindAllString(b.get("/incidents").body, -1) {
		if strings.Contains(b.get(path).body, "Lot One · ") {
			return path
		}
	}
	b.t.Fatal("the lot's incident is not listed")
	return ""
}

// What went wrong in a lot is one incident: how many cars, how many inside, what is at stake; the menu and the title
// count it.
func TestIncidentsGroupByLotAndCause(t *testing.T) {
	f := troubled()
	b := as(t, f, guard.RoleSupport)
	path := theIncident(b)
	a := b.get(path)
	for _, want := range []string{"1 车 · 1 在场", "涉及减免：30 分钟", "重新下发 1 笔", "/charges/7001"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the incident does not say %q", want)
		}
	}
	b.get("/?lang=en")
	if a := b.get(path); !strings.Contains(a.body, "1 car · 1 inside") {
		t.Error("one car is said as several")
	}
	b.get("/?lang=zh")
	list := b.get("/incidents")
	if !regexp.MustCompile(`<title>\(\d+\)`).MatchString(list.body) || !strings.Contains(list.body, `class="count"`) ||
		!strings.Contains(list.body, "签名") {
		t.Errorf("the list: %s", list.body)
	}
	if a := as(t, f, guard.RoleViewer).get(path); a.StatusCode != http.StatusOK ||
		strings.Contains(a.body, `method="post" action="/incidents`) {
		t.Errorf("a viewer: %d", a.StatusCode)
	}
}

// An incident is taken on, given an owner and a note, put off, resolved; what happens again opens it by itself.
func TestIncidentsAreHandled(t *testing.T) {
	f := troubled()
	b := as(t, f, guard.RoleSupport)
	path := theIncident(b)
	say := func(form url.Values, want string) {
		t.Helper()
		if a := b.follow(b.post(path, form)); !strings.Contains(a.body, want) {
			t.Errorf("%v: the page does not say %q", form, want)
		}
	}
	say(url.Values{"verb": {"acknowledge"}}, "处理中")
	say(url.Values{"verb": {"note"}, "owner": {"wang"}, "note": {"已打电话"}}, "已打电话")
	say(url.Values{"verb": {"snooze"}, "hours": {"4"}}, "暂缓至")
	say(url.Values{"verb": {"reopen"}}, "待处理")
	say(url.Values{"verb": {"resolve"}}, "已解决")
	if a := b.get("/incidents"); strings.Contains(a.body, path) {
		t.Error("a resolved incident waits still")
	}
	f.charge.Received = now.Add(time.Minute)
	if a := b.get(path); !strings.Contains(a.body, "再次发生") {
		t.Error("the same has happened again, and the incident is not open")
	}
	if a := b.post(path, url.Values{"verb": {"eat"}}); a.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown verb: %d", a.StatusCode)
	}
	if a := as(t, f, guard.RoleViewer).post(path, url.Values{"verb": {"resolve"}}); a.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer: %d", a.StatusCode)
	}
}

// All charges of an incident are redelivered by one press, with a reason.
func TestIncidentIsFixedInOneGo(t *testing.T) {
	f := troubled()
	b := as(t, f, guard.RoleSupport)
	path := theIncident(b)
	if a := b.post(path+"/redeliver", url.Values{}); a.StatusCode != http.StatusUnprocessableEntity || len(f.done) != 0 {
		t.Errorf("without a reason: %d, did %v", a.StatusCode, f.done)
	}
	if a := b.follow(b.post(path+"/redeliver", url.Values{"reason": {"车场已修好"}})); !strings.Contains(a.body, "已重新下发 1 笔") ||
		len(f.done) != 1 {
		t.Errorf("did %v: %s", f.done, a.body)
	}
}

// Money given by hand is noted with its charge, stands in the month's file, and ends the charge's part in an incident.
func TestCompensationIsNoted(t *testing.T) {
	f := troubled()
	stay := *f.told.Stay
	stay.Open, stay.Left = false, now
	f.told.Stay = &stay
	b := as(t, f, guard.RoleSupport)
	path := theIncident(b)
	if a := b.get("/charges/7001"); !strings.Contains(a.body, "/charges/7001/compensate") {
		t.Error("a car that has left without its reduction cannot be compensated")
	}
	for _, wrong := range []url.Values{{"amount": {"x"}, "how": {"转账"}}, {"amount": {"-1"}, "how": {"转账"}},
		{"amount": {"5"}, "how": {""}}} {
		if a := b.post("/charges/7001/compensate", wrong); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", wrong, a.StatusCode)
		}
	}
	if a := b.post("/charges/7001/compensate", url.Values{"amount": {"五元"}, "how": {""}}); !strings.Contains(a.body,
		`value="五元"`) || !strings.Contains(a.body, "金额，例如 5.00") || !strings.Contains(a.body, "请填写补偿方式") {
		t.Errorf("what is wrong does not stand beside its fields, with what was typed: %s", a.body)
	}
	if a := b.follow(b.post("/charges/7001/compensate",
		url.Values{"amount": {"5.00"}, "how": {"转账"}})); !strings.Contains(a.body, "已人工补偿 5.00 元（转账）") {
		t.Errorf("the charge's page: %s", a.body)
	}
	if a := b.post("/charges/7001/compensate", url.Values{"amount": {"50.00"}, "how": {"现金"}}); a.StatusCode !=
		http.StatusConflict || !strings.Contains(a.body, "已由 user:support 记录过人工补偿 5.00 元") {
		t.Errorf("a second tab compensates the same charge again: %d %s", a.StatusCode, a.body)
	}
	if a := b.get("/compensations/compensations.csv?month=2026-03"); !strings.Contains(a.body, "京AD06088") ||
		!strings.Contains(a.body, "合计,,,,,5.00") {
		t.Errorf("the month's file: %s", a.body)
	}
	if a := b.get(path); a.StatusCode != http.StatusNotFound {
		t.Errorf("the incident goes on without a charge: %d", a.StatusCode)
	}
}

// Two tabs note something of one incident: the second is refused with the name of the first and the time, and shows
// what was typed there.
func TestIncidentNoteIsNotOverwrittenUnseen(t *testing.T) {
	f := troubled()
	mine, theirs := as(t, f, guard.RoleSupport), as(t, f, guard.RoleAdmin)
	path := theIncident(mine)
	form := func(b *browser, note string) url.Values {
		return url.Values{"verb": {"note"}, "owner": {"wang"}, "note": {note}, "seen": {hidden(b.get(path).body, "seen")}}
	}
	first, second := form(mine, "已打电话"), form(theirs, "等回复")
	if a := mine.post(path, first); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("the first: %d %s", a.StatusCode, a.body)
	}
	a := theirs.post(path, second)
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "user:support 刚刚改过这里") ||
		!strings.Contains(a.body, "已打电话") || !strings.Contains(a.body, `value="等回复"`) {
		t.Fatalf("the second: %d %s", a.StatusCode, a.body)
	}
	second.Set("seen", hidden(a.body, "seen"))
	if a := theirs.follow(theirs.post(path, second)); !strings.Contains(a.body, "等回复") {
		t.Errorf("the second, knowing: %d", a.StatusCode)
	}
}

// Of ten thousand incidents a page shows the first, and counts all.
func TestTenThousandIncidents(t *testing.T) {
	f := onPages()
	f.many, f.accounts = 0, 10_000
	b := as(t, f, guard.RoleViewer)
	a := b.get("/incidents")
	if n := len(incidentLink.FindAllString(a.body, -1)); n != 100 || len(a.body) > 150<<10 {
		t.Errorf("%d incidents are listed, in %d bytes", n, len(a.body))
	}
	if !strings.Contains(a.body, "只显示前 100 件") || !regexp.MustCompile(`<title>\(1000\d\)`).MatchString(a.body) {
		t.Errorf("they are not counted: %.300s", a.body)
	}
	if a := b.get(incidentLink.FindString(a.body)); a.StatusCode != http.StatusOK {
		t.Errorf("one of them: %d", a.StatusCode)
	}
}
