package browsertest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/chargestamp/chargestamp/app"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

const (
	phrase = "a phrase that is long enough"
	lotKey = "invented-ckey-77"
)

var theLot = charge.LotID{Union: "620001", Park: "1313"}

// gateway starts a server with nothing in it.
func gateway(t *testing.T, change ...func(*app.Config)) *app.App {
	t.Helper()
	cfg := app.Defaults()
	cfg.Data, cfg.Log.Level = filepath.Join(t.TempDir(), "data"), "error"
	for _, addr := range []*string{&cfg.HTTP.Addr, &cfg.Admin.Addr, &cfg.Line.Addr, &cfg.Line.TLSAddr, &cfg.TLS.Addr} {
		*addr = "127.0.0.1:0"
	}
	for _, f := range change {
		f(&cfg)
	}
	a, err := app.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Stop(15 * time.Second) })
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

// park is a played car park on the line.
func park(t *testing.T, a *app.App) *play.SDKLot {
	t.Helper()
	l := play.NewSDKLot(play.SDKLotConfig{Lot: theLot, Ckey: lotKey, Addr: a.Addresses().Line,
		Tariff: charge.Tariff{UnitMinutes: 60, UnitPrice: 500}, Now: time.Now})
	if err := l.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Stop() })
	return l
}

// TestConsole walks through the console as its first user does, from the set-up link to a paused lot. Each step
// stands on the one before.
func TestConsole(t *testing.T) {
	gw := gateway(t)
	chromium := browser(t)
	b := open(t, chromium, "http://"+gw.Addresses().Admin)
	if *screenshots != "" && !b.drawsChinese() {
		t.Fatal("there is no font for Chinese, the pictures would show empty boxes: apt-get install fonts-wqy-microhei, " +
			"or make deps")
	}
	var lot *play.SDKLot
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"first start", func() { firstStart(b, gw.SetupLink()) }},
		{"language switch", func() { languageSwitch(b) }},
		{"bring a lot on line", func() { bringOnLine(b) }},
		{"the lot logs in and a car comes", func() {
			lot = park(t, gw)
			for _, plate := range []charge.Plate{"京A12345", "京A54321"} {
				if _, err := lot.Enter(t.Context(), plate, time.Now().Add(-2*time.Hour)); err != nil {
					t.Fatal(err)
				}
			}
			b.visit("/lots/" + theLot.String())
			b.comesTo("在线")
		}},
		{"test push in shadow", func() { testPush(b, "京A12345", "试运行") }},
		{"shadow to live", func() { goLive(b) }},
		{"test push live", func() { testPush(b, "京A12345", "车场已确认收到") }},
		{"find a car", func() { findCar(b) }},
		{"redeliver", func() {
			if err := lot.Stop(); err != nil {
				t.Fatal(err)
			}
			b.visit("/lots/" + theLot.String())
			b.comesTo("离线")
			testPush(b, "京A54321", "还没有送达车场")
			redeliver(b)
			if err := lot.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.comesTo("车场已确认收到")
		}},
		{"doctor", func() { doctor(b) }},
		{"pause a lot", func() { pause(b) }},
		{"role limits", func() { roleLimits(b, open(t, chromium, b.base)) }},
		{"keyboard", func() { keyboard(b) }},
		{"keys", func() { keys(b) }},
		{"beside a list", func() { besideList(b) }},
		{"copies", func() { copies(b) }},
		{"expired session", func() { expired(b, open(t, chromium, b.base)) }},
		{"second factor", func() { secondFactor(b) }},
		{"every kind of lot", func() { everyKind(b) }},
		{"phone width", func() { phone(b) }},
		{"every page", func() { everyPage(b) }},
		{"long lists", func() { longLists(b) }},
		{"server away", func() { serverAway(b, gw) }},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			outer := b.t
			b.t = t
			defer func() { b.t = outer }()
			step.do()
			b.quiet()
		}) {
			t.FailNow()
		}
	}
}

