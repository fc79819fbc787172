package play

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

const cloudKey = "8403A41ED5EF20BC"

// cloud is a far end of lines that takes what is signed well, and sends reductions.
type cloud struct {
	addr string
	in   net.Listener

	mu     sync.Mutex
	conns  []net.Conn
	logins int

	heard chan said // uplinks but logins, heartbeats and duplicates of nothing
	up    chan struct{}
}

type said struct {
	Service string `json:"service_name"`
	Sign    string
	Token   string
	Data    json.RawMessage
	signed  bool
}

func newCloud(t *testing.T) *cloud {
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cloud{addr: in.Addr().String(), in: in, heard: make(chan said, 64), up: make(chan struct{}, 64)}
	t.Cleanup(func() {
		in.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, conn := range c.conns {
			conn.Close()
		}
	})
	go func() {
		for {
			conn, err := in.Accept()
			if err != nil {
				return
			}
			go c.serve(conn)
		}
	}()
	return c
}

func (c *cloud) serve(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		if text == "0x11" {
			io.WriteString(conn, "\n0x12\r")
			continue
		}
		var s said
		if json.Unmarshal([]byte(text), &s) != nil {
			continue
		}
		s.signed = s.Sign == md5Upper(string(s.Data)+"key="+cloudKey)
		switch s.Service {
		case "login":
			c.mu.Lock()
			c.conns = append(c.conns, conn)
			c.logins++
			c.mu.Unlock()
			fmt.Fprintf(conn, "\n{\"state\":1,\"token\":\"%032d\",\"service_name\":\"login\"}\r", c.logins)
			c.up <- struct{}{}
			continue
		case "pay_notice", "query_price":
			io.WriteString(conn, "\n\r")
		default:
			fmt.Fprintf(conn, "\n{\"state\":1,\"service_name\":\"%s\"}\r", s.Service)
		}
		c.heard <- s
	}
}

// send writes a downlink to the newest line.
func (c *cloud) send(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	io.WriteString(c.conns[len(c.conns)-1], "\n"+text+"\r")
}

func (c *cloud) next(t *testing.T, ctx context.Context) said {
	t.Helper()
	select {
	case s := <-c.heard:
		if !s.signed {
			t.Errorf("%s is not signed well: %s", s.Service, s.Data)
		}
		return s
	case <-ctx.Done():
		t.Fatal("the lot said nothing")
		return said{}
	}
}

func sdkLot(t *testing.T, c *cloud, cfg SDKLotConfig) (*SDKLot, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	cfg.Lot, cfg.Ckey, cfg.Addr = testLot, cloudKey, c.addr
	cfg.Now = func() time.Time { return noon }
	l := NewSDKLot(cfg)
	if err := l.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Stop() })
	<-c.up
	return l, ctx
}

// down325 is a charging message by the published table of 3.25: https://www.kancloud.cn/bolink/sdk/992397
func down325(uuid, order string) string {
	return fmt.Sprintf(
		`{"service_name":"pay_notice","comid":"1313","uuid":"%s","order_id":"%s","car_number":"京A12345","type":1,`+
			`"duration":120,"start_charge_seq":"202008170000011121","calculation_method":1}`, uuid, order)
}

