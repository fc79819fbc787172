package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/app"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// TestResolve ends the doubt about charges that a lot, which must not hear a message twice, has not answered: by the
// API, the command and the console, on both engines. "The lot has it" sends nothing, "the lot has it not" sends the
// same message once; each says before what will be and after what came of it.
func TestResolve(t *testing.T) {
	for engine, place := range map[string]storetest.Place{"sqlite": storetest.SQLite,
		"postgres": storetest.Postgres(storetest.StartPostgres(t))} {
		t.Run(engine, func(t *testing.T) {
			r := newResolving(t, place(t).URL)
			for _, way := range []struct {
				name string
				do   func(id string, lotHas, dry bool) string
			}{{"API", r.byAPI}, {"command", r.byCommand}, {"console", r.byConsole}} {
				t.Run(way.name, func(t *testing.T) {
					r.t = t
					r.check(way.do, true)
					r.check(way.do, false)
				})
			}
		})
	}
}

var shyLot = charge.LotID{Union: "620001", Park: "1314"}

// resolving is a gateway with a lot that answers no message at first, and the ways in to its support.
type resolving struct {
	t        *testing.T
	admin    string // address of the console and the API
	platform *play.Player
	browser  *http.Client
	csrf     string
	plates   int

	mu    sync.Mutex
	heard map[string]int // messages by Idempotency-Key
}

func newResolving(t *testing.T, database string) *resolving {
	r := &resolving{t: t, heard: map[string]int{}}
	lot := httptest.NewServer(r)
	t.Cleanup(lot.Close)
	cfg := app.Defaults()
	cfg.Data, cfg.Database.URL = filepath.Join(t.TempDir(), "data"), database
	cfg.AdminToken, cfg.Log.Level = token, "error"
	for _, addr := range []*string{&cfg.HTTP.Addr, &cfg.Admin.Addr, &cfg.Line.Addr, &cfg.Line.TLSAddr, &cfg.TLS.Addr} {
		*addr = "127.0.0.1:0"
	}
	a, err := app.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Stop(stopSoon) })
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.admin = "http://" + a.Addresses().Admin
	r.platform = &play.Player{BaseURL: "http://" + a.Addresses().HTTP, Platform: "xiaoju",
		Keys: play.Keys{"sign_key": "invented-sign-key-of-it"}}
	estate := fmt.Sprintf(`version: 1
vendors: [{union_id: "620001", name: 示例停车, ukey: invented-ukey-of-it}]
lots: [{lot: %q, name: 二号场, kind: api, callback: %q, allow_to: ["127.0.0.0/8"], repeats: unsafe, stays: none}]
accounts: [{account: xj, platform: xiaoju, scope: platform, keys: {sign_key: invented-sign-key-of-it}}]
bindings: [{account: xj, lot: %q, mode: live}]`, shyLot, lot.URL, shyLot)
	if err := r.office().Apply(t.Context(), []byte(estate)); err != nil {
		t.Fatal(err)
	}
	r.signIn(a.SetupLink())
	return r
}

func (r *resolving) office() *client.Client { return client.New(r.admin, token) }

// ServeHTTP is the lot: it breaks off at the first message of each reduction, and takes those after.
func (r *resolving) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	io.Copy(io.Discard, q.Body)
	r.mu.Lock()
	r.heard[q.Header.Get("Idempotency-Key")]++
	again := r.heard[q.Header.Get("Idempotency-Key")] > 1
	r.mu.Unlock()
	if again {
		io.WriteString(w, `{"state":1,"errmsg":"成功"}`)
		return
	}
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		conn.Close()
	}
}

// messages counts what the lot has heard.
func (r *resolving) messages() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, times := range r.heard {
		n += times
	}
	return n
}

// unknown pushes a charge that gets no answer.
func (r *resolving) unknown() *client.Charge {
	r.t.Helper()
	push := play.DefaultPush(time.Now())
	r.plates++
	push.Lot, push.Plate, push.Order = shyLot, charge.Plate(fmt.Sprintf("京A5%04d", r.plates)), fmt.Sprint("R", r.plates)
	if e, err := r.platform.Send(r.t.Context(), push, play.Options{}); err != nil || !e.Delivered() {
		r.t.Fatalf("%v %+v", err, e)
	}
	return r.comesTo(push.Order, charge.StateUnknown)
}

// comesTo waits for an order's state.
func (r *resolving) comesTo(order string, want charge.State) *client.Charge {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), soon)
	defer cancel()
	c, err := r.office().Wait(ctx, "xiaoju", order, func(c *client.Charge) bool { return c.State == want })
	if err != nil {
		r.t.Fatalf("%s does not come to %s: %v, %+v", order, want, err, c)
	}
	return c
}

