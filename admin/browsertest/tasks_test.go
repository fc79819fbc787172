package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/chargestamp/chargestamp/app"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// hand does a task as a person does it, with a mouse and keys, and counts. A choice in a list is a click.
type hand struct {
	*tab
	clicks, typed, searches int
}

// click presses what is read in the main part, which leads to another page.
func (h *hand) click(text string) {
	h.t.Helper()
	h.clicks++
	h.press(text)
}

// unveil presses what is read in the main part, which opens something on the same page.
func (h *hand) unveil(text string) {
	h.t.Helper()
	h.clicks++
	h.do(chromedp.Click(h.named(text)))
}

// write types into fields by their names, after what stands there.
func (h *hand) write(fields ...string) {
	h.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		field := fmt.Sprintf(`main [name=%q]:not([type=hidden])`, fields[i])
		h.do(chromedp.WaitVisible(chromedp.CSS(field)))
		eval[bool](h.tab, fmt.Sprintf(`{ const f = document.querySelector(%q), n = f.value.length;
			f.focus(); try { f.setSelectionRange(n, n); } catch {} true }`, field))
		h.do(chromedp.SendKeys(chromedp.CSS(field), fields[i+1]))
		h.typed++
	}
}

// choose takes an option of a list.
func (h *hand) choose(field, value string) {
	h.t.Helper()
	h.clicks++
	h.fill(field, value)
}

// search types into the box of any page, by keyboard alone.
func (h *hand) search(text string) {
	h.t.Helper()
	h.searches++
	h.do(chromedp.KeyEvent("/"))
	// The driver sends a key's character apart from the key, so it comes to the box that the key has led to.
	if !eval[bool](h.tab, `{ const box = document.activeElement; box.value = ""; box.id === "q" }`) {
		h.t.Error("the key / does not lead to the box")
	}
	h.leave(chromedp.SendKeys(chromedp.CSS(`#q`), text+"\r"))
}

// desk is a console with what its tasks need around it.
type desk struct {
	*hand
	gw    *app.App
	lot   *play.SDKLot
	teld  *play.Player
	other *hand // another window, signed out

	secret string // of the second factor
}

