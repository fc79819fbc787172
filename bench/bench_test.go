package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

func TestBars(t *testing.T) {
	for _, c := range []struct {
		name string
		f    figure
		hold bool
		bar  string
	}{
		{"ratio well", figure{value: 71, baseline: 100, bar: RatioAtLeast(0.7)}, true, ">= 0.7 x"},
		{"ratio just below", figure{value: 69.999, baseline: 100, bar: RatioAtLeast(0.7)}, false, ">= 0.7 x"},
		{"no baseline", figure{value: 71, bar: RatioAtLeast(0.7)}, false, ">= 0.7 x"},
		{"most", figure{value: 15, unit: "ms", bar: AtMost(15)}, true, "<= 15 ms"},
		{"more", figure{value: 15.001, unit: "ms", bar: AtMost(15)}, false, "<= 15 ms"},
		{"least", figure{value: 2, unit: "rounds", bar: AtLeast(3)}, false, ">= 3 rounds"},
		{"nothing measured", figure{value: math.NaN(), unit: "ms", bar: AtMost(15)}, false, "<= 15 ms"},
	} {
		r := c.f.row()
		if r.Hold == nil || *r.Hold != c.hold || r.Bar != c.bar {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

func TestRowJSON(t *testing.T) {
	var b bytes.Buffer
	rows := []Row{figure{name: "n", engine: SQLite, value: 6000.4, unit: "/s", baseline: 8000,
		bar: RatioAtLeast(0.7)}.row(), {Name: "told"}}
	if err := WriteJSON(&b, rows); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"name": "n", "engine": "sqlite", "value": 6000.0, "unit": "/s", "baseline": 8000.0, "ratio": 0.7501,
			"bar": ">= 0.7 x", "hold": true},
		{"name": "told", "engine": "", "value": 0.0, "unit": "", "baseline": nil, "ratio": nil, "bar": "", "hold": nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 2}} {
		if got := median(c.of); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.of, got, c.want)
		}
	}
	if r := (figure{value: median(nil), unit: "ms", bar: AtMost(15)}).row(); *r.Hold {
		t.Errorf("no run at all holds: %+v", r)
	}
}

// A push that was accepted and never reached its lot must not be left out of the latencies.
func TestStopwatchMisses(t *testing.T) {
	lot := charge.LotID{Union: "1", Park: "2"}
	w := newStopwatch()
	w.heard(play.Shot{Accepted: true, Push: play.Push{Order: "a", Lot: lot}, Latency: time.Second})
	w.heard(play.Shot{Accepted: true, Push: play.Push{Order: "b", Lot: lot}})
	w.heard(play.Shot{Push: play.Push{Order: "refused", Lot: lot}})
	books := Books{lot: {{Charge: "a", At: time.Now()}}}
	if _, err := w.toLots(books, nil); err == nil {
		t.Error("b is in no book and nobody noticed")
	}
	h, err := w.toLots(Books{lot: append(books[lot], play.Applied{Charge: "b", At: time.Now()})}, nil)
	if err != nil || h.Count() != 2 || h.Max() < time.Second {
		t.Errorf("%v, %v", h.String(), err)
	}
	if h, err := w.toLots(books, func(charge.LotID) bool { return false }); err != nil || h.Count() != 0 {
		t.Errorf("lots that do not count were counted: %v, %v", h.String(), err)
	}
}

// Both the baseline and the server answer, deliver and are measured.
func TestSaturate(t *testing.T) {
	rig, cfg := newRig(t), SaturateConfig{Workers: 4, Warm: 100 * time.Millisecond, For: 300 * time.Millisecond, Lots: 2}
	base, err := rig.saturateForwarder(t.Context(), cfg)
	if err != nil || base.PerSecond <= 0 {
		t.Fatalf("forwarder: %+v, %v", base, err)
	}
	for _, kind := range []charge.LotKind{charge.KindAPI, charge.KindSDK} {
		s, err := rig.saturateServer(t.Context(), onSQLite(t), kind, cfg)
		if err != nil || s.PerSecond <= 0 || s.CPU <= 0 {
			t.Errorf("%s: %+v, %v", kind, s, err)
		}
	}
}

func TestSick(t *testing.T) {
	rig, loop := newRig(t), OpenLoop{Rate: 100, Warm: 100 * time.Millisecond, For: 500 * time.Millisecond}
	for _, how := range []Sickness{Dead, Hanging} {
		h, err := rig.sick(t.Context(), onSQLite(t), how, loop)
		if err != nil || h.Count() < 40 {
			t.Errorf("%s: %s, %v", how, h.String(), err)
		}
	}
}

