package line

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lotline/sdktest"
)

// The vendor's SDK, as a double, against this server. Its pace is faster than life: heartbeats come every tenth of a
// second, and what is stored goes out again every quarter.
var sdkPace = sdktest.Times{
	FirstBeat: 50 * time.Millisecond, Beat: 100 * time.Millisecond, Again: 50 * time.Millisecond,
	Minute: 250 * time.Millisecond, Pace: 5 * time.Millisecond, LoginWait: 5 * time.Second,
}

// pc is one PC of lot B with the vendor's SDK, behind a relay.
type pc struct {
	*bench
	relay *sdktest.Relay
	sdk   *sdktest.SDK

	mu    sync.Mutex
	heard []string // uuid and link of each reduction, in order
	deaf  bool     // acknowledges nothing
	query chan sdktest.Link
}

// newPC starts a server that runs by the real clock, and a PC that is not logged in yet.
func newPC(t *testing.T, batch time.Duration, change ...func(*sdktest.Config)) *pc {
	t.Helper()
	return newPCBehind(t, batch, 4096, change...)
}

// newPCBehind is newPC behind a relay that also cuts what comes down into pieces.
func newPCBehind(t *testing.T, batch time.Duration, cut int, change ...func(*sdktest.Config)) *pc {
	t.Helper()
	p := &pc{bench: newBench(t, func(c *Config) { c.Now = time.Now; c.LoginPerS = 1000 }),
		query: make(chan sdktest.Link, 10)}
	var err error
	if p.relay, err = sdktest.NewRelay(p.addr, batch, cut); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.relay.Close)
	p.sdk = p.machine(change...)
	return p
}

func (p *pc) machine(change ...func(*sdktest.Config)) *sdktest.SDK {
	cfg := sdktest.Config{
		UnionID: lotB.Union, Ukey: "test-ukey-of-" + lotB.Union, ParkID: lotB.Park, Ckey: keyB, BolinkAddr: p.relay.Addr(),
		CloudAddr: p.relay.Addr(), LocalID: "dll01_channels_A1", Times: sdkPace,
	}
	for _, f := range change {
		f(&cfg)
	}
	var s *sdktest.SDK
	cfg.Receive = func(m []byte) { p.receive(s, m) }
	s = sdktest.New(cfg)
	p.t.Cleanup(s.Close)
	return s
}

// receive is the fee software: it acknowledges to the cloud, or to bolink where there is no cloud link or the message
// is 3.36.
func (p *pc) receive(s *sdktest.SDK, message []byte) {
	var m struct {
		Service string `json:"service_name"`
		UUID    string `json:"uuid"`
		OrderID string `json:"order_id"`
		Type    *int   `json:"type"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		p.t.Errorf("the fee software hears %q", message)
		return
	}
	target := "cloud"
	if m.Type == nil || len(s.Up()) == 1 {
		target = "bolink"
	}
	switch m.Service {
	case "pay_notice":
		p.mu.Lock()
		p.heard = append(p.heard, m.UUID)
		deaf := p.deaf
		p.mu.Unlock()
		if !deaf {
			_ = s.UploadData([]byte(`{"service_name":"pay_notice","data_target":"` + target + `","uuid":"` + m.UUID +
				`","state":1}`))
		}
	case "query_price":
		_ = s.UploadData([]byte(`{"service_name":"query_price","data_target":"bolink","state":1,"order_id":"` + m.OrderID +
			`","price":"7.50","total":"10.00"}`))
	}
}

// init logs in and wants both links.
func (p *pc) init() {
	p.t.Helper()
	refused, err := p.sdk.Init(p.t.Context())
	if err != nil || refused != "" {
		p.t.Fatalf("init: %q, %v", refused, err)
	}
}

