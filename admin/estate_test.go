package admin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/estate"
)

func TestEstateErrorsNameTheirPlace(t *testing.T) {
	f := newFake()
	f.refuse = estate.Errors{{File: "estate", Line: 12, Thing: "lot 200461/1313", Field: "colour",
		Code: estate.CodeUnknownKey}}
	w := call(t, f, "admin", "POST", "/api/v1/estate", "version: 1")
	isProblem(t, w, http.StatusUnprocessableEntity)
	if !strings.Contains(w.Body.String(), "line 12: lot 200461/1313: colour") {
		t.Errorf("no place: %s", w.Body)
	}
}

// TestEstateReadsNothingOfTheServer sends documents that name the server's files and environment, and bombs.
func TestEstateReadsNothingOfTheServer(t *testing.T) {
	t.Setenv("CHARGESTAMP_TEST_SECRET", "read-from-the-environment")
	account := func(value string) string {
		return "version: 1\naccounts:\n  - {account: a, platform: telaidian, scope: platform, keys: {operator_id: " + value +
			"}}\n"
	}
	for name, doc := range map[string]string{
		"file":           account("{file: /etc/hostname}"),
		"device":         account("{file: /dev/zero}"),
		"environment":    account("{env: CHARGESTAMP_TEST_SECRET}"),
		"lists":          "version: 1\nlots: " + strings.Repeat("[", 200_000),
		"maps":           "version: 1\nlots: " + strings.Repeat("{a: ", 50_000),
		"indicators":     "version: 1\nlots:\n" + strings.Repeat("- ", 100_000) + "x\n",
		"broken JSON":    `{"version": 1, "lots": ` + strings.Repeat("[", 200_000),
		"braces of YAML": "{version: 1, lots: []}",
	} {
		begin := time.Now()
		w := call(t, newFake(), "admin", "POST", "/api/v1/estate?dry_run=true", doc)
		if w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if strings.Contains(doc, "operator_id: {") && !strings.Contains(w.Body.String(), "is not looked") {
			t.Errorf("%s is refused for something else: %s", name, w.Body)
		}
		if strings.Contains(w.Body.String(), "read-from") || time.Since(begin) > 5*time.Second {
			t.Errorf("%s: took %s, answered %s", name, time.Since(begin), w.Body)
		}
	}
}
