package app

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// A key that a stranger may find by trying is applied, with a warning to its applicant, a list for admins in the
// console, a figure and a line in the log; none of them shows it.
func TestWeakKeysAreWarnedOf(t *testing.T) {
	s := serve(t, local(t))
	admin, viewer := s.hire(guard.RoleAdmin), s.hire(guard.RoleViewer)
	doc := object{"version": 1,
		"vendors": []object{{"union_id": "1", "ukey": "hush-of-the-vendor-9c3e"}},
		"lots": []object{{"lot": "1/7", "kind": "sdk", "ckey": "hush7"},
			{"lot": "1/8", "kind": "sdk", "ckey": "hushhushhushhushhush"}}}
	status, answer := admin.api(http.MethodPost, "/estate?dry_run=true", doc)
	for _, want := range []string{`"thing":"lot 1/7"`, `"field":"ckey"`, `"problem":"short"`, `"problem":"guessable"`} {
		if status != http.StatusOK || !strings.Contains(answer, want) {
			t.Errorf("a dry run answers %d without %s: %s", status, want, answer)
		}
	}
	if status, answer := admin.api(http.MethodPost, "/estate", doc); status != http.StatusOK ||
		!strings.Contains(answer, `"applied":true`) || strings.Contains(answer, "hush") {
		t.Errorf("weak keys are %d, %s", status, answer)
	}
	if _, page := admin.page("/estate"); !strings.Contains(page, "<strong>lot 1/7</strong>") ||
		strings.Contains(page, "hush") {
		t.Error("the console does not list the weak keys")
	}
	if _, page := viewer.page("/estate"); strings.Contains(page, "<strong>lot 1/7</strong>") {
		t.Error("a viewer sees which keys are easily found")
	}
	_, figures, err := s.office().call(t.Context(), http.MethodGet, "/metrics", nil)
	if err != nil || !strings.Contains(string(figures), `chargestamp_weak_keys{problem="short"} 1`) ||
		!strings.Contains(string(figures), `chargestamp_weak_keys{problem="guessable"} 1`) {
		t.Errorf("the figure is missing: %v", err)
	}
}

// An admin's token that is chosen here has no excuse for being short.
func TestWeakAdminTokenIsRefused(t *testing.T) {
	for _, token := range []string{"1", "fifteen-letters", "aaaaaaaaaaaaaaaaaaaaaaaa", "1234567890123456"} {
		cfg := local(t)
		cfg.AdminToken = token
		a, err := New(t.Context(), cfg)
		if err == nil {
			a.Stop(0)
			t.Errorf("CHARGESTAMP_ADMIN_TOKEN=%s is taken", token)
		} else if len(token) > 1 && strings.Contains(err.Error(), token) {
			t.Errorf("the error shows the token: %v", err)
		}
	}
}

// TestSecurityLotsPathsSlowGuesses: on each path of the car parks the wrong keys of one network are soon answered late.
// A vendor's key is one key whatever lot is named with it.
func TestSecurityLotsPathsSlowGuesses(t *testing.T) {
	w := newTown()
	sdk, gate := w.lot("1", charge.KindSDK, nil), w.lot("3", charge.Kind4G, nil)
	s := serve(t, local(t))
	s.apply(w.estate())
	wrong := strings.Repeat("0", 32)
	signed := func(park string) string {
		return fmt.Sprintf(`{"data":{"union_id":%q,"park_id":%q,"order_id":"S1"},"sign":%q}`, gate.Union, park, wrong)
	}
	login := fmt.Sprintf(`{"service_name":"login","sign":%q,"data":{"union_id":%q,"park_id":%q,"local_id":"x"}}`, wrong,
		sdk.Union, sdk.Park)
	var all sync.WaitGroup
	for path, body := range map[string]func(n int) string{
		"/gate/v1/quote":              func(int) string { return signed(gate.Park) },
		"/unionapi/neworder/addorder": func(n int) string { return signed(fmt.Sprint(n)) },
		"/bpd/upload.do":              func(int) string { return login },
	} {
		all.Go(func() {
			begin := time.Now()
			for n := range 3 {
				if answer := s.post(path, nil, body(n)); !strings.Contains(answer, `"state":0`) {
					t.Errorf("%s answers a wrong key with %s", path, answer)
				}
			}
			if took := time.Since(begin); took < 700*time.Millisecond {
				t.Errorf("%s: three wrong keys take %v", path, took)
			}
		})
	}
	all.Wait()
}
