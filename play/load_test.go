package play

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

func TestHistogramAgainstSorting(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var all Histogram
	var exact []time.Duration
	for range 10 {
		var h Histogram
		for range 1000 {
			d := time.Duration(r.ExpFloat64() * float64(3*time.Millisecond))
			h.Add(d)
			exact = append(exact, d)
		}
		all.Merge(&h)
	}
	slices.Sort(exact)
	for _, q := range []float64{.5, .9, .99, .999} {
		want := exact[int(q*float64(len(exact)))-1]
		got := all.Quantile(q)
		if got < want || float64(got) > float64(want)*1.01 {
			t.Errorf("p%v: %v, sorted says %v", q*100, got, want)
		}
	}
	if all.Count() != 10_000 || all.Max() != exact[len(exact)-1] || all.Quantile(1) != all.Max() {
		t.Errorf("%v", all.String())
	}
}

func TestBuckets(t *testing.T) {
	for _, d := range []time.Duration{0, 1, 127, 128, 129, 255, 256, 257, 1e3, 1e6 + 7, 1e9 + 123456, 3600e9} {
		b := bucketOf(d)
		if low, high := floorOf(b), floorOf(b+1); d < low || d >= high {
			t.Errorf("%d lies in bucket %d, which is %d to %d", d, b, low, high)
		}
	}
	for b := range 5000 {
		if bucketOf(floorOf(b)) != b {
			t.Fatalf("bucket %d begins at %v, which lies in %d", b, floorOf(b), bucketOf(floorOf(b)))
		}
	}
}

// loadEnd answers 小桔 pushes and can hold them all back.
func loadEnd(t *testing.T, answer func(n int64) string) (*Player, *atomic.Int64) {
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, answer(n.Add(1)))
	}))
	t.Cleanup(s.Close)
	return &Player{BaseURL: s.URL, Platform: "xiaoju", Keys: vectorKeys, Client: LoadClient(8)}, &n
}

func TestLoadCountsOnlySuccessAnswers(t *testing.T) {
	p, heard := loadEnd(t, func(n int64) string {
		if n%4 == 0 {
			return `{"code":90001,"msg":"busy"}`
		}
		return `{"code":10000,"msg":"成功"}`
	})
	var mu sync.Mutex
	seen := map[string]bool{}
	r, err := Load(t.Context(), LoadConfig{Count: 100, Workers: 8,
		Next: func(i int) (*Player, Push) {
			push := testPush()
			push.Order = fmt.Sprint(i)
			return p, push
		},
		Done: func(s Shot) {
			mu.Lock()
			defer mu.Unlock()
			if s.Accepted {
				seen[s.Push.Order] = true
			}
		}})
	if err != nil || r.Sent != 100 || r.Accepted != 75 || r.Refused != 25 || r.Failed != 0 || heard.Load() != 100 {
		t.Errorf("%+v, %v; heard %d", r, err, heard.Load())
	}
	if len(seen) != 75 || r.Latency.Count() != 75 {
		t.Errorf("%d orders accepted, %d latencies", len(seen), r.Latency.Count())
	}
}

// A server that stalls once must show in the latencies of all pushes that were meant to leave meanwhile.
func TestOpenLoopShowsAStall(t *testing.T) {
	const stall = 200 * time.Millisecond
	p, _ := loadEnd(t, func(n int64) string {
		if n == 1 {
			<-time.After(stall) // the server's slowness is what is measured
		}
		return `{"code":10000,"msg":"成功"}`
	})
	cfg := LoadConfig{Count: 100, Workers: 1, Rate: 1000, Next: func(int) (*Player, Push) { return p, testPush() }}
	r, err := Load(t.Context(), cfg)
	if err != nil || r.Accepted != 100 {
		t.Fatalf("%+v, %v", r, err)
	}
	if got := r.Latency.Quantile(.5); got < stall/3 {
		t.Errorf("p50 is %v: the stall was left out", got)
	}
}

func TestLoadNeedsAnEnd(t *testing.T) {
	if _, err := Load(t.Context(), LoadConfig{Next: func(int) (*Player, Push) { return nil, Push{} }}); err == nil {
		t.Error("a load without an end was begun")
	}
}

