package admin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/guard"
)

func TestBacktestOverTheAPI(t *testing.T) {
	f := newFake() // its charge was granted 30 minutes for charging 30, beside 10 of another platform's
	body, err := json.Marshal(map[string]any{"binding": "teld-main@200461/1313", "days": 7,
		"rule": "# tried on paper\ngrant: fixed\nminutes: 90\ncap_minutes: 60\ncombine: sum\n"})
	if err != nil {
		t.Fatal(err)
	}
	w := call(t, f, guard.RoleSupport, "POST", "/api/v1/rules/backtest", string(body))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	golden(t, "backtest.json", w.Body.Bytes())
	if f.page.Lot != theLot || !f.page.From.Equal(now.AddDate(0, 0, -7)) {
		t.Errorf("looked at %+v, want seven days of the lot", f.page)
	}
	if rules := f.State().Bindings()[0].Rules; len(rules) != 1 {
		t.Errorf("trying a rule has left %d versions", len(rules))
	}
}

func TestBacktestOfWhatCannotBe(t *testing.T) {
	for _, c := range []struct {
		binding, rule string
		status        int
		says          string
	}{
		{"teld-main@200461/1313", "grant: everything", http.StatusUnprocessableEntity, `line 1`},
		{"teld-main@200461/1313", "grant: as_pushed\nsurprise: 1", http.StatusUnprocessableEntity, `line 2`},
		// not what the platform grants
		{"teld-main@200461/1313", "grant: fixed\nfree: true", http.StatusUnprocessableEntity, "rule"},
		{"teld-main@200461/1313", "", http.StatusUnprocessableEntity, "rule"},
		{"teld-main", "grant: as_pushed", http.StatusUnprocessableEntity, "body.binding"},
		{"teld-main@200461/9", "grant: as_pushed", http.StatusNotFound, "no binding"},
		{"nobody@200461/1313", "grant: as_pushed", http.StatusNotFound, "no binding"},
	} {
		body, err := json.Marshal(map[string]any{"binding": c.binding, "rule": c.rule})
		if err != nil {
			t.Fatal(err)
		}
		w := call(t, newFake(), guard.RoleSupport, "POST", "/api/v1/rules/backtest", string(body))
		isProblem(t, w, c.status)
		if !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s with %q: %s, want it to say %s", c.binding, c.rule, w.Body, c.says)
		}
	}
}
