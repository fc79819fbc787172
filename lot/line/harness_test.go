package line

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Keys of the tests. keyA is the sample key of the SDK book's signing example (sdk/596745), which is no site's.
const (
	keyA    = "8403A41ED5EF20BC"
	ukeyA   = "test-ukey-of-200208"
	oldKeyA = "test-old-ckey"
	keyB    = "9F3C5A7E1B2D4860" // of docs/examples/estate.yaml
)

var (
	lotA = charge.LotID{Union: "200208", Park: "21835"}
	lotB = charge.LotID{Union: "200461", Park: "1313"}
	lot4 = charge.LotID{Union: "200461", Park: "1315"}
)

// testStart is when tests play: between the times of the book's examples and now.
var testStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// directory is an estate of two SDK lots of two vendors and a 4G lot.
type directory struct{}

func (directory) Lot(id charge.LotID) (charge.Lot, charge.Vendor, bool) {
	vendor, _ := directory{}.Vendor(id.Union)
	switch id {
	case lotA:
		return charge.Lot{
			ID: id, Kind: charge.KindSDK, Ckey: keyA,
			OldCkey: charge.OldKey{Key: oldKeyA, Until: testStart.Add(time.Hour)},
		}, vendor, true
	case lotB:
		return charge.Lot{ID: id, Kind: charge.KindSDK, Ckey: keyB}, vendor, true
	case lot4:
		return charge.Lot{ID: id, Kind: charge.Kind4G, Ckey: keyB}, vendor, true
	}
	return charge.Lot{}, charge.Vendor{}, false
}

func (directory) Vendor(union string) (charge.Vendor, bool) {
	return charge.Vendor{UnionID: union, Ukey: charge.Secret("test-ukey-of-" + union)}, true
}

func (directory) Park(park string) (ids []charge.LotID) {
	for _, id := range []charge.LotID{lotA, lotB, lot4} {
		if id.Park == park {
			ids = append(ids, id)
		}
	}
	return ids
}

// ears hear what lots report, and answer as a test sets them to.
type ears struct {
	mu      sync.Mutex
	heard   []any
	answers []lot.Answer // taken one by one; then State 1
	errs    []error      // taken one by one; then nil
	stays   []charge.Stay
	up      chan charge.LotID
	gate    chan struct{} // when not nil, each telling waits for it
}

type lateAck struct {
	Lot    charge.LotID
	UUID   string
	Result charge.AttemptResult
}

func (e *ears) tell(what any) (lot.Answer, error) {
	e.mu.Lock()
	gate := e.gate
	e.mu.Unlock()
	if gate != nil {
		<-gate
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.errs) > 0 {
		err := e.errs[0]
		e.errs = e.errs[1:]
		if err != nil {
			return lot.Answer{}, err
		}
	}
	e.heard = append(e.heard, what)
	a := lot.Answer{State: 1}
	if len(e.answers) > 0 {
		a = e.answers[0]
		e.answers = e.answers[1:]
	}
	return a, nil
}

func (e *ears) all() []any {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]any(nil), e.heard...)
}

func (e *ears) Entered(_ context.Context, v lot.Entry) (lot.Answer, error) { return e.tell(v) }
func (e *ears) Left(_ context.Context, v lot.Exit) (lot.Answer, error)     { return e.tell(v) }
func (e *ears) Used(_ context.Context, v lot.Usage) (lot.Answer, error)    { return e.tell(v) }

func (e *ears) InPark(context.Context, charge.LotID, charge.Plate) ([]charge.Stay, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stays, nil
}

func (e *ears) Acked(_ context.Context, id charge.LotID, uuid string, r lot.Result) error {
	_, err := e.tell(lateAck{id, uuid, r.Result})
	return err
}

func (e *ears) LineUp(id charge.LotID) {
	select {
	case e.up <- id:
	default:
	}
}

// shelf is a SessionBook in memory.
type shelf struct {
	mu   sync.Mutex
	rows map[sessionKey]charge.LineSession
	fail error
}

func (b *shelf) Put(_ context.Context, rows []charge.LineSession) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return b.fail
	}
	for i := range rows {
		k := sessionKey{rows[i].Lot, rows[i].LocalID, rows[i].Link}
		rows[i].Epoch = b.rows[k].Epoch + 1
		b.rows[k] = rows[i]
	}
	return nil
}

