package callback

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

const (
	addOrder    = "/unionapi/neworder/addorder"
	updateOrder = "/unionapi/neworder/updateorder"
	uploadUsage = "/zld/openservice/uploaddurationinfo"
)

// events notes what it hears.
type events struct {
	lot.Events
	heard  []any
	answer lot.Answer
	err    error
}

func (e *events) hear(v any) (lot.Answer, error) {
	e.heard = append(e.heard, v)
	return e.answer, e.err
}

func (e *events) Entered(_ context.Context, v lot.Entry) (lot.Answer, error) { return e.hear(v) }
func (e *events) Left(_ context.Context, v lot.Exit) (lot.Answer, error)     { return e.hear(v) }
func (e *events) Used(_ context.Context, v lot.Usage) (lot.Answer, error)    { return e.hear(v) }

// s1 signs by the standard library alone.
func s1(data, key string) string { return fmt.Sprintf("%X", md5.Sum([]byte(data+"key="+key))) }

func signed(data, key string) string { return `{"data":` + data + `,"sign":"` + s1(data, key) + `"}` }

// tell sends a body to a path and returns the answer's status and body.
func tell(d lot.Directory, e *events, path, body string) (int, string) {
	api := New(Config{Directory: d, Events: e, Now: func() time.Time { return noon },
		Logger:   slog.New(slog.DiscardHandler),
		Reported: []Reported{{"1", "telaidian", "特来电"}, {"2", "aotexun", "奥特迅"}, {"13", "dakeyun", "达克云"}}})
	w := httptest.NewRecorder()
	api.Routes()[path](w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

const (
	entry31 = `{"union_id":200461,"park_id":"1314","car_number":"京AD06088","in_time":1772330400,"order_id":"325101",` +
		`"empty_plot":20,"in_channel_id":"东门入口A1"}`
	exit32 = `{"park_id":"1314","union_id":200461,"car_number":"京AD06088","order_id":"325101","in_time":1772330400,` +
		`"out_time":1772337600,"pay_type":"wallet","empty_plot":21,"total":"12.50"}`
	usage11 = `{"union_id": 200461,"park_id":"1314","platform_id":2,"car_number":"京AD06088",` +
		`"start_charge_seq":"2021110300012","calculation_method":1,"duration":2.12,"reduce_amount":"1","out_time":1772337600}`
)

var (
	in10  = time.Unix(1772330400, 0).UTC() // 10:00 in Shanghai
	out12 = time.Unix(1772337600, 0).UTC()
)

func heardEntry() lot.Entry {
	return lot.Entry{Lot: apiLot, OrderID: "325101", Plate: "京AD06088", Entered: in10, Channel: "东门入口A1"}
}

func heardExit(change func(*lot.Exit)) lot.Exit {
	e := lot.Exit{Lot: apiLot, OrderID: "325101", Plate: "京AD06088", Entered: in10, Left: out12, Total: 1250,
		HasTotal: true}
	change(&e)
	return e
}

func heardUsage(change func(*lot.Usage)) lot.Usage {
	u := lot.Usage{Lot: apiLot, Plate: "京AD06088", Order: "2021110300012", Method: 1, Minutes: 3, Told: "2.12",
		Left: out12, Platform: "aotexun"}
	change(&u)
	return u
}

// sub replaces a part of a message, which must be there.
func sub(data, old, by string) string {
	if !strings.Contains(data, old) {
		panic(old + " is not in " + data)
	}
	return strings.Replace(data, old, by, 1)
}

func TestTold(t *testing.T) {
	taken, order := lot.Answer{State: 1}, `{"state":1,"order_id":"325101","errmsg":"上传成功"}`
	const plain = `{"state":1}`
	reduced := func(r lot.Reduced) lot.Exit { return heardExit(func(e *lot.Exit) { e.Reduced = &r }) }
	cases := []struct {
		name, path, data string
		want             any
		reply            string
	}{
		{"3.1", addOrder, entry31, heardEntry(), order},
		{"3.1, numbers as text", addOrder, sub(sub(entry31, `200461`, `"200461"`), `1772330400`, `"1772330400"`),
			heardEntry(), order},
		{"3.1, park as a number", addOrder, sub(entry31, `"1314"`, `1314`), heardEntry(), order},
		{"3.1, plate in full width", addOrder, sub(entry31, "京AD06088", "京ａｄ－０６０８８"), heardEntry(), order},
		{"3.2 that names no reduction", updateOrder, exit32, heardExit(func(*lot.Exit) {}), order},
		{"3.2 with empty reductions", updateOrder, sub(exit32, `"total"`, `"reduce_amount":"","derate_duration":"","total"`),
			heardExit(func(*lot.Exit) {}), order},
		{"3.2 with null reductions", updateOrder,
			sub(exit32, `"total"`, `"reduce_amount":null,"derate_duration":null,"total"`), heardExit(func(*lot.Exit) {}), order},
		{"3.2 with an amount", updateOrder, sub(exit32, `"total"`, `"reduce_amount":"5.5","total"`),
			reduced(lot.Reduced{Amount: 550, Told: "5.5"}), order},
		{"3.2 with minutes", updateOrder, sub(exit32, `"total"`, `"derate_duration":30,"total"`),
			reduced(lot.Reduced{Minutes: 30, Told: "30"}), order},
		{"3.2 with minutes and no amount to speak of", updateOrder,
			sub(exit32, `"total"`, `"reduce_amount":"0","derate_duration":29.5,"total"`),
			reduced(lot.Reduced{Minutes: 30, Told: "29.5"}), order},
		{"3.2 with both", updateOrder, sub(exit32, `"total"`, `"reduce_amount":"5","derate_duration":30,"total"`),
			reduced(lot.Reduced{Amount: 500, Minutes: 30, Told: "5"}), order},
		{"3.2 with nothing taken off", updateOrder, sub(exit32, `"total"`, `"reduce_amount":"0","total"`),
			reduced(lot.Reduced{Told: "0"}), order},
		{"3.2 without entry and total", updateOrder, sub(sub(exit32, `,"in_time":1772330400`, ``), `,"total":"12.50"`, ``),
			heardExit(func(e *lot.Exit) { e.Entered, e.Total, e.HasTotal = time.Time{}, 0, false }), order},
		{"3.11 by time", uploadUsage, usage11, heardUsage(func(*lot.Usage) {}), plain},
		{"3.11 by amount", uploadUsage, sub(usage11, `"calculation_method":1`, `"calculation_method":2`),
			heardUsage(func(u *lot.Usage) { u.Method, u.Minutes, u.Amount, u.Told = 2, 0, 100, "1" }), plain},
		{"3.11, the lot decided", uploadUsage, sub(usage11, `"calculation_method":1`, `"calculation_method":3`),
			heardUsage(func(u *lot.Usage) { u.Method, u.Amount = 3, 100 }), plain},
		{"3.11, the lot decided on an amount", uploadUsage,
			sub(usage11, `"calculation_method":1,"duration":2.12`, `"calculation_method":"3"`),
			heardUsage(func(u *lot.Usage) { u.Method, u.Minutes, u.Amount, u.Told = 3, 0, 100, "1" }), plain},
		{"3.11, the lot decided and says no more", uploadUsage,
			sub(usage11, `"calculation_method":1,"duration":2.12,"reduce_amount":"1"`, `"calculation_method":3`),
			heardUsage(func(u *lot.Usage) { u.Method, u.Minutes, u.Told = 3, 0, "" }), plain},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			body := signed(c.data, testUkey)
			compact := s1(strings.ReplaceAll(withoutNulls(c.data), `": `, `":`), testUkey)
			for how, body := range map[string]string{
				"plain": body, "Base64": base64.StdEncoding.EncodeToString([]byte(body)),
				"Base64 without padding":   base64.RawStdEncoding.EncodeToString([]byte(body)),
				"Base64 in lines":          wrap(base64.StdEncoding.EncodeToString([]byte(body))),
				"with union_id twice":      sub(body, `"sign"`, `"union_id":"200461","sign"`),
				"with blanks around":       "\r\n " + body + "\n",
				"sign first":               `{"sign":"` + s1(c.data, testUkey) + `","data":` + c.data + `}`,
				"blanks that are signed":   signed(strings.ReplaceAll(c.data, `,"`, `, "`), testUkey),
				"blanks after the sign":    `{"data":` + strings.ReplaceAll(c.data, `":`, "\" :\t") + `,"sign":"` + compact + `"}`,
				"escapes after the sign":   `{"data":` + strings.ReplaceAll(c.data, "京", `\u4eac`) + `,"sign":"` + compact + `"}`,
				"a null that is not there": `{"data":` + sub(c.data, `{`, `{"remark":null,`) + `,"sign":"` + compact + `"}`,
			} {
				e := &events{answer: taken}
				status, reply := tell(testDirectory(""), e, c.path, body)
				if diff := cmp.Diff([]any{c.want}, e.heard); status != 200 || reply != c.reply || diff != "" {
					t.Errorf("%s: %d %s (-want +got):\n%s", how, status, reply, diff)
				}
			}
		})
	}
}