// robot takes alerts.
func robot(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestTasks does the daily work of support, and sets up a lot. It wants each task done within so many clicks, typed
// fields and searches. Each task stands on those before.
func TestTasks(t *testing.T) {
	gw := gateway(t, func(cfg *app.Config) {
		cfg.Alerts = []app.AlertConfig{{Name: "team", URL: robot(t), Format: "generic", AllowTo: []string{"127.0.0.0/8"}}}
	})
	chromium := browser(t)
	base := "http://" + gw.Addresses().Admin
	d := &desk{hand: &hand{tab: open(t, chromium, base)}, gw: gw, other: &hand{tab: open(t, chromium, base)},
		teld: &play.Player{BaseURL: "http://" + gw.Addresses().HTTP, Platform: "telaidian", Keys: play.Keys{
			"operator_id": "123456789", "operator_secret": "invented-operator-secret", "data_secret": "invented16bytes1",
			"data_secret_iv": "invented16bytes2", "sig_secret": "invented-sig-secret"}}}
	for _, task := range []struct {
		name                    string
		clicks, typed, searches int
		do                      func(*desk)
	}{
		{"link to the first admin", 1, 3, 0, (*desk).firstAdmin},
		{"new lot to live", 14, 12, 0, (*desk).newLot},
		{"car by two characters to done", 3, 1, 1, (*desk).carToDone},
		{"at the barrier, by four characters on a phone", 2, 0, 1, (*desk).atTheBarrier},
		{"by order, id and uuid", 0, 0, 3, (*desk).byNumber},
		{"lot by any number or its name", 0, 0, 3, (*desk).lotByName},
		{"refused push by plate", 0, 0, 1, (*desk).refusedPush},
		{"bind from a near plate", 2, 1, 0, (*desk).bindNear},
		{"bind by hand", 3, 1, 0, (*desk).bindByHand},
		{"void", 2, 1, 0, (*desk).voidCharge},
		{"replay after binding", 4, 1, 0, (*desk).replay},
		{"pause and resume", 3, 2, 0, (*desk).pauseAndResume},
		{"statement as a file", 1, 0, 0, (*desk).statementFile},
		{"alert test", 1, 0, 0, (*desk).alertTest},
		{"export and import", 2, 1, 0, (*desk).exportAndImport},
		{"sign in", 1, 2, 0, (*desk).signIn},
		{"second factor", 2, 1, 0, (*desk).factor},
		{"sign in with a code", 2, 3, 0, (*desk).signInWithCode},
	} {
		if !t.Run(task.name, func(t *testing.T) {
			for _, h := range []*hand{d.hand, d.other} {
				h.t, h.clicks, h.typed, h.searches = t, 0, 0, 0
			}
			task.do(d)
			d.quiet()
			clicks, typed := d.clicks+d.other.clicks, d.typed+d.other.typed
			t.Logf("%d clicks, %d fields, %d searches", clicks, typed, d.searches)
			if clicks > task.clicks || typed > task.typed || d.searches > task.searches {
				t.Errorf("want at most %d clicks, %d fields, %d searches", task.clicks, task.typed, task.searches)
			}
		}) {
			t.FailNow()
		}
	}
}

func (d *desk) firstAdmin() {
	d.do(chromedp.Navigate(d.gw.SetupLink()))
	d.write("name", "li", "password", phrase, "again", phrase)
	d.click("创建并登录")
	d.sees("今日")
}

// newLot enters a vendor, a lot and an account with five keys, and has the binding live at the end, each lamp on.
func (d *desk) newLot() {
	d.click("开始接入")
	d.write("union_id", theLot.Union, "name", "示例停车", "ukey", "invented-ukey-55")
	d.click("创建")
	d.write("lot", theLot.Park, "name", "一号场")
	d.choose("kind", "sdk")
	d.write("ckey", lotKey)
	d.click("创建")
	d.sees("接入清单", "长连接登录过")
	d.lot = park(d.t, d.gw)
	d.comesIn("京A12345", "京A54321", "京B77001", "京C88002", "京D99003")
	d.click("录入平台账号")
	d.click("特来电")
	d.write("keys.operator_id", "123456789", "keys.operator_secret", "invented-operator-secret",
		"keys.data_secret", "invented16bytes1", "keys.data_secret_iv", "invented16bytes2", "keys.sig_secret",
		"invented-sig-secret")
	d.click("创建")
	d.click("创建")
	d.write("plate", "京A12345")
	d.click("发送测试推送")
	d.sees("HTTP 200", "试运行")
	d.click("切换为正式")
	d.sees("会真实下发到车场")
	if text := d.text(); strings.Contains(text, "还差") {
		d.t.Errorf("not all lamps are on:\n%s", text)
	}
	d.click("确认切换")
	d.sees("更改已生效", "正式")
}

func (d *desk) comesIn(plates ...charge.Plate) {
	d.t.Helper()
	for _, plate := range plates {
		if _, err := d.lot.Enter(d.t.Context(), plate, time.Now().Add(-2*time.Hour)); err != nil {
			d.t.Fatal(err)
		}
	}
}

// pushes has the platform push a charge, and returns its order number.
func (d *desk) pushes(lot charge.LotID, plate charge.Plate) string {
	d.t.Helper()
	push := play.DefaultPush(time.Now())
	push.Lot, push.Plate = lot, plate
	if _, err := d.teld.Send(d.t.Context(), push, play.Options{}); err != nil {
		d.t.Fatal(err)
	}
	return push.Order
}

// carToDone finds a car whose reduction waits, and sends it again.
func (d *desk) carToDone() {
	if err := d.lot.Stop(); err != nil {
		d.t.Fatal(err)
	}
	d.visit("/lots/" + theLot.String())
	d.comesTo("离线")
	d.pushes(theLot, "京A54321")
	d.search("43")
	d.sees("京A54321", "还没有送达车场")
	d.click("京A54321")
	d.sees("接下来")
	d.unveil("重新下发")
	d.sees("效果：")
	d.write("reason", "长连接已恢复")
	d.click("确认重新下发")
	d.sees("30 分钟")
	if err := d.lot.Start(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	d.comesTo("车场已确认收到")
}

// atTheBarrier finds a car on a phone by four characters: the verdict stands first, and the button that asks the lot
// fits on the same screen.
func (d *desk) atTheBarrier() {
	d.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	defer d.do(chromedp.EmulateViewport(1280, 900))
	d.comesIn("京E66107")
	d.pushes(theLot, "京E66107")
	d.visit("/")
	d.search("6107")
	d.click("京E66107")
	d.comesTo("车场已确认收到")
	const onScreen = `[...document.querySelectorAll(".answer, .next, .ask button")].every(
		(e) => e.getBoundingClientRect().bottom <= innerHeight)`
	if !eval[bool](d.tab, onScreen) || eval[int](d.tab, `document.scrollingElement.scrollWidth`) > 390 {
		d.t.Error("the verdict and its button do not fit on a phone's screen")
	}
	d.unveil("问车场")
	d.sees("道闸现在显示")
}

func (d *desk) byNumber() {
	order := d.pushes(theLot, "京B77001")
	d.visit("/")
	d.search(order)
	d.sees("京B77001")
	d.comesTo("车场已确认收到")
	path := eval[string](d.tab, `location.pathname`)
	row, err := d.lot.Book().Wait(d.t.Context(), func(a play.Applied) bool { return a.Plate == "京B77001" })
	if err != nil {
		d.t.Fatal(err)
	}
	for _, number := range []string{strings.TrimPrefix(path, "/charges/"), row.ID} {
		d.visit("/")
		d.search(number)
		if got := eval[string](d.tab, `location.pathname`); got != path {
			d.t.Errorf("%s leads to %s, want %s", number, got, path)
		}
	}
}

func (d *desk) lotByName() {
	for _, name := range []string{"一号场", theLot.Union + "&&" + theLot.Park, theLot.Union + "-" + theLot.Park} {
		d.visit("/")
		d.search(name)
		if got := eval[string](d.tab, `location.pathname`); got != "/lots/"+theLot.String() {
			d.t.Errorf("%s leads to %s", name, got)
		}
	}
}

func (d *desk) refusedPush() {
	d.pushes(charge.LotID{Union: theLot.Union, Park: "1399"}, "京E66006")
	d.visit("/pushes?outcome=refused")
	d.comesTo("京E66006")
	d.visit("/")
	d.search("京E66006")
	d.sees("被拒绝的推送", "车场不存在", "京E66006")
}

// bindNear binds a charge whose plate was misread by one character.
func (d *desk) bindNear() {
	d.chargeOf(d.pushes(theLot, "京C88003"))
	d.sees("只差一个字符")
	d.click("绑定到它")
	d.write("reason", "车牌误读")
	d.click("确认绑定")
	d.comesTo("车场已确认收到")
}

// chargeOf opens the page of an order's charge.
func (d *desk) chargeOf(order string) {
	d.t.Helper()
	d.visit("/find?" + url.Values{"q": {order}}.Encode())
	d.sees("接下来")
}

// bindByHand binds a charge whose plate was misread by more than that, to a car that is chosen from those inside.
func (d *desk) bindByHand() {
	d.chargeOf(d.pushes(theLot, "京D99588"))
	d.unveil("绑定到停车订单")
	d.sees("车牌最接近的在前")
	d.unveil("选择")
	d.write("reason", "车牌误读")
	d.click("确认绑定")
	d.sees("绑定到停车订单", "京D99588 在一号场已停")
}

func (d *desk) voidCharge() {
	d.chargeOf(d.pushes(theLot, "京F11007"))
	d.unveil("作废")
	d.sees("效果：")
	d.write("reason", "重复")
	d.click("确认作废")
	d.sees("已作废")
}

// replay takes a push that came before its binding: to the push, binding it, back to the push, replay.
func (d *desk) replay() {
	imports(d.tab, "version: 1\nlots: [{lot: \"620001/1320\", name: 二号场, kind: sdk, ckey: invented-ckey-81}]\n")
	d.press("应用更改")
	d.pushes(charge.LotID{Union: "620001", Park: "1320"}, "京G22008")
	d.visit("/pushes?outcome=not_bound")
	d.clicks++
	d.leave(chromedp.Click(chromedp.CSS(`main tbody a`)))
	push := eval[string](d.tab, `location.pathname`)
	d.click("对接此车场")
	d.click("创建")
	d.sees("更改已生效")
	d.visit(push)
	d.write("reason", "已对接")
	d.click("回放")
	d.sees("京G22008")
	if got := eval[string](d.tab, `location.pathname`); !strings.HasPrefix(got, "/charges/") {
		d.t.Errorf("the replay leads to %s", got)
	}
}

func (d *desk) pauseAndResume() {
	d.visit("/lots/" + theLot.String())
	d.clicks++
	d.do(chromedp.Click(chromedp.CSS(`details.act-box summary`)))
	d.write("reason", "道闸检修")
	d.click("暂停下发")
	d.sees("已暂停")
	d.write("reason", "检修完成")
	d.click("恢复下发")
}

// fetched is the file that a link leads to.
func (d *desk) fetched(link string) string {
	d.t.Helper()
	return eval[string](d.tab, fmt.Sprintf(`fetch(document.querySelector(%q).href).then((r) => r.text())`, link))
}

// statementFile fetches what the one link leads to.
func (d *desk) statementFile() {
	d.visit("/statements")
	d.clicks++
	if got := d.fetched("main a[href*=csv]"); !strings.Contains(got, "一号场") {
		d.t.Errorf("the file says %.200s", got)
	}
}

func (d *desk) alertTest() {
	d.visit("/alerts")
	d.click("发送测试消息")
	d.sees("team")
}

// exportAndImport imports what was exported, which changes nothing.
func (d *desk) exportAndImport() {
	d.visit("/estate/file")
	d.clicks++
	file := d.fetched("main a[href*=export]")
	d.typed++
	d.do(chromedp.SetValue(chromedp.CSS(`#f-text`), file))
	d.click("查看更改")
	d.sees("没有任何变化")
}

// signIn signs in at another window, and then out again.
func (d *desk) signIn() {
	d.other.visit("/login")
	d.other.write("name", "li", "password", phrase)
	d.other.click("登录")
	d.other.sees("今日")
	d.other.leave(chromedp.Submit(chromedp.CSS(`form[action="/logout"]`)))
}

// factor switches the second factor on, and is signed in still.
func (d *desk) factor() {
	d.visit("/me")
	d.click("设置双因素")
	address := eval[string](d.tab, `document.querySelector("[name=address]").value`)
	key, err := otp.NewKeyFromURL(address)
	if err != nil {
		d.t.Fatal(err)
	}
	d.secret = key.Secret()
	d.write("code", d.code(time.Now()))
	d.click("开启")
	d.sees("请保存这些恢复码")
	d.visit("/lots")
	d.sees("一号场")
}

// code is what an authenticator shows at a time.
func (d *desk) code(at time.Time) string {
	d.t.Helper()
	code, err := totp.GenerateCode(d.secret, at)
	if err != nil {
		d.t.Fatal(err)
	}
	return code
}

// signInWithCode signs in at another window, with the code after the one that was used.
func (d *desk) signInWithCode() {
	d.other.visit("/login")
	d.other.write("name", "li", "password", phrase)
	d.other.click("登录")
	d.other.write("code", d.code(time.Now().Add(30*time.Second)))
	d.other.click("登录")
	d.other.sees("今日")
}
