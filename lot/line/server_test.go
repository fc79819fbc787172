package line

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// awaitUp waits until flow hears that a lot's line is up, which is after its session is stored.
func (b *bench) awaitUp(id charge.LotID) {
	b.t.Helper()
	select {
	case got := <-b.ears.up:
		if got != id {
			b.t.Fatalf("lot %s is up, want %s", got, id)
		}
	case <-time.After(patience):
		b.t.Fatalf("flow never heard that lot %s is up", id)
	}
}

// awaitRow waits for a row to be as ok wants it.
func (b *bench) awaitRow(id charge.LotID, localID string, ok func(charge.LineSession, bool) bool) {
	b.t.Helper()
	late := time.After(patience)
	for {
		if ok(b.shelf.get(id, localID)) {
			return
		}
		select {
		case <-late:
			r, found := b.shelf.get(id, localID)
			b.t.Fatalf("row stays %+v, found %v", r, found)
		default:
			b.srv.book.nudge()
			runtime.Gosched()
		}
	}
}

func TestSessionBook(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.login(loginA, 1)
	b.awaitUp(lotA)
	row, ok := b.shelf.get(lotA, localA)
	if !ok || row.Epoch != 1 || row.Node != "node-1" || !row.ReceiveCloud || !row.Since.Equal(testStart) ||
		row.Remote != f.nc.LocalAddr().String() {
		t.Fatalf("stored %+v", row)
	}
	if lines := b.srv.Lines(lotA); len(lines) != 1 || lines[0].Epoch != 1 || lines[0].LocalID != localA {
		t.Fatalf("Lines: %+v", lines)
	}
	// A heartbeat gets there, some time.
	b.pass(time.Minute)
	f.say("0x11")
	f.expect("0x12")
	b.srv.sweep()
	b.awaitRow(lotA, localA, func(r charge.LineSession, _ bool) bool { return r.Beat.Equal(testStart.Add(time.Minute)) })
	// A second login takes the row over; the late close of the first leaves it alone.
	g := b.dial()
	g.login(loginA, 2)
	b.awaitUp(lotA)
	f.close()
	b.await("closed far_end")
	b.srv.book.nudge()
	if row, ok := b.shelf.get(lotA, localA); !ok || row.Epoch != 2 || row.Remote != g.nc.LocalAddr().String() {
		t.Fatalf("stored %+v, %v", row, ok)
	}
	// Logout deletes it.
	g.close()
	b.awaitRow(lotA, localA, func(_ charge.LineSession, ok bool) bool { return !ok })
}

// A login on another node is learnt by the next heartbeat: the token here dies.
func TestSessionTakenElsewhere(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.login(loginA, 1)
	b.awaitUp(lotA)
	if err := b.shelf.Put(context.Background(),
		[]charge.LineSession{{Lot: lotA, LocalID: localA, Link: charge.LinkCloud, Node: "node-2"}}); err != nil {
		t.Fatal(err)
	}
	b.pass(time.Minute)
	f.say("0x11")
	f.expect("0x12")
	b.srv.sweep()
	late := time.After(patience)
	for b.srv.Here(lotA) {
		select {
		case <-late:
			t.Fatal("the session lives on")
		default:
			runtime.Gosched()
		}
	}
	f.end()
	if row, _ := b.shelf.get(lotA, localA); row.Node != "node-2" {
		t.Errorf("the other node's row is now %+v", row)
	}
}

// A store that fails for a while costs nothing but time.
func TestSessionBookFails(t *testing.T) {
	b := newBench(t)
	b.shelf.mu.Lock()
	b.shelf.fail = errors.New("disk full")
	b.shelf.mu.Unlock()
	f := b.dial()
	f.login(loginA, 1)
	f.say("0x11")
	f.expect("0x12")
	b.shelf.mu.Lock()
	b.shelf.fail = nil
	b.shelf.mu.Unlock()
	b.srv.sweep()
	b.awaitUp(lotA)
}