// withoutNulls leaves null members out, as Bolink's servers do before they sign.
func withoutNulls(data string) string {
	for _, name := range []string{"reduce_amount", "derate_duration"} {
		data = strings.Replace(data, `"`+name+`":null,`, "", 1)
	}
	return data
}

func wrap(text string) string {
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	return b.String() + text + "\n"
}

// TestAnswersToLots is what comes back from within.
func TestAnswersToLots(t *testing.T) {
	cases := []struct {
		path, data string
		answer     lot.Answer
		err        error
		reply      string
	}{
		{addOrder, entry31, lot.Answer{State: 1, ErrMsg: "订单已存在"}, nil, `{"state":1,"order_id":"325101","errmsg":"订单已存在"}`},
		{updateOrder, exit32, lot.Answer{State: 0, ErrMsg: "a < b"}, nil, `{"state":0,"order_id":"325101","errmsg":"a < b"}`},
		{uploadUsage, usage11, lot.Answer{State: 0, ErrMsg: "超过减免时长"}, nil, `{"state":0,"errmsg":"超过减免时长"}`},
		{addOrder, entry31, lot.Answer{}, errors.New("disk full"), `{"state":0,"errmsg":"系统繁忙, 请稍后重试"}`},
	}
	for _, c := range cases {
		status, reply := tell(testDirectory(""), &events{answer: c.answer, err: c.err}, c.path, signed(c.data, testUkey))
		if status != 200 || reply != c.reply {
			t.Errorf("got %d %s, want %s", status, reply, c.reply)
		}
	}
}

