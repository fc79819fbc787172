package app

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/admin/console"
	"github.com/chargestamp/chargestamp/guard"
)

// leastRoles says who may do what, by the operations and routes of a running server. A new one needs an entry.
var leastRoles = map[string]guard.Role{
	"GET /api/v1/accounts": guard.RoleViewer, "GET /api/v1/bindings": guard.RoleViewer,
	"GET /api/v1/charges":      guard.RoleViewer,
	"GET /api/v1/charges/{id}": guard.RoleViewer, "GET /api/v1/lots": guard.RoleViewer,
	"GET /api/v1/pushes":                    guard.RoleViewer,
	"GET /api/v1/lots/{union_id}/{park_id}": guard.RoleViewer, "GET /api/v1/platforms": guard.RoleViewer,
	"GET /api/v1/statements": guard.RoleViewer, "GET /api/v1/stays": guard.RoleViewer,
	"GET /api/v1/unserved":           guard.RoleViewer,
	"GET /api/v1/stations":           guard.RoleViewer,
	"POST /api/v1/charges/redeliver": guard.RoleSupport, "POST /api/v1/charges/{id}/bind": guard.RoleSupport,
	"POST /api/v1/charges/{id}/redeliver": guard.RoleSupport, "POST /api/v1/charges/{id}/resolve": guard.RoleSupport,
	"POST /api/v1/charges/{id}/void": guard.RoleSupport, "POST /api/v1/check": guard.RoleSupport,
	"POST /api/v1/lots/{union_id}/{park_id}/pause":  guard.RoleSupport,
	"POST /api/v1/lots/{union_id}/{park_id}/price":  guard.RoleSupport,
	"POST /api/v1/lots/{union_id}/{park_id}/resume": guard.RoleSupport,
	"POST /api/v1/pushes/{id}/replay":               guard.RoleSupport, "POST /api/v1/rules/backtest": guard.RoleSupport,
	"GET /api/v1/webhooks": guard.RoleSupport, "GET /api/v1/webhooks/{name}/messages": guard.RoleSupport,
	"POST /api/v1/webhooks/{name}/resend": guard.RoleSupport, "POST /webhooks/{name}/resend": guard.RoleAdmin,
	"GET /api/v1/audit": guard.RoleAdmin, "GET /api/v1/estate": guard.RoleAdmin, "POST /api/v1/estate": guard.RoleAdmin,
	"GET /api/v1/tokens": guard.RoleAdmin, "POST /api/v1/tokens": guard.RoleAdmin,
	"DELETE /api/v1/tokens/{id}": guard.RoleAdmin,
	"GET /api/v1/users":          guard.RoleAdmin, "POST /api/v1/users": guard.RoleAdmin,
	"DELETE /api/v1/users/{name}": guard.RoleAdmin,

	"GET /setup": "", "POST /setup": "", "GET /login": "", "POST /login": "", "GET /oidc/begin": "",
	"GET /oidc/return": "",
	"POST /logout":     "",
	"GET /{$}":         guard.RoleViewer, "GET /today/figures": guard.RoleViewer, "GET /today/stream": guard.RoleViewer,
	"GET /work": guard.RoleViewer, "GET /work/{list}": guard.RoleViewer, "GET /find": guard.RoleViewer,
	"GET /charges": guard.RoleViewer, "GET /charges/charges.csv": guard.RoleViewer, "GET /charges/{id}": guard.RoleViewer,
	"GET /stays/{id}": guard.RoleViewer, "GET /pushes": guard.RoleViewer, "GET /pushes/pushes.csv": guard.RoleViewer,
	"GET /pushes/{id}": guard.RoleViewer, "GET /lots": guard.RoleViewer, "GET /lots/{union}/{park}": guard.RoleViewer,
	"GET /bindings/{account}/{union}/{park}": guard.RoleViewer, "GET /estate": guard.RoleViewer,
	"GET /statements": guard.RoleViewer, "GET /statements/print": guard.RoleViewer,
	"GET /statements/{file}": guard.RoleViewer,
	"GET /me":                guard.RoleViewer, "POST /me/password": guard.RoleViewer, "POST /me/totp": guard.RoleViewer,
	"POST /me/totp/confirm": guard.RoleViewer, "POST /me/totp/drop": guard.RoleViewer,
	"POST /me/sessions/{id}/revoke": guard.RoleViewer,
	"GET /charges/{id}/{verb}":      guard.RoleSupport, "POST /charges/{id}/{verb}": guard.RoleSupport,
	"POST /pushes/{id}/replay": guard.RoleSupport, "POST /lots/{union}/{park}/{verb}": guard.RoleSupport,
	"GET /lots/{union}/{park}/price": guard.RoleSupport, "GET /work/redeliver": guard.RoleSupport,
	"POST /work/redeliver": guard.RoleSupport, "GET /doctor": guard.RoleSupport, "POST /doctor": guard.RoleSupport,
	"POST /bindings/{account}/{union}/{park}/test":    guard.RoleSupport,
	"POST /bindings/{account}/{union}/{park}/compare": guard.RoleSupport,
	"POST /views": guard.RoleViewer, "POST /views/drop": guard.RoleViewer,
	"GET /bindings/{account}/{union}/{park}/mode":  guard.RoleAdmin,
	"POST /bindings/{account}/{union}/{park}/mode": guard.RoleAdmin,
	"GET /access": guard.RoleAdmin, "POST /access/users": guard.RoleAdmin,
	"POST /access/users/{name}/{verb}": guard.RoleAdmin,
	"POST /access/tokens":              guard.RoleAdmin, "POST /access/tokens/{id}/revoke": guard.RoleAdmin,
	"GET /estate/file": guard.RoleAdmin, "GET /estate/export": guard.RoleAdmin, "POST /estate/import": guard.RoleAdmin,
	"GET /estate/{kind}/{verb}": guard.RoleAdmin, "POST /estate/{kind}/{verb}": guard.RoleAdmin,
	"GET /alerts": guard.RoleAdmin, "POST /alerts/test": guard.RoleAdmin, "GET /audit": guard.RoleAdmin,
	"GET /incidents": guard.RoleViewer, "GET /incidents/{id}": guard.RoleViewer,
	"POST /incidents/{id}": guard.RoleSupport, "POST /incidents/{id}/redeliver": guard.RoleSupport,
	"POST /charges/{id}/compensate": guard.RoleSupport, "GET /compensations": guard.RoleSupport,
	"GET /compensations/compensations.csv": guard.RoleSupport,
	"GET /lots/{union}/{park}/setup":       guard.RoleViewer, "GET /lots/{union}/{park}/sheet": guard.RoleViewer,
	"GET /p/{token}": "", "POST /pushes/{id}/share": guard.RoleSupport,
	"POST /bindings/{account}/{union}/{park}/share": guard.RoleSupport, "POST /shares/{id}/revoke": guard.RoleSupport,
	"GET /audit/{seq}/detail.txt": guard.RoleAdmin, "GET /audit/audit.csv": guard.RoleAdmin,
	"POST /draft": guard.RoleViewer,
}

