package app

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// wrong is one way in which a push is refused.
type wrong struct {
	name    string
	spoil   func(*play.Push, *play.Options)
	only    func(platform string) bool // nil: every platform
	outcome []charge.Outcome           // any of them
	status  int                        // 0 is 200
}

// wrongs lists what bad input a platform can send.
func wrongs() []wrong {
	of := func(b play.Break) func(string) bool {
		return func(platform string) bool {
			can, err := play.Breakable(platform)
			return err == nil && slices.Contains(can, b)
		}
	}
	broken := func(b play.Break) func(*play.Push, *play.Options) {
		return func(_ *play.Push, o *play.Options) { o.Break = b }
	}
	named := func(platform string) bool { // the pushes of the others name no lot
		return !slices.Contains([]string{"aotexun", "weilai", "xiangqianchong"}, platform)
	}
	return []wrong{
		{"wrong signature", broken(play.BreakSig), of(play.BreakSig), []charge.Outcome{charge.OutcomeBadSignature}, 0},
		{"another key", broken(play.BreakKey), of(play.BreakKey),
			[]charge.Outcome{charge.OutcomeBadSignature, charge.OutcomeBadField,
				charge.OutcomeUnknownAccount}, 0}, // the only key of 星星 and 万充 is who they say they are
		{"unknown token", broken(play.BreakToken), of(play.BreakToken),
			[]charge.Outcome{charge.OutcomeBadToken, charge.OutcomeWrongLock}, 0},
		{"old time stamp", broken(play.BreakClock), of(play.BreakClock), []charge.Outcome{charge.OutcomeStale}, 0},
		{"half a body", broken(play.BreakBody), of(play.BreakBody),
			[]charge.Outcome{charge.OutcomeBadBody, charge.OutcomeBadSignature}, 0},
		{"unknown lot", func(p *play.Push, _ *play.Options) { p.Lot.Park, p.Charger = "7777", "nobody's" }, nil,
			[]charge.Outcome{charge.OutcomeUnknownLot}, 0},
		{"lot that is not bound", func(p *play.Push, _ *play.Options) { p.Lot.Park = "9999" }, named,
			[]charge.Outcome{charge.OutcomeNotBound}, 0},
		{"absurd plate", func(p *play.Push, _ *play.Options) { p.Plate = "X" }, nil, []charge.Outcome{charge.OutcomeBadField},
			0},
		{"end before start", func(p *play.Push, _ *play.Options) { p.End = p.Start.Add(-time.Hour) },
			func(platform string) bool {
				return slices.Contains([]string{"zhichong"}, platform)
			},
			[]charge.Outcome{charge.OutcomeBadField}, 0},
		{"oversize body", func(_ *play.Push, o *play.Options) {
			o.Fields = []play.Field{{Name: "StationName", Value: strings.Repeat("x", 80_000)}}
		}, nil, []charge.Outcome{charge.OutcomeTooLarge}, http.StatusRequestEntityTooLarge},
	}
}

// TestRefusals sends every platform's every kind of bad push: each gets its platform's own refusal, and nothing is
// kept of it but the refused push.
func TestRefusals(t *testing.T) {
	s := serve(t, local(t))
	w := newTown()
	sdk := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	gate := w.lot("3001", charge.Kind4G, nil)
	for _, platform := range play.Platforms() {
		fields := object{"clock": "enforce"}
		if slices.Contains([]string{"xingxing", "wanchong", "guowang-jinan", "xiangqianchong"}, platform) {
			fields["path_token"] = secret(16)
		}
		w.account(platform, fields)
	}
	w.lot("9999", charge.KindSDK, nil)
	s.apply(w.estate())
	at := s.Addresses().HTTP
	refused := map[string]int{}
	for _, platform := range play.Platforms() {
		p, tried := w.player(platform, at), 0
		for i, wrong := range wrongs() {
			if wrong.only != nil && !wrong.only(platform) {
				continue
			}
			push := pushFor(sdk, charge.Plate(fmt.Sprintf("京F%05d", i)), "")
			if platform == "echongwang" {
				push.Lot = gate
			}
			var o play.Options
			wrong.spoil(&push, &o)
			e, err := p.Send(t.Context(), push, o)
			if errors.Is(err, play.ErrNotBreakable) {
				continue
			}
			if err != nil {
				t.Fatalf("%s, %s: %v", platform, wrong.name, err)
			}
			tried++
			want := wrong.status
			if want == 0 {
				want = http.StatusOK
			}
			if e.Delivered() || e.Status != want || e.Bad != nil && want == http.StatusOK {
				t.Errorf("%s, %s: status %d, %v: %s", platform, wrong.name, e.Status, e.Bad, e.Body)
			}
			last := s.office().pushes(t)[0]
			if last.Platform != platform || !slices.Contains(wrong.outcome, charge.Outcome(last.Outcome)) {
				t.Errorf("%s, %s: recorded as %s %s (%s), want %v", platform, wrong.name, last.Platform, last.Outcome, last.Reason,
					wrong.outcome)
			}
			refused[last.Outcome]++
		}
		least := 6
		if platform == "xiangqianchong" { // its pushes have neither key nor lot
			least = 5
		}
		if tried < least {
			t.Errorf("%s: %d kinds of bad push, want %d at least", platform, tried, least)
		}
	}
	nothingKept(t, s)
	for _, o := range []charge.Outcome{charge.OutcomeBadSignature, charge.OutcomeBadToken, charge.OutcomeStale,
		charge.OutcomeBadBody, charge.OutcomeBadField,
		charge.OutcomeUnknownLot, charge.OutcomeNotBound, charge.OutcomeTooLarge, charge.OutcomeWrongLock} {
		if refused[string(o)] == 0 {
			t.Errorf("nothing was refused as %s", o)
		}
	}
	for _, said := range []string{"push refused", string(charge.OutcomeWrongLock)} {
		if !strings.Contains(s.log.String(), said) {
			t.Errorf("the log does not say %q: what it may not tell is not proved", said)
		}
	}
}