// TestRefused is what never gets further than the door.
func TestRefused(t *testing.T) {
	const sign, all = "签名错误", ""
	good := map[string]string{addOrder: entry31, updateOrder: exit32, uploadUsage: usage11}
	fields := []struct{ path, old, by, want string }{
		{addOrder, `"order_id":"325101",`, ``, "order_id 缺失"},
		{addOrder, `"325101"`, `""`, "order_id 缺失"},
		{addOrder, `"325101"`, `["325101"]`, "order_id 缺失"},
		{addOrder, `"325101"`, `"` + strings.Repeat("x", 65) + `"`, "order_id 无效: 最多64字节, 不含控制字符"},
		{addOrder, `"325101"`, `"a\u0000b"`, "order_id 无效: 最多64字节, 不含控制字符"},
		{addOrder, `"京AD06088"`, `""`, "car_number 无效: 应为车牌号"},
		{addOrder, `"京AD06088"`, `"京<b>"`, "car_number 无效: 应为车牌号"},
		{addOrder, `京AD06088`, strings.Repeat("粤ZJ068澳|", 50), "car_number 无效: 应为车牌号"},
		{addOrder, `京AD06088`, strings.Repeat("京", 3400), "car_number 无效: 应为车牌号"}, // 10 kB
		{addOrder, `1772330400`, fmt.Sprint(noon.AddDate(0, 0, 400).Unix()), "in_time 无效: 超前24小时以上, 请校准时钟"},
		{addOrder, `"in_time":1772330400,`, ``, "in_time 缺失"},
		{addOrder, `1772330400`, `"10:00"`, "in_time 无效: 应为10位秒级时间戳"},
		{addOrder, `1772330400`, `-1`, "in_time 无效: 早于2010年, 请校准时钟"},
		{addOrder, `1772330400`, `0`, "in_time 无效: 早于2010年, 请校准时钟"},
		{addOrder, `1772330400`, `1772330400000`, "in_time 无效: 应为10位秒级时间戳"},        // milliseconds
		{addOrder, `1772330400`, `1772424001`, "in_time 无效: 超前24小时以上, 请校准时钟"},      // a day and a second ahead
		{addOrder, `1772330400`, `99999999999999999999`, "in_time 无效: 应为10位秒级时间戳"}, // no int64
		{addOrder, `1772330400`, `1772330400.5`, "in_time 无效: 应为10位秒级时间戳"},
		{updateOrder, `"out_time":1772337600,`, ``, "out_time 缺失"},
		{updateOrder, `"in_time":1772330400`, `"in_time":1772337601`, "in_time 晚于 out_time"},
		{updateOrder, `"12.50"`, `"12.505"`, "total 无效: 应为不超过两位小数的非负金额(元)"},
		{updateOrder, `"12.50"`, `"-0.01"`, "total 无效: 应为不超过两位小数的非负金额(元)"},
		{updateOrder, `"12.50"`, `-0.00`, "total 无效: 应为不超过两位小数的非负金额(元)"},
		{updateOrder, `"12.50"`, `"100000.01"`, "total 无效: 应为不超过两位小数的非负金额(元)"},
		{updateOrder, `"12.50"`, `"1x3"`, "total 无效: 应为不超过两位小数的非负金额(元)"},
		{updateOrder, `"12.50"`, `"twelve"`, "total 无效: 应为不超过两位小数的非负金额(元)"},
		{updateOrder, `"total"`, `"reduce_amount":"1.234","total"`, "reduce_amount 无效: 应为不超过两位小数的非负金额(元)"},
		{updateOrder, `"total"`, `"reduce_amount":"-1","total"`, "reduce_amount 无效: 应为不超过两位小数的非负金额(元)"},
		{updateOrder, `"total"`, `"derate_duration":-5,"total"`, "derate_duration 无效: 应为非负分钟数"},
		{updateOrder, `"total"`, `"derate_duration":527041,"total"`, "derate_duration 无效: 应为非负分钟数"},
		{uploadUsage, `"start_charge_seq":"2021110300012",`, ``, "start_charge_seq 缺失"},
		{uploadUsage, `"duration":2.12,`, ``, "duration 缺失"},
		{uploadUsage, `2.12`, `-2`, "duration 无效: 应为非负分钟数"},
		{uploadUsage, `"calculation_method":1,"duration":2.12,"reduce_amount":"1"`, `"calculation_method":2`,
			"reduce_amount 缺失"},
		{uploadUsage, `"1"`, `"1.005"`, "reduce_amount 无效: 应为不超过两位小数的非负金额(元)"},
		{uploadUsage, `,"out_time":1772337600`, ``, "out_time 缺失"},
	}
	for _, c := range fields {
		refused(t, c.path, signed(sub(good[c.path], c.old, c.by), testUkey), c.want)
	}
	keyed := []struct{ name, body, want string }{
		{"another key", signed(entry31, "another"), sign},
		{"no key", signed(entry31, ""), sign},
		{"a changed byte", sub(signed(entry31, testUkey), "06088", "06089"), sign},
		{"lower-case hex", sub(signed(entry31, testUkey), s1(entry31, testUkey), strings.ToLower(s1(entry31, testUkey))),
			sign},
		{"members in another order", `{"data":{"park_id":"1314","union_id":200461},"sign":"` +
			s1(`{"union_id":200461,"park_id":"1314"}`, testUkey) + `"}`, sign},
		{"an unknown vendor", signed(sub(entry31, "200461", "200462"), testUkey), sign},
		{"no vendor", signed(sub(entry31, `"union_id":200461,`, ``), testUkey), sign},
		{"another vendor beside data",
			sub(signed(sub(entry31, `"union_id":200461,`, ``), testUkey), `"sign"`, `"union_id":"1","sign"`), sign},
		{"an unknown lot", signed(sub(entry31, "1314", "9999"), testUkey), "车场编号错误"},
		{"a line's lot", signed(sub(entry31, "1314", "1313"), testUkey), "该车场不是自有云(API)车场"},
		{"a 4G lot", signed(sub(entry31, "1314", "1315"), testUkey), "该车场不是自有云(API)车场"},
		{"no sign", `{"data":` + entry31 + `}`, "无效sign值"},
		{"an empty sign", `{"data":` + entry31 + `,"sign":""}`, "无效sign值"},
		{"a sign that is no text", `{"data":` + entry31 + `,"sign":1}`, "无效sign值"},
		{"no data", `{"sign":"x"}`, "缺少data"},
		{"data that is no object", `{"data":[1],"sign":"x"}`, all},
		{"data as text", `{"data":"{}","sign":"x"}`, all},
		{"two datas", `{"data":{},"data":{},"sign":"x"}`, all},
		{"half a message", signed(entry31, testUkey)[:100], all},
		{"something behind", signed(entry31, testUkey) + "x", all},
		{"nothing", "", all},
		{"neither JSON nor Base64", "<html>", "报文既不是JSON也不是Base64"},
		{"Base64 of nonsense", "AAAA", all},
	}
	for _, c := range keyed {
		for path := range good {
			t.Run(c.name, func(t *testing.T) { refused(t, path, c.body, c.want) })
		}
	}
}

