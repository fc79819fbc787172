package sdktest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testUkey = "test-ukey-of-200461"
	testCkey = "test-ckey-of-1313"
	patience = 10 * time.Second
)

// fast is a pace for tests: a minute is a tenth of a second.
var fast = Times{
	FirstBeat: time.Hour, Beat: time.Hour, Again: 20 * time.Millisecond, Minute: 100 * time.Millisecond,
	Pace: time.Millisecond, LoginWait: time.Second,
}

// gateway is the far end: it logs every caller in, and says what a test wants to every frame.
type gateway struct {
	t      *testing.T
	l      net.Listener
	behind string                           // said in the same write as the login's answer
	says   func(service, raw string) string // the answer to a frame; "" for none
	frames chan string                      // every frame, login and heartbeat too
	mu     sync.Mutex
	conns  []net.Conn
	served sync.WaitGroup
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{t: t, l: l, frames: make(chan string, 1000), says: func(string, string) string { return "" }}
	g.served.Go(g.serve)
	t.Cleanup(func() {
		_ = l.Close()
		g.hangUp()
		g.served.Wait()
	})
	return g
}

func (g *gateway) serve() {
	for {
		nc, err := g.l.Accept()
		if err != nil {
			return
		}
		g.mu.Lock()
		g.conns = append(g.conns, nc)
		g.mu.Unlock()
		g.served.Go(func() { g.hear(nc) })
	}
}

func (g *gateway) hear(nc net.Conn) {
	in := bufio.NewScanner(nc)
	for in.Scan() {
		g.frames <- in.Text()
		var e envelope
		if json.Unmarshal(in.Bytes(), &e) == nil && e.Service == "login" {
			_, _ = io.WriteString(nc,
				"\n"+`{"state":1,"token":"0123456789abcdef0123456789abcdef","service_name":"login"}`+"\r"+g.behind)
			continue
		}
		if said := g.says(e.Service, in.Text()); said != "" {
			_, _ = io.WriteString(nc, "\n"+said+"\r")
		}
	}
}

// to writes raw bytes on the n-th connection.
func (g *gateway) to(n int, raw string) {
	g.mu.Lock()
	nc := g.conns[n]
	g.mu.Unlock()
	if _, err := io.WriteString(nc, raw); err != nil {
		g.t.Error(err)
	}
}

func (g *gateway) hangUp() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, nc := range g.conns {
		_ = nc.Close()
	}
	g.conns = nil
}

func (g *gateway) next() string {
	g.t.Helper()
	select {
	case f := <-g.frames:
		return f
	case <-time.After(patience):
		g.t.Fatal("the SDK says nothing")
		return ""
	}
}

func (g *gateway) config() Config {
	return Config{
		UnionID: "200461", Ukey: testUkey, ParkID: "1313", Ckey: testCkey, BolinkAddr: g.l.Addr().String(),
		CloudAddr: g.l.Addr().String(), LocalID: "dll01_channels_A1", Times: fast,
	}
}

// start inits an SDK that must come up.
func start(t *testing.T, cfg Config) *SDK {
	t.Helper()
	s := New(cfg)
	t.Cleanup(s.Close)
	if refused, err := s.Init(t.Context()); err != nil || refused != "" {
		t.Fatalf("init: %q, %v", refused, err)
	}
	return s
}

// until waits for something to become so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !so(); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("never: %s", what)
		}
	}
}

// The two logins differ: the cloud link names no vendor. Signs were made with printf '%skey=%s' | md5sum.
func TestLogins(t *testing.T) {
	g := newGateway(t)
	s := start(t, g.config())
	for _, want := range []string{
		`{"service_name":"login","sign":"8130F270BAD6CDA100730DEF04AE1C87","data":{"union_id":"200461","park_id":"1313",` +
			`"local_id":"02fc00000001_2000_dll01_channels_A1"}}`,
		`{"service_name":"login","sign":"98AA028CAFBD141AA117D9336700FE89","data":{"park_id":"1313",` +
			`"local_id":"02fc00000001_2000_dll01_channels_A1"}}`,
	} {
		if got := g.next(); got != want {
			t.Errorf("said\n%s\nwant\n%s", got, want)
		}
	}
	if got := s.Up(); !slices.Equal(got, []Link{Bolink, Cloud}) {
		t.Errorf("up: %v", got)
	}
}

func TestAnythingBehindTheLoginAnswerFailsInit(t *testing.T) {
	g := newGateway(t)
	g.behind = "\n" + `{"service_name":"pay_notice","uuid":"1"}` + "\r"
	s := New(g.config())
	defer s.Close()
	if _, err := s.Init(t.Context()); !errors.Is(err, ErrInit) {
		t.Fatalf("init came to %v", err)
	}
	if s.Counts().Torn != 1 {
		t.Errorf("%+v", s.Counts())
	}
}

func TestInitNeedsTheBolinkLink(t *testing.T) {
	g := newGateway(t)
	c := g.config()
	c.BolinkAddr = "127.0.0.1:1"
	s := New(c)
	defer s.Close()
	if _, err := s.Init(t.Context()); !errors.Is(err, ErrInit) {
		t.Fatalf("init came to %v", err)
	}
}

func TestReadsAreNotPutTogether(t *testing.T) {
	g := newGateway(t)
	heard := make(chan string, 10)
	c := g.config()
	c.Receive = func(m []byte) { heard <- string(m) }
	s := start(t, c)
	const notice = `{"service_name":"pay_notice","uuid":"1"}`
	g.to(0, "\n"+notice[:10])
	until(t, "the first half is lost", func() bool { return s.Counts().Torn == 1 })
	g.to(0, notice[10:]+"\r")
	until(t, "the second half is lost", func() bool { return s.Counts().Torn == 2 })
	g.to(0, "\n"+notice+"\r\n0x12\r")
	if got := <-heard; got != notice {
		t.Errorf("heard %q", got)
	}
	if s.Counts().Torn != 2 {
		t.Errorf("%+v", s.Counts())
	}
}

