package app

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/demo"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// onBoth are the tests that run on either engine.
var onBoth = []struct {
	name string
	test func(*testing.T, Config)
}{
	{"WholeWay", testWholeWay},
	{"Identical", testIdentical},
	{"Replay", testReplay},
	{"KeyRotation", testKeyRotation},
	{"Report", testReport},
	{"GracefulStop", testGracefulStop},
	{"VendorsSDK", testVendorsSDK},
	{"SDKLogins", testSDKLogins},
	{"CertifyWithARealLotWaiting", testCertifyWithARealLotWaiting},
	{"ReturningNumber", testReturningNumber},
	{"LotFaults", testLotFaults},
	{"Webhooks", testWebhooks},
	{"Pages", testPages},
	{"Tracing", testTracing},
}

func TestOnSQLite(t *testing.T) {
	for _, tc := range onBoth {
		t.Run(tc.name, func(t *testing.T) { tc.test(t, local(t)) })
	}
}

func TestOnPostgres(t *testing.T) {
	pg := storetest.StartPostgres(t)
	for _, tc := range onBoth {
		t.Run(tc.name, func(t *testing.T) {
			cfg := local(t)
			cfg.Database.URL = storetest.Postgres(pg)(t).URL
			tc.test(t, cfg)
		})
	}
}

// testWholeWay plays every platform in every kind of lot against the true server.
func testWholeWay(t *testing.T, cfg Config) {
	s := serve(t, cfg)
	s.secrets = append(s.secrets, siteKey(t, cfg))
	at := s.Addresses()
	rows, err := demo.Run(t.Context(), demo.Config{
		HTTP: at.HTTP, Admin: at.Admin, Line: at.Line, AdminToken: adminToken, Once: true,
		Apply: func(estate []byte) error {
			s.apply(estate)
			return nil
		},
	})
	if err != nil {
		t.Error(err)
	}
	for _, r := range rows {
		if r.State != charge.StateUsed {
			t.Errorf("%s in a lot of kind %s: %s %s", r.Platform, r.Kind, r.State, r.Note)
		}
	}
	coupons := 0
	for _, r := range rows {
		if r.Kind == charge.KindCoupon {
			coupons++
		}
	}
	if len(rows) != 51+16 || coupons != 16 {
		t.Errorf("%d rows, %d of another parking system; want 67 and 16, one for each platform and kind of lot", len(rows),
			coupons)
	}
}

// testIdentical sends one push a hundred times at once.
func testIdentical(t *testing.T, cfg Config) {
	s := serve(t, cfg)
	w := newTown()
	sdk := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	for _, platform := range []string{"telaidian", "xiaoju", "linghu"} {
		w.account(platform, nil)
	}
	s.apply(w.estate())
	sink, err := play.OpenLineSink(t.Context(),
		play.LineSinkConfig{Addr: s.Addresses().Line, Lines: []play.LineKey{{Lot: sdk, Ckey: w.ckey}}})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	for i, platform := range []string{"telaidian", "xiaoju", "linghu"} {
		p := w.player(platform, s.Addresses().HTTP)
		p.Client = play.LoadClient(100)
		push := pushFor(sdk, charge.Plate(fmt.Sprintf("京B0000%d", i)), "")
		r, err := p.Prepare(t.Context(), push, play.Options{})
		if err != nil {
			t.Fatal(err)
		}
		answers := make([]string, 100)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				e, err := p.Do(t.Context(), r)
				if err != nil {
					answers[i] = err.Error()
					return
				}
				if !e.Delivered() {
					answers[i] = "refused: "
				}
				answers[i] += string(e.Body)
			})
		}
		all.Wait()
		for _, a := range answers {
			if a != answers[0] || strings.HasPrefix(a, "refused") {
				t.Fatalf("%s: two answers to one push:\n%s\n%s", platform, answers[0], a)
			}
		}
		s.office().settled(t, push.Order, charge.StateDelivered)
		var given []play.Applied
		for _, row := range sink.Book().Rows() {
			if row.Charge == push.Order {
				given = append(given, row)
			}
		}
		if len(given) != 1 || given[0].Heard != 1 {
			t.Errorf("%s: the lot was told %+v, want one reduction once", platform, given)
		}
	}
}

