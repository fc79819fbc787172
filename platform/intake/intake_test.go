package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/cec"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/platform/intake"
	"github.com/chargestamp/chargestamp/platform/platformtest"
)

// taker takes everything and remembers what it was given.
type taker struct {
	mu    sync.Mutex
	taken []platform.Push
	from  []string // accounts
	seen  []string // refusals as "outcome account"
	fail  func()
}

func (k *taker) Take(_ context.Context, p platform.Push, a platform.Account, m platform.Message,
	reply func(platform.Verdict) platform.Reply) platform.Reply {
	if k.fail != nil {
		k.fail()
	}
	k.mu.Lock()
	k.taken, k.from = append(k.taken, p), append(k.from, a.ID)
	k.mu.Unlock()
	if m.Question != nil {
		return reply(platform.Verdict{Outcome: charge.OutcomeQuestion})
	}
	return reply(platform.Verdict{Outcome: charge.OutcomeAccepted})
}

func (k *taker) Refuse(_ context.Context, p platform.Push, account string, r *platform.Refusal, _ platform.Reply) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.taken = append(k.taken, p)
	k.seen = append(k.seen, strings.TrimSpace(fmt.Sprint(r.Outcome, " ", account)))
}

// front is an intake over the golden cases of 特来电.
type front struct {
	*intake.Intake
	taker    *taker
	now      time.Time
	outcomes []charge.Outcome
}

const cases = "../cec/testdata/telaidian"

func newFront(t *testing.T, set func(*intake.Config)) *front {
	t.Helper()
	d := platformtest.Find(t, cec.Builtin(), "telaidian")
	accounts, now := platformtest.ReadAccounts(t, d, cases)
	f := &front{taker: &taker{}, now: now}
	c := intake.Config{Dialects: []platform.Dialect{d, platformtest.Find(t, cec.Builtin(), "dakeyun")}, Accounts: accounts,
		Taker:   f.taker,
		Clock:   func() time.Time { return f.now },
		Metrics: func(_ string, o charge.Outcome, _ time.Duration) { f.outcomes = append(f.outcomes, o) }}
	if set != nil {
		set(&c)
	}
	var err error
	if f.Intake, err = intake.New(c); err != nil {
		t.Fatal(err)
	}
	return f
}

// request reads a golden push as a request from 192.0.2.1.
func request(t *testing.T, name string) *http.Request {
	t.Helper()
	captured := platformtest.File(t, cases, name, "push.http")
	p, err := doctor.ReadCapture(platformtest.Find(t, cec.Builtin(), "telaidian").Info(), captured)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(p.Method, p.Path, bytes.NewReader(p.Body))
	r.Header = p.Header
	return r
}

// send returns status, body and Ret of the answer.
func (f *front) send(t *testing.T, r *http.Request) (status int, body string, ret int) {
	t.Helper()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	var answer struct{ Ret int }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		answer.Ret = 1 << 20
	}
	if l := w.Header().Get("Location"); l != "" {
		t.Errorf("redirected to %s", l)
	}
	return w.Code, w.Body.String(), answer.Ret
}

func TestIntakeGolden(t *testing.T) {
	for name, outcome := range map[string]charge.Outcome{"finished": charge.OutcomeAccepted,
		"token":  charge.OutcomeQuestion,
		"forged": charge.OutcomeBadSignature, "lot-unknown": charge.OutcomeUnknownLot, "plate-absurd": charge.OutcomeBadField,
		"not-json": charge.OutcomeBadBody, "no-token": charge.OutcomeBadToken, "stale": charge.OutcomeStale,
		"wrong-account": charge.OutcomeUnknownAccount} {
		f := newFront(t, nil)
		status, body, _ := f.send(t, request(t, name))
		golden, err := os.ReadFile(filepath.Join(cases, name, "reply.http"))
		if err != nil {
			t.Fatal(err)
		}
		_, want, _ := strings.Cut(string(golden), "\n\n")
		if diff := cmp.Diff(want, body); diff != "" || status != 200 {
			t.Errorf("%s: status %d (-want +got):\n%s", name, status, diff)
		}
		if len(f.outcomes) != 1 || f.outcomes[0] != outcome || len(f.taker.taken) != 1 {
			t.Errorf("%s: told %v, want %s; recorded %d times", name, f.outcomes, outcome, len(f.taker.taken))
		}
	}
}

