package callback

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbound"
	"github.com/chargestamp/chargestamp/words"
)

var (
	here = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, charge.Shanghai)
)

// said is what a result says in English.
func said(r lot.Result) string { return words.Note(words.English, r.Detail) }

// answerCase is a result, and what it says in English.
type answerCase struct {
	lot.Result
	text string
}

// deliver delivers one order and waits for its result.
func deliver(c *Channel, o lot.Order) lot.Result {
	results := make(chan lot.Result, 2)
	c.Deliver(o, func(r lot.Result) { results <- r })
	return <-results
}

// packed is a text in gzip.
func packed(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

// TestAnswers delivers to a real server that answers in every way there is.
func TestAnswers(t *testing.T) {
	body := []byte(`{"data":{"car_number":"京AD06088"},"sign":"S"}`)
	acked := answerCase{lot.Result{Result: charge.AttemptAcked, Reason: charge.ReasonOK, Sent: true},
		"the lot answered state 1"}
	refused := answerCase{lot.Result{Result: charge.AttemptRefused, Reason: charge.ReasonLotRefused, Sent: true},
		"the lot answered state 0"}
	garbled := func(text string) answerCase {
		return answerCase{lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, Sent: true}, text}
	}
	unread := func(encoding, came string) answerCase {
		r := garbled(`the answer is no JSON with a state of 0 or 1 (` + encoding + `): "` + came + `"`)
		r.Unread = true
		return r
	}
	tooLong := func(encoding, begins string) answerCase {
		r := garbled(`the answer is longer than 64 KiB and not read (` + encoding + `): "` + begins + `"`)
		r.Unread = true
		return r
	}
	gbk := func(text string) string { return string(lot.ToGBK([]byte(text))) }
	with := func(r answerCase, said string) answerCase { r.text += `: "` + said + `"`; return r }
	empty := garbled("the answer is empty")
	empty.Unread = true
	cases := []struct {
		name   string
		status int
		answer string
		want   answerCase
	}{
		{"state 1", 200, `{"state":1}`, acked},
		{"state 1 and words", 200, `{"state":1,"errmsg":"成功"}`, with(acked, "成功")},
		{"state 1 as text", 200, ` {"errmsg":null,"state":"1"}` + "\n", acked},
		{"state 1, created", 201, `{"state":1}`, acked},
		{"state 0", 200, `{"state":0,"errmsg":"无此订单"}`, with(refused, "无此订单")},
		{"state 0 with the plate", 200, `{"state":0,"errmsg":"车牌京AD06088不在场\r\n"}`, with(refused, "车牌京A***88不在场  ")},
		{"state 0 with a flood", 200, `{"state":0,"errmsg":"` + strings.Repeat("长", 500) + `"}`,
			with(refused, strings.Repeat("长", 200)+"…")},
		{"state true", 200, `{"state":true}`, acked},
		{"state 1.0", 200, `{"state":1.0}`, acked},
		{"state false", 200, `{"state":"false"}`, refused},
		{"state 1e0", 200, `{"state":1e0}`, acked},
		{"state １", 200, `{"state":"１"}`, acked},
		{"state yes", 200, `{"state":"YES"}`, acked},
		{"state success", 200, `{"state":"success"}`, acked},
		{"state failed", 200, `{"state":"failed"}`, refused},
		{"UTF-16", 200, "\xff\xfe{\x00\"\x00s\x00t\x00a\x00t\x00e\x00\"\x00:\x001\x00}\x00", acked},
		{"UTF-16 without a mark", 200, "\x00{\x00\"\x00s\x00t\x00a\x00t\x00e\x00\"\x00:\x001\x00}", acked},
		{"a text that holds it", 200, `{"data":"{\"state\":1,\"errmsg\":\"ok\"}"}`, with(acked, "ok")},
		{"a bare line break", 200, "{\"state\":1,\"errmsg\":\"a\nb\"}", with(acked, "a b")},
		{"words in another encoding", 200, "{\"state\":1,\"errmsg\":\"\xa4\xffok\"}", with(acked, " ok")},
		{"a byte order mark", 200, "\ufeff" + `{"state":1}`, acked},
		{"GBK", 200, gbk(`{"state":1,"errmsg":"成功"}`), with(acked, "成功")},
		{"GBK that says no", 200, gbk(`{"state":0,"errmsg":"无此车"}`), with(refused, "无此车")},
		{"capitals", 200, `{"State":1,"ErrMsg":"ok"}`, with(acked, "ok")},
		{"wrapped", 200, `{"data":{"state":1,"errmsg":"ok"},"sign":"x"}`, with(acked, "ok")},
		{"JSON in a JSON string", 200, `"{\"state\":1,\"errmsg\":\"ok\"}"`, with(acked, "ok")},
		{"Base64", 200, "eyJzdGF0ZSI6MX0=", acked},
		{"gzip unasked", 200, packed(`{"state":1,"errmsg":"ok"}`), with(acked, "ok")},
		{"state 2", 200, `{"state":2}`, unread("UTF-8", `{"state":2}`)},
		{"state 2 around state 1", 200, `{"state":2,"data":{"state":1}}`, unread("UTF-8", `{"state":2,"data":{"state":1}}`)},
		{"state 1.05", 200, `{"state":1.05}`, unread("UTF-8", `{"state":1.05}`)},
		{"no state", 200, `{"code":1}`, unread("UTF-8", `{"code":1}`)},
		{"two states", 200, `{"state":0,"state":1}`, unread("UTF-8", `{"state":0,"state":1}`)},
		{"two wrapped states", 200, `{"a":{"state":0},"b":{"state":1}}`,
			unread("UTF-8", `{"a":{"state":0},"b":{"state":1}}`)},
		{"wrapped twice", 200, `{"a":{"b":{"state":1}}}`, unread("UTF-8", `{"a":{"b":{"state":1}}}`)},
		{"an array", 200, `[{"state":1}]`, unread("UTF-8", `[{"state":1}]`)},
		{"HTML with the plate, in GBK", 200, gbk(`<html>京AD06088 已处理</html>`), unread("GBK", `<html>京A***88 已处理</html>`)},
		{"GBK cut in a character", 200, gbk(`操作成功`)[:7], unread("GBK", `操作成`)},
		{"nothing", 200, ``, empty},
		{"an error page that says yes", 500, `{"state":1}`, garbled("answered with HTTP 500")},
		{"not found", 404, `{"state":1}`, garbled("answered with HTTP 404")},
		{"a redirect that says yes", 302, `{"state":1}`,
			garbled("answered with HTTP 302: redirects are not followed, the callback address must be the final one")},
		{"too long", 200, `{"state":1,"errmsg":"` + strings.Repeat("x", 64<<10) + `"}`,
			tooLong("UTF-8", `{"state":1,"errmsg":"`+strings.Repeat("x", 179)+"…")},
		{"1 MB of GBK cut in a character", 200,
			gbk(`{"state":1,"errmsg":"` + strings.Repeat("操作成功", 125_000) + `"}`)[:1_000_000-3],
			tooLong("GBK", `{"state":1,"errmsg":"`+strings.Repeat("操作成功", 44)+"操作成…")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got, _ := io.ReadAll(r.Body)
				if r.Method != http.MethodPost || r.URL.Path != "/bolink" || !bytes.Equal(got, body) ||
					r.Header.Get("Idempotency-Key") != "u-1" ||
					r.Header.Get("Content-Type") != "application/json;charset=utf-8" {
					t.Errorf("arrived: %s %s %q %v", r.Method, r.URL.Path, got, r.Header)
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.answer)
			}))
			defer s.Close()
			d := testDirectory(s.URL + "/bolink")
			d.vendor.AllowTo = here
			client := outbound.NewClient(outbound.Options{})
			defer client.Close()
			channel := newChannel(t, ChannelConfig{Directory: d, Client: client, Now: func() time.Time { return noon }})
			c.want.At = noon
			got := deliver(channel, lot.Order{Delivery: 1, Lot: apiLot, Message: charge.Message514, UUID: "u-1", Payload: body})
			if said(got) != c.want.text {
				t.Errorf("it says %q, want %q", said(got), c.want.text)
			}
			got.Detail = charge.Note{}
			if diff := cmp.Diff(c.want.Result, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNoAnswer distinguishes what left and what did not: only the one may have been applied.
func TestNoAnswer(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer silent.Close()
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}))
	defer cut.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	l.Close()
	cases := []struct {
		name   string
		url    string
		allow  []netip.Prefix
		result charge.AttemptResult
		reason charge.Reason
		sent   bool
		detail string
	}{
		{"silent", silent.URL, here, charge.AttemptTimeout, charge.ReasonNoAnswer, true, "no answer in time"},
		{"cut", cut.URL, here, charge.AttemptTimeout, charge.ReasonNoAnswer, true, "the connection broke before the answer"},
		{"nobody there", nobody, here, charge.AttemptError, charge.ReasonLotError, false,
			"not sent: the connection was refused"},
		{"not allowed", silent.URL, nil, charge.AttemptError, charge.ReasonLotError, false,
			`not sent: 127.0.0.1 is a loopback address and is not dialled; if that is right, ` +
				`add 127.0.0.1/32 to the allow_to list`},
		{"no URL", "callback", nil, charge.AttemptError, charge.ReasonLotError, false,
			`not sent: the address begins with ""`},
		{"no address", "", nil, charge.AttemptError, charge.ReasonLotError, false,
			"not sent: the lot is unknown, off, or has no callback address"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := testDirectory(c.url)
			d.vendor.AllowTo = c.allow
			client := outbound.NewClient(outbound.Options{Timeout: 200 * time.Millisecond})
			defer client.Close()
			channel := newChannel(t, ChannelConfig{Directory: d, Client: client, Now: func() time.Time { return noon }})
			r := deliver(channel, lot.Order{Lot: apiLot, UUID: "u", Payload: []byte("{}")})
			if r.Result != c.result || r.Reason != c.reason || r.Sent != c.sent || !strings.HasPrefix(said(r), c.detail) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestPlaceOf(t *testing.T) {
	own, other := netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.0.0/16")
	d := testDirectory("http://vendor.example/")
	d.vendor.AllowTo = []netip.Prefix{other}
	p, _, err := placeOf(d, apiLot)
	if err != nil || p.url != "http://vendor.example/" || fmt.Sprint(p.allow) != "[192.168.0.0/16]" {
		t.Errorf("the vendor's place: %+v %v", p, err)
	}
	l := d.lots[apiLot]
	l.Callback, l.AllowTo = "http://lot.example/", []netip.Prefix{own}
	d.lots[apiLot] = l
	p, _, err = placeOf(d, apiLot)
	if err != nil || p.url != "http://lot.example/" || fmt.Sprint(p.allow) != "[10.0.0.0/8 192.168.0.0/16]" {
		t.Errorf("the lot's own place: %+v %v", p, err)
	}
	if _, _, err := placeOf(d, charge.LotID{Union: "200461", Park: "9"}); !errors.Is(err, errNoPlace) {
		t.Errorf("an unknown lot: %v", err)
	}
}

func TestQueryPrice(t *testing.T) {
	var sent string
	answer := `{"state":1,"price":"6.0","duration":50,"derate_money":5,"derate_duration":5,"park_id":"1314",` +
		`"order_id":"s-1","query_time":1772337600}`
	status := 200
	client := post(func(r outbound.Request) (outbound.Response, error) {
		sent = string(r.Body)
		if r.URL != "http://lot.example/bolink" || r.Key != "" || r.Type != contentType {
			t.Errorf("asked %+v", r)
		}
		return outbound.Response{Status: status, Body: []byte(answer)}, nil
	})
	c := newChannel(t, ChannelConfig{Client: client, Now: func() time.Time { return noon }})
	stay := charge.Stay{Lot: apiLot, OrderID: "s-1", Plate: "京AD06088"}
	p, err := c.QueryPrice(t.Context(), stay)
	want := lot.Price{OrderID: "s-1", Total: 1100, Price: 600, DerateMoney: 500, DerateDuration: 5, Duration: 50,
		QueryTime: time.Unix(1772337600, 0).UTC()}
	if diff := cmp.Diff(want, p); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	// signed by openssl: noon is 1772337600 s
	wantSent := `{"data":{"service_name":"query_price","park_id":"1314","car_number":"京AD06088","order_id":"s-1",` +
		`"pay_scene":0,"query_order_no":"q1772337600000000"},"sign":"CBD75935971FA6DC4D065AD19AC9C4B0"}`
	if sent != wantSent {
		t.Errorf("asked\n%s\nwant\n%s", sent, wantSent)
	}
	plain := answer
	for how, text := range map[string]string{
		"a byte order mark": "\ufeff" + plain, "JSON in a JSON string": strconv.Quote(plain), "gzip unasked": packed(plain),
		"GBK":    string(lot.ToGBK([]byte(sub(plain, `"park_id"`, `"errmsg":"查询成功","park_id"`)))),
		"true":   sub(plain, `"state":1`, `"state":true`),
		"text":   sub(plain, `"state":1`, `"state":"1"`),
		"1.0":    sub(plain, `"state":1`, `"state":1.0`),
		"State":  sub(plain, `"state":1`, `"State":1`),
		"double": sub(plain, `1772337600`, `1.7723376E9`),
		"around": `{"data":` + plain + `,"sign":"x"}`,
		"beside": `{"state":1,"data":{"x":1},` + plain[len(`{"state":1,`):],
		"Base64": base64.StdEncoding.EncodeToString([]byte(plain)),
	} {
		if answer = text; how == "Base64" {
			status = 201
		}
		if p, err := c.QueryPrice(t.Context(), stay); err != nil || p != want {
			t.Errorf("%s: %+v, %v", how, p, err)
		}
	}
	status = 200
	for text, want := range map[string]string{
		`{"state":0,"errmsg":"京AD06088无此订单"}`: "state 0: 京A***88无此订单",
		`{"state":1,"duration":5}`:            "price 缺失",
		`{"state":1,"price":"6.005"}`:         "price 无效",
		`{"state":1,"price":"-6"}`:            "price 无效",
		`<html>`:                              "<html>",
	} {
		answer = text
		if _, err := c.QueryPrice(t.Context(), stay); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	status = 502
	if _, err := c.QueryPrice(t.Context(), stay); err == nil || !strings.Contains(err.Error(), "HTTP 502") {
		t.Errorf("a bad gateway: %v", err)
	}
	if _, err := c.QueryPrice(t.Context(), charge.Stay{}); !errors.Is(err, errNoPlace) {
		t.Errorf("no lot: %v", err)
	}
}

// post is a client made of a function.
type post func(r outbound.Request) (outbound.Response, error)

func (p post) Post(_ context.Context, r outbound.Request) (outbound.Response, error) { return p(r) }
