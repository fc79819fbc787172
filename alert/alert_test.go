package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

var start = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)

// A person reads an alert on a telephone: durations in his language, what to do, and nothing to do once it is over.
func TestTextsArePeoples(t *testing.T) {
	facts := Facts{Lots: []Lot{{ID: "200461/1313", Name: "一号场", Beat: start.Add(-70 * time.Minute), Pending: 1}}}
	a := Evaluate(facts, DefaultLimits(), start)[0]
	for _, c := range []struct {
		lang string
		over bool
		want string
	}{
		{"zh", false, "车场一号场（200461/1313）已离线 1 小时 10 分钟，1 笔减免等待下发。请车场检查网络与程序；登录后立即补发。"},
		{"en", false, "Lot 一号场 (200461/1313) has been off line for 1 hour 10 minutes; 1 delivery waits for it. " +
			"Have the lot check its network and program; what waits is sent as soon as it logs in."},
		{"zh", true, "已恢复。此前：车场一号场（200461/1313）已离线 1 小时 10 分钟，1 笔减免等待下发。"},
		{"en", true, "It is over. It was: Lot 一号场 (200461/1313) has been off line for 1 hour 10 minutes; " +
			"1 delivery waits for it."},
	} {
		if _, text := said(Target{Lang: c.lang}, Notice{Alert: a, Over: c.over}); text != c.want {
			t.Errorf("%s, over %v: %s", c.lang, c.over, text)
		}
	}
	all := Facts{GaveUp: 9, Settled: 9, OldestDue: start.Add(-time.Hour), Signatures: map[string]int{"a": 50},
		DiskFree: 1, DiskTotal: 100, Machine: "m",
		Lots:   []Lot{{ID: "1/2", Name: "P", Beat: start.Add(-time.Hour), Pending: 3}},
		Clocks: []Clock{{ID: "1/2", Name: "P", Ahead: time.Hour, Note: charge.ClockNote(time.Hour)}},
		Webhooks: []Webhook{{Name: "erp", Waiting: 2, Oldest: start.Add(-time.Hour),
			Wrong: charge.Say("outbound.no_answer")}}}
	alerts := Evaluate(all, DefaultLimits(), start)
	if len(alerts) != len(Kinds) {
		t.Errorf("%d alerts of %d kinds", len(alerts), len(Kinds))
	}
	for _, a := range append(alerts, about(Test, "", "/alerts", charge.Say("alert.test"))) {
		for _, over := range []bool{false, true} {
			for _, lang := range []string{"zh", "en"} {
				title, text := said(Target{Lang: lang}, Notice{Alert: a, Over: over})
				oneLanguage(t, lang, title+" "+text)
			}
		}
	}
}

var otherLanguage = map[string]*regexp.Regexp{
	"zh": regexp.MustCompile(`[A-Za-z']{2,} [A-Za-z']{2,} [A-Za-z']{2,}`), "en": regexp.MustCompile(`\p{Han}+`)}

// oneLanguage wants no sentence of the other language, no code and no Go duration in what a person reads.
func oneLanguage(t *testing.T, lang, text string) {
	t.Helper()
	if other := otherLanguage[lang].FindString(text); other != "" || strings.Contains(text, "m0s") ||
		strings.Contains(text, "alert.") {
		t.Errorf("%s, %q: %s", lang, other, text)
	}
}

func TestEvaluate(t *testing.T) {
	l := DefaultLimits()
	off := Lot{ID: "200461/1313", Name: "一号场", Beat: start.Add(-10 * time.Minute), Pending: 4}
	for _, tc := range []struct {
		name  string
		facts Facts
		want  []string
	}{
		{"nothing", Facts{}, nil},
		{"off line", Facts{Lots: []Lot{off}}, []string{"lot_off_line 200461/1313"}},
		{"back on line", Facts{Lots: []Lot{{ID: off.ID, Beat: off.Beat, Online: true}}}, nil},
		{"not long enough", Facts{Lots: []Lot{{ID: off.ID, Beat: start.Add(-9 * time.Minute)}}}, nil},
		{"never was on line", Facts{Lots: []Lot{{ID: off.ID}}}, nil},
		{"gave up 5 %", Facts{GaveUp: 5, Settled: 100}, []string{"gave_up_rate "}},
		{"gave up 4 %", Facts{GaveUp: 4, Settled: 100}, nil},
		{"gave up few", Facts{GaveUp: 2, Settled: 2}, nil},
		{"pending", Facts{OldestDue: start.Add(-10 * time.Minute)}, []string{"oldest_pending "}},
		{"pending later", Facts{OldestDue: start.Add(time.Minute)}, nil},
		{"signatures", Facts{Signatures: map[string]int{"b": 20, "a": 99, "c": 19}},
			[]string{"bad_signatures a", "bad_signatures b"}},
		{"disk", Facts{DiskFree: 9, DiskTotal: 100}, []string{"disk_low "}},
		{"one machine's disk", Facts{DiskFree: 9, DiskTotal: 100, Machine: "m1"}, []string{"disk_low m1"}},
		{"disk enough", Facts{DiskFree: 10, DiskTotal: 100}, nil},
		{"all", Facts{Lots: []Lot{off}, GaveUp: 9, Settled: 9, OldestDue: start.Add(-time.Hour),
			Signatures: map[string]int{"a": 20}, DiskTotal: 100},
			[]string{"lot_off_line 200461/1313", "gave_up_rate ", "oldest_pending ", "bad_signatures a", "disk_low "}},
	} {
		var got []string
		for _, a := range Evaluate(tc.facts, l, start) {
			got = append(got, a.key())
			if a.Text.ZH == "" || a.Text.EN == "" || a.Path == "" {
				t.Errorf("%s: %s says nothing: %+v", tc.name, a.Kind, a)
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
		if n := len(Evaluate(tc.facts, Limits{}, start)); n != 0 {
			t.Errorf("%s: %d alerts with all limits off", tc.name, n)
		}
	}
}

// hook is a webhook that remembers what it received.
type hook struct {
	*httptest.Server
	paths  []string
	bodies []map[string]any
	answer string
	status int
}

func newHook(t *testing.T, answer string) *hook {
	h := &hook{answer: answer, status: http.StatusOK}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var body map[string]any
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Errorf("no JSON: %s", raw)
		}
		h.paths, h.bodies = append(h.paths, r.URL.RequestURI()), append(h.bodies, body)
		w.WriteHeader(h.status)
		fmt.Fprint(w, h.answer)
	}))
	t.Cleanup(h.Close)
	return h
}