// order is a reduction that waits for lot B, the n-th by age.
func order(n int, message charge.Message) lot.Order {
	uuid := fmt.Sprintf("%032d", n)
	payload := `{"service_name":"pay_notice","comid":"1313","uuid":"` + uuid +
		`","order_id":"s","car_number":"京A77780","type":1,"duration":30,` +
		`"station_name":"` + strings.Repeat("示例充电站", 20) + `","calculation_method":1}`
	if message == charge.Message336 {
		payload = `{"service_name":"pay_notice","comid":"1313","uuid":"` + uuid +
			`","order_id":"s","car_number":"京A77780","reduce_amount":2.0}`
	}
	return lot.Order{Delivery: int64(n), Lot: lotB, Message: message, UUID: uuid, Payload: []byte(payload)}
}

// feed hands the line so many reductions as soon as it is up, some at a time as flow does, and waits until all are
// acknowledged.
func (p *pc) feed(waiting int) {
	p.t.Helper()
	p.awaitUp(lotB)
	room := make(chan struct{}, laneRoom)
	var all sync.WaitGroup
	for n := range waiting {
		room <- struct{}{}
		all.Add(1)
		p.srv.Deliver(order(n, charge.Message325), func(r lot.Result) {
			if r.Result != charge.AttemptAcked {
				p.t.Errorf("reduction %d: %+v", n, r)
			}
			<-room
			all.Done()
		})
	}
	all.Wait()
}

// A lot logs in whatever waits for it and however its link batches and cuts, and hears of all of it in the order of its
// age.
func TestSDKLogsInWithReductionsWaiting(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		batch           time.Duration
		cut             int
		waiting, rounds int
	}{
		{0, 4096, 1, 12}, {5 * ms, 1460, 1, 12}, {20 * ms, 4096, 1, 12}, {200 * ms, 4096, 1, 12},
		{0, 1460, 13, 12}, {5 * ms, 4096, 13, 12}, {20 * ms, 1460, 13, 12}, {200 * ms, 4096, 13, 2},
		{20 * ms, 4096, 500, 1},
	} {
		t.Run(fmt.Sprintf("%d waiting over %v in pieces of %d", c.waiting, c.batch, c.cut), func(t *testing.T) {
			t.Parallel()
			p := newPCBehind(t, c.batch, c.cut)
			for round := range c.rounds {
				p.sdk = p.machine()
				p.heard = nil
				for len(p.ears.up) > 0 { // of the round before
					<-p.ears.up
				}
				var fed sync.WaitGroup
				fed.Go(func() { p.feed(c.waiting) })
				p.init()
				fed.Wait()
				if torn := p.sdk.Counts().Torn; torn != 0 {
					t.Fatalf("round %d: %d frames were torn", round, torn)
				}
				p.mu.Lock()
				heard := p.heard
				p.mu.Unlock()
				if !inOrderOfAge(heard) {
					t.Fatalf("round %d: reductions are heard as %v", round, heard)
				}
				p.sdk.Close()
				for range 2 {
					p.await("closed far_end")
				}
			}
		})
	}
}

// inOrderOfAge reports whether all reductions came in the order of their age. One may be under way on the first link
// when the second comes up; the fee software hears it beside the next one, in either order.
func inOrderOfAge(heard []string) bool {
	sorted := slices.Sorted(slices.Values(heard))
	for n, uuid := range sorted {
		if uuid != fmt.Sprintf("%032d", n) {
			return false
		}
	}
	for n := range heard {
		if heard[n] != sorted[n] {
			heard[n], heard[n+1] = heard[n+1], heard[n] // where one is out of place there is one behind it
			break
		}
	}
	return slices.Equal(heard, sorted)
}

// A machine that says nothing hears nothing for two seconds after its login, then everything.
func TestNothingFollowsALoginForTwoSeconds(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.say(loginB)
	f.hear()
	b.awaitUp(lotB)
	b.deliver(lotB, "u")
	b.pass(loginQuiet - 1)
	b.srv.sweep()
	f.quiet()
	b.pass(1)
	b.srv.sweep()
	f.expect(`{"uuid":"u"}`)
}

