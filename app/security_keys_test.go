package app

import (
	"net/http"
	"strings"
	"testing"

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
