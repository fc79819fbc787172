package callback

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that stands still until it is moved.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(noon.UnixNano())
	return c
}

func (c *clock) now() time.Time       { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) move(d time.Duration) { c.ns.Add(int64(d)) }

// manyLots is a directory with lots 200461/0 to 200461/99, each with an address of its own.
func manyLots() directory {
	d := testDirectory("")
	for n := range 100 {
		id := lotNo(n)
		d.lots[id] = charge.Lot{ID: id, Kind: charge.KindAPI, Callback: "http://lot.example/" + id.Park}
	}
	return d
}

func lotNo(n int) charge.LotID { return charge.LotID{Union: "200461", Park: fmt.Sprint(n)} }

var (
	yes     = outbound.Response{Status: 200, Body: []byte(`{"state":1}`)}
	errHung = &outbound.Error{Sent: true, NoAnswer: true, Err: errors.New("no answer in time")}
)

// A lot that hangs keeps its own share of the workers and no more: every other lot is served meanwhile.
func TestHangingLotDelaysNobody(t *testing.T) {
	release := make(chan struct{})
	var hanging atomic.Int32
	client := post(func(r outbound.Request) (outbound.Response, error) {
		if strings.HasSuffix(r.URL, "/0") {
			hanging.Add(1)
			<-release
			return outbound.Response{}, errHung
		}
		return yes, nil
	})
	c := newChannel(t, ChannelConfig{Directory: manyLots(), Client: client, Now: newClock().now, Workers: 8, PerLot: 4})
	hung := make(chan lot.Result, 50)
	for range 50 {
		c.Deliver(lot.Order{Lot: lotNo(0)}, func(r lot.Result) { hung <- r })
	}
	for n := range 99 {
		if r := deliver(c, lot.Order{Lot: lotNo(n + 1)}); r.Result != charge.AttemptAcked {
			t.Fatalf("lot %d: %+v", n+1, r)
		}
	}
	if n := hanging.Load(); n > 4 {
		t.Errorf("%d requests to the hanging lot at once, want 4 at most", n)
	}
	close(release)
	for range 50 {
		if r := <-hung; r.Result == charge.AttemptAcked {
			t.Errorf("got %+v", r)
		}
	}
	// After five failures nothing more was tried.
	if n := hanging.Load(); n > 8 {
		t.Errorf("%d requests to the hanging lot, want 8 at most", n)
	}
}

// Workers and requests per lot are bounded, whatever comes, and every order is done exactly once.
func TestBoundsAndExactlyOnce(t *testing.T) {
	const workers, perLot, orders = 8, 3, 5000
	var all, most atomic.Int32
	var mu sync.Mutex
	lots, mostLot := map[string]int{}, 0
	client := post(func(r outbound.Request) (outbound.Response, error) {
		now := all.Add(1)
		defer all.Add(-1)
		mu.Lock()
		lots[r.URL]++
		mostLot = max(mostLot, lots[r.URL])
		most.Store(max(most.Load(), now))
		mu.Unlock()
		defer func() { mu.Lock(); lots[r.URL]--; mu.Unlock() }()
		switch rand.IntN(4) {
		case 0:
			return outbound.Response{}, errHung
		case 1:
			return outbound.Response{}, errors.New("no way")
		}
		return yes, nil
	})
	c := newChannel(t, ChannelConfig{Directory: manyLots(), Client: client, Workers: workers, PerLot: perLot, Queue: 20})
	done := make([]atomic.Int32, orders)
	var wait sync.WaitGroup
	wait.Add(orders)
	for from := range 10 {
		go func() {
			for n := from; n < orders; n += 10 {
				c.Deliver(lot.Order{Lot: lotNo(n % 20)}, func(lot.Result) { done[n].Add(1); wait.Done() })
			}
		}()
	}
	wait.Wait()
	for n := range done {
		if got := done[n].Load(); got != 1 {
			t.Fatalf("order %d was done %d times", n, got)
		}
	}
	if most.Load() > workers || mostLot > perLot {
		t.Errorf("%d requests at once, %d of one lot", most.Load(), mostLot)
	}
}

// After five failures in a row the lot is left alone, then gets one try at a time; one answer opens it again.
func TestBreaker(t *testing.T) {
	clock := newClock()
	tries := 0
	var answer error = errHung
	client := post(func(outbound.Request) (outbound.Response, error) {
		tries++
		return yes, answer
	})
	c := newChannel(t, ChannelConfig{Directory: manyLots(), Client: client, Now: clock.now})
	try := func(want charge.AttemptResult, detail string) {
		t.Helper()
		r := deliver(c, lot.Order{Lot: lotNo(0)})
		if r.Result != want || !strings.HasPrefix(said(r), detail) || (detail != "" && r.Sent) {
			t.Fatalf("got %+v, want %s %q", r, want, detail)
		}
	}
	for range 5 {
		try(charge.AttemptTimeout, "")
	}
	try(charge.AttemptError, "not sent: the lot's last 5 tries failed; it is left alone until 2026-03-01 12:00:05")
	if tries != 5 {
		t.Fatalf("%d tries, want 5", tries)
	}
	for n, rest := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute} {
		clock.move(time.Minute) // whatever the rest was, it is over
		try(charge.AttemptTimeout, "")
		until := clock.now().Add(rest).In(charge.Shanghai).Format(time.TimeOnly)
		try(charge.AttemptError, fmt.Sprintf("not sent: the lot's last %d tries failed; it is left alone until 2026-03-01 %s",
			6+n, until))
	}
	clock.move(time.Minute)
	answer = nil
	try(charge.AttemptAcked, "")
	answer = errHung
	for range 4 {
		try(charge.AttemptTimeout, "")
	}
	answer = nil
	try(charge.AttemptAcked, "")
	if tries != 5+5+1+4+1 {
		t.Errorf("%d tries, want 16", tries)
	}
}