func firstStart(b *tab, link string) {
	b.do(chromedp.Navigate(link))
	b.sees("创建第一位管理员", "没有默认密码")
	b.accessible("set-up")
	b.picture("setup-zh")
	b.fill("name", "li", "password", phrase, "again", "another phrase altogether")
	b.press("创建并登录")
	b.sees("两次输入的密码不同")
	b.fill("password", phrase, "again", phrase)
	b.press("创建并登录")
	b.sees("今日", "还没有接入任何车场")
}

func languageSwitch(b *tab) {
	b.leave(chromedp.Click(chromedp.CSS(`.side a[lang=en]`)))
	b.sees("Today", "Set one up")
	b.leave(chromedp.Click(chromedp.CSS(`.side a[lang=zh-CN]`)))
	b.sees("今日")
}

// apply shows what a form changes, then applies it.
func apply(b *tab, changes string) {
	b.t.Helper()
	b.press("查看更改")
	b.sees("将要更改", changes)
	b.press("应用更改")
	b.sees("更改已生效")
}

func bringOnLine(b *tab) {
	b.visit("/estate/vendor/new")
	b.fill("union_id", theLot.Union, "name", "示例停车", "ukey", "invented-ukey-55")
	apply(b, "厂商 "+theLot.Union)

	b.visit("/estate/lot/new")
	b.fill("lot", "620001-1313", "name", "一号场", "kind", "sdk", "ckey", lotKey)
	b.press("查看更改")
	b.sees("有内容需要更正")
	if got := eval[string](b, `document.querySelector("#wrong-lot").innerText`); !strings.Contains(got,
		"union_id/park_id") {
		b.t.Errorf("beside the field stands %q", got)
	}
	if got := eval[string](b, `document.querySelector("[name=name]").value`); got != "一号场" {
		b.t.Errorf("the name has become %q", got)
	}
	b.fill("lot", theLot.String())
	apply(b, "车场 "+theLot.String())

	b.visit("/estate/account/new")
	b.press("特来电")
	b.fill("account", "teld-main", "keys.operator_id", "123456789", "keys.operator_secret", "invented-operator-secret",
		"keys.data_secret", "invented16bytes1",
		"keys.data_secret_iv", "invented16bytes2", "keys.sig_secret", "invented-sig-secret")
	apply(b, "平台账号 teld-main")

	b.visit("/estate/binding/new?lot=" + theLot.String())
	b.fill("account", "teld-main", "mode", "shadow", "rule.grant", "as_pushed")
	apply(b, "对接 teld-main@"+theLot.String())
	b.sees("交给平台的资料", "ParkID", "620001&&1313", "/zld/telaidian/query_token", "试运行对比")
}

func bindingPath() string { return "/bindings/teld-main/" + theLot.String() }

// testPush sends a test push and follows it to what became of it.
func testPush(b *tab, plate, until string) {
	b.t.Helper()
	b.visit(bindingPath())
	b.fill("plate", plate)
	b.press("发送测试推送")
	b.sees("HTTP 200")
	b.press("查看这笔充电的经过")
	b.sees(plate)
	b.comesTo(until)
}

// unfold opens the technical story of a car's page.
func unfold(b *tab) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(`#story > summary`)))
}

func goLive(b *tab) {
	b.visit(bindingPath())
	b.sees("试运行对比", "京A12345")
	b.press("切换为正式")
	b.sees("会真实下发到车场", "试运行", "正式")
	b.press("确认切换")
	b.sees("更改已生效", "正式")
}

// findCar types a part of a plate into the box of any page, by keyboard alone.
func findCar(b *tab) {
	b.visit("/lots")
	b.do(chromedp.KeyEvent("/"))
	b.leave(chromedp.SendKeys(chromedp.CSS(`#q`), "A123\r"))
	b.sees("充电订单", "停车订单", "在场")
	b.leave(chromedp.Click(`//main//tbody//a[contains(., "京A12345")]`))
	b.sees("在一号场已停", "给车主的回复")
	unfold(b)
	b.sees("平台推送", "与账号密钥相符", "按规则判定", "规则版本", "下发（第 1 次）", "车辆入场")
	b.picture("timeline-zh")
}