// Paths are served byte for byte, with their double slash and with single ones, and never redirected.
func TestIntakePaths(t *testing.T) {
	f := newFront(t, func(c *intake.Config) {
		c.Next = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	})
	srv := httptest.NewServer(f)
	defer srv.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/zld//hlht/v1/query_token", 200},
		{"POST", "/zld/hlht/v1/query_token", 200},
		{"POST", "/zld/telaidian/query_token?x=/", 200},
		{"POST", "/zld/telaidian/query_token/some-token", 200},
		{"GET", "/zld/telaidian/query_token", 405},
		{"PUT", "/zld//hlht/v1/query_token", 405},
		{"POST", "/zld/telaidian/query_token/", 418},
		{"POST", "/zld/telaidian/query_token/a/b", 418},
		{"POST", "/zld/telaidian//query_token", 418},
		{"POST", "//zld/telaidian/query_token", 418},
		{"POST", "/zld/telaidian/../telaidian/query_token", 418},
		{"POST", "/zld/telaidian", 418},
		{"POST", "/ZLD/telaidian/query_token", 418},
		{"POST", "/", 418},
		{"GET", "/", 418},
	} {
		r, err := http.NewRequest(c.method, srv.URL+c.path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.status || (c.status == 405) != (res.Header.Get("Allow") == "POST") {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, res.StatusCode, c.status)
		}
	}
	if owner, ok := f.Owner("/zld/hlht/v1/query_token"); owner != "dakeyun" || !ok {
		t.Errorf("owner %q", owner)
	}
	if n := len(f.Served()); n != 6 {
		t.Errorf("%d paths are served, want 2 of telaidian and 2 of dakeyun in two spellings", n)
	}
}

