package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/admin/apitest"
	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
)

var update = flag.Bool("update", false, "write golden files anew")

// call asks a new server as a role; "" sends no token, "stranger" one that does not exist.
func call(t *testing.T, f *fake, role guard.Role, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	switch {
	case role == "stranger":
		r.Header.Set("Authorization", "Bearer stranger")
	case role != "":
		r.Header.Set("Authorization", "Bearer "+f.tokens[role])
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	serve(t, f).ServeHTTP(w, r)
	described(t, r, w)
	return w
}

// document is the description that the API serves; described reads it once.
var document struct {
	sync.Once
	*apitest.Document
}

// described wants an answer to be one that the API's own description allows.
func described(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	document.Do(func() {
		served := httptest.NewRecorder()
		serve(t, newFake()).ServeHTTP(served, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
		var err error
		if document.Document, err = apitest.Read(served.Body.Bytes()); err != nil {
			t.Fatal(err)
		}
	})
	answer := apitest.Answer{Method: r.Method, Path: r.URL.Path, Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}
	if err := document.Check(answer); err != nil {
		t.Error(err)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, bytes.TrimSpace(got), "", "  "); err != nil {
		t.Fatalf("no JSON: %v\n%s", err, got)
	}
	pretty.WriteByte('\n')
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestGolden(t *testing.T) {
	for _, tc := range []struct {
		name               string
		role               guard.Role
		method, path, body string
	}{
		{"charge.json", "support", "GET", "/api/v1/charges/7001", ""},
		{"charge-viewer.json", "viewer", "GET", "/api/v1/charges/7001", ""},
		{"charges.json", "support", "GET", "/api/v1/charges?platform=telaidian&lot=200461/1313&state=used,held&limit=2", ""},
		{"pushes.json", "viewer", "GET", "/api/v1/pushes", ""},
		{"stays.json", "support", "GET", "/api/v1/stays?lot=200461/1313", ""},
		{"lot.json", "viewer", "GET", "/api/v1/lots/200461/1313", ""},
		{"lots.json", "viewer", "GET", "/api/v1/lots", ""},
		{"bindings.json", "viewer", "GET", "/api/v1/bindings", ""},
		{"platforms.json", "viewer", "GET", "/api/v1/platforms", ""},
		{"statements.json", "viewer", "GET", "/api/v1/statements?from=2026-01-01&to=2026-02-01", ""},
		{"bulk-dry.json", "support", "POST", "/api/v1/charges/redeliver?state=gave_up&lot=200461/1313&dry_run=true", ""},
		{"effect-dry.json", "support", "POST", "/api/v1/charges/7001/redeliver?dry_run=true", ""},
		{"price.json", "support", "POST", "/api/v1/lots/200461/1313/price", `{"order_id":"S-9"}`},
		{"replay.json", "support", "POST", "/api/v1/pushes/31/replay", ""},
		{"estate.json", "admin", "POST", "/api/v1/estate", `{"version":1,"lots":[{"lot":"200461/1314","kind":"sdk"}]}`},
		{"check.json", "support", "POST", "/api/v1/check", `{"platform":"telaidian","push":"{}"}`},
		{"users.json", "admin", "GET", "/api/v1/users", ""},
		{"audit.json", "admin", "GET", "/api/v1/audit", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := call(t, newFake(), tc.role, tc.method, tc.path, tc.body)
			if w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			golden(t, tc.name, w.Body.Bytes())
		})
	}
}

// TestTimesOfQueries takes a time as people type it: "+" arrives as a blank where it is not written as %2B.
func TestTimesOfQueries(t *testing.T) {
	f := newFake()
	for _, path := range []string{"/api/v1/charges?", "/api/v1/pushes?", "/api/v1/statements?"} {
		for at, want := range map[string]int{"2026-11-01T00:00:00+08:00": 200, "2026-11-01T00:00:00%2B08:00": 200,
			"2026-10-31T16:00:00Z": 200, "2026-11-01": 200, "2026-11-01+00:00": 422, "yesterday": 422} {
			if w := call(t, f, "viewer", "GET", path+"from="+at, ""); w.Code != want {
				t.Errorf("%sfrom=%s: %d, want %d: %s", path, at, w.Code, want, w.Body)
			}
		}
	}
}

// Which role may do what, on every operation of the description.
func TestRoles(t *testing.T) {
	const reason = `{"reason":"driver called"}`
	f := newFake()
	f.tokens["stranger"] = "stranger"
	made, _, err := f.guard.Tokens.Create(t.Context(), "spare", guard.RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	spare := made.ID
	routes := []struct {
		method, path, body string
		least              guard.Role
	}{
		{"GET", "/charges", "", guard.RoleViewer},
		{"GET", "/charges/7001", "", guard.RoleViewer},
		{"GET", "/pushes", "", guard.RoleViewer},
		{"GET", "/unserved", "", guard.RoleViewer},
		{"GET", "/stations", "", guard.RoleViewer},
		{"GET", "/stays", "", guard.RoleViewer},
		{"GET", "/lots", "", guard.RoleViewer},
		{"GET", "/lots/200461/1313", "", guard.RoleViewer},
		{"GET", "/bindings", "", guard.RoleViewer},
		{"GET", "/platforms", "", guard.RoleViewer},
		{"GET", "/accounts", "", guard.RoleViewer},
		{"GET", "/statements", "", guard.RoleViewer},
		{"POST", "/charges/7001/redeliver", reason, guard.RoleSupport},
		{"POST", "/charges/7001/void", reason, guard.RoleSupport},
		{"POST", "/charges/7001/resolve", `{"lot_has":true,"reason":"asked the booth"}`, guard.RoleSupport},
		{"POST", "/charges/redeliver?state=gave_up", reason, guard.RoleSupport},
		{"POST", "/charges/7001/bind", `{"order_id":"S-9","reason":"same car"}`, guard.RoleSupport},
		{"POST", "/pushes/31/replay", "", guard.RoleSupport},
		{"POST", "/lots/200461/1313/price", `{"order_id":"S-9"}`, guard.RoleSupport},
		{"POST", "/lots/200461/1313/pause", reason, guard.RoleSupport},
		{"POST", "/lots/200461/1313/resume", "", guard.RoleSupport},
		{"POST", "/rules/backtest", `{"binding":"teld-main@200461/1313","rule":"grant: as_pushed"}`, guard.RoleSupport},
		{"POST", "/check", `{"platform":"telaidian","push":"{}"}`, guard.RoleSupport},
		{"GET", "/webhooks", "", guard.RoleSupport},
		{"GET", "/webhooks/erp/messages", "", guard.RoleSupport},
		{"POST", "/webhooks/erp/resend", "", guard.RoleSupport},
		{"GET", "/estate", "", guard.RoleAdmin},
		{"POST", "/estate", "version: 1", guard.RoleAdmin},
		{"GET", "/tokens", "", guard.RoleAdmin},
		{"POST", "/tokens", `{"name":"ci","role":"viewer"}`, guard.RoleAdmin},
		{"DELETE", "/tokens/" + spare, "", guard.RoleAdmin},
		{"GET", "/users", "", guard.RoleAdmin},
		{"POST", "/users", `{"name":"li","role":"viewer","password":"long enough for all"}`, guard.RoleAdmin},
		{"DELETE", "/users/li", "", guard.RoleAdmin},
		{"GET", "/audit", "", guard.RoleAdmin},
	}
	for _, r := range routes {
		for _, role := range []guard.Role{"", "stranger", guard.RoleViewer, guard.RoleSupport, guard.RoleAdmin} {
			f.done = nil
			rows := len(f.memory.rows)
			w := call(t, f, role, r.method, "/api/v1"+r.path, r.body)
			want := 2
			switch {
			case role == "" || role == "stranger":
				want = http.StatusUnauthorized
			case !desk.Allows(role, r.least):
				want = http.StatusForbidden
			}
			if want == 2 && w.Code/100 != 2 || want != 2 && w.Code != want {
				t.Errorf("%s %s as %q: status %d, want %d: %s", r.method, r.path, role, w.Code, want, w.Body)
			}
			if want != 2 {
				isProblem(t, w, want)
				if len(f.done) != 0 || len(f.memory.rows) != rows {
					t.Errorf("%s %s as %q did %v", r.method, r.path, role, f.done)
				}
			}
		}
	}
	var described int
	w := call(t, newFake(), "", "GET", "/openapi.json", "")
	var doc struct {
		Paths map[string]map[string]any
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, ops := range doc.Paths {
		described += len(ops)
	}
	if described != len(routes) {
		t.Errorf("%d operations are described, the table has %d", described, len(routes))
	}
}

func isProblem(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("content type %q of status %d", ct, w.Code)
	}
	var p struct {
		Title, Detail string
		Status        int
		Errors        []struct{ Message, Location string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if w.Code != status || p.Status != status || p.Title == "" || p.Detail == "" {
		t.Errorf("status %d, problem %+v, want %d", w.Code, p, status)
	}
	for _, leak := range []string{"goroutine", ".go:", "sqlite", "secret"} {
		if strings.Contains(w.Body.String(), leak) {
			t.Errorf("problem tells %q: %s", leak, w.Body)
		}
	}
}

func TestProblems(t *testing.T) {
	for _, tc := range []struct {
		name               string
		role               guard.Role
		method, path, body string
		status             int
		says               string
	}{
		{"unknown path", "admin", "GET", "/api/v1/nothing", "", 404, "openapi"},
		{"wrong method", "admin", "DELETE", "/api/v1/charges", "", 405, "GET"},
		{"unknown charge", "admin", "GET", "/api/v1/charges/1", "", 404, ""},
		{"no id", "admin", "GET", "/api/v1/charges/abc", "", 404, ""},
		{"unknown lot", "admin", "GET", "/api/v1/lots/200461/9", "", 404, "200461/9"},
		{"pause of unknown lot", "admin", "POST", "/api/v1/lots/1/9/pause", `{"reason":"x"}`, 404, ""},
		{"unknown parameter", "admin", "GET", "/api/v1/charges?plat=1", "", 422, "query.plat"},
		{"unknown state", "admin", "GET", "/api/v1/charges?state=lost", "", 422, "gave_up"},
		{"limit too high", "admin", "GET", "/api/v1/charges?limit=501", "", 422, "query.limit"},
		{"crossed times", "admin", "GET", "/api/v1/charges?from=2026-02-01&to=2026-01-01", "", 422, "query.to"},
		{"bad time", "admin", "GET", "/api/v1/charges?from=yesterday", "", 422, "query.from"},
		{"bad lot", "admin", "GET", "/api/v1/charges?lot=13", "", 422, "query.lot"},
		{"short plate", "admin", "GET", "/api/v1/charges?plate=A1", "", 422, "query.plate"},
		{"year of five digits", "viewer", "GET", "/api/v1/statements?from=9999-12-31T23:59:59Z", "", 422, "query.from"},
		{"year before all", "viewer", "GET", "/api/v1/statements?to=0000-01-15", "", 422, "query.to"},
		{"long statement", "admin", "GET", "/api/v1/statements?from=2020-01-01&to=2026-01-01", "", 422, "query.from"},
		{"bad format", "admin", "GET", "/api/v1/statements?format=pdf", "", 422, "query.format"},
		{"bulk of all states", "admin", "POST", "/api/v1/charges/redeliver", `{"reason":"x"}`, 422, "query.state"},
		{"bulk of delivered", "admin", "POST", "/api/v1/charges/redeliver?state=delivered", `{"reason":"x"}`, 422,
			"query.state"},
		{"bulk without reason", "admin", "POST", "/api/v1/charges/redeliver?state=gave_up", "", 422, "body.reason"},
		{"no reason", "admin", "POST", "/api/v1/charges/7001/void", "", 422, "body.reason"},
		{"blank reason", "admin", "POST", "/api/v1/charges/7001/void", `{"reason":"  "}`, 422, "body.reason"},
		{"unknown key", "admin", "POST", "/api/v1/charges/7001/void", `{"reason":"x","sekret":1}`, 422, "body"},
		{"no JSON", "admin", "POST", "/api/v1/charges/7001/void", `reason`, 400, ""},
		{"role of nobody", "admin", "POST", "/api/v1/tokens", `{"name":"x","role":"root"}`, 422, "body.role"},
		{"short password", "admin", "POST", "/api/v1/users", `{"name":"x","role":"viewer","password":"secret"}`, 422,
			"body.password"},
		{"unknown platform", "admin", "POST", "/api/v1/check", `{"platform":"x","push":"{}"}`, 422, "body.platform"},
		{"large body", "admin", "POST", "/api/v1/charges/7001/void", `{"reason":"` + strings.Repeat("x", 70<<10) + `"}`, 413,
			""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFake()
			w := call(t, f, tc.role, tc.method, tc.path, tc.body)
			isProblem(t, w, tc.status)
			if !strings.Contains(w.Body.String(), tc.says) {
				t.Errorf("problem does not say %q: %s", tc.says, w.Body)
			}
			if len(f.done)+len(f.memory.rows) != 0 {
				t.Errorf("bad input did %v and wrote %d rows", f.done, len(f.memory.rows))
			}
		})
	}
}

func TestUnauthorizedSaysHow(t *testing.T) {
	f := newFake()
	s := serve(t, f)
	admin := f.tokens[guard.RoleAdmin]
	for _, header := range []string{"", "Bearer", "Bearer wrong", "Basic " + admin, admin} {
		r := httptest.NewRequest("GET", "/api/v1/charges", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		isProblem(t, w, http.StatusUnauthorized)
		if w.Header().Get("WWW-Authenticate") == "" {
			t.Error("401 without WWW-Authenticate")
		}
	}
}

// What fails inside says nothing outside.
func TestInternalFailureTellsNothing(t *testing.T) {
	f := newFake()
	f.fail = errors.New("sqlite: disk I/O error, secret.db, store.go:77")
	f.memory.fail = f.fail
	for _, path := range []string{"/charges", "/charges/7001", "/pushes", "/stays", "/lots", "/lots/200461/1313",
		"/statements", "/audit"} {
		isProblem(t, call(t, f, "admin", "GET", "/api/v1"+path, ""), http.StatusInternalServerError)
	}
}

// A silent lot is not our failure: the problem says what the lot did.
func TestPriceOfASilentLotIsAConflict(t *testing.T) {
	f := newFake()
	f.fail = fmt.Errorf("%w: the lot did not answer", flow.ErrNoPrice)
	w := call(t, f, "admin", "POST", "/api/v1/lots/200461/1313/price", `{"order_id":"S-9"}`)
	isProblem(t, w, http.StatusConflict)
	if !strings.Contains(w.Body.String(), "did not answer") {
		t.Errorf("problem does not say why: %s", w.Body)
	}
}

func TestActionsAreAudited(t *testing.T) {
	f := newFake()
	token := f.guard.Tokens.List()[0].ID
	for _, tc := range []struct{ method, path, body string }{
		{"POST", "/charges/7001/void", `{"reason":"wrong car"}`},
		{"POST", "/charges/7001/redeliver?dry_run=true", ""}, // says only: not audited
		{"POST", "/charges/7001/redeliver", `{"reason":"lot is back"}`},
		{"POST", "/lots/200461/1313/pause", `{"reason":"barrier broken"}`},
		{"POST", "/lots/200461/1313/resume", ""},
		{"POST", "/pushes/31/replay", `{"reason":"key is right now"}`},
		{"POST", "/users", `{"name":"li","role":"viewer","password":"long enough for all"}`},
		{"DELETE", "/users/li", ""},
		{"POST", "/tokens", `{"name":"ci","role":"viewer"}`},
		{"DELETE", "/tokens/" + token, ""},
	} {
		if w := call(t, f, "admin", tc.method, "/api/v1"+tc.path, tc.body); w.Code/100 != 2 {
			t.Fatalf("%s: %d %s", tc.path, w.Code, w.Body)
		}
	}
	entries, _, err := f.guard.Audit.Page(t.Context(), guard.AuditFilter{}, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range slices.Backward(entries) {
		object := e.Object
		if e.Action == "token.create" {
			object = "(new)"
		}
		got = append(got, e.Actor+" "+string(e.Role)+" "+e.Action+" "+object+" "+e.Detail)
	}
	want := []string{
		"token:admin admin charge.void 7001 wrong car", "token:admin admin charge.redeliver 7001 lot is back",
		"token:admin admin lot.pause 200461/1313 barrier broken", "token:admin admin lot.resume 200461/1313 ",
		"token:admin admin push.replay 31 duplicate key is right now",
		"token:admin admin user.create li viewer", "token:admin admin user.revoke li ",
		"token:admin admin token.create (new) ci, viewer", "token:admin admin token.revoke " + token + " ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

func TestViewersFindWholePlatesOnly(t *testing.T) {
	f := newFake()
	for plate, want := range map[string]int{"京AD06088": 1, "京ad·06088": 1, "D06088": 0, "京A***88": 0} {
		w := call(t, f, "viewer", "GET", "/api/v1/charges?plate="+plate, "")
		var got struct{ Items []struct{ Plate string } }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Items) != want {
			t.Errorf("plate %s: %d items, want %d: %s", plate, len(got.Items), want, w.Body)
		}
	}
	for _, path := range []string{"/charges", "/charges/7001", "/stays"} {
		if w := call(t, f, "viewer", "GET", "/api/v1"+path, ""); strings.Contains(w.Body.String(), "AD06088") {
			t.Errorf("%s shows a viewer a whole plate: %s", path, w.Body)
		}
	}
}

func TestHealthAndLocal(t *testing.T) {
	f := newFake()
	for _, path := range []string{"/healthz", "/readyz"} {
		if w := call(t, f, "", "GET", path, ""); w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	w := httptest.NewRecorder()
	serve(t, f).Local().ServeHTTP(w,
		httptest.NewRequest("POST", "/api/v1/tokens", strings.NewReader(`{"name":"ci","role":"admin"}`)))
	if w.Code != http.StatusOK {
		t.Errorf("local caller: %d %s", w.Code, w.Body)
	}
}

// TestSecurityNotReadyIsLoggedNowAndThen asks a node that is not ready a hundred times: its log says so once.
func TestSecurityNotReadyIsLoggedNowAndThen(t *testing.T) {
	f := newFake()
	var log bytes.Buffer
	f.log = slog.New(slog.NewTextHandler(&log, nil))
	s := serve(t, f)
	s.cfg.Ready = func(context.Context) error { return errors.New("the disk is away") }
	for range 100 {
		w := httptest.NewRecorder()
		s.Health().ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
		if w.Code != http.StatusServiceUnavailable {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if n := strings.Count(log.String(), "the disk is away"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

// TestNearStays wants what almost matched in the answer about a charge that has no stay, with the plate as who asks may
// see it.
func TestNearStays(t *testing.T) {
	f := newFake()
	f.told.Stay, f.told.Charge.StayID = nil, 0
	f.told.Charge.State, f.told.Charge.Reason = charge.StateHeld, charge.ReasonWaitingForStay
	f.near = &charge.Stay{ID: 9, OrderID: "S-9", Plate: "京A12346", Open: true, Entered: f.told.Charge.Received}
	for role, plate := range map[guard.Role]string{guard.RoleSupport: `"plate":"京A12346"`, guard.RoleViewer: `***`} {
		a := call(t, f, role, "GET", "/api/v1/charges/7001", "").Body.String()
		_, near, found := strings.Cut(a, `"near_stays":[`)
		if !found || !strings.Contains(near, `"order_id":"S-9"`) || !strings.Contains(near, plate) {
			t.Errorf("%s is answered %s", role, a)
		}
	}
}
