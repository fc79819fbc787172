package admin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/guard"
)

const bindingPath = "/bindings/teld-main/200461/1313"

// A platform's own list is put beside ours, and what differs leads to its charge.
func TestCompareWithThePlatformsList(t *testing.T) {
	b := as(t, onPages(), guard.RoleSupport)
	send := func(csv string) answer { return b.post(bindingPath+"/compare", url.Values{"csv": {csv}}) }
	a := send("充电订单号,车牌,减免时长\nT-1,京AD06088,45\nT-2,京A00001,30\n")
	if a.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.StatusCode, a.body)
	}
	page := b.follow(a)
	for _, want := range []string{"减免不同", "/charges/7001", "45 分钟", "只在清单中", "T-2", "/find?q="} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	for csv, want := range map[string]string{
		"PK\x03\x04":                "这是 Excel 工作簿",
		"站点,电量\n东站,1\n":             "没有标题为“订单号”或“车牌”的列",
		"订单号,减免时长\nT-1,一小时\n":       "第 2 行：减免时长不是数字",
		"充电订单号,车牌\n":                "标题行下面没有数据",
		strings.Repeat("1\n", 5003): "行数过多",
	} {
		if a := send(csv); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, want) {
			t.Errorf("%.20q: status %d, without %q", csv, a.StatusCode, want)
		}
	}
	viewer := as(t, onPages(), guard.RoleViewer)
	if a := viewer.post(bindingPath+"/compare", url.Values{"csv": {"订单号\n1\n"}}); a.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer compares: %d", a.StatusCode)
	}
}

// A list's filters are kept under a name, for their owner alone, and dropped again.
func TestViewsOfLists(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleViewer)
	query := "platform=telaidian&state=unknown"
	page := b.get("/charges?" + query + "&reason=&cursor=more")
	if !strings.Contains(page.body, `value="platform=telaidian&amp;state=unknown"`) {
		t.Error("the list cannot be kept without its place")
	}
	keep := url.Values{"list": {"/charges"}, "query": {query}, "name": {"悬着的"}}
	if a := b.post("/views", keep); a.Header.Get("Location") != "/charges?"+query {
		t.Fatalf("keeping: %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	if a := b.get("/charges"); !strings.Contains(a.body, "悬着的") {
		t.Error("the view is not offered")
	}
	if a := b.get("/charges?" + query); !strings.Contains(a.body, "删除视图") {
		t.Error("the view is not known where it is shown")
	}
	if a := b.get("/pushes"); strings.Contains(a.body, "悬着的") {
		t.Error("a view of charges stands above the pushes")
	}
	if a := as(t, f, guard.RoleAdmin).get("/charges"); strings.Contains(a.body, "悬着的") {
		t.Error("a view is shown to another")
	}
	for _, wrong := range []url.Values{{"list": {"/audit"}, "name": {"x"}}, {"list": {"//evil.example"}, "name": {"x"}},
		{"list": {"/charges"}, "name": {""}}, {"list": {"/charges"}, "name": {strings.Repeat("长", 41)}}} {
		if a := b.post("/views", wrong); a.StatusCode < 400 {
			t.Errorf("%v is kept: %d", wrong, a.StatusCode)
		}
	}
	if a := b.post("/views/drop", keep); a.StatusCode != http.StatusSeeOther {
		t.Errorf("dropping: %d", a.StatusCode)
	}
	if a := b.get("/charges"); strings.Contains(a.body, "悬着的") {
		t.Error("the view is still there")
	}
}

// The estate is shown by lots, each with the platforms that are bound to it, and is found by either.
func TestEstateByLots(t *testing.T) {
	b := as(t, onPages(), guard.RoleViewer)
	for _, path := range []string{"/estate", "/estate?find=lot+one", "/estate?find=teld-main"} {
		a := b.get(path)
		lot, bound := strings.Index(a.body, `href="/lots/200461/1313"`), strings.Index(a.body, `href="`+bindingPath+`"`)
		if lot < 0 || bound < lot {
			t.Errorf("%s: lot at %d, its binding at %d", path, lot, bound)
		}
	}
}
