package browsertest

import (
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
