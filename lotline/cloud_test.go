package lotline

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The sample key of the SDK book's signing example (sdk/596745), which is no site's.
const sampleKey = "8403A41ED5EF20BC"

// cloud is the other end of the lines of one test. In a synctest bubble time costs nothing.
type cloud struct {
	t     *testing.T
	lines chan net.Conn
	down  atomic.Bool
}

// far is the cloud's end of one line.
type far struct {
	t  *testing.T
	nc net.Conn
	r  *bufio.Reader
}

func newCloud(t *testing.T) *cloud { return &cloud{t: t, lines: make(chan net.Conn, 10)} }

func (c *cloud) dial(context.Context) (net.Conn, error) {
	if c.down.Load() {
		return nil, io.ErrClosedPipe
	}
	near, far := net.Pipe()
	c.lines <- far
	return near, nil
}

// config is a lot whose logins are the book's example.
func (c *cloud) config() Config {
	return Config{
		UnionID: "200208", ParkID: "21835", LocalID: "0071cc97102b_1001_qh321_quanhao-atest1", Key: sampleKey,
		Dial: c.dial, Logger: slog.New(slog.DiscardHandler),
	}
}

// start makes a client that is closed with the test.
func (c *cloud) start(cfg Config) *Client {
	c.t.Helper()
	client, err := New(cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = client.Close() })
	return client
}

// accept takes the next line as it comes.
func (c *cloud) accept() *far {
	c.t.Helper()
	select {
	case nc := <-c.lines:
		c.t.Cleanup(func() { _ = nc.Close() })
		return &far{c.t, nc, bufio.NewReader(nc)}
	case <-time.After(time.Hour):
		c.t.Fatal("nobody connects")
		return nil
	}
}

// acceptLogin takes the next line and its login.
func (c *cloud) acceptLogin() *far {
	c.t.Helper()
	f := c.accept()
	f.read()
	f.say(`{"state":1,"token":"00000000000000000000000000000001","service_name":"login"}`)
	return f
}

// read returns the next frame that is no heartbeat; heartbeats are answered.
func (f *far) read() string {
	f.t.Helper()
	for {
		_ = f.nc.SetReadDeadline(time.Now().Add(time.Hour))
		s, err := f.r.ReadString('\n')
		if err != nil {
			f.t.Fatalf("waiting for the lot: %v", err)
		}
		if s == "0x11\n" {
			f.say("0x12")
			continue
		}
		return strings.TrimSuffix(s, "\n")
	}
}

// silent insists that nothing comes for a while.
func (f *far) silent(d time.Duration) {
	f.t.Helper()
	_ = f.nc.SetReadDeadline(time.Now().Add(d))
	if s, err := f.r.ReadString('\n'); err == nil {
		f.t.Fatalf("heard %q", s)
	}
}

func (f *far) expect(want string) {
	f.t.Helper()
	if got := f.read(); got != want {
		f.t.Fatalf("the lot said\n%s\nwant\n%s", got, want)
	}
}

func (f *far) say(text string) {
	f.t.Helper()
	if _, err := io.WriteString(f.nc, "\n"+text+"\r"); err != nil {
		f.t.Fatal(err)
	}
}

// envelope is an uplink with its token, signed here.
func envelope(service, data string) string {
	return fmt.Sprintf(`{"service_name":"%s","sign":"%X","token":"00000000000000000000000000000001","data":%s}`,
		service, md5.Sum([]byte(data+"key="+sampleKey)), data)
}

// order returns service and order_id of an uplink.
func order(t *testing.T, frame string) string {
	t.Helper()
	var m struct {
		Service string `json:"service_name"`
		Data    struct {
			OrderID string `json:"order_id"`
		}
	}
	if err := json.Unmarshal([]byte(frame), &m); err != nil {
		t.Fatal(err)
	}
	return m.Service + " " + m.Data.OrderID
}

// taken answers an uplink as the cloud does.
func (f *far) taken(frame string) {
	f.t.Helper()
	service, id, _ := strings.Cut(order(f.t, frame), " ")
	f.say(`{"state":1,"order_id":"` + id + `","service_name":"` + service + `","errmsg":"send success!"}`)
}

// bubble runs a test in fake time.
func bubble(t *testing.T, f func(t *testing.T, c *cloud)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newCloud(t)) })
}

func entry(id string) Entry {
	return Entry{OrderID: id, CarNumber: "京GH0093", In: time.Unix(1490875218, 0), UID: "325101", Channel: "A1",
		EmptyPlots: 20}
}

func exit(id string) Exit {
	return Exit{
		OrderID: id, CarNumber: "京GH0093", In: time.Unix(1490875218, 0), Out: time.Unix(1490878818, 0), PayType: "cash",
		Total: 350, Receivable: 850, Reduced: new(Fen),
	}
}

// returned is what Entry, Exit and Usage returned.
type returned struct {
	a   Answer
	err error
}

func tell(f func() (Answer, error)) chan returned {
	heard := make(chan returned, 1)
	go func() {
		a, err := f()
		heard <- returned{a, err}
	}()
	return heard
}