func redeliver(b *tab) {
	b.do(chromedp.Click(b.named("重新下发")))
	b.sees("效果：", "60 分钟将在可以时下发")
	b.fill("reason", "长连接已恢复")
	b.leave(chromedp.Click(b.named("确认重新下发")))
	b.sees("已完成")
	unfold(b)
	b.sees("人工重新下发", "长连接已恢复")
}

func doctor(b *tab) {
	b.visit("/doctor")
	b.fill("platform", "telaidian", "push",
		`{"OperatorID":"123456789","Data":"AAAA","TimeStamp":"20260101000000","Seq":"0001","Sig":"00"}`)
	b.press("诊断")
	b.sees("这条推送不会被接收", "签名", "不通过", "发给平台的版本")
	if shared := eval[string](b, `document.querySelector(".share").value`); strings.Contains(shared,
		"invented-sig-secret") || shared == "" {
		b.t.Errorf("to be shared is %q", shared)
	}
	b.accessible("doctor's finding")
	b.picture("finding-zh")
}

func pause(b *tab) {
	b.visit("/lots/" + theLot.String())
	b.do(chromedp.Click(chromedp.CSS(`details.act-box summary`)))
	b.sees("恢复之前不向该车场下发")
	b.press("暂停下发")
	b.sees("请填写原因")
	b.fill("reason", "道闸检修")
	b.press("暂停下发")
	b.sees("已暂停", "道闸检修")
	b.fill("reason", "检修完成")
	b.press("恢复下发")
	b.sees("已完成")
	b.visit("/audit")
	b.sees("暂停车场", "道闸检修", "更改接入")
}

func roleLimits(b, viewer *tab) {
	b.visit("/access")
	b.do(chromedp.Click(`//summary[contains(., "新建用户")]`))
	b.do(chromedp.SetValue(chromedp.CSS(`form[action="/access/users"] [name=name]`), "wang"),
		chromedp.SetValue(chromedp.CSS(`form[action="/access/users"] [name=password]`), phrase))
	b.leave(chromedp.Submit(chromedp.CSS(`form[action="/access/users"] [name=name]`)))
	b.sees("wang")

	viewer.t = b.t
	viewer.visit("/charges")
	viewer.sees("登录")
	viewer.fill("name", "wang", "password", phrase)
	viewer.press("登录")
	viewer.sees("京A***45")
	if text := viewer.text(); strings.Contains(text, "京A12345") {
		b.t.Errorf("a viewer reads a whole plate:\n%s", text)
	}
	viewer.leave(chromedp.Click(chromedp.CSS(`main tbody a`)))
	viewer.sees("经过", "这次停车")
	if n := eval[int](viewer, `document.querySelectorAll("#actions a").length`); n != 0 {
		b.t.Errorf("a viewer has %d actions", n)
	}
	viewer.visit("/estate/lot/new")
	viewer.sees("权限不足")
	viewer.quiet()
}

// keyboard goes from the top of a page by the tab key alone: the skip link comes first and leads into the content,
// every stop shows where it is, and the order is the one that is read.
func keyboard(b *tab) {
	const stop = `(() => {
		const e = document.activeElement, s = getComputedStyle(e);
		const seen = s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2;
		return [e.className || e.id || e.tagName, seen, e.getBoundingClientRect().top >= 0].join(" ");
	})()`
	b.visit("/lots")
	b.do(chromedp.KeyEvent("\t"))
	if got := eval[string](b, stop); got != "skip true true" {
		b.t.Errorf("the first stop is %q, want the skip link, seen", got)
	}
	b.do(chromedp.KeyEvent("\r"))
	if got := eval[string](b, `location.hash + " " + document.activeElement.id`); got != "#main main" {
		b.t.Errorf("the skip link leads to %q", got)
	}
	b.do(chromedp.KeyEvent("\t"))
	if got := eval[string](b, `document.activeElement.id`); got != "f-find" {
		b.t.Errorf("after the skip link comes %q, want the content's first field", got)
	}
	b.visit("/charges")
	for range 30 {
		b.do(chromedp.KeyEvent("\t"))
		if got := eval[string](b, stop); !strings.Contains(got, " true") {
			b.t.Errorf("the stop %q does not show where it is", got)
		}
	}
	if backwards := eval[int](b,
		`document.querySelectorAll("[tabindex]:not([tabindex='0']):not([tabindex='-1'])").length`); backwards != 0 {
		b.t.Errorf("%d elements have an order of their own", backwards)
	}
}