// quiet insists that nothing was said: what is said next is the answer to a frame that cannot be read.
func (f *far) quiet() {
	f.t.Helper()
	f.say(`{"service_name":"x"}`)
	if got := f.hear(); !strings.Contains(got, sayNoSign) {
		f.t.Fatalf("heard %s", got)
	}
}

// The two links of a PC live side by side: 3.25 goes by the cloud link, 3.36 and price questions by the bolink link.
func TestSDKTwoLinks(t *testing.T) {
	p := newPC(t, 5*time.Millisecond)
	p.init()
	p.awaitUp(lotB)
	link := func(m charge.Message) charge.Link {
		n := p.srv.pick(lotB, linkOf(m), takesCloud)
		return n.link
	}
	if got := link(charge.Message325); got != charge.LinkCloud {
		t.Errorf("3.25 goes by %s", got)
	}
	if got := link(charge.Message336); got != charge.LinkBolink {
		t.Errorf("3.36 goes by %s", got)
	}
	for n, m := range []charge.Message{charge.Message325, charge.Message336} {
		p.srv.Deliver(order(n, m), func(r lot.Result) { p.results <- r })
		if r := p.result(); r.Result != charge.AttemptAcked {
			t.Errorf("%s: %+v", m, r)
		}
	}
	q, err := p.srv.QueryPrice(t.Context(), charge.Stay{Lot: lotB, OrderID: "s", Plate: "京A77780"})
	if err != nil || q.Price != 750 {
		t.Errorf("price %+v, %v", q, err)
	}
	c := p.sdk.Counts()
	if c.Rounds != 0 || c.Torn != 0 || c.Logins[sdktest.Bolink] != 1 || c.Logins[sdktest.Cloud] != 1 {
		t.Errorf("%+v", c)
	}
}

// A lone link, of either kind, gets everything.
func TestSDKLoneLink(t *testing.T) {
	p := newPC(t, 0, func(c *sdktest.Config) { c.CloudAddr = "" })
	p.init()
	p.feed(3)
	if _, err := p.srv.QueryPrice(t.Context(), charge.Stay{Lot: lotB, OrderID: "s", Plate: "京A77780"}); err != nil {
		t.Error(err)
	}
}

func sdkEntry(id string) sdktest.Entry {
	return sdktest.Entry{CarNumber: "京A77780", InTime: time.Now().Unix() - 3600, CarType: "小车", Kind: "通道扫牌",
		UID: "880099", OrderID: id, Channel: "A1"}
}

func sdkExit(id string) sdktest.Exit {
	now := time.Now().Unix()
	return sdktest.Exit{CarNumber: "京A77780", InTime: now - 3600, OutTime: now, PayType: "cash", Total: "7.50",
		OrderID: id, Reduced: "2.50", Receivable: "10.00"}
}

// What could not be stored is not forgotten: each order comes again until it is taken, and then no more.
func TestSDKKeepsWhatWasNotStored(t *testing.T) {
	p := newPC(t, 0)
	full := errors.New("disk full")
	p.ears.mu.Lock()
	p.ears.errs = []error{full, full, full, full, full, full}
	p.ears.mu.Unlock()
	p.init()
	p.sdk.In(sdkEntry("o1"))
	p.sdk.Out(sdkExit("o1"))
	p.until("all is taken", func() bool { return len(p.sdk.Stored()) == 0 })
	var entries, exits int
	for _, v := range p.ears.all() {
		switch v.(type) {
		case lot.Entry:
			entries++
		case lot.Exit:
			exits++
		}
	}
	if entries != 2 || exits != 2 {
		t.Errorf("%d entries and %d exits were taken, want one on each link", entries, exits)
	}
}

// An exit whose answer was lost is repeated once.
func TestSDKRepeatsAnExitOnce(t *testing.T) {
	p := newPC(t, 0)
	p.init()
	p.relay.Lose(func(down []byte) bool { return strings.Contains(string(down), `"outpark"`) })
	p.sdk.Out(sdkExit("o1"))
	p.until("the exit is forgotten", func() bool { return len(p.sdk.Stored()) == 0 })
	if again := p.sdk.Counts().Resent; again["outpark o1"] != 1 || len(again) != 1 {
		t.Errorf("told again: %v", again)
	}
}

