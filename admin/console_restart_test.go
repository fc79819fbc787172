package admin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/guard"
)

// The gateway restarts between a page and its form: what was shown before is taken after, with the secrets that were
// typed for it.
func TestRestartInTheMiddleOfEachForm(t *testing.T) {
	f := troubled()
	b := as(t, f, guard.RoleAdmin)
	incident := theIncident(b)
	const binding, lot = "/bindings/teld-main/200461/1313", "/estate/lot/edit?id=200461/1313"
	typed := b.post(lot, url.Values{"lot": {"200461/1313"}, "name": {"One"}, "kind": {"sdk"},
		"ckey": {"typed-before-the-restart"}, "seen": {hidden(b.get(lot).body, "seen")}, "step": {"preview"}})
	forms := []struct {
		path, page string
		form       url.Values
	}{
		{lot, typed.body, url.Values{"lot": {"200461/1313"}, "name": {"One"}, "kind": {"sdk"}, "step": {"apply"},
			"kept": {hidden(typed.body, "kept")}, "seen": {hidden(typed.body, "seen")}}},
		{"/charges/7001/redeliver", b.get("/charges/7001/redeliver").body, url.Values{"step": {"do"}, "reason": {"x"}}},
		{"/charges/7001/void", b.get("/charges/7001/void").body, url.Values{"step": {"do"}, "reason": {"x"}}},
		{incident, b.get(incident).body, url.Values{"verb": {"note"}, "note": {"x"}, "seen": {"-"}}},
		{incident + "/redeliver", b.get(incident).body, url.Values{"reason": {"x"}}},
		{binding + "/test", b.get(binding).body, url.Values{"plate": {"京A12345"},
			"once": {hidden(b.get(binding).body, "once")}}},
		{binding + "/mode", b.get(binding + "/mode?to=off").body, url.Values{"to": {"off"}}},
		{binding + "/share", b.get(binding).body, url.Values{"days": {"7"}}},
		{"/pushes/31/share", b.get("/pushes/31").body, url.Values{"days": {"7"}}},
		{"/lots/200461/1313/pause", b.get("/lots/200461/1313").body, url.Values{"reason": {"x"}}},
		{"/access/users", b.get("/access").body, url.Values{"name": {"zhao"}, "role": {"viewer"}, "password": {phrase}}},
		{"/access/tokens", b.get("/access").body, url.Values{"name": {"erp"}, "role": {"viewer"}}},
		{"/work/redeliver?state=gave_up", b.get("/work/redeliver?state=gave_up").body, url.Values{"reason": {"x"}}},
		{"/doctor", b.get("/doctor").body, url.Values{"platform": {"telaidian"}, "push": {"{}"}}},
	}
	again := httptest.NewServer(serve(t, f))
	t.Cleanup(again.Close)
	b.base = again.URL
	for _, one := range forms {
		one.form.Set("csrf", hidden(one.page, "csrf"))
		if a := b.post(one.path, one.form); a.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %d %s", one.path, a.StatusCode, a.body)
		}
	}
	if key := f.book.State().Lots()[0].Ckey.Reveal(); key != "typed-before-the-restart" {
		t.Errorf("the key that was typed before is lost: %q", key)
	}
	for _, path := range []string{incident, binding, "/charges/7001"} { // what the pages led to is there, and reloads
		for range 2 {
			if a := b.get(path); a.StatusCode != http.StatusOK && !strings.Contains(path, "incident") {
				t.Errorf("%s: %d", path, a.StatusCode)
			}
		}
	}
}