// Signatures are computed outside, with Python's hmac, from the robots' documents.
func TestFormats(t *testing.T) {
	notice := Notice{Alert: Alert{Kind: LotOffLine, Object: "1/2", Text: words.Text{ZH: "车场离线", EN: "lot is off line"}},
		Link: "https://desk.example/lots/1/2", At: start}
	for _, tc := range []struct {
		target Target
		answer string
		path   string
		want   map[string]any
	}{
		{Target{Format: Generic, Lang: "en"}, "thanks", "/hook?key=k",
			map[string]any{"kind": "lot_off_line", "object": "1/2", "state": "firing",
				"title": "Chargestamp alert", "text": "lot is off line", "link": "https://desk.example/lots/1/2",
				"at": "2026-03-01T04:00:00Z"}},
		{Target{Format: WeCom}, `{"errcode":0,"errmsg":"ok"}`, "/hook?key=k", map[string]any{"msgtype": "markdown",
			"markdown": map[string]any{"content": "**充电减免网关告警**\n\n车场离线\n\n[查看](https://desk.example/lots/1/2)"}}},
		{Target{Format: DingTalk, Secret: "SECtest"}, `{"errcode":0,"errmsg":"ok"}`,
			"/hook?key=k&sign=bN3ktqSHKawd8cM3Wn6it9QsqlX%2BjZnKGXHfQlw7uOY%3D&timestamp=1772337600000",
			map[string]any{"msgtype": "markdown", "markdown": map[string]any{"title": "充电减免网关告警",
				"text": "**充电减免网关告警**\n\n车场离线\n\n[查看](https://desk.example/lots/1/2)"}}},
		{Target{Format: Feishu, Secret: "SECtest", Lang: "en"}, `{"code":0,"msg":"success"}`, "/hook?key=k",
			map[string]any{"msg_type": "text",
				"timestamp": "1772337600", "sign": "O0p5b3GQiXDUegqyGbT88/gYuR1n6tdyb5qQJplXW0E=",
				"content": map[string]any{"text": "Chargestamp alert\nlot is off line\nhttps://desk.example/lots/1/2"}}},
	} {
		h := newHook(t, tc.answer)
		tc.target.Name, tc.target.URL = "duty", h.URL+"/hook?key=k"
		if err := Send(context.Background(), h.Client(), tc.target, notice); err != nil {
			t.Errorf("%s: %v", tc.target.Format, err)
		}
		if diff := cmp.Diff([]map[string]any{tc.want}, h.bodies); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.target.Format, diff)
		}
		if h.paths[0] != tc.path {
			t.Errorf("%s: path %s, want %s", tc.target.Format, h.paths[0], tc.path)
		}
	}
}

