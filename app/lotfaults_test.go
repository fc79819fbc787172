package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/alert"
	"github.com/chargestamp/chargestamp/charge"
)

// What is wrong with a lot stands where support looks: its clock, in the API, on its page and as an alert; and the
// last login on its line that was refused, in the log too. A car that a fast clock lets in has both its times.
func testLotFaults(t *testing.T, cfg Config) {
	t.Parallel()
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, nil)
	s.apply(w.estate())
	line := dialLine(t, s.Addresses().Line)
	line.login(id, w.ckey)
	in := time.Now().Add(30 * time.Minute).Truncate(time.Second)
	for n := range 3 {
		data := fmt.Sprintf(`{"car_number":"京AD3000%d","in_time":%d,"order_id":"%d"}`, n, in.Unix(), n)
		if a := line.ask("in_park", data, w.ckey); a["state"] != 1.0 {
			t.Fatalf("entry: %v", a)
		}
	}
	dialLine(t, s.Addresses().Line).ask("login",
		fmt.Sprintf(`{"union_id":%q,"park_id":%q,"local_id":"booth 7"}`, id.Union, id.Park), "another-key")
	dialLine(t, s.Addresses().Line).ask("login",
		fmt.Sprintf(`{"union_id":%q,"park_id":"404","local_id":"booth 8"}`, id.Union), w.ckey)

	var lot struct {
		ClockAhead int64 `json:"clock_ahead_s"`
		Clock      struct{ ZH, EN string }
		Lines      []struct {
			LocalID string `json:"local_id"`
			Link    string
		}
		LastRefused struct {
			Reason, Remote string
			LocalID        string `json:"local_id"`
		} `json:"last_refused_login"`
	}
	s.office().must(t, "GET", "/api/v1/lots/"+id.String(), nil, &lot)
	if lot.ClockAhead < 1790 || lot.ClockAhead > 1800 || !strings.Contains(lot.Clock.EN, "ahead") ||
		!strings.Contains(lot.Clock.ZH, "快") {
		t.Errorf("the clock: %d, %+v", lot.ClockAhead, lot.Clock)
	}
	if r := lot.LastRefused; r.Reason != "bad_sign" || r.LocalID != "booth 7" ||
		!strings.HasPrefix(r.Remote, "127.0.0.1:") {
		t.Errorf("the last refused login: %+v", r)
	}
	if len(lot.Lines) != 1 || lot.Lines[0].LocalID != "raw" || lot.Lines[0].Link != string(charge.LinkCloud) {
		t.Errorf("the lines: %+v", lot.Lines)
	}
	for _, want := range []string{`"local_id":"booth 7"`, `"local_id":"booth 8"`, `"lot":"` + union + `/404"`} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("the log does not say %s", want)
		}
	}
	var stays struct {
		Items []struct {
			Entered time.Time `json:"entered_at"`
			Told    time.Time `json:"told_entered_at"`
		}
	}
	s.office().must(t, "GET", "/api/v1/stays?lot="+id.String(), nil, &stays)
	for _, stay := range stays.Items {
		if !stay.Told.Equal(in) || time.Since(stay.Entered).Abs() > time.Minute {
			t.Errorf("the stay has %s, and %s by the lot's clock", stay.Entered, stay.Told)
		}
	}
	facts, err := s.facts(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	told := slices.DeleteFunc(alert.Evaluate(facts, alert.DefaultLimits(), time.Now()),
		func(a alert.Alert) bool { return a.Kind == alert.DiskLow }) // the disk of the tests is not the lot's
	if len(told) != 1 || told[0].Kind != alert.LotClock || told[0].Object != id.String() {
		t.Errorf("alerts: %+v", told)
	}
}

// A reload takes up how many logins of a lot are taken in a second.
func TestReloadLimitsLogins(t *testing.T) {
	cfg := local(t)
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, nil)
	s.apply(w.estate())
	next := cfg
	next.Limits.LoginPerS = 1
	if taken, later, err := s.Reload(t.Context(), next); err != nil || len(later) != 0 ||
		fmt.Sprint(taken) != "[limits.login_per_s]" {
		t.Fatalf("Reload: %v, %v, %v", taken, later, err)
	}
	in := 0
	for range 15 {
		if login(t, s.Addresses().HTTP, id, w.ckey) != "" {
			in++
		}
	}
	if in == 0 || in > 8 {
		t.Errorf("%d of 15 logins at once were taken at one a second", in)
	}
}
