package outbound

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newClient(t *testing.T, o Options) *Client {
	c := NewClient(o)
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// raw listens and hands every connection to talk, after a whole request was read from it.
func raw(t *testing.T, talk func(c net.Conn, r *bufio.Reader)) (url string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-over })
	go func() {
		defer close(over)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			talk(c, bufio.NewReader(c))
			c.Close()
		}
	}()
	return "http://" + l.Addr().String() + "/"
}

func readRequest(r *bufio.Reader) error {
	req, err := http.ReadRequest(r)
	if err == nil {
		_, err = io.Copy(io.Discard, req.Body)
	}
	return err
}

func TestPost(t *testing.T) {
	var got *http.Request
	var body []byte
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "tea")
	})
	c := newClient(t, Options{})
	r, err := c.Post(t.Context(), Request{URL: s.URL + "/a//b?c=d e&f=%20", Type: "application/json;charset=utf-8",
		Key: "u-1", Body: []byte(`{"a":1}`), Allow: here})
	if err != nil || r.Status != http.StatusTeapot || string(r.Body) != "tea" {
		t.Fatalf("%d %q %v", r.Status, r.Body, err)
	}
	if got.Method != http.MethodPost || got.RequestURI != "/a//b?c=d%20e&f=%20" || string(body) != `{"a":1}` ||
		got.Header.Get("Idempotency-Key") != "u-1" ||
		got.Header.Get("Content-Type") != "application/json;charset=utf-8" || got.Header.Get("User-Agent") != "chargestamp" {
		t.Errorf("arrived: %s %s %q %v", got.Method, got.RequestURI, body, got.Header)
	}
}