func TestStrangers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := newRig(t).Far(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if _, err := far.Idle(l.Addr().String(), 20); err != nil {
		t.Fatal(err)
	}
	if a, err := far.Status(); err != nil || a.Open != 20 {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := far.order(farOrder{Do: "dance"}); err == nil {
		t.Error("an unknown order was carried out")
	}
}

func TestLinesNeedFiles(t *testing.T) {
	limit, known := openFiles()
	if !known {
		return // this system has no such limit
	}
	_, err := newRig(t).Lines(t.Context(), onSQLite(t), LinesConfig{Many: int(limit) + 1})
	if err == nil || !strings.Contains(err.Error(), "too low") {
		t.Errorf("%d lines with %d open files: %v", limit+1, limit, err)
	}
}

// A run that proves nothing holds no bar: memory that was never looked at has not stayed the same.
func TestGrowthOfNothingHoldsNoBar(t *testing.T) {
	one := []Metrics{{"go_goroutines": 10}}
	of := func(m Metrics) float64 { return m["go_goroutines"] }
	for name, early := range map[string][]Metrics{"no early figures": nil, "figures that are missing": {{}}} {
		if r := (figure{value: growth(early, one, of), bar: AtMost(1.2)}).row(); *r.Hold {
			t.Errorf("%s: holds", name)
		}
	}
	if r := (figure{value: growth(one, nil, of), bar: AtMost(1.2)}).row(); *r.Hold {
		t.Error("no late figures: holds")
	}
	if r := (figure{value: growth(one, one, of), bar: AtMost(1.2)}).row(); !*r.Hold {
		t.Error("no growth: does not hold")
	}
}

// A charge that is in no book and only said to be on its way has no excuse.
func TestSendingIsNoExcuseByItself(t *testing.T) {
	for _, c := range []struct {
		s       client.Charge
		applied bool
		want    bool
	}{
		{client.Charge{State: charge.StateSending, Reason: charge.ReasonOK}, false, false},
		{client.Charge{State: charge.StateSending, Reason: charge.ReasonLineOff}, false, true},
		{client.Charge{State: charge.StateSending, Reason: charge.ReasonOK}, true, true},
		{client.Charge{State: charge.StateDelivered, Reason: charge.ReasonOK}, false, false},
		{client.Charge{State: charge.StateRefused, Reason: charge.ReasonLotRefused}, false, true},
		{client.Charge{State: charge.StateRefused, Reason: charge.ReasonLotRefused}, true, false},
	} {
		if got := excused(c.s, c.applied); got != c.want {
			t.Errorf("%+v, applied %v: excused %v", c.s, c.applied, got)
		}
	}
}

// What was heard and never acknowledged has no time from push to acknowledgement.
func TestPushToAcknowledgementNeedsOne(t *testing.T) {
	lot, w := charge.LotID{Union: "1", Park: "1"}, newStopwatch()
	begin := time.Now()
	w.meant["a"] = meant{begin, lot}
	row := play.Applied{Charge: "a", At: begin.Add(time.Millisecond)}
	if _, err := w.until(wasAcked, Books{lot: {row}}, nil); err == nil {
		t.Error("a row that was not acknowledged counts")
	}
	row.Acked = begin.Add(5 * time.Millisecond)
	h, err := w.until(wasAcked, Books{lot: {row}}, nil)
	if err != nil || h.Count() != 1 || h.Max() != 5*time.Millisecond {
		t.Errorf("%s, %v", h.String(), err)
	}
}

func TestLinesNeedPorts(t *testing.T) {
	ports, known := localPorts()
	limit, limited := openFiles()
	if most := ports*len(farFrom()) + 1; !known || limited && uint64(most+spareFiles) > limit {
		return // here open files end first
	}
	_, err := newRig(t).Lines(t.Context(), onSQLite(t), LinesConfig{Many: ports*len(farFrom()) + 1})
	if err == nil || !strings.Contains(err.Error(), "too low") {
		t.Errorf("more lines than ports: %v", err)
	}
}

func TestDecode(t *testing.T) {
	all, err := Decode(t.Context(), 20)
	if err != nil {
		t.Fatal(err)
	}
	var families []string
	for _, d := range all {
		families = append(families, d.Family)
		if d.Each <= 0 || d.Allocs <= 0 {
			t.Errorf("%+v", d)
		}
	}
	if diff := cmp.Diff([]string{"cec", "flat", "plain", "open13"}, families); diff != "" {
		t.Error(diff)
	}
}

// Without rounds of kill -9 there is no row about them; a part prints its own rows alone.
func TestTableParts(t *testing.T) {
	rig := newRig(t)
	cfg := TableConfig{Times: 1, Engines: []*Engine{onSQLite(t)}, Only: []Part{PartKill}}
	if rows, err := rig.Table(t.Context(), cfg); err != nil || len(rows) != 0 {
		t.Errorf("no round: %+v, %v", rows, err)
	}
	cfg.Only = []Part{PartKill, PartDecode}
	rows, err := rig.Table(t.Context(), cfg)
	if err != nil || len(rows) != 2*len(decodePlatforms) {
		t.Errorf("%+v, %v", rows, err)
	}
	for _, r := range rows {
		if !strings.HasPrefix(r.Name, "decode") {
			t.Errorf("%s is no row of decode", r.Name)
		}
	}
}

// A line through the proxy carries every byte, and is cut sooner or later.
func TestProxy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go io.Copy(c, c)
		}
	}()
	p, err := openProxy(l.Addr().String(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	c, err := net.Dial("tcp", p.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sent := bytes.Repeat([]byte("0123456789"), 5000)
	go c.Write(sent)
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("the proxy changed what it carried: %v", err)
	}
	p.mu.Lock()
	var line *proxied
	for open := range p.open {
		line = open
	}
	p.mu.Unlock()
	p.harm(line)
	p.relent() // cuts what has gone silent
	if n, err := c.Read(got); err == nil {
		t.Errorf("%d bytes came after the fault", n)
	}
}

// A quantile is the smallest value that a share of all do not pass: of a hundred looks, p99 is not the slowest.
func TestQuantile(t *testing.T) {
	var looks []float64
	for n := range 100 {
		looks = append(looks, float64(100-n))
	}
	for q, want := range map[float64]float64{0: 1, .5: 50, .99: 99, .991: 100, 1: 100} {
		if got := quantile(looks, q); got != want {
			t.Errorf("quantile %v of 1 to 100 is %v, want %v", q, got, want)
		}
	}
}
