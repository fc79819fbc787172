package ledger

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

const testCkey = "cs-test-ckey-4g"

var gateLot = charge.LotID{Union: "200461", Park: "1315"}

// directory is an estate of a 4G lot and an API lot with keys of their own.
type directory struct {
	lot.Directory
	old charge.OldKey
}

func (d directory) Lot(id charge.LotID) (charge.Lot, charge.Vendor, bool) {
	switch id {
	case gateLot:
		return charge.Lot{ID: id, Kind: charge.Kind4G, Ckey: testCkey, OldCkey: d.old}, charge.Vendor{Ukey: "u"}, true
	case charge.LotID{Union: "200461", Park: "1314"}:
		return charge.Lot{ID: id, Kind: charge.KindAPI, Ckey: "api"}, charge.Vendor{Ukey: "u"}, true
	}
	return charge.Lot{}, charge.Vendor{}, false
}

// book notes what it hears, and answers.
type book struct {
	heard  []any
	answer lot.Answer
	quote  Quote
	err    error
}

func (b *book) Enter(_ context.Context, v lot.Entry) (lot.Answer, error) {
	b.heard = append(b.heard, v)
	return b.answer, b.err
}

func (b *book) Quote(_ context.Context, v QuoteQuestion) (Quote, error) {
	b.heard = append(b.heard, v)
	return b.quote, b.err
}

func (b *book) Paid(_ context.Context, v Payment) (lot.Answer, error) {
	b.heard = append(b.heard, v)
	return b.answer, b.err
}

func (b *book) Exit(_ context.Context, v lot.Exit) (Quote, error) {
	b.heard = append(b.heard, v)
	return b.quote, b.err
}

// signed signs by the standard library alone.
func signed(data, key string) string {
	return fmt.Sprintf(`{"data":%s,"sign":"%X"}`, data, md5.Sum([]byte(data+"key="+key)))
}

func tell(t testing.TB, d directory, b *book, path, body string) string {
	t.Helper()
	api := New(Config{Directory: d, Gate: b, Now: func() time.Time { return local(t, "2026-03-01 12:00:00") },
		Logger: slog.New(slog.DiscardHandler)})
	w := httptest.NewRecorder()
	api.Routes()["/gate/v1/"+path](w, httptest.NewRequest(http.MethodPost, "/gate/v1/"+path, strings.NewReader(body)))
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json;charset=utf-8" {
		t.Errorf("%s: HTTP %d %s", path, w.Code, w.Header())
	}
	return w.Body.String()
}

const (
	entryData = `{"union_id":"200461","park_id":"1315","order_id":"s-1","car_number":"京AD06088","in_time":1772330400,` +
		`"in_channel_id":"A1"}`
	quoteData = `{"union_id":"200461","park_id":"1315","car_number":"京AD06088","query_time":1772337600}`
	paidData  = `{"union_id":"200461","park_id":"1315","order_id":"s-1","amount":"5.00","trade_no":"t-1",` +
		`"pay_time":1772337600}`
	exitData = `{"union_id":"200461","park_id":"1315","order_id":"s-1","car_number":"京AD06088","out_time":1772337600,` +
		`"total":"5.00"}`
)

func TestGate(t *testing.T) {
	at10, at12 := time.Unix(1772330400, 0).UTC(), time.Unix(1772337600, 0).UTC()
	noon := local(t, "2026-03-01 12:00:00")
	quote := Quote{Answer: lot.Answer{State: 1}, OrderID: "s-1", Total: 1000, Price: 505, DerateMoney: 495,
		DerateDuration: 60, Duration: 120, QueryTime: at12}
	const quoted = `{"state":1,"order_id":"s-1","total":"10.00","price":"5.05","derate_money":"4.95",` +
		`"derate_duration":60,"duration":120,"query_time":1772337600}`
	const taken = `{"state":1,"order_id":"s-1"}`
	exit := lot.Exit{Lot: gateLot, OrderID: "s-1", Plate: "京AD06088", Left: at12, Total: 500, HasTotal: true}
	cases := []struct {
		name, path, data string
		want             any
		reply            string
	}{
		{"entry", "entry", entryData, lot.Entry{Lot: gateLot, OrderID: "s-1", Plate: "京AD06088", Entered: at10,
			Channel: "A1"}, taken},
		{"entry with numbers", "entry", strings.ReplaceAll(entryData, `"200461","park_id":"1315"`, `200461,"park_id":1315`),
			lot.Entry{Lot: gateLot, OrderID: "s-1", Plate: "京AD06088", Entered: at10, Channel: "A1"}, taken},
		{"quote by plate", "quote", quoteData, QuoteQuestion{Lot: gateLot, Plate: "京AD06088", At: at12}, quoted},
		{"quote by order", "quote", strings.Replace(quoteData, `"car_number":"京AD06088"`, `"order_id":"s-1"`, 1),
			QuoteQuestion{Lot: gateLot, OrderID: "s-1", At: at12}, quoted},
		{"quote by both", "quote", strings.Replace(quoteData, `"car_number"`, `"order_id":"s-1","car_number"`, 1),
			QuoteQuestion{Lot: gateLot, OrderID: "s-1", Plate: "京AD06088", At: at12}, quoted},
		{"quote of now", "quote", strings.Replace(quoteData, `,"query_time":1772337600`, ``, 1),
			QuoteQuestion{Lot: gateLot, Plate: "京AD06088", At: noon}, quoted},
		{"paid", "paid", paidData, Payment{Lot: gateLot, OrderID: "s-1", Amount: 500, TradeNo: "t-1", At: at12}, taken},
		{"paid nothing", "paid", strings.Replace(paidData, `"5.00"`, `0`, 1),
			Payment{Lot: gateLot, OrderID: "s-1", TradeNo: "t-1", At: at12}, taken},
		{"exit", "exit", exitData, exit, quoted},
		{"exit without a total", "exit", strings.Replace(exitData, `,"total":"5.00"`, ``, 1),
			func() lot.Exit { e := exit; e.Total, e.HasTotal = 0, false; return e }(), quoted},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := &book{answer: lot.Answer{State: 1}, quote: quote}
			reply := tell(t, directory{}, b, c.path, signed(c.data, testCkey))
			if diff := cmp.Diff([]any{c.want}, b.heard); diff != "" || reply != c.reply {
				t.Errorf("answered %s, want %s; heard (-want +got):\n%s", reply, c.reply, diff)
			}
		})
	}
}