// expired loses a session between a page and its form: sign-in leads back to the page.
func expired(b, lost *tab) {
	lost.t = b.t
	lost.visit("/login")
	lost.accessible("sign-in")
	lost.picture("login-zh")
	lost.fill("name", "li", "password", phrase)
	lost.press("登录")
	lost.visit("/lots/" + theLot.String())
	b.visit("/me")
	b.leave(chromedp.Click(chromedp.CSS(`form[action$="/revoke"] button`)))
	b.sees("已撤销")
	lost.do(chromedp.Click(chromedp.CSS(`details.act-box summary`)))
	lost.fill("reason", "会话过期")
	lost.press("暂停下发")
	lost.sees("登录已过期")
	lost.accessible("session over")
	lost.fill("name", "li", "password", "not the password at all")
	lost.press("登录")
	lost.sees("用户名、密码或验证码不正确")
	lost.fill("password", phrase)
	lost.press("登录")
	lost.sees("一号场", "暂停下发")
	b.visit("/me")
	b.leave(chromedp.Click(chromedp.CSS(`form[action$="/revoke"] button`)))
}

// secondFactor looks at the pages that lead to one; guard tests the codes.
func secondFactor(b *tab) {
	b.visit("/me")
	b.press("设置双因素…")
	b.sees("用验证器应用扫描")
	b.accessible("second factor")
	b.picture("second-factor-zh")
	b.fill("code", "000000")
	b.press("开启")
	b.sees("验证码不正确")
	b.accessible("second factor, wrong code")
}

// imports pastes an estate file and says what it would change.
func imports(b *tab, doc string) {
	b.t.Helper()
	b.visit("/estate/file")
	b.do(chromedp.SetValue(chromedp.CSS(`#f-text`), doc))
	b.press("查看更改")
}

// everyKind imports lots of the other kinds, one within another.
func everyKind(b *tab) {
	imports(b, "version: 1\nlots:\n"+
		"  - {lot: \"620001/1314\", name: 二号场, kind: api, ckey: invented-ckey-78, callback: "+
		"\"https://lot.example/bolink\"}\n"+
		"  - {lot: \"620001/1315\", name: 三号场, kind: 4g, ckey: invented-ckey-79, tariff: {free_minutes: 15, unit_minutes: "+
		"60, unit_price: \"5.00\"}}\n"+
		"  - {lot: \"620001/1316\", name: 内场, kind: 4g, ckey: invented-ckey-80, parent: \"620001/1315\", tariff: "+
		"{unit_minutes: 60, unit_price: \"5.00\"}}\n")
	b.sees("将要更改", "车场 620001/1315")
	b.accessible("what an import changes")
	b.picture("import-zh")
	b.press("应用更改")
	b.sees("更改已生效")
	imports(b, "version: 1\nlots: [{lot: x, kind: none}]\n")
	b.sees("文件有错误")
	b.accessible("errors of an import")
}