// variable is a part of a pattern that stands for a value.
var variable = regexp.MustCompile(`\{[^}]*\}`)

// operations lists all that a running server's API and console answer.
func (s *site) operations() []string {
	s.t.Helper()
	var doc struct{ Paths map[string]map[string]any }
	s.office().must(s.t, http.MethodGet, "/openapi.json", nil, &doc)
	var all []string
	for path, methods := range doc.Paths {
		for method := range methods {
			all = append(all, strings.ToUpper(method)+" "+path)
		}
	}
	if len(all) == 0 {
		s.t.Fatal("the description lists no operation")
	}
	return append(all, console.Routes()...)
}

// TestSecurityEveryRouteHasItsRole asks each operation and route of a running server as everybody whose role is too
// small.
func TestSecurityEveryRouteHasItsRole(t *testing.T) {
	s := serve(t, local(t))
	stranger := &person{t: t, base: "http://" + s.Addresses().Admin, token: "nobody's",
		web: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	people := []struct {
		role   guard.Role
		person *person
	}{{"", stranger}, {guard.RoleViewer, s.hire(guard.RoleViewer)}, {guard.RoleSupport, s.hire(guard.RoleSupport)}}
	rank := map[guard.Role]int{guard.RoleViewer: 1, guard.RoleSupport: 2, guard.RoleAdmin: 3}
	seen := map[string]bool{}
	for _, op := range s.operations() {
		seen[op] = true
		least, known := leastRoles[op]
		if !known {
			t.Errorf("%s has no entry: who may do that?", op)
			continue
		}
		method, path, _ := strings.Cut(op, " ")
		path = variable.ReplaceAllString(strings.Replace(path, "{$}", "", 1), "1")
		for _, who := range people {
			if rank[who.role] >= rank[least] {
				continue
			}
			if api, is := strings.CutPrefix(path, "/api/v1"); is {
				want := map[bool]int{true: http.StatusUnauthorized, false: http.StatusForbidden}[who.role == ""]
				if status, text := who.person.api(method, api, nil); status != want {
					t.Errorf("%s as %q: %d, want %d: %s", op, who.role, status, want, text)
				}
				continue
			}
			var status int
			var text string
			if method == http.MethodGet {
				status, text = who.person.page(path)
			} else {
				status, text = who.person.post(path, url.Values{"reason": {"x"}})
			}
			want := map[bool]int{true: http.StatusSeeOther, false: http.StatusForbidden}[who.role == ""]
			if status != want || who.role == "" && !strings.Contains(text, "Location: /login") {
				t.Errorf("%s as %q: %d, want %d: %.300s", op, who.role, status, want, text)
			}
		}
	}
	for op := range leastRoles {
		if !seen[op] {
			t.Errorf("%s is in the table and nothing answers there", op)
		}
	}
	var log struct{ Items []json.RawMessage }
	s.office().must(t, http.MethodGet, "/api/v1/audit?limit=200", nil, &log)
	if len(log.Items) > 10 { // the two who were hired and signed in
		t.Errorf("something was done: %s", log.Items)
	}
}