// refused checks that a body is answered with state 0 and a text, and that nothing within hears of it.
func refused(t *testing.T, path, body, want string) {
	t.Helper()
	e := &events{answer: lot.Answer{State: 1}}
	status, reply := tell(testDirectory(""), e, path, body)
	if status != 200 || len(e.heard) != 0 || !strings.HasPrefix(reply, `{"state":0,"errmsg":"`+want) ||
		want != "" && reply != `{"state":0,"errmsg":"`+want+`"}` {
		t.Errorf("%s: got %d %s, heard %v, want %s", path, status, reply, e.heard, want)
	}
}

func TestOldKey(t *testing.T) {
	d := testDirectory("")
	d.vendor.OldUkey = charge.OldKey{Key: "old", Until: noon.Add(time.Second)}
	for _, key := range []string{testUkey, "old"} {
		e := &events{answer: lot.Answer{State: 1}}
		if tell(d, e, addOrder, signed(entry31, key)); len(e.heard) != 1 {
			t.Errorf("key %q was not taken", key)
		}
	}
	d.vendor.OldUkey.Until = noon
	e := &events{}
	if _, reply := tell(d, e, addOrder, signed(entry31, "old")); len(e.heard) != 0 ||
		reply != `{"state":0,"errmsg":"签名错误"}` {
		t.Errorf("the old key after its end: %s", reply)
	}
	d.vendor.Ukey = "" // an empty key signs nothing
	if tell(d, e, addOrder, signed(entry31, "")); len(e.heard) != 0 {
		t.Error("an empty key was taken")
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	api := New(Config{Directory: testDirectory(""), Events: &events{}, Now: time.Now,
		Logger:   slog.New(slog.DiscardHandler),
		Reported: []Reported{{"1", "telaidian", "特来电"}, {"2", "aotexun", "奥特迅"}, {"13", "dakeyun", "达克云"}}})
	cases := []struct {
		method, body string
		status       int
		reply        string
	}{
		{http.MethodGet, "", 405, `{"state":0,"errmsg":"只接受POST"}`},
		{http.MethodPut, signed(entry31, testUkey), 405, `{"state":0,"errmsg":"只接受POST"}`},
		{http.MethodPost, strings.Repeat(" ", 64<<10+1), 413, `{"state":0,"errmsg":"报文超过64KiB"}`},
	}
	for _, c := range cases {
		for path, handler := range api.Routes() {
			w := httptest.NewRecorder()
			handler(w, httptest.NewRequest(c.method, path, strings.NewReader(c.body)))
			if w.Code != c.status || w.Body.String() != c.reply ||
				w.Header().Get("Content-Type") != "application/json;charset=utf-8" {
				t.Errorf("%s %s: %d %s", c.method, path, w.Code, w.Body)
			}
		}
	}
	w := httptest.NewRecorder()
	api.Routes()[addOrder](w,
		httptest.NewRequest(http.MethodPost, addOrder, io.MultiReader(strings.NewReader("{"), failing{})))
	if w.Code != 400 || w.Body.String() != `{"state":0,"errmsg":"报文不完整"}` {
		t.Errorf("a broken body: %d %s", w.Code, w.Body)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A refusal never shows a key or a whole plate, in the answer or in the log.
func TestRefusalsKeepSecrets(t *testing.T) {
	var log strings.Builder
	api := New(Config{Directory: testDirectory(""), Events: &events{err: errors.New("no")},
		Now: func() time.Time { return noon }, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for _, data := range []string{entry31, sub(entry31, "1772330400", "7"), sub(entry31, "1314", "1313"),
		sub(entry31, "京AD06088", "京AD06088!!")} {
		for _, key := range []string{testUkey, "x"} {
			w := httptest.NewRecorder()
			api.Routes()[addOrder](w, httptest.NewRequest(http.MethodPost, addOrder, strings.NewReader(signed(data, key))))
			for _, secret := range []string{testUkey, "AD06088", s1(data, testUkey)} {
				if strings.Contains(w.Body.String()+log.String(), secret) {
					t.Errorf("%q shows in %s or %s", secret, w.Body, log.String())
				}
			}
		}
	}
	if !strings.Contains(log.String(), "lot=200461/1314") {
		t.Errorf("the log does not name the lot: %s", log.String())
	}
}

// FuzzInbound: whatever comes, the answer is one of ours, and nothing unsigned is heard.
func FuzzInbound(f *testing.F) {
	for _, data := range []string{entry31, exit32, usage11} {
		f.Add(signed(data, testUkey), true)
		f.Add(base64.StdEncoding.EncodeToString([]byte(signed(data, testUkey))), true)
		f.Add(data, false)
	}
	f.Fuzz(func(t *testing.T, body string, whole bool) {
		if !whole { // data of the fuzzer's, with a right sign
			body = signed(body, testUkey)
		}
		for _, path := range []string{addOrder, updateOrder, uploadUsage} {
			e := &events{answer: lot.Answer{State: 1}}
			status, reply := tell(testDirectory(""), e, path, body)
			if (status != 200 && status != 413) || (len(e.heard) == 1) != strings.HasPrefix(reply, `{"state":1`) ||
				!strings.HasPrefix(reply, `{"state":`) {
				t.Fatalf("%d %s, heard %v", status, reply, e.heard)
			}
			for _, v := range e.heard {
				sane(t, v)
			}
		}
	})
}

// sane checks that what got through makes sense.
func sane(t *testing.T, v any) {
	t.Helper()
	ok := true
	switch v := v.(type) {
	case lot.Entry:
		ok = v.OrderID != "" && v.Plate != "" && v.Entered.Year() >= 2009 && v.Entered.Before(noon.AddDate(0, 0, 2))
	case lot.Exit:
		ok = v.OrderID != "" && v.Plate != "" && !v.Left.IsZero() && !v.Entered.After(v.Left) && v.Total >= 0 &&
			(v.Reduced == nil || v.Reduced.Amount >= 0 && v.Reduced.Minutes >= 0 && v.Reduced.Told != "")
	case lot.Usage:
		ok = v.Order != "" && v.Plate != "" && v.Platform != "" && v.Method >= 1 && v.Method <= 3 && v.Minutes >= 0 &&
			v.Amount >= 0
	}
	if !ok {
		t.Fatalf("heard %+v", v)
	}
}

// The kind's row names the interfaces that are served.
func TestPathsOfTheKind(t *testing.T) {
	served := slices.Sorted(maps.Keys(New(Config{}).Routes()))
	if named := slices.Sorted(slices.Values(lot.KindOf(charge.KindAPI).Paths)); !slices.Equal(named, served) {
		t.Errorf("the kind names %v, served are %v", named, served)
	}
}