func TestSendFailures(t *testing.T) {
	for _, tc := range []struct {
		format Format
		status int
		answer string
		says   string
	}{
		{Generic, 500, "", "HTTP 500"},
		{Generic, 302, "", "HTTP 302"},
		{WeCom, 200, `{"errcode":93000,"errmsg":"invalid webhook url"}`, "93000"},
		{DingTalk, 200, `{"errcode":310000,"errmsg":"sign not match"}`, "sign not match"},
		{Feishu, 200, `{"code":19021,"msg":"sign match fail"}`, "19021"},
		{Feishu, 200, `{"StatusCode":0,"StatusMessage":"success"}`, ""},
		{WeCom, 200, `<html>`, "not JSON"},
		{WeCom, 200, `{}`, "no result"},
	} {
		h := newHook(t, tc.answer)
		h.status = tc.status
		err := Send(context.Background(), h.Client(), Target{Name: "duty", Format: tc.format, URL: h.URL + "/k3y"},
			Notice{At: start})
		if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s %d %s: %v, want %q", tc.format, tc.status, tc.answer, err, tc.says)
		}
	}
	h := newHook(t, "")
	h.Close()
	err := Send(context.Background(), http.DefaultClient, Target{Name: "duty", Format: Generic, URL: h.URL + "/k3y"},
		Notice{At: start})
	if err == nil || strings.Contains(err.Error(), "k3y") {
		t.Errorf("an unreachable webhook gives %v; want an error without its address", err)
	}
	if text := fmt.Sprintf("%v %+v %#v", Target{URL: "https://x/k3y", Secret: "s3c"}, Target{URL: "https://x/k3y"},
		Target{URL: "https://x/k3y"}); strings.Contains(text, "k3y") {
		t.Errorf("a target prints its key: %s", text)
	}
}

func TestWatcherTellsOnceAndWhenOver(t *testing.T) {
	h := newHook(t, "")
	now, facts := start, Facts{}
	var factsErr error
	w := New(Config{
		Targets: []Target{{Name: "duty", Format: Generic, URL: h.URL, Lang: "en"},
			{Name: "disk", URL: h.URL, On: []Kind{DiskLow}}}, Limits: DefaultLimits(), Client: h.Client(),
		Console: "https://desk.example/", Repeat: time.Hour, Now: func() time.Time { return now },
		Facts: func(context.Context, time.Duration) (Facts, error) { return facts, factsErr },
	})
	heard := func(step string, want ...string) {
		t.Helper()
		var got []string
		for _, b := range h.bodies {
			got = append(got, fmt.Sprint(b["kind"], " ", b["state"], " ", b["link"]))
		}
		h.bodies = nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step, diff)
		}
	}
	look := func() error { return w.Look(context.Background()) }

	_ = look()
	heard("all is well")
	facts = Facts{GaveUp: 9, Settled: 9}
	_ = look()
	_ = look()
	heard("told once", "gave_up_rate firing https://desk.example/charges?state=gave_up")
	now = now.Add(time.Hour)
	_ = look()
	heard("told again while it lasts", "gave_up_rate firing https://desk.example/charges?state=gave_up")
	factsErr = errors.New("database is down")
	if look() == nil {
		t.Error("a look without figures is no error")
	}
	heard("no figures are no news")
	factsErr, facts, h.status = nil, Facts{}, http.StatusBadGateway
	if look() == nil {
		t.Error("a webhook that fails is no error")
	}
	h.status, h.bodies = http.StatusOK, nil
	_ = look()
	heard("what could not be sent is sent later", "gave_up_rate resolved https://desk.example/charges?state=gave_up")
	_ = look()
	heard("over is told once")
	if err := w.Test(context.Background(), "duty"); err != nil {
		t.Error(err)
	}
	heard("the button", "test firing https://desk.example/")
	if w.Test(context.Background(), "nobody") == nil {
		t.Error("a test of an unknown target is no error")
	}
}

// shared is a book that another node may have.
type shared struct {
	memory
	elsewhere bool
}

func (s *shared) Hold(context.Context) (bool, error) { return !s.elsewhere, nil }

// Nodes share what was reported; a machine's disk is the matter of that machine.
func TestWatchersShareBook(t *testing.T) {
	h, book, now := newHook(t, ""), &shared{memory: memory{delivered: map[string]Delivered{}}}, start
	full := func(machine string) Facts { return Facts{DiskTotal: 100, Machine: machine} }
	well := func(machine string) Facts { return Facts{DiskTotal: 100, DiskFree: 100, Machine: machine} }
	look := func(step string, facts Facts, want ...string) {
		t.Helper()
		w := New(Config{Targets: []Target{{Name: "duty", Format: Generic, URL: h.URL}}, Limits: DefaultLimits(),
			Client: h.Client(), Book: book, Repeat: time.Hour,
			Now:   func() time.Time { return now },
			Facts: func(context.Context, time.Duration) (Facts, error) { return facts, nil }})
		if err := w.Look(t.Context()); err != nil {
			t.Errorf("%s: %v", step, err)
		}
		var got []string
		for _, b := range h.bodies {
			got = append(got, fmt.Sprint(b["object"], " ", b["state"]))
		}
		h.bodies = nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step, diff)
		}
	}
	book.elsewhere = true
	look("another node is telling", full("m1"))
	book.elsewhere = false
	look("it was not told after all", full("m1"), "m1 firing")
	look("a new watcher of the same site", full("m1"))
	look("another machine is well", well("m2"))
	look("another machine is not", full("m2"), "m2 firing")
	look("the first is well again", well("m1"), "m1 resolved")
	now = now.Add(3 * time.Hour)
	look("the second has long been silent", well("m1"))
	if len(book.delivered) != 0 {
		t.Errorf("a machine that is gone is remembered: %v", book.delivered)
	}
}