// A connection that was opened under one lot's allow list serves no lot that has no such list, though both
// name the same host.
func TestKeptConnectionLeaksNoPermission(t *testing.T) {
	var conns atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := newClient(t, Options{})
	for range 3 {
		if _, err := c.Post(t.Context(), Request{URL: s.URL, Allow: here}); err != nil {
			t.Fatal(err)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections for three requests, want 1", n)
	}
	for _, allow := range [][]netip.Prefix{nil, {netip.MustParsePrefix("10.0.0.0/8")}} {
		_, err := c.Post(t.Context(), Request{URL: s.URL, Allow: allow})
		refused, failed := (*Refused)(nil), (*Error)(nil)
		if !errors.As(err, &refused) || !errors.As(err, &failed) || failed.Sent {
			t.Errorf("under %v: %v", allow, err)
		}
	}
	if _, err := c.Post(t.Context(), Request{URL: s.URL, Allow: here}); err != nil || conns.Load() != 1 {
		t.Errorf("after the refusals: %v, %d connections", err, conns.Load())
	}
}

// A name is judged by the address it leads to.
func TestNameThatLeadsInside(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was called") })
	url := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	_, err := newClient(t, Options{}).Post(t.Context(), Request{URL: url})
	if refused := (*Refused)(nil); !errors.As(err, &refused) {
		t.Errorf("localhost: %v", err)
	}
}

func TestRedirectIsAnAnswer(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Error("it was followed")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	c := newClient(t, Options{})
	if r, err := c.Post(t.Context(), Request{URL: s.URL, Allow: here}); err != nil || r.Status != http.StatusFound {
		t.Errorf("Post: %d %v", r.Status, err)
	}
	req, _ := http.NewRequestWithContext(WithAllow(t.Context(), here), http.MethodPost, s.URL, strings.NewReader("x"))
	r, err := c.HTTP().Do(req)
	if err != nil || r.StatusCode != http.StatusFound {
		t.Fatalf("HTTP: %v %v", r, err)
	}
	r.Body.Close()
}

// What went wrong decides whether the request may have been acted on.
func TestFailures(t *testing.T) {
	respond := func(text string) func(*testing.T) string {
		return func(t *testing.T) string {
			return raw(t, func(c net.Conn, r *bufio.Reader) {
				if readRequest(r) == nil {
					_, _ = io.WriteString(c, text)
				}
			})
		}
	}
	long := strings.Repeat("y", 101)
	cases := []struct {
		name     string
		url      func(t *testing.T) string
		sent     bool
		noAnswer bool
		text     string
	}{
		{"no listener", func(t *testing.T) string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
			return "http://" + l.Addr().String()
		}, false, false, "connection refused"},
		{"hangs", func(t *testing.T) string {
			return raw(t, func(_ net.Conn, r *bufio.Reader) { _ = readRequest(r); _, _ = r.ReadByte() })
		}, true, true, "no answer in time"},
		{"hangs in its answer", func(t *testing.T) string {
			return raw(t, func(c net.Conn, r *bufio.Reader) {
				_ = readRequest(r)
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
				_, _ = r.ReadByte()
			})
		}, true, true, "no answer in time"},
		{"hangs up", respond(""), true, true, "the connection broke before the answer"},
		{"hangs up in its answer", respond("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), true, true,
			"the connection broke before the answer"},
		{"is no HTTP", respond("SSH-2.0-OpenSSH\r\n\r\n\r\n"), true, false, "the answer is not HTTP"},
		{"bad length", respond("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), true, false, "the answer is not HTTP"},
		{"bad chunk", respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), true, false,
			"the answer is not HTTP"},
		{"announces for ever", respond(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 9)), true, false,
			"the answer is not HTTP"},
		{"too long", respond("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + long), true, false, "the answer is too long"},
		{"too long in chunks", respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + long +
			"\r\n0\r\n\r\n"), true, false, "the answer is too long"},
		{"too long without a length", respond("HTTP/1.0 200 OK\r\n\r\n" + long), true, false, "the answer is too long"},
		{"too long a head", respond("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("y", 60<<10)), true, false,
			"the answer is too long"},
		{"no URL", func(*testing.T) string { return "http://[" }, false, false, "the address is not a URL"},
		{"no scheme", func(*testing.T) string { return "ftp://a.example/" }, false, false,
			`the address begins with "ftp"; write http:// or https://`},
		{"no host", func(*testing.T) string { return "http:///a" }, false, false, "the address names no host"},
		{"a user", func(*testing.T) string { return "http://a:b@c.example/" }, false, false,
			"the address holds a user name; name and password are not sent this way"},
		{"not ASCII", func(*testing.T) string { return "http://泊链.example/" }, false, false,
			"the host of the address has letters beyond ASCII; write its xn-- form"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, Options{Timeout: 300 * time.Millisecond, MaxAnswer: 100})
			_, err := client.Post(t.Context(), Request{URL: c.url(t), Allow: here, Body: []byte("x")})
			failed := (*Error)(nil)
			if !errors.As(err, &failed) || failed.Sent != c.sent || failed.NoAnswer != c.noAnswer ||
				!strings.Contains(err.Error(), c.text) {
				t.Fatalf("got %+v, want sent %v, no answer %v, %q", err, c.sent, c.noAnswer, c.text)
			}
		})
	}
}

func TestAnswersOfAllShapes(t *testing.T) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ny\r\n2\r\nes\r\n0\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\nyes",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes",
	} {
		url := raw(t, func(c net.Conn, r *bufio.Reader) {
			if readRequest(r) == nil {
				_, _ = io.WriteString(c, text)
			}
		})
		r, err := newClient(t, Options{}).Post(t.Context(), Request{URL: url, Allow: here})
		if err != nil || r.Status != 200 || string(r.Body) != "yes" {
			t.Errorf("%q: %d %q %v", text, r.Status, r.Body, err)
		}
	}
}