func enterOne(t *testing.T, ctx context.Context, c *cloud, l *SDKLot) Visit {
	t.Helper()
	v, err := l.Enter(ctx, "京A12345", noon.Add(-170*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if s := c.next(t, ctx); s.Service != "in_park" {
		t.Fatalf("the lot said %s", s.Service)
	}
	return v
}

func TestSDKLotStay(t *testing.T) {
	c := newCloud(t)
	l, ctx := sdkLot(t, c, SDKLotConfig{Usage: true})
	v := enterOne(t, ctx, c, l)
	for range 2 {
		c.send(down325("u1", v.OrderID))
		s := c.next(t, ctx)
		want := `{"service_name":"pay_notice","data_target":"cloud","uuid":"u1","state":1}`
		if string(s.Data) != want {
			t.Errorf("got  %s\nwant %s", s.Data, want)
		}
	}
	c.send(`{"service_name":"query_price","park_id":"1313","pay_scene":0,"car_number":"京A12345","order_id":"` + v.OrderID +
		`"}`)
	if s := c.next(t, ctx); !strings.Contains(string(s.Data),
		`"price":"5.00","total":"15.00","derate_money":"10.00","derate_duration":120`) {
		t.Errorf("price %s", s.Data)
	}
	if _, err := l.Exit(ctx, "京A12345", noon); err != nil {
		t.Fatal(err)
	}
	var exit, usage map[string]any
	s := c.next(t, ctx)
	if err := json.Unmarshal(s.Data, &exit); err != nil || s.Service != "out_park" {
		t.Fatal(err, s.Service)
	}
	if exit["reduce_amount"] != "10.00" || exit["total"] != "5.00" || exit["amount_receivable"] != "15.00" {
		t.Errorf("exit %s", s.Data)
	}
	s = c.next(t, ctx)
	if err := json.Unmarshal(s.Data, &usage); err != nil || s.Service != "upload_duration_info" {
		t.Fatal(err, s.Service)
	}
	if usage["duration"] != 120.0 || usage["calculation_method"] != 1.0 ||
		usage["start_charge_seq"] != "202008170000011121" {
		t.Errorf("usage %s", s.Data)
	}
	rows, err := ReadBook(ctx, l.BookURL())
	if err != nil || len(rows) != 1 || rows[0].Applied != 1 || rows[0].UsedMinutes != 120 || !rows[0].Told {
		t.Errorf("book %+v, %v", rows, err)
	}
}

func TestSDKLotRefusesStrangers(t *testing.T) {
	c := newCloud(t)
	_, ctx := sdkLot(t, c, SDKLotConfig{})
	c.send(down325("u1", "nowhere"))
	if s := c.next(t,
		ctx); string(
		s.Data) != `{"service_name":"pay_notice","data_target":"cloud","uuid":"u1","state":0,"errmsg":"没有在场订单"}` {
		t.Errorf("got %s", s.Data)
	}
}

func TestSDKLotLies(t *testing.T) {
	const good = `"uuid":"u1","state":1`
	for _, tc := range []struct {
		name    string
		lies    Lies
		want    []string // what the acknowledgements hold, in order
		relogin bool     // the line comes up anew before the next
	}{
		{"late", Lies{Ack: AckLate, Late: time.Millisecond}, []string{good}, false},
		{"twice", Lies{Ack: AckTwice}, []string{good, good}, false},
		{"wrong uuid", Lies{Ack: AckWrongUUID}, []string{`"uuid":"u0","state":1`}, false},
		{"state 0, then well", Lies{Ack: AckState0, Times: 1}, []string{`"state":0`, good}, false},
		{"never, then well", Lies{Ack: AckNever, Times: 1}, []string{"", good}, false},
		{"drop after apply, then well", Lies{DropAfterApply: true, Times: 1}, []string{"", good}, true},
		{"off line, then well", Lies{Offline: time.Millisecond, Times: 1}, []string{"", good}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCloud(t)
			l, ctx := sdkLot(t, c, SDKLotConfig{Lies: tc.lies})
			v := enterOne(t, ctx, c, l)
			c.send(down325("u1", v.OrderID))
			for i, want := range tc.want {
				if want == "" {
					continue
				}
				if i > 0 && tc.lies.Times == 1 {
					if tc.relogin {
						<-c.up
					}
					c.send(down325("u1", v.OrderID)) // the gateway asks again
				}
				if s := c.next(t, ctx); !strings.Contains(string(s.Data), want) {
					t.Errorf("acknowledgement %d: %s, want %s", i, s.Data, want)
				}
			}
			rows := l.Book().Rows()
			if len(rows) != 1 || rows[0].Applied != 1 {
				t.Errorf("book %+v", rows)
			}
		})
	}
}

// A half-open line swallows both ways; it is not closed until the lot would have noticed.
func TestSDKLotHalfOpen(t *testing.T) {
	c := newCloud(t)
	l, ctx := sdkLot(t, c, SDKLotConfig{Lies: Lies{HalfOpen: true, Times: 1, Dead: time.Hour}})
	v := enterOne(t, ctx, c, l)
	c.send(down325("u1", v.OrderID))
	if _, err := l.Book().Wait(ctx, func(r Applied) bool { return r.Applied == 1 }); err != nil {
		t.Fatal(err)
	}
	select {
	case s := <-c.heard:
		t.Errorf("the cloud heard %s", s.Service)
	case <-c.up:
		t.Error("the line was closed")
	case <-time.After(20 * time.Millisecond): // nothing must come, however long one waits
	}
}

func TestLiesAreNamed(t *testing.T) {
	l := NewSDKLot(SDKLotConfig{Lot: testLot, Addr: "127.0.0.1:1", Lies: Lies{Ack: "maybe"}})
	if err := l.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "late, twice") {
		t.Errorf("got %v", err)
	}
	if !slices.Contains(Acks, AckWrongUUID) {
		t.Error("Acks is not complete")
	}
}

// An uplink that finds no line waits for it, and is reported when it is back.
func TestSDKLotWaitsForItsLine(t *testing.T) {
	c := newCloud(t)
	l, ctx := sdkLot(t, c, SDKLotConfig{})
	l.GoOffline(time.Millisecond)
	if _, err := l.Enter(ctx, charge.Plate("京A12345"), noon); err != nil {
		t.Fatal(err)
	}
	if s := c.next(t, ctx); s.Service != "in_park" {
		t.Errorf("the cloud heard %s", s.Service)
	}
}
