// Package browsertest uses the console as people do: a real Chromium before a real gateway, with a played car
// park on its line.
package browsertest

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "write a picture of each page in both languages into this folder")

// axe finds what keeps people from using a page (https://github.com/dequelabs/axe-core).
//
//go:embed testdata/axe-4.14.1.min.js
var axe string

// patience is how long a page may take to come to what is waited for; the machine may be busy.
const patience = 40 * time.Second

// tab is one browser window, with cookies of its own.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu       sync.Mutex
	complain []string // what pages wrote to the browser's console as errors
}

// browser starts Chromium, with more options if there are any.
func browser(t *testing.T, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "zh-CN"))
	alloc, stop := chromedp.NewExecAllocator(t.Context(), append(opts, more...)...)
	t.Cleanup(stop)
	ctx, closeAll := chromedp.NewContext(alloc)
	t.Cleanup(closeAll)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start (make deps installs it): %v", err)
	}
	return ctx
}

// open returns a new window without cookies.
func open(t *testing.T, browser context.Context, base string) *tab {
	t.Helper()
	ctx, done := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(done)
	tab := &tab{t: t, ctx: ctx, base: base}
	// The first steps open the window, which lives as long as their context.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatal(err)
	}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == "error" || m.IsException() {
				tab.mu.Lock()
				tab.complain = append(tab.complain, m.String())
				tab.mu.Unlock()
			}
		}
	}()
	return tab
}

// do does steps, or ends the test.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.text())
	}
}

// eval asks the page.
func eval[T any](b *tab, script string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%.80s: %v", script, err)
	}
	return v
}

// text is what a person reads on the page.
func (b *tab) text() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.pathname + location.search + "\n" +
		document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return text
}

// visit opens an address of the console.
func (b *tab) visit(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
}

// leave does steps that lead to another page, and waits for it.
func (b *tab) leave(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, steps...); err != nil {
		b.t.Fatalf("no page came: %v\n%s", err, b.text())
	}
}

// sees waits until the page holds all of some texts.
func (b *tab) sees(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		want, _ := json.Marshal(text)
		ctx, cancel := context.WithTimeout(b.ctx, patience)
		poll := chromedp.Poll[bool](fmt.Sprintf(`document.body.innerText.includes(%s)`, want),
			chromedp.WithPollingInterval(100*time.Millisecond))
		_, err := chromedp.Run(ctx, poll)
		for err != nil && ctx.Err() == nil { // the page was left while it was looked at: look at the next one
			_, err = chromedp.Run(ctx, poll)
		}
		cancel()
		if err != nil {
			b.t.Fatalf("the page does not say %q: %v\n%s", text, err, b.text())
		}
	}
}

// comesTo reloads a page until it says a text.
func (b *tab) comesTo(text string) {
	b.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if strings.Contains(b.text(), text) {
			return
		}
		b.do(chromedp.Reload())
	}
	b.t.Fatalf("the page does not come to say %q:\n%s", text, b.text())
}

// fill types into fields of a form by their names.
func (b *tab) fill(fields ...string) {
	b.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		field := fmt.Sprintf(`main [name=%q]:not([type=hidden])`, fields[i])
		b.do(chromedp.WaitReady(chromedp.CSS(field)), chromedp.SetValue(chromedp.CSS(field), fields[i+1]))
		eval[bool](b, fmt.Sprintf(`document.querySelector(%q).dispatchEvent(new Event("change", {bubbles: true}))`, field))
	}
}

// press clicks the button or link of the main part that reads a text, which leads to another page.
func (b *tab) press(text string) {
	b.t.Helper()
	b.leave(chromedp.Click(b.named(text)))
}

// named finds a visible button or link of the main part by its text.
func (b *tab) named(text string) string {
	return fmt.Sprintf(`//main//*[self::button or self::a][contains(normalize-space(.), %q)]`, text)
}

// quiet reports what pages complained about; answers with 4xx that a test asked for are no complaint.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.complain {
		if !strings.Contains(text, "the server responded with a status of 4") {
			b.t.Errorf("the browser complains: %s", text)
		}
	}
}

// accessible has axe judge the page by WCAG 2.2 AA, and its colours in the dark as well.
func (b *tab) accessible(name string) {
	b.t.Helper()
	eval[bool](b, axe+"; true")
	for scheme, rules := range map[string]string{
		"light": `{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}`,
		"dark":  `{type: "rule", values: ["color-contrast", "link-in-text-block"]}`,
	} {
		b.media(scheme)
		found := eval[string](b, `axe.run(document, {resultTypes: ["violations"], runOnly: `+rules+`}).then((r) =>
			r.violations.map((v) => v.impact + " " + v.id + ": " +
				v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " " + n.failureSummary).join("; ")).join("\n"))`)
		if found != "" {
			b.t.Errorf("%s, %s:\n%s", name, scheme, found)
		}
	}
	b.media("light")
}

func (b *tab) media(scheme string) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
}

// weight is how much a page and what it loads came to, in bytes.
func (b *tab) weight() int64 {
	b.t.Helper()
	return eval[int64](b,
		`performance.getEntriesByType("navigation").concat(performance.getEntriesByType("resource")).
			reduce((n, e) => n + e.encodedBodySize, 0)`)
}

// painted is how long after its request the page showed its first text.
func (b *tab) painted() time.Duration {
	b.t.Helper()
	ms := eval[float64](b, `new Promise((done) => new PerformanceObserver((list, self) => {
		for (const paint of list.getEntriesByName("first-contentful-paint")) {
			self.disconnect();
			done(paint.startTime);
		}
	}).observe({type: "paint", buffered: true}))`)
	return time.Duration(ms * float64(time.Millisecond)).Round(time.Millisecond)
}

// broken lists numbers and addresses of the page that a line's end cuts in two, but for examples in help.
func (b *tab) broken() string {
	b.t.Helper()
	return eval[string](b, `(() => {
		const cut = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		for (let node; (node = walk.nextNode());) {
			if (node.parentElement.closest("pre, textarea, select, option, svg, .help, .wrong, [hidden]")) continue;
			for (const m of node.data.matchAll(/[\w.:\/@&¥-]*\d[\w.:\/@&-]*\w/g)) {
				const range = document.createRange();
				range.setStart(node, m.index);
				range.setEnd(node, m.index + m[0].length);
				if (new Set([...range.getClientRects()].map((r) => Math.round(r.top))).size > 1) cut.push(m[0]);
			}
		}
		return cut.join(" ");
	})()`)
}

// drawsChinese reports whether characters come out as themselves: without a font for them all look alike, an empty box.
func (b *tab) drawsChinese() bool {
	b.t.Helper()
	return eval[bool](b, `(() => {
		const draw = (text) => {
			const c = document.createElement("canvas").getContext("2d");
			c.font = "32px system-ui, sans-serif";
			c.fillText(text, 4, 40);
			return c.canvas.toDataURL();
		};
		return draw("车") !== draw("场");
	})()`)
}

// picture writes what the page looks like, where pictures are wanted.
func (b *tab) picture(name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	path := filepath.Join(*screenshots, name+".png")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