// A request that left on a kept connection is not sent again, and one that could not leave is.
func TestKeptConnectionThatDies(t *testing.T) {
	var requests atomic.Int32
	url := raw(t, func(c net.Conn, r *bufio.Reader) {
		if readRequest(r) != nil {
			return
		}
		n := requests.Add(1)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		if n != 2 {
			return // hangs up on an idle connection
		}
		if readRequest(r) == nil {
			requests.Add(1) // takes the next one in and hangs up without an answer
		}
	})
	c := newClient(t, Options{})
	post := func() error {
		_, err := c.Post(t.Context(), Request{URL: url, Allow: here})
		return err
	}
	if err := post(); err != nil {
		t.Fatal(err)
	}
	waitDead(t, c)
	if err := post(); err != nil {
		t.Fatalf("after the other side hung up: %v", err)
	}
	err := post()
	if failed := (*Error)(nil); !errors.As(err, &failed) || !failed.NoAnswer {
		t.Fatalf("after a request was swallowed: %v", err)
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests arrived, want 3", n)
	}
}

// waitDead waits until the hang-up has arrived at the one kept connection.
func waitDead(t *testing.T, c *Client) {
	t.Helper()
	for _, kept := range c.pool.idle {
		if err := kept[0].SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		err := kept[0].raw.Read(func(fd uintptr) bool { _, err := peek(fd); return err == nil })
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What the other side says unasked never becomes the answer to the next request.
func TestUnaskedAnswer(t *testing.T) {
	url := raw(t, func(c net.Conn, r *bufio.Reader) {
		if readRequest(r) == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrueHTTP/1.1 200 OK\r\nContent-Length: "+
				"5\r\n\r\nfalse")
		}
	})
	c := newClient(t, Options{})
	for range 3 {
		r, err := c.Post(t.Context(), Request{URL: url, Allow: here})
		if err != nil || string(r.Body) != "true" {
			t.Fatalf("%q %v", r.Body, err)
		}
	}
}

func TestContextEndsARequest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url := raw(t, func(_ net.Conn, r *bufio.Reader) { _ = readRequest(r); cancel(); _, _ = r.ReadByte() })
	_, err := newClient(t, Options{Timeout: time.Minute}).Post(ctx, Request{URL: url, Allow: here})
	if failed := (*Error)(nil); !errors.As(err, &failed) || !failed.Sent {
		t.Errorf("got %v", err)
	}
	if _, err := newClient(t, Options{}).Post(ctx, Request{URL: url, Allow: here}); err == nil {
		t.Error("a context that is over made a request")
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, r.TLS.NegotiatedProtocol, " ", r.Proto)
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	t.Cleanup(s.Close)
	roots := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	c := newClient(t, Options{TLS: &tls.Config{RootCAs: roots}})
	for range 3 {
		r, err := c.Post(t.Context(), Request{URL: s.URL, Allow: here})
		if err != nil || string(r.Body) != "http/1.1 HTTP/1.1" {
			t.Fatalf("%q %v", r.Body, err)
		}
	}
	if n := len(c.pool.idle); n != 1 {
		t.Errorf("%d hosts with kept connections, want 1", n)
	}
	_, err := newClient(t, Options{}).Post(t.Context(), Request{URL: s.URL, Allow: here})
	if failed := (*Error)(nil); !errors.As(err, &failed) || failed.Sent {
		t.Errorf("a certificate of nobody we know: %v", err)
	}
}

func TestHeaderInjection(t *testing.T) {
	for _, r := range []Request{{Key: "a\r\nX: y"}, {Type: "a\nX: y"}} {
		r.URL, r.Allow = "http://127.0.0.1:1/", here
		if _, err := newClient(t, Options{}).Post(t.Context(), r); err == nil ||
			!strings.Contains(err.Error(), "control character") {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestIdleConnectionsGo(t *testing.T) {
	closed := make(chan struct{}, 1)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := newClient(t, Options{IdleFor: 20 * time.Millisecond})
	if _, err := c.Post(t.Context(), Request{URL: s.URL, Allow: here}); err != nil {
		t.Fatal(err)
	}
	<-closed
}

func TestCloseIsFinal(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := NewClient(Options{})
	c.Close()
	if _, err := c.Post(t.Context(), Request{URL: s.URL, Allow: here}); err != nil {
		t.Fatal(err)
	}
	if len(c.pool.idle) != 0 {
		t.Error("a closed client keeps connections")
	}
}