// testReplay puts a wrong key right, and then the missing binding, and replays what was refused for them. What a dry
// run says is what the replay comes to.
func testReplay(t *testing.T, cfg Config) {
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, nil)
	w.account("xiaoju", nil)
	right, bindings := w.keys["xiaoju"]["sign_key"], w.bindings
	w.accounts[0]["keys"], w.bindings = object{"sign_key": secret(16)}, nil
	s.apply(w.estate())
	push := pushFor(id, "京C00001", "")
	e, err := w.player("xiaoju", s.Addresses().HTTP).Send(t.Context(), push, play.Options{})
	if err != nil || e.Delivered() {
		t.Fatalf("a push that the account's key did not seal: %v %+v", err, e)
	}
	refused := s.office().pushes(t)
	if len(refused) != 1 || refused[0].Outcome != string(charge.OutcomeBadSignature) {
		t.Fatalf("pushes %+v, want one bad_signature", refused)
	}
	replay := func(query, outcome, state string, charges int) {
		t.Helper()
		var said struct {
			Outcome, Before, Effect string
			After                   *struct{ State string }
			Done                    bool
		}
		s.office().must(t, http.MethodPost, "/api/v1/pushes/"+refused[0].ID+"/replay"+query,
			[]byte(`{"reason":"key put right"}`), &said)
		becomes := ""
		if said.After != nil {
			becomes = said.After.State
		}
		if got := s.office().charges(t, ""); said.Outcome != outcome || becomes != state || len(got) != charges ||
			said.Effect == "" ||
			said.Done != (state != "" && query == "") {
			t.Errorf("replay%s: %+v becomes %q and %d charges, want %s, %q and %d", query, said, becomes, len(got), outcome,
				state, charges)
		}
	}
	replay("?dry_run=true", "bad_signature", "", 0)
	replay("", "bad_signature", "", 0)
	w.accounts[0]["keys"] = object{"sign_key": right}
	s.apply(w.estate())
	replay("?dry_run=true", "not_bound", "", 0)
	w.bindings = bindings
	s.apply(w.estate())
	replay("?dry_run=true", "accepted", "sending", 0)
	replay("", "accepted", "sending", 1)
	if got := s.office().charges(t, "order="+push.Order); len(got) != 1 || got[0].State != charge.StateSending {
		t.Errorf("the replayed push made %+v", got)
	}
	replay("?dry_run=true", "duplicate", "", 1)
	replay("", "duplicate", "", 1)

	var effect struct{ Effect string }
	lot := "/api/v1/lots/" + id.String()
	s.office().must(t, http.MethodPost, lot+"/resume?dry_run=true", []byte(`{"reason":"x"}`), &effect)
	if !strings.Contains(effect.Effect, "not paused") {
		t.Errorf("resuming a lot that is not paused: %s", effect.Effect)
	}
	s.office().must(t, http.MethodPost, lot+"/pause", []byte(`{"reason":"works"}`), &effect)
	s.office().must(t, http.MethodPost, lot+"/resume?dry_run=true", []byte(`{"reason":"x"}`), &effect)
	if !strings.Contains(effect.Effect, "1 reduction that waits for the lot is sent now") {
		t.Errorf("resuming it: %s", effect.Effect)
	}
}

// testKeyRotation lets the former key count until its time is over.
func testKeyRotation(t *testing.T, cfg Config) {
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	former := w.player("xiaoju", s.Addresses().HTTP)
	s.apply(w.estate())
	push := func(p *play.Player, want bool, when string) {
		t.Helper()
		e, err := p.Send(t.Context(), pushFor(id, "京C00002", ""), play.Options{})
		if err != nil || e.Delivered() != want {
			t.Errorf("%s: delivered %v, want %v: %v", when, e.Delivered(), want, err)
		}
	}
	push(former, true, "the key before the rotation")
	rotate := func(until time.Time) *play.Player {
		key := secret(16)
		w.accounts[0]["old_keys"] = object{"sign_key": former.Keys["sign_key"], "until": until.Format(time.RFC3339Nano)}
		w.accounts[0]["keys"] = object{"sign_key": key}
		s.apply(w.estate())
		return &play.Player{BaseURL: former.BaseURL, Platform: "xiaoju", Keys: play.Keys{"sign_key": key}}
	}
	next := rotate(time.Now().Add(time.Hour))
	push(former, true, "the former key while it counts")
	push(next, true, "the new key")
	next = rotate(time.Now().Add(-time.Second))
	push(former, false, "the former key after its time")
	push(next, true, "the new key after it")
}

