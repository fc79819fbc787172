package line

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// web is a lot in HTTP mode.
type web struct {
	t   testing.TB
	url string
}

func (b *bench) web() web {
	srv := httptest.NewServer(b.srv.Handler())
	b.t.Cleanup(srv.Close)
	b.t.Cleanup(func() { // polls end with their sessions
		for _, n := range b.srv.sessions.all() {
			b.srv.end(n)
		}
	})
	return web{b.t, srv.URL}
}

func (w web) post(path, body string) string {
	w.t.Helper()
	r, err := http.Post(w.url+path, "application/json;charset=utf-8", strings.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return ""
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		w.t.Errorf("%s: status %d, %v", path, r.StatusCode, err)
	}
	return string(text)
}

func (w web) upload(body, want string) {
	w.t.Helper()
	if got := w.post("/bpd/upload.do", body); got != want {
		w.t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

// poll opens a poll and waits until the server holds it.
func (w web) poll(b *bench, token string) chan string {
	said := make(chan string, 1)
	box := b.srv.sessions.find(token).box
	box.mu.Lock()
	before := box.poll
	box.mu.Unlock()
	go func() { said <- w.post("/bpd/download.do", `{"token":"`+token+`"}`) }()
	for {
		box.mu.Lock()
		now := box.poll
		box.mu.Unlock()
		if now != before {
			return said
		}
		runtime.Gosched()
	}
}

func hear(t *testing.T, said chan string, want string) {
	t.Helper()
	select {
	case got := <-said:
		if got != want {
			t.Fatalf("polled %q, want %q", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("the poll never ended, want %q", want)
	}
}

// A whole session of HTTP mode with the book's own login example (sdk/596745).
func TestHTTPSession(t *testing.T) {
	b := newBench(t)
	w := b.web()
	token := testToken(1)
	w.upload(loginA, `{"state":1,"token":"`+token+`","service_name":"login"}`)
	w.upload(uplinkLine("inpark", token,
		`{"uid":"325101","car_number":"京GH0093","in_time":1490875218,"order_id":"325101","in_channel_id":"A1",`+
			`"empty_plot":20}`, keyA),
		`{"state":1,"order_id":"325101","service_name":"inpark","errmsg":"send success!"}`)
	// A downlink ends the open poll.
	said := w.poll(b, token)
	b.deliver(lotA, "u-1")
	hear(t, said, `{"uuid":"u-1"}`)
	w.upload(uplinkLine("pay_notice", token, `{"service_name":"pay_notice","uuid":"u-1","state":1}`, keyA), `{"state":1}`)
	if r := b.result(); r.Result != charge.AttemptAcked {
		t.Fatalf("%+v", r)
	}
	// One that comes between two polls waits for the next.
	b.deliver(lotA, "u-2")
	b.deliver(lotA, "u-3")
	for _, uuid := range []string{"u-2", "u-3"} {
		if got := w.post("/bpd/download.do", `{"token":"`+token+`"}`); got != `{"uuid":"`+uuid+`"}` {
			t.Fatalf("polled %q", got)
		}
	}
	w.upload(uplinkLine("outpark", token,
		`{"car_number":"京GH0093","in_time":1490875218,"out_time":1490878818,"order_id":"325101","total":"5"}`, keyA),
		`{"state":1,"order_id":"325101","service_name":"outpark","errmsg":"send success!"}`)
	// Logging out ends the poll, the session, and the wait for answers.
	said = w.poll(b, token)
	w.upload(uplinkLine("logout", token, `{}`, keyA), `{"state":1,"service_name":"logout"}`)
	hear(t, said, "")
	for range 2 {
		if r := b.result(); r.Result != charge.AttemptTimeout {
			t.Fatalf("%+v", r)
		}
	}
	if got := w.post("/bpd/download.do", `{"token":"`+token+`"}`); got != `{"state":0,"errmsg":"error:token无效"}` {
		t.Errorf("polled %q with a dead token", got)
	}
}

func TestHTTPOnePoll(t *testing.T) {
	b := newBench(t)
	w := b.web()
	w.upload(loginA, `{"state":1,"token":"`+testToken(1)+`","service_name":"login"}`)
	first := w.poll(b, testToken(1))
	second := w.poll(b, testToken(1))
	hear(t, first, "")
	b.deliver(lotA, "u")
	hear(t, second, `{"uuid":"u"}`)
	// A poll is held for 30 s.
	third := w.poll(b, testToken(1))
	b.pass(29 * time.Second)
	b.srv.sweep()
	select {
	case got := <-third:
		t.Fatalf("the poll ended early with %q", got)
	default:
	}
	b.pass(time.Second)
	b.srv.sweep()
	hear(t, third, "")
}

// What no caller waits for any more is not handed to a later poll: its sender sends it again.
func TestHTTPStaleLetter(t *testing.T) {
	b := newBench(t)
	w := b.web()
	w.upload(loginA, `{"state":1,"token":"`+testToken(1)+`","service_name":"login"}`)
	b.deliver(lotA, "u-old")
	b.pass(7 * time.Second)
	b.srv.sweep()
	if r := b.result(); r.Result != charge.AttemptTimeout {
		t.Fatalf("%+v", r)
	}
	said := w.poll(b, testToken(1))
	b.deliver(lotA, "u-new")
	hear(t, said, `{"uuid":"u-new"}`)
}

// A lot that has stopped polling is off; one that polls is on, however long.
func TestHTTPOffline(t *testing.T) {
	b := newBench(t)
	w := b.web()
	w.upload(loginA, `{"state":1,"token":"`+testToken(1)+`","service_name":"login"}`)
	for range 10 {
		said := w.poll(b, testToken(1))
		b.pass(29 * time.Second)
		b.srv.sweep()
		b.pass(time.Second)
		b.srv.sweep()
		hear(t, said, "")
	}
	if !b.srv.Here(lotA) {
		t.Fatal("off although it polls")
	}
	b.pass(3 * time.Minute)
	b.srv.sweep()
	if b.srv.Here(lotA) {
		t.Fatal("on although it is silent")
	}
}

// A poll whose client has gone does not swallow what it was given.
func TestHTTPAbandonedPoll(t *testing.T) {
	b := newBench(t)
	w := b.web()
	w.upload(loginA, `{"state":1,"token":"`+testToken(1)+`","service_name":"login"}`)
	box := b.srv.sessions.find(testToken(1)).box
	until := b.clock.Now().Add(time.Minute)
	p := box.open(b.clock.Now(), until)
	box.put([]byte("kept"), until)
	box.abandon(p)
	if got := w.post("/bpd/download.do", `{"token":"`+testToken(1)+`"}`); got != "kept" {
		t.Errorf("polled %q", got)
	}
}

// A message that an abandoned poll returns is dropped when its sender stops waiting, as any other: by then another
// machine of the lot may have it.
func TestHTTPAbandonedPollKeepsTheDeadline(t *testing.T) {
	b := newBench(t)
	w := b.web()
	w.upload(loginA, `{"state":1,"token":"`+testToken(1)+`","service_name":"login"}`)
	box := b.srv.sessions.find(testToken(1)).box
	p := box.open(b.clock.Now(), b.clock.Now().Add(30*time.Second))
	b.deliver(lotA, "u-old")
	box.abandon(p)
	b.pass(7 * time.Second)
	b.srv.sweep()
	if r := b.result(); r.Result != charge.AttemptTimeout {
		t.Fatalf("%+v", r)
	}
	said := w.poll(b, testToken(1))
	b.deliver(lotA, "u-new")
	hear(t, said, `{"uuid":"u-new"}`)
}

func TestHTTPRefuses(t *testing.T) {
	b := newBench(t, func(c *Config) { c.FrameBytes = 1024 })
	w := b.web()
	w.upload("rubbish", `{"state":0,"errmsg":"数据格式错误!"}`)
	w.upload(strings.Replace(loginA, "atest1", "atest2", 1), `{"state":0,"errmsg":"error:签名错误","service_name":"login"}`)
	for _, body := range []string{"", "rubbish", "{}", `{"token":""}`, `{"token":"unknown"}`} {
		if got := w.post("/bpd/download.do", body); got != `{"state":0,"errmsg":"error:token无效"}` {
			t.Errorf("%q: %s", body, got)
		}
	}
	status := map[string]int{}
	for _, path := range []string{"/bpd/upload.do", "/bpd/download.do"} {
		r, err := http.Post(w.url+path, "application/json", strings.NewReader(strings.Repeat("x", 1025)))
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		status[path] = r.StatusCode
		if r, err = http.Get(w.url + path); err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		status["GET "+path] = r.StatusCode
	}
	for path, got := range status {
		want := http.StatusRequestEntityTooLarge
		if strings.HasPrefix(path, "GET") {
			want = http.StatusMethodNotAllowed
		}
		if got != want {
			t.Errorf("%s: status %d, want %d", path, got, want)
		}
	}
	// A token of the TCP line cannot be polled with.
	f := b.dial()
	f.login(loginB, 1)
	if got := w.post("/bpd/download.do", `{"token":"`+testToken(1)+`"}`); got != `{"state":0,"errmsg":"error:token无效"}` {
		t.Errorf("polled a TCP session: %s", got)
	}
}

// The same machine may change from TCP to HTTP and back: one session.
func TestHTTPAndTCPShareSessions(t *testing.T) {
	b := newBench(t)
	w := b.web()
	f := b.dial()
	f.login(loginA, 1)
	w.upload(loginA, `{"state":1,"token":"`+testToken(2)+`","service_name":"login"}`)
	f.say(entryLine(testToken(1), "x"))
	f.expect(`{"state":0,"errmsg":"error:token无效"}`)
	said := w.poll(b, testToken(2))
	f.say(loginA)
	f.expect(`{"state":1,"token":"` + testToken(3) + `","service_name":"login"}`)
	hear(t, said, "")
	if n := b.srv.Stats().Sessions; n != 1 {
		t.Errorf("%d sessions", n)
	}
}

func TestHTTPStopped(t *testing.T) {
	b := newBench(t)
	w := b.web()
	w.upload(loginA, `{"state":1,"token":"`+testToken(1)+`","service_name":"login"}`)
	said := w.poll(b, testToken(1))
	if err := b.srv.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	hear(t, said, "")
	r, err := http.Post(w.url+"/bpd/upload.do", "application/json", strings.NewReader(loginA))
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d after Shutdown", r.StatusCode)
	}
	b.srv.Deliver(lot.Order{Lot: lotA, UUID: "u"}, func(r lot.Result) { b.results <- r })
	if r := b.result(); r.Result != charge.AttemptOffLine {
		t.Errorf("%+v", r)
	}
}
