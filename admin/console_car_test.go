package admin

import (
	"net/http"
	"strings"
	"testing"
	"time"

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

// The list of near misses holds every charge that has found no stay, whatever became of it, and no other.
func TestNearMissesList(t *testing.T) {
	for state, reason := range map[charge.State]charge.Reason{charge.StateHeld: charge.ReasonWaitingForStay,
		charge.StateExpired: charge.ReasonHoldOver, charge.StateNoGrant: charge.ReasonNoStay,
		charge.StateShadow: charge.ReasonNoStay} {
		f := onPages()
		f.charge.State, f.charge.Reason, f.charge.StayID = state, reason, 0
		near := *f.told.Stay
		near.Plate = "京AD06089"
		f.near = &near
		a := as(t, f, guard.RoleSupport).get("/work/near")
		if got, want := strings.Contains(a.body, "/charges/7001/bind"), state != charge.StateShadow; got != want {
			t.Errorf("%s for %s is in the list: %t\n%s", state, reason, got, a.body)
		}
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

// Where the lot has other charges of the visit too, the reply says what those come to: the driver counts the whole.
func TestReplyCountsTheOtherCharges(t *testing.T) {
	f := onPages()
	f.charge.State, f.charge.Usage = charge.StateDelivered, nil
	other := *f.charge
	other.ID, other.Reduction = 7002, &charge.Reduction{Method: charge.MethodTime, Minutes: 45}
	waiting := *f.charge
	waiting.ID, waiting.State = 7003, charge.StateSending
	f.more = []*charge.Charge{&other, &waiting}
	b := as(t, f, guard.RoleSupport)
	const zh = "停车场已收到您的 30 分钟减免；本次停车的其他充电另减 45 分钟。出场时自动抵扣，按道闸显示的金额支付即可。"
	const en = "The car park has your reduction (30 minutes); your other charging in this stay adds 45 minutes. " +
		"It is taken off at the exit; just pay what the barrier shows."
	a := b.get("/charges/7001")
	for _, want := range []string{zh, en} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	f.more[0].State, f.more[0].Usage = charge.StateUsed, &charge.Usage{Minutes: 15, Amount: 500}
	if a := b.get("/charges/7001"); !strings.Contains(a.body, "另减 15 分钟、5.00 元。") {
		t.Error("what came off by the other charge is not counted as it was reported")
	}
	f.more = f.more[1:]
	if a := b.get("/charges/7001"); strings.Contains(a.body, "另减") {
		t.Error("a charge that is on its way is counted as taken off")
	}
}

// Each of the usual reasons is found by the plate: the list says what became of the charge, and its page begins with
// that, and ends with what to say to the driver.
func TestEachReasonByThePlate(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleSupport)
	closed := *f.told.Stay
	closed.Open, closed.Left = false, now
	for _, c := range []struct {
		state  charge.State
		reason charge.Reason
		left   bool
		says   string
		reply  string
	}{
		{charge.StateHeld, charge.ReasonWaitingForStay, false, "等待", "停车场上报您的入场后自动减免"},
		{charge.StateNoGrant, charge.ReasonLeftBeforeArrival, true, "没有给", "这笔减免由我们登记后人工补偿"},
		{charge.StateNoGrant, charge.ReasonCapReached, false, "上限", "达到了一次停车的上限"},
		{charge.StateNoGrant, charge.ReasonRuleUnmet, false, "条件", "没有达到减免条件"},
		{charge.StateSending, charge.ReasonLineOff, false, "长连接", "系统会自动重试"},
		{charge.StateShadow, charge.ReasonBindingShadow, false, "试运行", "还没有正式开通"},
		{charge.StateRefused, charge.ReasonLotRefused, false, "拒绝", "没有接受您的"},
		{charge.StateUnknown, charge.ReasonNoAnswer, false, "应答", "还没有答复"},
	} {
		f.charge.State, f.charge.Reason, f.charge.Usage, f.told.Stay = c.state, c.reason, nil, &closed
		if !c.left {
			open := closed
			open.Open, open.Left = true, time.Time{}
			f.told.Stay = &open
		}
		list := b.get("/find?q=06088")
		if !strings.Contains(list.body, "/charges/7001") || !strings.Contains(list.body, c.says) {
			t.Errorf("%s, %s: the list does not say %q", c.state, c.reason, c.says)
		}
		page := b.get("/charges/7001")
		if !strings.Contains(page.body, c.says) || !strings.Contains(page.body, c.reply) {
			t.Errorf("%s, %s: the page does not say %q, or reply %q", c.state, c.reason, c.says, c.reply)
		}
	}
}