func TestUplinkVector(t *testing.T) {
	// The example of https://www.kancloud.cn/bolink/sdk/596745 , and one of our own under its key, recomputed with Python.
	const key = "8403A41ED5EF20BC"
	got := string(uplink("login", "",
		record{{"union_id", "200208"}, {"park_id", "21835"}, {"local_id", "0071cc97102b_1001_qh321_quanhao-atest1"}}, key))
	want := `{"service_name":"login","sign":"CB649425CB5548A375099103AB04CC1E","data":{"union_id":"200208",` +
		`"park_id":"21835","local_id":"0071cc97102b_1001_qh321_quanhao-atest1"}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	ack := string(uplink("pay_notice", "t", ackOf(charge.Message336, "4548fcd6bdd4491daf3fb32e57afd203", 1, ""), key))
	want = `{"service_name":"pay_notice","sign":"1F94C85CF7BD56E33EDAA5DD9F87D394","token":"t",` +
		`"data":{"service_name":"pay_notice","data_target":"bolink","uuid":"4548fcd6bdd4491daf3fb32e57afd203","state":1}}`
	if ack != want {
		t.Errorf("got  %s\nwant %s", ack, want)
	}
}

// lineEnd is a cloud that takes any login and then sends the given downlinks.
func lineEnd(t *testing.T, send string) (addr string, acks chan string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	acks = make(chan string, 16)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewScanner(conn)
				for in.Scan() {
					switch line := in.Text(); {
					case strings.Contains(line, `"login"`):
						io.WriteString(conn,
							"\n{\"state\":1,\"token\":\"0123456789abcdef0123456789abcdef\",\"service_name\":\"login\"}\r"+send)
					case line == "0x11":
						io.WriteString(conn, "\n0x12\r")
					case line != "":
						acks <- line
						io.WriteString(conn, "\n\r")
					}
				}
			}()
		}
	}()
	return l.Addr().String(), acks
}

// The message is the published example of 3.36: https://www.kancloud.cn/bolink/sdk/1726765
const down336 = `{"service_name":"pay_notice","start_charging_time":"2020-04-16 14:00:40","car_number":"苏DDDLL03",` +
	`"comid":"20180427","stop_charging_time":"2020-04-27 14:50:59","reduce_amount":2.0,"order_id":"A1_2C1587980476",` +
	`"uuid":"4548fcd6bdd4491daf3fb32e57afd203"}`

func TestLineSink(t *testing.T) {
	addr, acks := lineEnd(t,
		"\n"+down336+"\r\n"+down336+"\r\n{\"service_name\":\"pay_notice\",\"uuid\":\"u2\",\"car_number\":\"京A12345\","+
			"\"type\":2}\r")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := OpenLineSink(ctx, LineSinkConfig{Addr: addr, Lines: []LineKey{{Lot: testLot, Ckey: "8403A41ED5EF20BC"}},
		Beat: time.Millisecond,
		From: []net.IP{net.IPv4(127, 0, 0, 2)}})
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for range 3 {
		var e struct {
			Sign string
			Data struct {
				UUID   string
				State  int
				Target string `json:"data_target"`
			}
		}
		select {
		case line := <-acks:
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			states = append(states, fmt.Sprint(e.Data.UUID[:2], e.Data.Target, e.Data.State))
		case <-ctx.Done():
			t.Fatal("no acknowledgement")
		}
	}
	if got, want := fmt.Sprint(states), "[45bolink1 45bolink1 u2cloud0]"; got != want {
		t.Errorf("acknowledged %s, want %s", got, want)
	}
	if s.Up() != 1 {
		t.Errorf("%d lines up", s.Up())
	}
	s.Close()
	rows := s.Book().Rows()
	if len(rows) != 1 || rows[0].Heard != 2 || rows[0].Applied != 1 || rows[0].Amount != 2_00 ||
		rows[0].Method != charge.MethodAmount {
		t.Errorf("book %+v", rows)
	}
	if s.Up() != 0 {
		t.Errorf("%d lines up after Close", s.Up())
	}
}

func TestLineSinkSaysWhyALoginFailed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		bufio.NewReader(conn).ReadString('\n')
		io.WriteString(conn, "\n{\"state\":0,\"errmsg\":\"error:签名错误\",\"service_name\":\"login\"}\r")
		conn.Close()
	}()
	_, err = OpenLineSink(t.Context(),
		LineSinkConfig{Addr: l.Addr().String(), Lines: []LineKey{{Lot: testLot, Ckey: "k"}}})
	if err == nil || !strings.Contains(err.Error(), "签名错误") {
		t.Errorf("got %v", err)
	}
}

func TestCallbackSink(t *testing.T) {
	s, err := OpenCallbackSink("127.0.0.1:0", v1Key)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, body := range []string{v1Body, v1Body, strings.Replace(v1Body, "120", "121", 1)} {
		resp, err := http.Post(s.URL(), "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	rows := s.Book().Rows()
	if len(rows) != 1 || rows[0].Heard != 2 || rows[0].Applied != 1 || rows[0].Acked.IsZero() {
		t.Errorf("book %+v", rows)
	}
}