func testEntry(order string) Entry {
	return Entry{CarNumber: "京A77780", InTime: 1795897855, CarType: "小车", Kind: "通道扫牌", UID: "880099", OrderID: order,
		EmptyPlot: 20, Channel: "A1"}
}

func testExit(order string) Exit {
	return Exit{CarNumber: "京A77780", InTime: 1795897855, OutTime: 1795899855, PayType: "cash", Total: "7.50",
		OrderID: order,
		Reduced: "2.50", Receivable: "10.00"}
}

// What makes the SDK forget an order, whatever the state says.
func TestForgets(t *testing.T) {
	for _, c := range []struct {
		name, in, out string // the answers; %s is the service
		left          string
	}{
		{"taken", `{"state":1,"service_name":%q,"order_id":"o1"}`,
			`{"state":1,"service_name":%q,"order_id":"o1","pay_type":"cash"}`, ""},
		{"busy, with both members", `{"state":0,"service_name":%q,"order_id":"o1","errmsg":"系统繁忙"}`,
			`{"state":0,"service_name":%q,"order_id":"o1"}`, "outpark"},
		{"busy, with neither", `{"state":0,"errmsg":"系统繁忙"}`, `{"state":0,"errmsg":"系统繁忙"}`,
			"inpark in_park outpark out_park"},
		{"another order", `{"state":1,"service_name":%q,"order_id":"o2"}`, `{"state":1,"service_name":%q,"pay_type":"cash"}`,
			"inpark in_park outpark out_park"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGateway(t)
			answered := make(chan bool, 100)
			g.says = func(service, _ string) string {
				defer func() { answered <- true }()
				form := c.in
				if strings.HasPrefix(service, "out") {
					form = c.out
				}
				if !strings.Contains(form, "%q") {
					return form
				}
				return fmt.Sprintf(form, service)
			}
			cfg := g.config()
			cfg.Times.Minute = time.Hour
			s := start(t, cfg)
			s.In(testEntry("o1"))
			s.Out(testExit("o1"))
			for range 4 {
				<-answered
			}
			until(t, "stored is "+c.left, func() bool {
				var left []string
				for _, o := range s.Stored() {
					left = append(left, o.Service)
				}
				return strings.Join(left, " ") == c.left
			})
		})
	}
}

// What is stored comes again: both kinds of the bolink link, then both of the cloud link.
func TestStoreAndForward(t *testing.T) {
	g := newGateway(t)
	s := start(t, g.config())
	s.In(testEntry("o1"))
	s.Out(testExit("o1"))
	for range 6 { // two logins, four orders
		g.next()
	}
	for _, want := range []string{"inpark", "outpark", "in_park", "out_park"} {
		var e envelope
		if err := json.Unmarshal([]byte(g.next()), &e); err != nil || e.Service != want {
			t.Fatalf("said %s, want %s (%v)", e.Service, want, err)
		}
	}
}

func TestBothLinksLogInAgain(t *testing.T) {
	t.Run("after one was closed", func(t *testing.T) {
		g := newGateway(t)
		s := start(t, g.config())
		g.mu.Lock()
		_ = g.conns[1].Close()
		g.mu.Unlock()
		until(t, "two logins each", func() bool { c := s.Counts(); return c.Logins[Bolink] == 2 && c.Logins[Cloud] == 2 })
	})
	t.Run("after three heartbeats without an answer", func(t *testing.T) {
		g := newGateway(t)
		c := g.config()
		c.Times.FirstBeat, c.Times.Beat = time.Millisecond, 5*time.Millisecond
		s := start(t, c)
		until(t, "two logins each", func() bool { c := s.Counts(); return c.Logins[Bolink] >= 2 && c.Logins[Cloud] >= 2 })
	})
}

func TestUploadDataChoosesTheLink(t *testing.T) {
	g := newGateway(t)
	c := g.config()
	c.CloudAddr = ""
	s := start(t, c)
	if err := s.UploadData(
		[]byte(`{"service_name":"pay_notice","data_target":"cloud","uuid":"1","state":1}`)); !errors.Is(err,
		ErrNotInitialized) {
		t.Errorf("cloud without a cloud link: %v", err)
	}
	if err := s.UploadData(
		[]byte(`{"service_name":"pay_notice","data_target":"bolink","uuid":"1","state":1}`)); err != nil {
		t.Errorf("bolink: %v", err)
	}
}

func TestRelayBatchesAndCuts(t *testing.T) {
	g := newGateway(t)
	r, err := NewRelay(g.l.Addr().String(), 20*time.Millisecond, 100)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	heard := make(chan string, 10)
	c := g.config()
	c.BolinkAddr, c.CloudAddr, c.Receive = r.Addr(), "", func(m []byte) { heard <- string(m) }
	s := start(t, c)
	const notice = `{"service_name":"pay_notice","uuid":"1"}` // 40 bytes
	g.to(0, "\n"+notice+"\r")
	g.to(0, "\n"+notice+"\r")
	g.to(0, "\n"+notice+"\r")
	<-heard
	<-heard
	until(t, "the third is cut", func() bool { return s.Counts().Torn == 2 })
	r.Lose(func(down []byte) bool { return strings.Contains(string(down), "lost") })
	g.to(0, "\n"+`{"service_name":"lost"}`+"\r")
	until(t, "it is lost", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.lose == nil })
}
