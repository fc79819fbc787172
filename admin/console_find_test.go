package admin

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// The one box leads to a lot by its number as any platform writes it, and by its name.
func TestFindLotInAnySpelling(t *testing.T) {
	f := onPages()
	f.many = -1
	b := as(t, f, guard.RoleSupport)
	for _, text := range []string{"200461/1313", "200461&&1313", "200461-1313", "200461,1313", "1313", "Lot One",
		"lot on"} {
		if a := b.get("/find?q=" + url.QueryEscape(text)); a.Header.Get("Location") != "/lots/200461/1313" {
			t.Errorf("%q: %d, leads to %q", text, a.StatusCode, a.Header.Get("Location"))
		}
	}
	if a := b.get("/find?q=teld-m"); !strings.Contains(a.body, "/pushes?account=teld-main") {
		t.Error("an account is not found by a part of its name")
	}
}

// What was refused is found by what was read of it, and the answer stands in the list.
func TestFindShowsRefusedPushesAndVerdicts(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleSupport)
	a := b.get("/find?q=06088")
	for _, want := range []string{"被拒绝的推送", "/pushes/30", "车已离场，实际减免 30 分钟", "/stays/88",
		"06088 · 查车 · Chargestamp</title>"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	if a := b.get("/find?q=88"); a.StatusCode != http.StatusOK {
		t.Errorf("two characters: %d", a.StatusCode)
	}
	if a := b.get("/find"); !strings.Contains(a.body, "最近查过") || !strings.Contains(a.body, "/find?q=88") {
		t.Error("recent finds are not offered")
	}
	if a := b.get("/find?q=8"); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("one character: %d", a.StatusCode)
	}
	if a := as(t, f, guard.RoleViewer).get("/find?q=88"); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("two characters for a viewer: %d", a.StatusCode)
	}
}

// A list can be gone through both ways, from either end, with its other filters kept.
func TestListsTurnBothWays(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleSupport)
	first := b.get("/charges?platform=telaidian")
	if strings.Contains(first.body, `rel="prev"`) || f.page.Oldest ||
		!strings.Contains(first.body, `href="/charges?cursor=more&amp;platform=telaidian" rel="next"`) ||
		!strings.Contains(first.body, `href="/charges?platform=telaidian&amp;sort=oldest"`) {
		t.Errorf("the first page: %s", first.body)
	}
	second := b.get("/charges?platform=telaidian&sort=oldest&cursor=more")
	if !strings.Contains(second.body, `href="/charges?cursor=less&amp;platform=telaidian&amp;sort=oldest" rel="prev"`) ||
		strings.Contains(second.body, `rel="next"`) || !f.page.Oldest ||
		!strings.Contains(second.body, `name="sort" value="oldest"`) {
		t.Errorf("the second page: %s", second.body)
	}
	for _, page := range []string{"/pushes", "/work/gave-up"} {
		if a := b.get(page); !strings.Contains(a.body, `aria-sort="descending"`) {
			t.Errorf("%s cannot be sorted", page)
		}
	}
}

// A list's file has what the list shows, as its reader may see it, and no cell that a spreadsheet would run.
func TestListsAsFiles(t *testing.T) {
	f := onPages()
	f.charge.Order = "=1+1"
	for role, plate := range map[guard.Role]string{guard.RoleSupport: "京AD06088", guard.RoleViewer: "京A***88"} {
		b := as(t, f, role)
		a := b.get("/charges/charges.csv?lot=" + url.QueryEscape("Lot One"))
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.body, "\ufeff"))).ReadAll()
		if err != nil || len(rows) != 3 || f.page.Lot != (charge.LotID{Union: "200461", Park: "1313"}) {
			t.Fatalf("%d rows of %v, %v", len(rows), f.page.Lot, err)
		}
		if rows[1][1] != plate || rows[1][10] != "'=1+1" || rows[1][9] != "Lot One" {
			t.Errorf("as %s: %q", role, rows[1])
		}
		if a := b.get("/pushes/pushes.csv?outcome=refused"); a.StatusCode != http.StatusOK ||
			!strings.Contains(a.body, "203.0.113.8") {
			t.Errorf("pushes: %d", a.StatusCode)
		}
	}
}
