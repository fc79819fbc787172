package admin

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// A car's page begins with the answer: the stay in a sentence, the verdict, what can work, and what to say to the
// driver.
func TestCarPageAnswersFirst(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleSupport)
	for _, path := range []string{"/charges/7001", "/stays/88"} {
		a := b.get(path)
		if a.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d", path, a.StatusCode)
		}
		last := -1
		for _, part := range []string{"京AD06088 · Lot One · Chargestamp</title>", "京AD06088 在 Lot One 已停", "1 笔充电，共减 30 分钟。",
			"接下来：", "问车场：道闸现在显示多少",
			"/charges/7001/void", "您出场时已减 30 分钟。无需其他操作。", "Copy it in Chinese|复制英文回复", "这次停车", "<summary><h2>经过"} {
			at := -1
			for _, one := range strings.Split(part, "|") {
				at = max(at, strings.Index(a.body, one))
			}
			if at < last {
				t.Errorf("%s: %q stands at %d, what comes before it at %d", path, part, at, last)
			}
			last = at
		}
		if !strings.Contains(a.body, "30 minutes was taken off at your exit.") && !strings.Contains(a.body, "30 minutes") {
			t.Errorf("%s: no reply in English can be copied", path)
		}
	}
	if a := b.get("/stays/89"); a.StatusCode != http.StatusNotFound {
		t.Errorf("a stay that is not there: %d", a.StatusCode)
	}
}

// A car that has not charged has a page too: its stay.
func TestStayWithoutCharges(t *testing.T) {
	f := onPages()
	f.bareStay = true
	a := as(t, f, guard.RoleSupport).get("/stays/88")
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "没有收到充电。") || !strings.Contains(a.body, "这辆车被拒绝的推送") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// A charge without a stay shows whose plate in the lot is one character off, and where.
func TestNearPlateOnTheCarsPage(t *testing.T) {
	f := onPages()
	f.charge.State, f.charge.Reason, f.charge.StayID = charge.StateHeld, charge.ReasonWaitingForStay, 0
	near := *f.told.Stay
	near.Plate = "京AD06089"
	f.near, f.told.Stay = &near, nil
	a := as(t, f, guard.RoleSupport).get("/charges/7001")
	if !strings.Contains(a.body, "京AD0608<mark>9</mark>") || !strings.Contains(a.body, "/charges/7001/bind?order=S-9") {
		t.Error(a.body)
	}
	if a := as(t, f, guard.RoleViewer).get("/charges/7001"); strings.Contains(a.body, "AD0608") {
		t.Error("a viewer reads a whole plate")
	}
}

// What the barrier shows is asked by a script as a part of the page, and without one as a page.
func TestPriceIsAPartOfThePage(t *testing.T) {
	b := as(t, onPages(), guard.RoleSupport)
	if a := b.get("/lots/200461/1313/price?order=S-9"); !strings.Contains(a.body, "<h1>") ||
		!strings.Contains(a.body, "5.00 元") {
		t.Errorf("the page: %s", a.body)
	}
	r, err := http.NewRequest(http.MethodGet, b.base+"/lots/200461/1313/price?order=S-9", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("HX-Request", "true")
	if a := b.do(r); strings.Contains(a.body, "<h1>") || !strings.Contains(a.body, "道闸现在显示 5.00 元。") {
		t.Errorf("the part: %s", a.body)
	}
}