// testReport reports a usage to a played 特来电, whose token ends in between.
func testReport(t *testing.T, cfg Config) {
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindAPI, object{"callback": "http://127.0.0.1:1/", "allow_to": []string{"127.0.0.1/32"}})
	platform := &play.Receiver{}
	if err := platform.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	w.account("telaidian", object{"report": object{"url": platform.URL(), "allow_to": []string{"127.0.0.1/32"}}})
	platform.Keys = w.keys["telaidian"]
	lot := play.NewAPILot(play.APILotConfig{Lot: id, Ukey: w.ukey, Server: "http://" + s.Addresses().HTTP, Usage: true})
	if err := lot.Start(); err != nil {
		t.Fatal(err)
	}
	defer lot.Stop()
	w.lots[0]["callback"] = lot.Callback()
	s.apply(w.estate())
	p := w.player("telaidian", s.Addresses().HTTP)
	use := func(plate charge.Plate) string {
		t.Helper()
		if _, err := lot.Enter(t.Context(), plate, time.Now().Add(-3*time.Hour)); err != nil {
			t.Fatal(err)
		}
		push := pushFor(id, plate, "")
		accepted(t, p, push)
		s.office().settled(t, push.Order, charge.StateDelivered)
		if _, err := lot.Exit(t.Context(), plate, time.Now()); err != nil {
			t.Fatal(err)
		}
		return push.Order
	}
	reported := func(order string, to *play.Receiver) {
		t.Helper()
		eventually(t, 5*time.Second, func() string {
			var c struct{ Report struct{ State string } }
			s.office().must(t, http.MethodGet, "/api/v1/charges/"+s.office().charges(t, "order="+order)[0].ID, nil, &c)
			if c.Report.State != string(charge.ReportDone) {
				return fmt.Sprintf("the report of %s is %q; refused: %v", order, c.Report.State, to.Refused())
			}
			return ""
		})
		heard := to.Reports()
		if last := heard[len(heard)-1]; last.Order != order || last.Heard != 1 || last.Method != 1 || last.Minutes != "30" {
			t.Errorf("the platform heard %+v last, want 30 minutes for %s, once", last, order)
		}
	}
	reported(use("京D00001"), platform)
	reported(use("京D00002"), platform)
	if refused := platform.Refused(); len(refused) > 0 {
		t.Errorf("the platform refused %q", refused)
	}

	// The same platform that knows its former tokens no more.
	platform.Stop()
	forgetful := &play.Receiver{Keys: platform.Keys}
	if err := forgetful.Start(strings.TrimPrefix(strings.TrimSuffix(platform.URL(), "/evcs/v20191230"),
		"http://")); err != nil {
		t.Fatal(err)
	}
	defer forgetful.Stop()
	reported(use("京D00003"), forgetful)
	if refused := forgetful.Refused(); len(refused) != 1 {
		t.Errorf("the platform refused %q, want the one token it does not know", refused)
	}
}