func TestGateAnswersRefusals(t *testing.T) {
	no := lot.Answer{State: 0, ErrMsg: "没有在场订单"}
	for path, c := range map[string]struct{ data, reply string }{
		"entry": {entryData, `{"state":0,"order_id":"s-1","errmsg":"没有在场订单"}`},
		"quote": {quoteData, `{"state":0,"errmsg":"没有在场订单"}`},
		"paid":  {paidData, `{"state":0,"order_id":"s-1","errmsg":"没有在场订单"}`},
		"exit":  {exitData, `{"state":0,"errmsg":"没有在场订单"}`},
	} {
		if reply := tell(t, directory{}, &book{answer: no, quote: Quote{Answer: no}}, path,
			signed(c.data, testCkey)); reply != c.reply {
			t.Errorf("%s: %s, want %s", path, reply, c.reply)
		}
		if reply := tell(t, directory{}, &book{err: errors.New("disk full")}, path,
			signed(c.data, testCkey)); reply != `{"state":0,"errmsg":"系统繁忙, 请稍后重试"}` {
			t.Errorf("%s while the disk is full: %s", path, reply)
		}
	}
}

func TestGateRefuses(t *testing.T) {
	good := map[string]string{"entry": entryData, "quote": quoteData, "paid": paidData, "exit": exitData}
	fields := []struct{ path, old, by, want string }{
		{"entry", `"order_id":"s-1",`, ``, "order_id 缺失"},
		{"entry", `"car_number":"京AD06088",`, ``, "car_number 无效: 应为车牌号"},
		{"entry", `京AD06088`, strings.Repeat("粤ZJ068澳|", 50), "car_number 无效: 应为车牌号"},
		{"entry", `京AD06088`, strings.Repeat("京", 3400), "car_number 无效: 应为车牌号"}, // 10 kB
		{"entry", `1772330400`, `1806969600`, "in_time 无效: 超前24小时以上, 请校准时钟"},     // 400 days
		{"entry", `1772330400`, `946684800`, "in_time 无效: 早于2010年, 请校准时钟"},
		{"entry", `,"in_time":1772330400`, ``, "in_time 缺失"},
		{"entry", `1772330400`, `1772330400000`, "in_time 无效: 应为10位秒级时间戳"},
		{"entry", `1772330400`, `"now"`, "in_time 无效: 应为10位秒级时间戳"},
		{"quote", `"car_number":"京AD06088",`, ``, "car_number 无效: 应为车牌号"},
		{"quote", `"京AD06088"`, `"#"`, "car_number 无效: 应为车牌号"},
		{"quote", `1772337600`, `-1`, "query_time 无效: 早于2010年, 请校准时钟"},
		{"paid", `"order_id":"s-1",`, ``, "order_id 缺失"},
		{"paid", `"amount":"5.00",`, ``, "amount 缺失"},
		{"paid", `"5.00"`, `"5.001"`, "amount 无效: 应为不超过两位小数的非负金额(元)"},
		{"paid", `"5.00"`, `-5`, "amount 无效: 应为不超过两位小数的非负金额(元)"},
		{"paid", `"trade_no":"t-1",`, ``, "trade_no 缺失"},
		{"paid", `,"pay_time":1772337600`, ``, "pay_time 缺失"},
		{"exit", `"order_id":"s-1",`, ``, "order_id 缺失"},
		{"exit", `,"out_time":1772337600`, ``, "out_time 缺失"},
		{"exit", `"5.00"`, `"5.005"`, "total 无效: 应为不超过两位小数的非负金额(元)"},
		{"exit", `"5.00"`, `"99999999"`, "total 无效: 应为不超过两位小数的非负金额(元)"},
	}
	refuse := func(path, body, want string) {
		t.Helper()
		b := &book{answer: lot.Answer{State: 1}, quote: Quote{Answer: lot.Answer{State: 1}}}
		if reply := tell(t, directory{}, b, path, body); reply != `{"state":0,"errmsg":"`+want+`"}` || len(b.heard) != 0 {
			t.Errorf("%s: %s, heard %v, want %s", path, reply, b.heard, want)
		}
	}
	for _, c := range fields {
		data := strings.Replace(good[c.path], c.old, c.by, 1)
		if data == good[c.path] {
			t.Fatalf("%s is not in %s", c.old, data)
		}
		refuse(c.path, signed(data, testCkey), c.want)
	}
	for path, data := range good {
		refuse(path, signed(data, "u"), "签名错误") // the vendor's key is not the lot's
		refuse(path, signed(data, ""), "签名错误")
		refuse(path, strings.Replace(signed(data, testCkey), "1315", "1316", 1), "签名错误")
		refuse(path, strings.Replace(signed(data, testCkey), `"sign"`, `"sing"`, 1), "无效sign值")
		refuse(path, signed(strings.Replace(data, "1315", "1314", 1), "api"), "该车场不是4G车场")
	}
}

