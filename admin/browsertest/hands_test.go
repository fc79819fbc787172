package browsertest

import (
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/chargestamp/chargestamp/app"
)

// keys goes through the console by single keys: places, rows, what the keys are.
func keys(b *tab) {
	b.visit("/lots")
	b.do(chromedp.KeyEvent("g"))
	b.leave(chromedp.KeyEvent("c"))
	b.sees("筛选")
	if got := eval[string](b, `location.pathname`); got != "/charges" {
		b.t.Errorf("g c leads to %s", got)
	}
	const row = `[...document.querySelectorAll("main tbody tr")].findIndex((tr) => tr.contains(document.activeElement))`
	for i, key := range []string{"j", "j", "k"} {
		b.do(chromedp.KeyEvent(key))
		if got, want := eval[int](b, row), []int{0, 1, 0}[i]; got != want {
			b.t.Errorf("key %d, %s, leads to row %d, want %d", i, key, got, want)
		}
	}
	b.do(chromedp.KeyEvent("?"))
	b.sees("下一行、上一行")
	b.accessible("keys")
	b.do(chromedp.KeyEvent("\x1b"))
	if eval[bool](b, `document.getElementById("keys").open`) {
		b.t.Error("the keys stay")
	}
	b.leave(chromedp.KeyEvent("\r"))
	b.sees("给车主的回复")
}

// besideList opens a charge beside the list on a wide screen, and closes it: the list stays, and so does its place.
func besideList(b *tab) {
	b.do(chromedp.EmulateViewport(1440, 900))
	defer b.do(chromedp.EmulateViewport(1280, 900))
	b.visit("/charges")
	b.do(chromedp.Click(chromedp.CSS(`main tbody .peek`)))
	b.sees("打开整页")
	b.accessible("beside a list")
	b.do(chromedp.KeyEvent("\x1b"))
	if got := eval[string](b, `location.pathname + document.getElementById("drawer").hidden`); got != "/chargestrue" {
		b.t.Errorf("after Escape: %s", got)
	}
	b.visit("/charges?state=delivered")
	b.do(chromedp.Click(`//summary[contains(., "保存为视图")]`))
	b.do(chromedp.SetValue(chromedp.CSS(`#f-view`), "已送达的"))
	b.leave(chromedp.Submit(chromedp.CSS(`#f-view`)))
	b.visit("/charges")
	b.press("已送达的")
	if got := eval[string](b, `location.search`); !strings.Contains(got, "state=delivered") {
		b.t.Errorf("the view leads to %s", got)
	}
}

// copies wants a button at each id, address and code, which says that it has copied.
func copies(b *tab) {
	for path, texts := range map[string][]string{
		bindingPath():                            {"/zld/telaidian/query_token", "620001&&1313", "123456789"},
		"/lots/" + theLot.String():               {theLot.String()},
		"/lots/" + theLot.String() + "/sheet":    {theLot.Union, theLot.Park},
		pages(b)["push"]:                         {"127.0.0.1"},
		pages(b)["charge"]:                       {theLot.String(), "京A"},
		"/charges?platform=telaidian&state=used": nil,
	} {
		b.visit(path)
		all := eval[string](b, `[...document.querySelectorAll(".copy:not([hidden])")].map((c) => c.dataset.copy).join(" ")`)
		for _, text := range texts {
			if !strings.Contains(all, text) {
				b.t.Errorf("%s: nothing copies %s: %s", path, text, all)
			}
		}
	}
	b.visit("/lots/" + theLot.String())
	b.do(chromedp.Click(chromedp.CSS(`.copy`)))
	b.sees("已复制")
}

// serverAway stops the gateway: what is on the page is marked as old until it is back.
func serverAway(b *tab, gw *app.App) {
	b.visit("/")
	gw.Stop(15 * time.Second)
	b.sees("网关没有应答")
	if !eval[bool](b, `document.body.classList.contains("stale")`) {
		b.t.Error("old numbers are not marked")
	}
	b.mu.Lock()
	b.complain = nil // that nothing answers
	b.mu.Unlock()
}

// longLists are of a site with hundreds of lots: its pages stay small, on a phone too.
func longLists(b *tab) {
	var doc strings.Builder
	doc.WriteString("version: 1\nlots:\n")
	for i := range 800 {
		fmt.Fprintf(&doc, "  - {lot: \"620001/9%04d\", name: 第 %d 号场, kind: sdk, ckey: invented-ckey-%d}\n", i, i, i)
	}
	const longName = "620001/99999"
	fmt.Fprintf(&doc, "  - {lot: %q, name: %s, kind: sdk, ckey: invented-ckey-long}\n", longName, strings.Repeat("W", 200))
	doc.WriteString("accounts: [{account: wide, platform: xiaoju, keys: {sign_key: invented-sign-key-of-wide}}]\n" +
		"bindings:\n")
	for i := range 78 {
		fmt.Fprintf(&doc, "  - {account: wide, lot: \"620001/9%04d\", mode: shadow}\n", i)
	}
	fmt.Fprintf(&doc, "  - {account: wide, lot: %q, mode: shadow}\n", longName)
	imports(b, doc.String())
	b.sees("将要更改", "文件较大")
	b.press("应用更改")
	b.sees("更改已生效")
	named := []string{"/lots?find=99999", "/lots/" + longName, "/lots/" + longName + "/setup", "/estate?find=99999",
		"/lots/" + longName + "/sheet", "/bindings/wide/" + longName, "/find?q=WWWW"}
	b.do(chromedp.EmulateViewport(1440, 900))
	for _, path := range named {
		b.visit(path)
		if eval[bool](b, `[document.scrollingElement, ...document.querySelectorAll(".scroll")].some(
			(e) => e.scrollWidth > e.clientWidth)`) {
			b.t.Errorf("%s does not fit: a name of 200 letters makes it wide", path)
		}
	}
	b.do(chromedp.EmulateViewport(375, 740, chromedp.EmulateMobile))
	defer b.do(chromedp.EmulateViewport(1280, 900))
	for _, path := range append(named, "/", "/lots", "/estate", "/audit", "/estate/binding/new") {
		b.visit(path)
		if n := b.weight(); n > most || n == 0 {
			b.t.Errorf("%s weighs %d bytes", path, n)
		}
		if wide := eval[int](b, `document.scrollingElement.scrollWidth`); wide > 375 {
			b.t.Errorf("%s is %d wide on a phone of 375", path, wide)
		}
	}
	b.visit("/estate?find=90799")
	b.sees("第 799 号场")
}
