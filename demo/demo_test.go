package demo

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// A row for each platform and kind of lot that go together: 17 SDK and one by 3.36, 17 API, 16 4G; and 16 of another
// parking system.
func TestPlansAreComplete(t *testing.T) {
	// Typed off the table, not taken from the code: kinds that a platform does not serve.
	without := map[string]charge.LotKind{"yunkuaichong": charge.Kind4G, "yonglian": charge.Kind4G}
	count := map[charge.Message]int{}
	seen := map[string]bool{}
	for _, p := range plans() {
		count[p.message]++
		seen[p.platform+string(p.kind)] = true
		if without[p.platform] == p.kind || p.platform == "echongwang" && p.kind != charge.Kind4G &&
			p.kind != charge.KindCoupon {
			t.Errorf("%s does not serve %s", p.platform, p.kind)
		}
	}
	if count[charge.Message325] != 17 || count[charge.Message336] != 1 || count[charge.Message514] != 17 ||
		count[charge.MessageLedger] != 16 || count[charge.MessageCoupon] != 16 {
		t.Errorf("rows %v", count)
	}
	for _, id := range play.Platforms() {
		if !seen[id+"4g"] && without[id] == "" {
			t.Errorf("%s is not played in a 4G lot", id)
		}
	}
}

func TestEstateOfTheTour(t *testing.T) {
	keys := inventKeys(allLots())
	if other := inventKeys(allLots()); other.ukey == keys.ukey {
		t.Error("keys are the same at every start")
	}
	text, err := keys.file(plans(), "http://127.0.0.1:1/bolink", "http://127.0.0.1:2",
		map[charge.LotID]string{couponLot: "http://127.0.0.1:3", eventLot: "http://127.0.0.1:4"}).yaml()
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Vendors  []map[string]any
		Lots     []map[string]any
		Accounts []struct {
			Platform  string
			Keys      map[string]string
			AllowFrom []string `yaml:"allow_from"`
			PathToken string   `yaml:"path_token"`
		}
		Bindings []struct{ Mode string }
	}
	if err := yaml.Unmarshal(text, &f); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(f.Vendors) != 4 || len(f.Lots) != 8 || len(f.Accounts) != 18 || len(f.Bindings) != 69 {
		t.Errorf("%d vendors, %d lots, %d accounts, %d bindings", len(f.Vendors), len(f.Lots), len(f.Accounts),
			len(f.Bindings))
	}
	for _, b := range f.Bindings {
		if b.Mode != "live" {
			t.Errorf("a binding is %q: assumed platforms would stay in shadow", b.Mode)
		}
	}
	for _, a := range f.Accounts {
		for _, name := range []string{"data_secret", "data_secret_iv"} {
			if key, has := a.Keys[name]; has && len(key) != 16 {
				t.Errorf("%s: %s has %d characters", a.Platform, name, len(key))
			}
		}
		unsigned := a.Platform == "xingxing" || a.Platform == "wanchong" ||
			a.Platform == "guowang-jinan" || a.Platform == "xiangqianchong"
		if locked := len(a.AllowFrom) > 0 || a.PathToken != ""; locked != unsigned {
			t.Errorf("%s: locked %v", a.Platform, locked)
		}
	}
}

// bookedLot is a lot of which only the book matters.
type bookedLot struct {
	play.Lot
	url string
}

func (b bookedLot) BookURL() string { return b.url }

// serveBook serves one row as a lot's own listener does.
func serveBook(t *testing.T, row play.Applied) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := json.NewEncoder(w).Encode([]play.Applied{row}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// The gateway's word alone does not count: the lot's own book must agree.
func TestRowsAreComparedWithTheBook(t *testing.T) {
	for _, tc := range []struct {
		name, said string
		book       play.Applied
		careless   bool
		agree      bool
	}{
		{"agree in minutes", `{"minutes":30,"amount":"0.00"}`, play.Applied{Minutes: 30, UsedMinutes: 30, UsedAmount: 5_00},
			false, true},
		{"agree in yuan", `{"minutes":0,"amount":"5.00"}`, play.Applied{Minutes: 30, UsedMinutes: 30, UsedAmount: 5_00},
			false, true},
		{"other minutes", `{"minutes":29,"amount":"0.00"}`, play.Applied{Minutes: 30, UsedMinutes: 30, UsedAmount: 5_00},
			false, false},
		{"other yuan", `{"minutes":30,"amount":"5.01"}`, play.Applied{Minutes: 30, UsedMinutes: 30, UsedAmount: 5_00}, false,
			false},
		{"nothing used", `null`, play.Applied{Minutes: 30}, false, false},
		{"other grant", `{"minutes":30,"amount":"0.00"}`, play.Applied{Minutes: 31, UsedMinutes: 30}, false, false},
		{"applied twice", `{"minutes":30,"amount":"0.00"}`, play.Applied{Minutes: 30, UsedMinutes: 30, UsedAmount: 5_00},
			true, false},
	} {
		row := tc.book
		row.ID, row.Plate, row.Method, row.Applied = "k", "京A12345", charge.MethodTime, 1
		if tc.careless {
			row.Applied = 2
		}
		var said client.Charge
		if err := json.Unmarshal([]byte(`{"reduction":{"method":"time","minutes":30,"amount":"0.00"},"usage":`+tc.said+`}`),
			&said); err != nil {
			t.Fatal(err)
		}
		if err := new(tour).compare(t.Context(), bookedLot{url: serveBook(t, row)}, "京A12345",
			&said); (err == nil) != tc.agree {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestBoard(t *testing.T) {
	var out bytes.Buffer
	p := plan{platform: "xiaoju", kind: charge.KindSDK, message: charge.Message325, lot: sdkLot}
	b := newBoard(&out)
	b.show(1, line{plan: p, plate: "京AD06088", state: "inside"})
	if out.Len() != 0 {
		t.Errorf("a row under way is printed where nothing can be redrawn: %q", out.String())
	}
	b.done(1, line{plan: p, plate: "京AD06088", granted: "30 min", state: "used", used: "30 min",
		took: 1500 * time.Microsecond})
	if got := out.String(); strings.Contains(got, "06088") || !strings.Contains(got, "京A***88    30 min") ||
		!strings.HasSuffix(got, "1.5 ms\n") {
		t.Errorf("%q", got)
	}

	out.Reset()
	b.live = true
	b.show(1, line{plan: p, plate: "京AD06088", state: "inside"})
	b.show(2, line{plan: p, plate: "京AD06089", state: "inside"})
	b.done(1, line{plan: p, plate: "京AD06088", state: "used"})
	if got := out.String(); !strings.Contains(got, "\x1b[2A\x1b[J") || b.drawn != 1 {
		t.Errorf("the live block is not redrawn: %q", got)
	}
}

func TestUndelivered(t *testing.T) {
	if n := Undelivered([]Row{{State: charge.StateUsed}, {State: charge.StateDelivered}, {}}); n != 2 {
		t.Errorf("%d", n)
	}
}