func TestGateOldKey(t *testing.T) {
	until := local(t, "2026-03-01 12:00:01")
	for _, c := range []struct {
		until time.Time
		taken bool
	}{{until, true}, {until.Add(-time.Second), false}} {
		b := &book{answer: lot.Answer{State: 1}}
		tell(t, directory{old: charge.OldKey{Key: "old", Until: c.until}}, b, "entry", signed(entryData, "old"))
		if (len(b.heard) == 1) != c.taken {
			t.Errorf("until %s: heard %v", c.until, b.heard)
		}
	}
}

func TestQuoteIsKeptWhole(t *testing.T) {
	for _, q := range []Quote{
		{Answer: lot.Answer{State: 1}, OrderID: "s", Total: 1000, Price: 505, DerateMoney: 495, DerateDuration: 60,
			Duration: 120, QueryTime: time.Unix(1772337600, 0).UTC()},
		{Answer: lot.Answer{ErrMsg: "no"}},
	} {
		text, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		var back Quote
		if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, q) {
			t.Errorf("%s: %+v %v, want %+v", text, back, err, q)
		}
	}
}

// FuzzGate: whatever comes, the answer is one of ours, and nothing unsigned is heard.
func FuzzGate(f *testing.F) {
	for _, data := range []string{entryData, quoteData, paidData, exitData} {
		f.Add(signed(data, testCkey), true)
		f.Add(data, false)
	}
	f.Fuzz(func(t *testing.T, body string, whole bool) {
		if !whole {
			body = signed(body, testCkey)
		}
		if len(body) > 60<<10 {
			return
		}
		for _, path := range []string{"entry", "quote", "paid", "exit"} {
			b := &book{answer: lot.Answer{State: 1}, quote: Quote{Answer: lot.Answer{State: 1}}}
			reply := tell(t, directory{}, b, path, body)
			if (len(b.heard) == 1) != strings.HasPrefix(reply, `{"state":1`) || !strings.HasPrefix(reply, `{"state":`) {
				t.Fatalf("%s: %s, heard %v", path, reply, b.heard)
			}
		}
	})
}

// A message that was signed for one path is taken by no other.
func TestGateMessagesBelongToTheirPath(t *testing.T) {
	const all = `{"union_id":"200461","park_id":"1315","order_id":"s-1","car_number":"京AD06088","in_time":1772330400,` +
		`"query_time":1772337600,"amount":"5.00","trade_no":"t-1","pay_time":1772337600,"out_time":1772337600,"total":"5.00"}`
	for _, path := range []string{"entry", "quote", "paid", "exit"} {
		b := &book{answer: lot.Answer{State: 1}}
		if reply := tell(t, directory{}, b, path, signed(all, testCkey)); len(b.heard) != 0 ||
			!strings.Contains(reply, "不属于此接口") {
			t.Errorf("%s: %s, heard %+v", path, reply, b.heard)
		}
	}
}

// The kind's row names the interfaces that are served.
func TestPathsOfTheKind(t *testing.T) {
	served := slices.Sorted(maps.Keys(New(Config{}).Routes()))
	if named := slices.Sorted(slices.Values(lot.KindOf(charge.Kind4G).Paths)); !slices.Equal(named, served) {
		t.Errorf("the kind names %v, served are %v", named, served)
	}
}