func TestIntakeTooLarge(t *testing.T) {
	big := strings.Repeat("x", intake.MaxBody+1)
	for name, body := range map[string]io.Reader{"told": strings.NewReader(big),
		"streamed": struct{ io.Reader }{strings.NewReader(big)}} {
		f := newFront(t, nil)
		status, _, ret := f.send(t, httptest.NewRequest("POST", "/zld/telaidian/query_token", body))
		if status != 413 || ret != 4003 || !cmp.Equal(f.taker.seen, []string{"too_large"}) {
			t.Errorf("%s: %d, Ret %d, recorded %v", name, status, ret, f.taker.seen)
		}
	}
	f := newFront(t, nil)
	exact := `{"a":"` + strings.Repeat("x", intake.MaxBody-8) + `"}`
	if status, _, ret := f.send(t, httptest.NewRequest("POST", "/zld/telaidian/query_token",
		strings.NewReader(exact))); status != 200 || ret != 4003 {
		t.Errorf("a body of exactly %d bytes: %d, Ret %d", len(exact), status, ret)
	}
	broken := httptest.NewRequest("POST", "/zld/telaidian/query_token",
		io.MultiReader(strings.NewReader("{"), brokenReader{}))
	if status, _, ret := f.send(t, broken); status != 200 || ret != 4003 || f.taker.seen[1] != "bad_body" {
		t.Errorf("a body that breaks off: %d, Ret %d, %v", status, ret, f.taker.seen)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// The account of the case "locked" has both locks.
func TestIntakeLocks(t *testing.T) {
	const path, token = "/zld/telaidian/notification_charge_end_order_info", "a-path-token-of-teld-unsigned"
	for _, c := range []struct {
		name, path, remote, proxy string
		want                      charge.Outcome
	}{
		{"both", path + "/" + token, "198.51.100.7:4711", "", charge.OutcomeAccepted},
		{"bare path", path, "198.51.100.7:4711", "", charge.OutcomeWrongLock},
		{"another token", path + "/" + token + "x", "198.51.100.7:4711", "", charge.OutcomeWrongLock},
		{"another address", path + "/" + token, "203.0.113.9:4711", "", charge.OutcomeWrongLock},
		{"through a proxy", path + "/" + token, "10.0.0.1:80", "203.0.113.9, 198.51.100.7", charge.OutcomeAccepted},
		{"written by the client", path + "/" + token, "10.0.0.1:80", "198.51.100.7, 203.0.113.9", charge.OutcomeWrongLock},
		{"a proxy nobody trusts", path + "/" + token, "203.0.113.9:80", "198.51.100.7", charge.OutcomeWrongLock},
	} {
		f := newFront(t, func(c *intake.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
		r := request(t, "locked")
		r.URL.Path, r.RemoteAddr = c.path, c.remote
		if c.proxy != "" {
			r.Header.Set("X-Forwarded-For", c.proxy)
		}
		if _, _, _ = f.send(t, r); f.outcomes[0] != c.want {
			t.Errorf("%s: %s, want %s", c.name, f.outcomes[0], c.want)
		}
		if p := f.taker.taken[0]; p.Path != path || p.PathToken != "" {
			t.Errorf("%s: handed on path %q and token %q", c.name, p.Path, p.PathToken.Reveal())
		}
	}
	// A token where the account has none.
	f := newFront(t, nil)
	r := request(t, "finished")
	r.URL.Path += "/" + token
	if _, _, _ = f.send(t, r); f.outcomes[0] != charge.OutcomeWrongLock {
		t.Errorf("a path token that no account has: %s", f.outcomes[0])
	}
}

func TestIntakeRates(t *testing.T) {
	f := newFront(t, func(c *intake.Config) { c.PerAddress = 3 })
	var rets []int
	for range 5 {
		_, _, ret := f.send(t, request(t, "forged"))
		rets = append(rets, ret)
	}
	other := request(t, "forged")
	other.RemoteAddr = "192.0.2.2:1"
	_, _, ret := f.send(t, other)
	f.now = f.now.Add(time.Second / 3)
	_, _, again := f.send(t, request(t, "forged"))
	if diff := cmp.Diff([]int{4001, 4001, 4001, -1, -1, 4001, 4001}, append(rets, ret, again)); diff != "" {
		t.Errorf("by address (-want +got):\n%s", diff)
	}

	f = newFront(t, func(c *intake.Config) { c.PerAccount = 2 })
	rets = nil
	for _, name := range []string{"forged", "forged", "forged", "finished", "finished", "finished", "token"} {
		_, _, ret := f.send(t, request(t, name))
		rets = append(rets, ret)
	}
	if diff := cmp.Diff([]int{4001, 4001, 4001, 0, 0, -1, -1}, rets); diff != "" {
		t.Errorf("by account: what does not open costs nothing (-want +got):\n%s", diff)
	}
	if last := f.taker.seen[len(f.taker.seen)-1]; last != "rate_limited teld-main" {
		t.Errorf("recorded %q", last)
	}
}

// A fault of ours is answered in the platform's words for one, and the next push is served.
func TestIntakePanic(t *testing.T) {
	f := newFront(t, nil)
	f.taker.fail = func() { panic("boom") }
	if status, body, ret := f.send(t, request(t, "finished")); status != 200 || ret != 500 ||
		strings.Contains(body, "boom") {
		t.Errorf("%d, %s", status, body)
	}
	f.taker.fail = nil
	if _, _, ret := f.send(t, request(t, "finished")); ret != 0 {
		t.Errorf("after a panic: Ret %d", ret)
	}
}

// fake is a dialect of whose only use are its paths.
type fake struct {
	platform.Dialect
	info platform.Info
}

func (f fake) Info() platform.Info { return f.info }

func TestIntakeClashes(t *testing.T) {
	dialect := func(id string, paths ...string) platform.Dialect {
		f := fake{info: platform.Info{ID: id}}
		for _, p := range paths {
			f.info.Routes = append(f.info.Routes, platform.Route{Path: p, Kind: platform.RouteCharge})
		}
		return f
	}
	for name, dialects := range map[string][]platform.Dialect{
		"same path":       {dialect("a", "/x/y"), dialect("b", "/x/y")},
		"twice the same":  {dialect("a", "/x/y", "/x/y")},
		"same when clean": {dialect("a", "/x//y"), dialect("b", "/x/y")},
		"same id":         {dialect("a", "/x"), dialect("a", "/y")},
		"below another":   {dialect("a", "/x/y"), dialect("b", "/x/y/z")},
		"no slash":        {dialect("a", "x")},
		"slash at end":    {dialect("a", "/x/")},
		"query":           {dialect("a", "/x?y")},
		"encoded":         {dialect("a", "/x%20y")},
		"empty":           {dialect("a", "")},
	} {
		c := intake.Config{Dialects: dialects, Accounts: &platformtest.Accounts{}, Taker: &taker{}}
		if _, err := intake.New(c); err == nil {
			t.Errorf("%s: no error", name)
		} else if !strings.Contains(err.Error(), `a`) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := intake.New(intake.Config{}); err == nil {
		t.Error("an intake of nothing: no error")
	}
}

func BenchmarkIntake(b *testing.B) {
	d := platformtest.Find(b, cec.Builtin(), "telaidian")
	accounts, now := platformtest.ReadAccounts(b, d, cases)
	in, err := intake.New(intake.Config{Dialects: cec.Builtin(), Accounts: accounts, Taker: discard{},
		Clock: func() time.Time { return now }, PerAccount: 1e9, PerAddress: 1e9})
	if err != nil {
		b.Fatal(err)
	}
	captured, err := os.ReadFile(filepath.Join(cases, "finished", "push.http"))
	if err != nil {
		b.Fatal(err)
	}
	p, err := doctor.ReadCapture(d.Info(), captured)
	if err != nil {
		b.Fatal(err)
	}
	r := httptest.NewRequest(p.Method, p.Path, nil)
	r.Header = p.Header
	b.ReportAllocs()
	for b.Loop() {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(p.Body)), int64(len(p.Body))
		w := httptest.NewRecorder()
		in.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}

type discard struct{}

func (discard) Take(_ context.Context, _ platform.Push, _ platform.Account, _ platform.Message,
	reply func(platform.Verdict) platform.Reply) platform.Reply {
	return reply(platform.Verdict{Outcome: charge.OutcomeAccepted})
}

func (discard) Refuse(context.Context, platform.Push, string, *platform.Refusal, platform.Reply) {}
