package admin

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/chargestamp/chargestamp/guard"
)

// cellsOf are the cells of a CSV or XLSX file.
func cellsOf(t *testing.T, path string, a answer) []string {
	t.Helper()
	if a.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", path, a.StatusCode, a.body)
	}
	var cells []string
	if strings.HasPrefix(a.Header.Get("Content-Type"), "text/csv") {
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.body, "\uFEFF"))).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, row := range rows {
			cells = append(cells, row...)
		}
		return cells
	}
	book, err := excelize.OpenReader(bytes.NewReader([]byte(a.body)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, name := range book.GetSheetList() {
		rows, err := book.GetRows(name)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		cells = append(cells, name)
		for _, row := range rows {
			cells = append(cells, row...)
		}
	}
	return cells
}

// TestFilesInTheReadersLanguage wants the files that people take from the console in the language of its pages: no
// English sentence in a Chinese one, no Chinese in an English one but names and what somebody wrote.
func TestFilesInTheReadersLanguage(t *testing.T) {
	for _, lang := range []string{"zh", "en"} {
		f := troubled()
		b := as(t, f, guard.RoleAdmin)
		f.push = onPages().push
		b.get("/?lang=" + lang)
		b.post("/charges/7001/void", url.Values{"step": {"do"}, "reason": {"R"}})
		b.post("/lots/200461/1313/pause", url.Values{"reason": {"R"}})
		b.post("/charges/7001/compensate", url.Values{"amount": {"5.00"}, "how": {"R"}})
		b.post("/access/users", url.Values{"name": {"wang"}, "password": {phrase}, "role": {"viewer"}})
		b.post("/estate/vendor/edit?id=200461", url.Values{"name": {"N"}, "step": {"apply"}})
		for _, path := range []string{"/charges/charges.csv", "/pushes/pushes.csv", "/audit/audit.csv",
			"/compensations/compensations.csv?month=2026-03", "/statements/statement.csv", "/statements/statement.xlsx"} {
			cells := cellsOf(t, path, b.get(path))
			if len(cells) < 5 {
				t.Errorf("%s, %s: %q", path, lang, cells)
			}
			for _, cell := range cells {
				if run := latinRun.FindString(cell); lang == "zh" && run != "" {
					t.Errorf("%s in Chinese says %q", path, cell)
				}
				if han := hanIn(cell); lang == "en" && han != "" {
					t.Errorf("%s in English says %q", path, cell)
				}
			}
		}
	}
}

// TestNoticesInTheReadersLanguage does what can be done in the console, and reads the page that it leads to.
func TestNoticesInTheReadersLanguage(t *testing.T) {
	for _, lang := range []string{"zh", "en"} {
		f := troubled()
		pages := onPages()
		f.push, f.alerts = pages.push, pages.alerts
		b := as(t, f, guard.RoleAdmin)
		b.get("/?lang=" + lang)
		incident := theIncident(b)
		for _, act := range []struct {
			path string
			form url.Values
		}{
			{incident, url.Values{"verb": {"acknowledge"}}},
			{incident, url.Values{"verb": {"snooze"}, "hours": {"4"}}},
			{incident, url.Values{"verb": {"reopen"}}},
			{incident + "/redeliver", url.Values{"reason": {"R"}}},
			{incident, url.Values{"verb": {"resolve"}}},
			{"/charges/7001/redeliver", url.Values{"step": {"do"}, "reason": {"R"}}},
			{"/charges/7001/void", url.Values{"step": {"do"}, "reason": {"R"}}},
			{"/charges/7001/lot_has", url.Values{"step": {"do"}, "reason": {"R"}}},
			{"/charges/7001/lot_has_not", url.Values{"step": {"do"}, "reason": {"R"}}},
			{"/charges/7001/bind", url.Values{"step": {"do"}, "reason": {"R"}, "order": {"S-9"}}},
			{"/charges/7001/compensate", url.Values{"amount": {"5.00"}, "how": {"R"}}},
			{"/lots/200461/1313/pause", url.Values{"reason": {"R"}}},
			{"/lots/200461/1313/resume", url.Values{"reason": {"R"}}},
			{"/pushes/31/share", url.Values{"days": {"3"}}},
			{"/alerts/test", url.Values{"name": {"duty"}}},
			{"/estate/vendor/edit?id=200461", url.Values{"name": {"N"}, "step": {"apply"}}},
			{"/estate/vendor/edit?id=200461", url.Values{"name": {"N"}, "step": {"apply"}}},
			{"/bindings/teld-main/200461/1313/mode", url.Values{"to": {"shadow"}}},
			{"/access/users", url.Values{"name": {"wang"}, "password": {phrase}, "role": {"viewer"}}},
			{"/access/users/wang/role", url.Values{"role": {"support"}}},
			{"/access/users/wang/revoke", url.Values{}},
			{"/access/tokens", url.Values{"name": {"n"}, "role": {"viewer"}}},
		} {
			page := b.follow(b.post(act.path, act.form))
			if page.StatusCode != http.StatusOK {
				t.Errorf("%s leads to %d", act.path, page.StatusCode)
			}
			checkPage(t, "after "+act.path, lang, page)
		}
	}
}

// TestRefusalsOfFormsInTheReadersLanguage sends forms that are wrong, and reads what is said of them.
func TestRefusalsOfFormsInTheReadersLanguage(t *testing.T) {
	for _, lang := range []string{"zh", "en"} {
		f := onPages()
		b := as(t, f, guard.RoleAdmin)
		b.get("/?lang=" + lang)
		for _, wrong := range []struct {
			path string
			form url.Values
		}{
			{"/charges/7001/void", url.Values{"step": {"do"}}},
			{"/charges/7001/bind", url.Values{"order": {""}}},
			{"/charges/7001/compensate", url.Values{"amount": {"x"}}},
			{"/lots/200461/1313/pause", url.Values{}},
			{"/bindings/teld-main/200461/1313/test", url.Values{"plate": {"x"}}},
			{"/doctor", url.Values{}},
			{"/access/users", url.Values{"name": {"a b"}, "password": {"x"}, "role": {"viewer"}}},
			{"/access/tokens", url.Values{"role": {"viewer"}}},
			{"/me/password", url.Values{"old": {"x"}, "password": {"x"}}},
			{"/estate/vendor/new", url.Values{"union_id": {"x y"}, "callback": {"ftp://x"}, "allow_to": {"x"},
				"step": {"create"}}},
			{"/estate/lot/new", url.Values{"lot": {"x"}, "kind": {"4g"}, "step": {"preview"}}},
			{"/estate/account/new?platform=telaidian", url.Values{"platform": {"telaidian"}, "account": {"x"},
				"step": {"preview"}}},
			{"/estate/binding/new", url.Values{"account": {"teld-main"}, "lot": {"200461/1313"}, "mode": {"shadow"},
				"rule.grant": {"steps"}, "rule.steps[0].minutes": {"x"}, "step": {"preview"}}},
			{"/estate/import", url.Values{"text": {"version: 1\nlots: [{lot: x, kind: none, nothing: 1}]\n"}}},
			{"/estate/import", url.Values{"text": {"version: [1\n"}}},
		} {
			page := b.post(wrong.path, wrong.form)
			if page.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d", wrong.path, page.StatusCode)
			}
			checkPage(t, "wrong "+wrong.path, lang, page)
		}
	}
}