// nothingKept wants no charge, no stay and no statement.
func nothingKept(t *testing.T, s *site) {
	t.Helper()
	if got := s.office().charges(t, ""); len(got) > 0 {
		t.Errorf("refused pushes made charges: %+v", got)
	}
	today := time.Now().In(charge.Shanghai)
	for _, path := range []string{"/api/v1/stays?lot=" + union + "/1001", "/api/v1/statements?from=" +
		today.AddDate(0, 0, -1).Format(time.DateOnly) +
		"&to=" + today.AddDate(0, 0, 2).Format(time.DateOnly)} {
		var page struct{ Items, Rows []any }
		s.office().must(t, http.MethodGet, path, nil, &page)
		if len(page.Items)+len(page.Rows) > 0 {
			t.Errorf("refused pushes made %s: %+v", path, page)
		}
	}
}

// TestWrongDoors asks for what is not served: other methods, other paths, the bare path of an account with a path
// token, the staff's paths on the public listener.
func TestWrongDoors(t *testing.T) {
	s := serve(t, local(t))
	w := newTown()
	id := w.lot("1001", charge.KindSDK, nil)
	w.account("wanchong", object{"path_token": secret(16)})
	s.apply(w.estate())
	for _, tc := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/zld/xiaoju/reduce", http.StatusMethodNotAllowed},
		{http.MethodPut, "/zld//hlht/v1/query_token", http.StatusMethodNotAllowed},
		{http.MethodPost, "/zld/hlht/v1/query_token", http.StatusOK},
		{http.MethodPost, "/zld//hlht/v1/query_token", http.StatusOK},
		{http.MethodPost, "/zld/xiaoju/reduce/", http.StatusNotFound},
		{http.MethodPost, "//zld/xiaoju/reduce", http.StatusNotFound},
		{http.MethodPost, "/zld/xiaoju/reduce/deeper/still", http.StatusNotFound},
		{http.MethodPost, "/nothing", http.StatusNotFound},
		{http.MethodGet, "/", http.StatusNotFound},
		{http.MethodGet, "/healthz", http.StatusNotFound},
		{http.MethodGet, "/metrics", http.StatusNotFound},
		{http.MethodGet, "/api/v1/charges", http.StatusNotFound},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tc.method, "http://"+s.Addresses().HTTP+tc.path,
			bytes.NewReader([]byte("{}")))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tc.want {
			t.Errorf("%s %s: %d, want %d", tc.method, tc.path, resp.StatusCode, tc.want)
		}
	}
	p := w.player("wanchong", s.Addresses().HTTP)
	accepted(t, p, pushFor(id, "京F00001", ""))
	p.PathToken = ""
	if e, err := p.Send(t.Context(), pushFor(id, "京F00002", ""), play.Options{}); err != nil || e.Delivered() {
		t.Errorf("the bare path of an account with a path token: %v %+v", err, e)
	}
	var text []byte
	for _, path := range []string{"/api/v1/pushes?limit=200", "/api/v1/estate", "/metrics", "/api/v1/charges"} {
		_, body, err := s.office().call(t.Context(), http.MethodGet, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, body...)
	}
	if token := fmt.Sprint(w.accounts[0]["path_token"]); bytes.Contains(text, []byte(token)) {
		t.Error("the admin listener tells a path token")
	}
}