// A refusal is an answer, and an address that may not be dialled is no failure of the lot: neither tires a lot.
func TestWhatDoesNotTireALot(t *testing.T) {
	var err error
	client := post(func(outbound.Request) (outbound.Response, error) {
		return outbound.Response{Status: 200, Body: []byte(`{"state":0}`)}, err
	})
	c := newChannel(t, ChannelConfig{Directory: manyLots(), Client: client, Now: newClock().now})
	for range 20 {
		if r := deliver(c, lot.Order{Lot: lotNo(0)}); r.Result != charge.AttemptRefused {
			t.Fatalf("got %+v", r)
		}
	}
	err = &outbound.Error{Err: &outbound.Refused{Kind: "a private address"}}
	for range 20 {
		if r := deliver(c, lot.Order{Lot: lotNo(0)}); !strings.Contains(said(r), "allow_to") || r.Sent {
			t.Fatalf("got %+v", r)
		}
	}
}

// What does not fit into a lot's queue, or waited in it too long, is done without having been sent.
func TestQueueIsBounded(t *testing.T) {
	clock := newClock()
	release := make(chan struct{})
	begun := make(chan struct{}, 10)
	client := post(func(outbound.Request) (outbound.Response, error) {
		begun <- struct{}{}
		<-release
		return yes, nil
	})
	c := newChannel(t, ChannelConfig{Directory: manyLots(), Client: client, Now: clock.now, PerLot: 1, Queue: 3})
	results := make(chan lot.Result, 10)
	send := func() { c.Deliver(lot.Order{Lot: lotNo(0)}, func(r lot.Result) { results <- r }) }
	send()
	<-begun // under way; three more may wait
	for range 3 {
		send()
	}
	send()
	if r := <-results; said(r) != "not sent: 3 orders wait for this lot already" || r.Sent ||
		r.Result != charge.AttemptError || r.Reason != charge.ReasonLotError {
		t.Errorf("the fifth: %+v", r)
	}
	clock.move(6 * time.Second)
	close(release)
	if r := <-results; r.Result != charge.AttemptAcked {
		t.Errorf("the first: %+v", r)
	}
	for range 3 {
		if r := <-results; said(r) != "not sent: the lot is too slow, the order waited 6 seconds for its turn" || r.Sent {
			t.Errorf("one that waited: %+v", r)
		}
	}
	if r := deliver(c, lot.Order{Lot: lotNo(0)}); r.Result != charge.AttemptAcked {
		t.Errorf("afterwards: %+v", r)
	}
}

func TestStop(t *testing.T) {
	release := make(chan struct{})
	begun := make(chan struct{})
	client := post(func(outbound.Request) (outbound.Response, error) {
		close(begun)
		<-release
		return yes, nil
	})
	c := NewChannel(ChannelConfig{Directory: manyLots(), Client: client, PerLot: 1})
	results := make(chan lot.Result, 2)
	send := func() { c.Deliver(lot.Order{Lot: lotNo(0)}, func(r lot.Result) { results <- r }) }
	send()
	<-begun
	send()
	stopped := make(chan struct{})
	go func() { c.Stop(); close(stopped) }()
	if r := <-results; said(r) != "not sent: the gateway is stopping" || r.Sent {
		t.Errorf("the one that waited: %+v", r)
	}
	select {
	case <-stopped:
		t.Error("it stopped before the request under way was done")
	default:
	}
	close(release)
	if r := <-results; r.Result != charge.AttemptAcked {
		t.Errorf("the one under way: %+v", r)
	}
	<-stopped
	c.Stop() // twice is once
	if r := deliver(c, lot.Order{Lot: lotNo(0)}); said(r) != "not sent: the gateway is stopping" {
		t.Errorf("after the stop: %+v", r)
	}
}

func BenchmarkDeliver(b *testing.B) {
	c := newChannel(b, ChannelConfig{Directory: manyLots(),
		Client: post(func(outbound.Request) (outbound.Response, error) { return yes, nil })})
	var wait sync.WaitGroup
	done := func(lot.Result) { wait.Done() }
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		wait.Add(1)
		c.Deliver(lot.Order{Lot: lotNo(1)}, done)
		if n%100 == 0 {
			wait.Wait()
		}
	}
	wait.Wait()
}