func (b *shelf) Beat(_ context.Context, rows []charge.LineSession) (gone []charge.LineSession, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, r := range rows {
		k := sessionKey{r.Lot, r.LocalID, r.Link}
		switch held := b.rows[k]; {
		case held.Node == "":
			rows[i].Epoch = held.Epoch + 1
			b.rows[k] = rows[i]
		case held.Epoch != r.Epoch:
			gone = append(gone, r)
		default:
			b.rows[k] = r
		}
	}
	return gone, nil
}

func (b *shelf) End(_ context.Context, rows []charge.LineSession) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range rows {
		k := sessionKey{r.Lot, r.LocalID, r.Link}
		if b.rows[k].Epoch == r.Epoch {
			delete(b.rows, k)
		}
	}
	return nil
}

func (b *shelf) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.rows)
}

func (b *shelf) get(id charge.LotID, localID string) (charge.LineSession, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k, r := range b.rows {
		if k.lot == id && k.localID == localID {
			return r, true
		}
	}
	return charge.LineSession{}, false
}

// counts counts reasons.
type counts struct {
	mu      sync.Mutex
	refused map[string]int
	closed  map[string]int
	signal  chan string // every reason, for tests that wait
}

func (c *counts) Refused(reason string) {
	c.mu.Lock()
	c.refused[reason]++
	c.mu.Unlock()
	c.tell("refused " + reason)
}

func (c *counts) Closed(reason string) {
	c.mu.Lock()
	c.closed[reason]++
	c.mu.Unlock()
	c.tell("closed " + reason)
}

func (c *counts) tell(s string) {
	select {
	case c.signal <- s:
	default:
	}
}

func (c *counts) of(reason string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refused[reason]
}

func (c *counts) Uplink(string, time.Duration)                  {}
func (c *counts) Delivered(charge.AttemptResult, time.Duration) {}

// bench is a server under test with all its surroundings.
type bench struct {
	t       testing.TB
	srv     *Server
	clock   *clock
	ears    *ears
	shelf   *shelf
	counts  *counts
	results chan lot.Result
	addr    string
}

// newBench starts a server on a free port. Tokens are 32 digits counting up from 1.
func newBench(t testing.TB, change ...func(*Config)) *bench {
	t.Helper()
	b := &bench{
		t: t, clock: &clock{now: testStart},
		ears:    &ears{up: make(chan charge.LotID, 100)},
		shelf:   &shelf{rows: make(map[sessionKey]charge.LineSession)},
		counts:  &counts{refused: map[string]int{}, closed: map[string]int{}, signal: make(chan string, 10_000)},
		results: make(chan lot.Result, 100),
	}
	c := Config{
		Directory: directory{}, Events: b.ears, Sessions: b.shelf, Node: "node-1", Now: b.clock.Now,
		Logger: slog.New(slog.DiscardHandler), Metrics: b.counts,
	}
	for _, f := range change {
		f(&c)
	}
	b.srv = New(c)
	var mu sync.Mutex
	n := 0
	b.srv.newToken = func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return testToken(n)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- b.srv.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := b.srv.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return b
}

// pass moves the clock. What has been said is written before: a line whose writer has only not come round to say so
// would be taken for one that hangs.
func (b *bench) pass(d time.Duration) {
	b.t.Helper()
	b.written()
	b.clock.move(d)
}

// written waits until no line is written to.
func (b *bench) written() {
	b.t.Helper()
	for _, c := range b.srv.open() {
		for late := time.After(patience); c.isWriting(); {
			select {
			case <-late:
				b.t.Fatal("a write hangs")
			default:
				runtime.Gosched()
			}
		}
	}
}

func (c *conn) isWriting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writing
}

// testToken is the n-th token that a bench hands out.
func testToken(n int) string {
	const zeros = "00000000000000000000000000000000"
	digits := ""
	for ; n > 0; n /= 10 {
		digits = string(rune('0'+n%10)) + digits
	}
	return zeros[len(digits):] + digits
}

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// await waits for a counted reason.
func (b *bench) await(what string) {
	b.t.Helper()
	late := time.After(patience)
	for {
		select {
		case s := <-b.counts.signal:
			if s == what {
				return
			}
		case <-late:
			b.t.Fatalf("%q never came", what)
		}
	}
}