// until waits for something to become so.
func (b *bench) until(what string, so func() bool) {
	b.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !so(); {
		select {
		case <-tick.C:
		case <-late:
			b.t.Fatalf("never: %s", what)
		}
	}
}

// A copy of what one PC reports reaches another PC once, though both have two links and that PC reports it on both.
func TestSDKCopies(t *testing.T) {
	p := newPC(t, 20*time.Millisecond)
	copies := make(chan string, 10)
	other := sdktest.New(sdktest.Config{
		UnionID: lotB.Union, Ukey: "test-ukey-of-" + lotB.Union, ParkID: lotB.Park, Ckey: keyB, BolinkAddr: p.relay.Addr(),
		CloudAddr: p.relay.Addr(), MAC: "02fc00000002", LocalID: "syncdata", Times: sdkPace,
		Receive: func(m []byte) { copies <- string(m) },
	})
	t.Cleanup(other.Close)
	if _, err := other.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.init()
	for _, id := range []string{"o1", "o2"} {
		p.sdk.In(sdkEntry(id))
	}
	for _, id := range []string{"o1", "o2"} {
		if got := <-copies; !strings.Contains(got, `"order_id":"`+id+`"`) || !strings.Contains(got, `"in_channel_id":"A1"`) {
			t.Errorf("copied %s", got)
		}
	}
	p.until("the orders are forgotten", func() bool { return len(p.sdk.Stored()) == 0 })
	if n := len(copies); n != 0 {
		t.Errorf("%d copies too many", n)
	}
}

// A session that answers nothing is held up by one downlink at a time, seven seconds each; after three it is tried now
// and then and shown as not answering, until it answers again. Price questions go before reductions.
func TestSilentSession(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.login(loginB, 1)
	b.awaitUp(lotB)
	for n := range 5 {
		b.srv.Deliver(order(n, charge.Message325), func(r lot.Result) { b.results <- r })
	}
	heard := func(n int) {
		t.Helper()
		if got := f.hear(); !strings.Contains(got, fmt.Sprintf(`%032d`, n)) {
			t.Fatalf("heard %s, want reduction %d", got, n)
		}
	}
	for n := range 3 {
		heard(n)
		f.quiet()
		b.pass(DefaultAckWait)
		b.srv.sweep()
		if r := b.result(); r.Result != charge.AttemptTimeout || b.clock.Now().Sub(r.SentAt) != DefaultAckWait {
			t.Fatalf("%+v", r)
		}
	}
	f.quiet()
	if lines := b.srv.Lines(lotB); !lines[0].Silent || b.srv.Here(lotB) {
		t.Errorf("a session that does not answer is shown as %+v", lines[0])
	}
	asked := make(chan error, 1)
	go func() {
		_, err := b.srv.QueryPrice(context.Background(), charge.Stay{Lot: lotB, OrderID: "s", Plate: "京A77780"})
		asked <- err
	}()
	if got := f.hear(); !strings.Contains(got, "query_price") {
		t.Fatalf("heard %s, want the price question", got)
	}
	b.pass(DefaultAckWait)
	b.srv.sweep()
	if err := <-asked; !errors.Is(err, ErrNoAnswer) {
		t.Errorf("price: %v", err)
	}
	b.pass(probeEvery)
	b.srv.sweep()
	heard(3)
	f.say(uplinkLine("pay_notice", testToken(1), fmt.Sprintf(`{"uuid":"%032d","state":1}`, 3), keyB))
	f.hear()
	if r := b.result(); r.Result != charge.AttemptAcked {
		t.Fatalf("%+v", r)
	}
	heard(4)
	if lines := b.srv.Lines(lotB); lines[0].Silent {
		t.Error("a session that answers again is shown as not answering")
	}
}