// Many logins at once are all stored, and all rows are gone after Shutdown.
func TestSessionBookStorm(t *testing.T) {
	const lines = 60
	b := newBench(t, func(c *Config) { c.LoginPerS = 1000 })
	var all sync.WaitGroup
	for i := range lines {
		all.Go(func() {
			for _, data := range []string{
				fmt.Sprintf(`{"union_id":"200208","park_id":"21835","local_id":"pc%d"}`, i),
				fmt.Sprintf(`{"union_id":"200208","park_id":"21835","local_id":"pc%d"}`, i), // and once more
			} {
				f := b.dial()
				f.say(`{"service_name":"login","sign":"` + signOf(data) + `","data":` + data + `}`)
				f.hear()
			}
		})
	}
	all.Wait()
	late := time.After(patience)
	for b.shelf.count() != lines || b.srv.Stats().Sessions != lines {
		select {
		case <-late:
			t.Fatalf("%d rows, %+v", b.shelf.count(), b.srv.Stats())
		default:
			runtime.Gosched()
		}
	}
	if err := b.srv.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := b.shelf.count(); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// A session that ends before its row is stored leaves no row of the one whose place it took.
func TestReplacedBeforeStored(t *testing.T) {
	b := newBench(t)
	b.dial().login(loginA, 1)
	b.awaitUp(lotA)
	b.shelf.mu.Lock()
	b.shelf.fail = errors.New("disk full")
	b.shelf.mu.Unlock()
	b.dial().login(loginA, 2)
	b.shelf.mu.Lock() // and from here on the book is not woken before both are over
	for _, n := range b.srv.sessions.all() {
		b.srv.end(n)
	}
	b.shelf.fail = nil
	b.shelf.mu.Unlock()
	if err := b.srv.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := b.shelf.count(); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// A machine that takes no downlinks does not make its lot's waiting deliveries due.
func TestNoUpWithoutReceiveCloud(t *testing.T) {
	b := newBench(t)
	data := `{"union_id":"200208","park_id":"21835","local_id":"deaf","set_params":{"receive_cloud":"0"}}`
	f := b.dial()
	f.say(`{"service_name":"login","sign":"` + signOf(data) + `","data":` + data + `}`)
	f.expect(`{"state":1,"token":"` + testToken(1) + `","service_name":"login"}`)
	b.awaitRow(lotA, "deaf", func(r charge.LineSession, ok bool) bool { return ok && !r.ReceiveCloud })
	b.dial().login(loginB, 2)
	b.awaitUp(lotB) // and not lot A before it
	if b.srv.Here(lotA) {
		t.Error("lot A counts as here")
	}
}

func signOf(data string) string {
	line := uplinkLine("x", "x", data, keyA)
	return line[len(`{"service_name":"x","sign":"`):][:32]
}

// done is called exactly once for each delivery, whatever goes on.
func TestDeliverOnce(t *testing.T) {
	b := newBench(t)
	const lots, each = 8, 200
	var calls [lots * each]atomic.Int32
	var all sync.WaitGroup
	f := b.dial()
	f.login(loginA, 1)
	stop := make(chan struct{})
	var far sync.WaitGroup
	far.Go(func() { // acknowledges everything, and logs in again now and then
		for n := 0; ; n++ {
			_ = f.nc.SetReadDeadline(time.Now().Add(patience))
			said, err := f.r.ReadString('\r')
			if err != nil {
				return
			}
			var uuid string
			if _, err := fmt.Sscanf(said, "\n{\"uuid\":\"%5s\"}", &uuid); err == nil {
				_, _ = fmt.Fprintln(f.nc, uplinkLine("pay_notice", testToken(1), `{"uuid":"`+uuid+`","state":1}`, keyA))
			}
		}
	})
	far.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				b.pass(10 * time.Millisecond)
				b.srv.late(b.clock.Now())
				b.srv.ungate()
			}
		}
	})
	for i := range lots {
		all.Go(func() {
			for j := range each {
				n := i*each + j
				heard := make(chan struct{})
				uuid := fmt.Sprintf("%05d", n)
				b.srv.Deliver(lot.Order{Lot: lotA, UUID: uuid, Payload: []byte(`{"uuid":"` + uuid + `"}`)}, func(lot.Result) {
					if calls[n].Add(1) == 1 {
						close(heard)
					}
				})
				if j == each/2 && i == 0 {
					f.close()
				}
				<-heard
			}
		})
	}
	all.Wait()
	close(stop)
	far.Wait()
	for n := range calls {
		if c := calls[n].Load(); c != 1 {
			t.Errorf("delivery %d was done %d times", n, c)
		}
	}
	if s := b.srv.Stats(); s.Pending != 0 {
		t.Errorf("%+v", s)
	}
}

func TestShutdownWaitsForAnswers(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.login(loginA, 1)
	b.awaitUp(lotA)
	b.deliver(lotA, "u")
	f.expect(`{"uuid":"u"}`)
	stopped := make(chan error, 1)
	go func() { stopped <- b.srv.Shutdown(context.Background()) }()
	for !b.srv.stopping.Load() {
		runtime.Gosched()
	}
	f.say(uplinkLine("pay_notice", testToken(1), `{"uuid":"u","state":1}`, keyA))
	if r := b.result(); r.Result != charge.AttemptAcked {
		t.Fatalf("%+v", r)
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if _, ok := b.shelf.get(lotA, localA); ok {
		t.Error("the session's row is still there")
	}
	if _, err := net.Dial("tcp", b.addr); err == nil {
		t.Error("still listening")
	}
}

func TestShutdownGivesUp(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.login(loginA, 1)
	gate := make(chan struct{})
	b.ears.mu.Lock()
	b.ears.gate = gate
	b.ears.mu.Unlock()
	f.say(entryLine(testToken(1), "stuck"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	// The uplink may not have arrived yet; then there is nothing to wait for.
	if err := b.srv.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	close(gate)
}

// The line over TLS is the same line.
func TestTLS(t *testing.T) {
	b := newBench(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cert, pool := selfSigned(t)
	go func() { _ = b.srv.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})) }()
	dial := func() *far {
		nc, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: pool, ServerName: "localhost"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		f := b.dial()
		f.nc = nc
		f.r.Reset(nc)
		return f
	}
	f := dial()
	f.login(loginA, 1)
	b.deliver(lotA, "u")
	f.expect(`{"uuid":"u"}`)
	// A refused login hears why before the close here too.
	g := dial()
	g.say(loginLine("x")[:60] + "0" + loginLine("x")[61:])
	g.expect(`{"state":0,"errmsg":"error:签名错误","service_name":"login"}`)
	g.end()
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