// far is the far end of one connection.
type far struct {
	t  testing.TB
	nc net.Conn
	r  *bufio.Reader
}

func (b *bench) dial() *far { return b.dialFrom("127.0.0.1") }

func (b *bench) dialFrom(address string) *far {
	b.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	nc, err := d.Dial("tcp", b.addr)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = nc.Close() })
	return &far{t: b.t, nc: nc, r: bufio.NewReader(nc)}
}

func (f *far) write(raw string) {
	f.t.Helper()
	if _, err := io.WriteString(f.nc, raw); err != nil {
		f.t.Fatalf("writing: %v", err)
	}
}

func (f *far) say(line string) { f.t.Helper(); f.write(line + "\n") }

// hear returns one message and insists on its framing: LF, text, CR.
func (f *far) hear() string {
	f.t.Helper()
	_ = f.nc.SetReadDeadline(time.Now().Add(patience))
	first, err := f.r.ReadByte()
	if err != nil {
		f.t.Fatalf("waiting for a message: %v", err)
	}
	if first != '\n' {
		f.t.Fatalf("a message begins with %q, not LF", first)
	}
	said, err := f.r.ReadString('\r')
	if err != nil {
		f.t.Fatalf("in the middle of a message: %v after %q", err, said)
	}
	return said[:len(said)-1]
}

func (f *far) expect(want string) {
	f.t.Helper()
	if got := f.hear(); got != want {
		f.t.Fatalf("heard\n%s\nwant\n%s", got, want)
	}
}

// end insists that the server closes and has nothing more to say.
func (f *far) end() {
	f.t.Helper()
	_ = f.nc.SetReadDeadline(time.Now().Add(patience))
	rest, err := io.ReadAll(f.r)
	if err != nil && !errors.Is(err, net.ErrClosed) {
		f.t.Fatalf("waiting for the close: %v", err)
	}
	if len(rest) > 0 {
		f.t.Fatalf("heard %q before the close", rest)
	}
}

// gone insists that the connection is closed, by a reset if need be: that is what a far end gets whose bytes
// were not read.
func (f *far) gone() {
	f.t.Helper()
	_ = f.nc.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadAll(f.r); errors.Is(err, os.ErrDeadlineExceeded) {
		f.t.Fatal("the server does not close")
	}
}

func (f *far) close() { _ = f.nc.Close() }

// Signs of the logins below were made with printf '%skey=%s' "$data" "$key" | md5sum.
const (
	loginA = `{"service_name":"login","sign":"CB649425CB5548A375099103AB04CC1E","data":{"union_id":"200208",` +
		`"park_id":"21835","local_id":"0071cc97102b_1001_qh321_quanhao-atest1"}}`
	localA  = "0071cc97102b_1001_qh321_quanhao-atest1"
	loginA2 = `{"service_name":"login","sign":"D078F6D42B9743527C7A2F5BF499940E","data":{"union_id":"200208",` +
		`"park_id":"21835","local_id":"second"}}`
	loginB = `{"service_name":"login","sign":"406F84A4F63B9C2976FBBD95257C2281","data":{"union_id":"200461",` +
		`"park_id":"1313","local_id":"b1"}}`
)

// login logs in, takes the token, and says something, so that downlinks may come.
func (f *far) login(login string, token int) {
	f.t.Helper()
	f.say(login)
	f.expect(`{"state":1,"token":"` + testToken(token) + `","service_name":"login"}`)
	f.say("0x11")
	f.expect("0x12")
}

func (b *bench) deliver(id charge.LotID, uuid string) {
	b.t.Helper()
	b.srv.Deliver(lot.Order{Lot: id, Message: charge.Message325, UUID: uuid, Payload: []byte(`{"uuid":"` + uuid + `"}`)},
		func(r lot.Result) { b.results <- r })
}

func (b *bench) result() lot.Result {
	b.t.Helper()
	select {
	case r := <-b.results:
		return r
	case <-time.After(patience):
		b.t.Fatal("a delivery has no result")
		return lot.Result{}
	}
}