// check resolves one charge one way: what is said first changes nothing, what is said after names both states.
func (r *resolving) check(do func(id string, lotHas, dry bool) string, lotHas bool) {
	r.t.Helper()
	c := r.unknown()
	heard := r.messages()
	if said := do(c.ID, lotHas, true); !strings.Contains(said, "30") {
		r.t.Errorf("lot has it: %t, before: %q names no amount", lotHas, said)
	}
	r.comesTo(c.Order, charge.StateUnknown)
	said, want := do(c.ID, lotHas, false), 0
	if !strings.Contains(said, "30") || !strings.Contains(said, "unknown") && !strings.Contains(said, "结果未知") {
		r.t.Errorf("lot has it: %t, after: %q names neither amount nor what it was before", lotHas, said)
	}
	if !lotHas {
		want = 1
	}
	r.comesTo(c.Order, charge.StateDelivered)
	if got := r.messages() - heard; got != want {
		r.t.Errorf("lot has it: %t: %d messages, want %d", lotHas, got, want)
	}
}

func (r *resolving) byAPI(id string, lotHas, dry bool) string {
	r.t.Helper()
	var effect json.RawMessage
	if err := r.office().Post(r.t.Context(), fmt.Sprintf("/api/v1/charges/%s/resolve?dry_run=%t", id, dry),
		map[string]any{"lot_has": lotHas, "reason": "asked the booth"}, &effect); err != nil {
		r.t.Fatal(err)
	}
	var e struct {
		Before, After struct{ State charge.State }
		Done          bool
	}
	if err := json.Unmarshal(effect, &e); err != nil {
		r.t.Fatal(err)
	}
	after := charge.StateDelivered
	if !lotHas {
		after = charge.StateSending
	}
	if e.Before.State != charge.StateUnknown || e.After.State != after || e.Done == dry {
		r.t.Errorf("lot has it: %t, dry %t: %s", lotHas, dry, effect)
	}
	return string(effect)
}

func (r *resolving) byCommand(id string, lotHas, dry bool) string {
	r.t.Helper()
	var out, wrong bytes.Buffer
	r.t.Setenv("CHARGESTAMP_TOKEN", token)
	args := []string{"charges", "resolve", "--server", r.admin, "--reason", "asked the booth", "--lot-has", id}
	if !lotHas {
		args[6] = "--no-lot-has"
	}
	if dry {
		args = append(args, "--dry-run")
	}
	c := &console{ctx: r.t.Context(), in: strings.NewReader(""), out: &out, err: &wrong}
	if code := run(c, args); code != exitDone {
		r.t.Fatalf("exit code %d: %s%s", code, &out, &wrong)
	}
	return out.String()
}

var (
	csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)
	noticeBox = regexp.MustCompile(`(?s)class="notice[^>]*>(.*?)</`)
	effectBox = regexp.MustCompile(`(?s)class="effect[^>]*>(.*?)</p>`)
)

// signIn makes the first admin of the console.
func (r *resolving) signIn(link string) {
	r.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.browser = &http.Client{Jar: jar}
	place, err := url.Parse(link)
	if err != nil {
		r.t.Fatal(err)
	}
	r.see(link)
	r.fill("/setup", url.Values{"token": {place.Query().Get("token")}, "name": {"li"},
		"password": {"a phrase that is long enough"}, "again": {"a phrase that is long enough"}})
}

// see opens a page and keeps its token for the next form.
func (r *resolving) see(address string) string {
	r.t.Helper()
	return r.page(r.browser.Get(address))
}

// fill posts a form and returns the page that it leads to.
func (r *resolving) fill(path string, form url.Values) string {
	r.t.Helper()
	form.Set("csrf", r.csrf)
	return r.page(r.browser.PostForm(r.admin+path, form))
}

func (r *resolving) page(resp *http.Response, err error) string {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %d %v\n%s", resp.Request.URL.Path, resp.StatusCode, err, body)
	}
	if found := csrfField.FindSubmatch(body); found != nil {
		r.csrf = string(found[1])
	}
	return string(body)
}

// inside is what a box of a page says; empty where there is none.
func inside(box *regexp.Regexp, page string) string {
	if found := box.FindStringSubmatch(page); found != nil {
		return found[1]
	}
	return ""
}

func (r *resolving) byConsole(id string, lotHas, dry bool) string {
	r.t.Helper()
	path := "/charges/" + id + "/lot_has"
	if !lotHas {
		path += "_not"
	}
	shown := r.see(r.admin + path)
	if dry {
		return inside(effectBox, shown)
	}
	done := r.fill(path, url.Values{"step": {"do"}, "reason": {"asked the booth"}})
	return inside(noticeBox, done)
}