// pages are what is looked at in both languages.
func pages(b *tab) map[string]string {
	list := map[string]string{
		"today": "/", "find": "/find?q=A123", "charges": "/charges", "pushes": "/pushes", "lots": "/lots", "lot": "/lots/" +
			theLot.String(),
		"work": "/work", "incidents": "/incidents", "lot-setup": "/lots/" + theLot.String() + "/setup",
		"lot-sheet":     "/lots/" + theLot.String() + "/sheet",
		"compensations": "/compensations", "stays-find": "/find?q=45", "work-held": "/work/held", "work-near": "/work/near",
		"statements": "/statements",
		"estate":     "/estate", "estate-file": "/estate/file",
		"lot-form": "/estate/lot/edit?id=" + theLot.String(), "account-form": "/estate/account/edit?id=teld-main",
		"binding-form": "/estate/binding/edit?id=teld-main@" + theLot.String(), "binding": bindingPath(),
		"go-live": bindingPath() + "/mode?to=shadow",
		"doctor":  "/doctor", "alerts": "/alerts", "access": "/access", "audit": "/audit", "me": "/me",
		"missing":      "/no-such-page",
		"find-nothing": "/find?q=ZZZ9999", "find-part": "/find", "charges-none": "/charges?state=expired",
		"charges-wrong":  "/charges?plate=A&from=31.1.2026",
		"pushes-refused": "/pushes?outcome=refused", "work-left": "/work/left", "work-gave-up": "/work/gave-up",
		"statements-none": "/statements?from=2020-01-01&to=2020-01-02",
		"vendor-form":     "/estate/vendor/new", "account-choice": "/estate/account/new",
		"account-new": "/estate/account/new?platform=xiaoju", "lot-new": "/estate/lot/new",
		"lot-4g-form": "/estate/lot/edit?id=620001/1315", "lot-api": "/lots/620001/1314", "estate-find": "/estate?find=1315",
		"lots-off-line": "/lots?show=off_line",
		"bulk":          "/work/redeliver?state=gave_up",
	}
	b.visit("/charges")
	list["charge"] = eval[string](b, `document.querySelector("main tbody a").getAttribute("href")`)
	list["void"], list["redeliver"], list["bind"] = list["charge"]+"/void", list["charge"]+"/redeliver",
		list["charge"]+"/bind"
	b.visit("/pushes")
	list["push"] = eval[string](b, `document.querySelector("main tbody a").getAttribute("href")`)
	return list
}

// phone has every page fit a phone's width, and its menu open by keyboard.
func phone(b *tab) {
	list := pages(b)
	b.do(chromedp.EmulateViewport(375, 740, chromedp.EmulateMobile))
	defer b.do(chromedp.EmulateViewport(1280, 900))
	for name, path := range list {
		b.visit(path)
		if wide := eval[int](b, `document.scrollingElement.scrollWidth`); wide > 375 {
			b.t.Errorf("%s is %d wide on a phone of 375", name, wide)
		}
		if *screenshots != "" { // which has time for it
			b.accessible(name + " on a phone")
		}
	}
	b.visit(list["charge"])
	b.picture("phone-timeline-zh")
	b.visit("/")
	b.do(chromedp.Focus(chromedp.CSS(`.menu summary`)), chromedp.KeyEvent("\r"))
	b.sees("对账单")
	b.leave(chromedp.Click(`//details[@class="menu"]//a[contains(., "车场")]`))
	b.sees("一号场")
	b.accessible("lots on a phone")
}

// most is what a page and what it loads may weigh, packed.
const most = 150 << 10

// everyPage looks at each page in both languages: what axe finds, what it weighs, what the browser complains of.
func everyPage(b *tab) {
	for _, lang := range []string{"zh", "en"} {
		b.visit("/?lang=" + lang)
		for name, path := range pages(b) {
			b.visit(path)
			if name == "today" {
				b.do(chromedp.WaitReady(chromedp.CSS(`[data-points]`))) // the stream has begun to draw
			}
			b.accessible(name + "-" + lang)
			if n := b.weight(); n > most || n == 0 {
				b.t.Errorf("%s weighs %d bytes", name, n)
			}
			if cut := b.broken(); cut != "" {
				b.t.Errorf("%s, %s: lines break within %s", name, lang, cut)
			}
			b.picture(fmt.Sprintf("%s-%s", name, lang))
		}
	}
	b.visit("/?lang=zh")
}