// testGracefulStop stops a server with a callback in flight, a line up, a poll held and a console open: what is in
// flight ends well, /readyz says what is going on, and it takes far less than 15 s.
func testGracefulStop(t *testing.T, cfg Config) {
	is := newIssuer(t, object{"nick": "li", "groups": "bosses"})
	is.console(&cfg, freeAddress(t))
	s := serve(t, cfg)
	w := newTown()
	sdk := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	polls := w.lot("1002", charge.KindSDK, object{"stays": "none"})
	slow := newSlowLot()
	defer slow.Close()
	api := w.lot("2001", charge.KindAPI, object{"callback": slow.URL, "allow_to": []string{"127.0.0.1/32"}})
	w.account("xiaoju", nil)
	s.apply(w.estate())
	sink, err := play.OpenLineSink(t.Context(),
		play.LineSinkConfig{Addr: s.Addresses().Line, Lines: []play.LineKey{{Lot: sdk, Ckey: w.ckey}}})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	poll := holdPoll(t, s.Addresses().HTTP, polls, w.ckey)
	p := w.player("xiaoju", s.Addresses().HTTP)
	push := pushFor(api, "京E00001", "")
	accepted(t, p, push)
	<-slow.heard
	news, err := browser(t, s.Addresses().Admin).Get("http://" + s.Addresses().Admin + "/today/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer news.Body.Close()

	stopped := make(chan time.Duration, 1)
	go func() {
		start := time.Now()
		s.Stop(15 * time.Second)
		stopped <- time.Since(start)
	}()
	eventually(t, 5*time.Second, func() string {
		status, _, err := s.office().call(t.Context(), http.MethodGet, "/readyz", nil)
		if err != nil || status != http.StatusServiceUnavailable {
			return fmt.Sprintf("/readyz while stopping: %d %v", status, err)
		}
		return ""
	})
	if status := <-poll; status != http.StatusOK {
		t.Errorf("the held poll ended with %d, want an empty 200", status)
	}
	if _, err := p.Send(t.Context(), push, play.Options{}); err == nil {
		t.Error("a push was taken while stopping")
	}
	close(slow.answer)
	if took := <-stopped; took > 10*time.Second {
		t.Errorf("the stop took %v", took)
	}
	if sink.Up() != 0 {
		t.Error("the line is still up")
	}
	s.Stop(time.Second) // harmless twice

	again := serve(t, s.cfg)
	if c := again.office().settled(t, push.Order, charge.StateDelivered); c.Reason != charge.ReasonOK {
		t.Errorf("what was in flight at the stop is %s, %s", c.State, c.Reason)
	}
	if slow.count() != 1 {
		t.Errorf("the lot was told %d times", slow.count())
	}
}

// testPages walks a list of the API forward and back, with a charge that comes in between.
func testPages(t *testing.T, cfg Config) {
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("telaidian", nil)
	s.apply(w.estate())
	p := w.player("telaidian", s.Addresses().HTTP)
	for i := range 5 {
		accepted(t, p, pushFor(id, charge.Plate(fmt.Sprintf("京P0000%d", i)), fmt.Sprintf("P%d", i)))
	}
	for _, list := range []string{"charges", "pushes?outcome=accepted"} {
		read := func(cursor string) (ids []string, prev, next string) {
			path := "/api/v1/" + list + "?limit=2&cursor=" + cursor
			if strings.Contains(list, "?") {
				path = "/api/v1/" + list + "&limit=2&cursor=" + cursor
			}
			var page struct {
				Items      []struct{ ID string }
				Prev, Next string
			}
			s.office().must(t, http.MethodGet, path, nil, &page)
			for _, item := range page.Items {
				ids = append(ids, item.ID)
			}
			return ids, page.Prev, page.Next
		}
		first, none, next := read("")
		second, _, next := read(next)
		third, prev, end := read(next)
		accepted(t, p, pushFor(id, "京P11111", ""))
		again, prev, next := read(prev)
		begin, prev, _ := read(prev)
		newer, last, next2 := read(prev)
		if none != "" || end != "" || last != "" || len(third) == 0 || !slices.Equal(again, second) ||
			!slices.Equal(begin, first) || len(newer) != 1 {
			t.Errorf("%s: there %q %q %q, back %q %q %q", list, first, second, third, again, begin, newer)
		}
		if after, _, _ := read(next2); !slices.Equal(after, first) {
			t.Errorf("%s: after the newest comes %q, want %q", list, after, first)
		}
		if after, _, _ := read(next); !slices.Equal(after, third) {
			t.Errorf("%s: forward again is %q, want %q", list, after, third)
		}
	}
}
