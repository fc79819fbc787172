package app

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// certifications are runs in a lot for which a real reduction waits: every kind of lot, and both directions where the
// far end is a lot of ours to play.
var certifications = []struct {
	target string
	kind   charge.LotKind
	theirs bool // the partner's software is examined
}{
	{"sdk", charge.KindSDK, false},
	{"xiaoju", charge.KindAPI, false},
	{"xiaoju", charge.Kind4G, false},
	{"sdk", charge.KindSDK, true},
	{"api", charge.KindAPI, true},
}

// A run receives only what it made. The real reduction is delivered to the real lot afterwards, once, and nothing of
// the run stands on a list or in a statement.
func testCertifyWithARealLotWaiting(t *testing.T, cfg Config) {
	t.Parallel()
	s := serve(t, cfg)
	w := newTown()
	var runs []*certified
	for _, c := range certifications {
		x := &certified{site: s, town: w, theirs: c.theirs, kind: c.kind, addr: freeAddress(t)}
		fields := map[charge.LotKind]object{charge.KindSDK: {"stays": "none"}, charge.KindAPI: {"stays": "none",
			"callback": "http://" + x.addr + "/bolink", "allow_to": []string{"127.0.0.1/32"}}}[c.kind]
		x.name = strings.TrimSpace(c.target + " " + string(c.kind) + map[bool]string{true: " theirs"}[c.theirs])
		x.lot = w.lot(strings.ReplaceAll(x.name, " ", "-"), c.kind, fields)
		x.cfg = play.CertifyConfig{Theirs: c.theirs, Lot: x.lot, Kind: c.kind, Ckey: w.ckey, Ukey: w.ukey,
			Patience: 40 * time.Second,
			Platform: "xiaoju", Listen: x.addr, Against: "http://" + x.addr + "/bolink"}
		x.target = c.target
		runs = append(runs, x)
	}
	w.account("xiaoju", nil)
	for _, x := range runs {
		if x.kind == charge.Kind4G {
			w.bindings = append(w.bindings,
				object{"account": "xiaoju", "lot": x.lot.String(), "mode": "live", "rule": ruleOf("xiaoju")})
		}
	}
	s.apply(w.estate())
	for _, x := range runs {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			x.test(t)
		})
	}
}

// certified is a lot with a real reduction that waits, and the run that it is certified by.
type certified struct {
	site         *site
	town         *town
	name, target string
	lot          charge.LotID
	kind         charge.LotKind
	theirs       bool
	addr         string // where the lot hears 5.14, and where a run listens
	cfg          play.CertifyConfig
}

const (
	realCar = charge.Plate("京AD06088")
	testCar = charge.Plate("京AD06099") // that a partner lets in for the run
)

func (x *certified) test(t *testing.T) {
	at := x.site.Addresses()
	x.pause(t, "pause") // the lot is not there, so nothing is to be tried
	p := pushFor(x.lot, realCar, "")
	accepted(t, x.town.player("xiaoju", at.HTTP), p)
	waiting := []charge.State{charge.StateHeld, charge.StateSending, charge.StateUnknown} // unknown: the run said 503
	x.site.office().settled(t, p.Order, waiting...)
	x.pause(t, "resume")
	x.run(t)
	x.site.office().settled(t, p.Order, waiting...)
	for _, c := range x.site.office().charges(t, "lot="+x.lot.String()) {
		if c.Order != p.Order {
			t.Errorf("the run left %s on the list, %s", c.Order, c.State)
		}
	}
	lot, start, book := x.realLot()
	if err := start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lot.Stop() })
	if _, err := lot.Enter(t.Context(), realCar, time.Now().Add(-play.StayLength)); err != nil {
		t.Fatal(err)
	}
	x.pause(t, "pause")
	x.pause(t, "resume") // what waits is due at once
	x.site.office().settled(t, p.Order, charge.StateDelivered)
	rows := book.Rows()
	if x.kind == charge.Kind4G && len(rows) != 0 || x.kind != charge.Kind4G &&
		(len(rows) != 1 || rows[0].Heard != 1 || rows[0].Plate != realCar.Full()) {
		t.Errorf("the real lot was sent %+v", rows)
	}
	var statement struct{ Items []struct{ Charges int64 } }
	x.site.office().must(t, "GET", "/api/v1/statements?lot="+x.lot.String(), nil, &statement)
	n := int64(0)
	for _, row := range statement.Items {
		n += row.Charges
	}
	if n != 1 {
		t.Errorf("the statement counts %d charges, want the real one", n)
	}
}

// run runs the checklist, all of which passes.
func (x *certified) run(t *testing.T) {
	at := x.site.Addresses()
	c := x.cfg
	if x.theirs {
		c.Plate = testCar
		x.partner(t, &c)
	} else {
		c.HTTP, c.Line, c.Admin, c.AdminToken, c.Keys = at.HTTP, at.Line, at.Admin, adminToken, x.town.keys["xiaoju"]
	}
	sheet, err := play.Certify(t.Context(), x.target, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range sheet.Checks {
		if c.Verdict == play.Failed {
			t.Errorf("%s: %s", c.Name, c.Detail)
		}
	}
	if !sheet.OK() {
		t.Error("the sheet is not passed")
	}
}

// partner plays the examined software, a car of the test and a real one in its lot. It stands on the run's line, or
// behind its own callback address, and never on the gateway.
func (x *certified) partner(t *testing.T, c *play.CertifyConfig) {
	since := time.Now().Add(-play.StayLength)
	if x.kind == charge.KindAPI {
		l := play.NewAPILot(play.APILotConfig{Lot: x.lot, Ukey: x.town.ukey, Server: "http://" + x.site.Addresses().HTTP})
		l.Admit(testCar, since)
		if err := l.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Stop() })
		c.Against = l.Callback()
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	l := play.NewSDKLot(play.SDKLotConfig{Lot: x.lot, Ckey: x.town.ckey, LocalID: "gate", Addr: x.addr})
	var people sync.WaitGroup
	people.Go(func() {
		if l.Start(ctx) != nil {
			return
		}
		_, _ = l.Enter(ctx, realCar, since) // which is the gateway's to know
		_, _ = l.Enter(ctx, testCar, since) // a run that misses it says so itself
	})
	c.Progress = func(done play.Check) {
		if done.Name == "3.1 shows it once" {
			people.Go(func() { _, _ = l.Exit(ctx, testCar, time.Now()) })
		}
	}
	t.Cleanup(func() {
		cancel()
		people.Wait()
		_ = l.Stop()
	})
}

// realLot is the lot that the reduction is for.
func (x *certified) realLot() (lot play.Lot, start func(context.Context) error, book *play.Book) {
	at := x.site.Addresses()
	switch x.kind {
	case charge.KindSDK:
		l := play.NewSDKLot(play.SDKLotConfig{Lot: x.lot, Ckey: x.town.ckey, LocalID: "gate", Addr: at.Line})
		return l, l.Start, l.Book()
	case charge.KindAPI:
		l := play.NewAPILot(play.APILotConfig{Lot: x.lot, Ukey: x.town.ukey, Server: "http://" + at.HTTP, Addr: x.addr})
		return l, func(context.Context) error { return l.Start() }, l.Book()
	}
	l := play.NewGateLot(play.GateConfig{Lot: x.lot, Ckey: x.town.ckey, Server: "http://" + at.HTTP})
	return l, func(context.Context) error { return l.Start() }, l.Book()
}

func (x *certified) pause(t *testing.T, verb string) {
	t.Helper()
	x.site.office().must(t, "POST", "/api/v1/lots/"+x.lot.String()+"/"+verb, []byte(`{"reason":"a test"}`), nil)
}

// A lot whose PC runs the vendor's own SDK, through the whole server: a car in and out on both links is one stay, and
// what was taken off is reported.
func testVendorsSDK(t *testing.T, cfg Config) {
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1", charge.KindSDK, object{"stays": "required"})
	w.account("xiaoju", nil)
	s.apply(w.estate())
	at := s.Addresses()
	lot := play.NewVendorLot(play.VendorLotConfig{Lot: id, Ukey: w.ukey, Ckey: w.ckey, Addr: at.Line})
	if err := lot.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lot.Stop() })
	plate := charge.Plate("京AD06088")
	if _, err := lot.Enter(t.Context(), plate, time.Now().Add(-play.StayLength)); err != nil {
		t.Fatal(err)
	}
	p := pushFor(id, plate, "")
	p.End = time.Now().Add(-time.Minute)
	p.Start = p.End.Add(-time.Hour)
	accepted(t, w.player("xiaoju", at.HTTP), p)
	s.office().settled(t, p.Order, charge.StateDelivered)
	if _, err := lot.Exit(t.Context(), plate, time.Now()); err != nil {
		t.Fatal(err)
	}
	said := s.office().settled(t, p.Order, charge.StateUsed)
	if rows := lot.Book().Rows(); len(rows) != 1 || rows[0].Applied != 1 || said.Usage == nil ||
		said.Usage.Amount != rows[0].UsedAmount {
		t.Errorf("used %+v, the lot's book has %+v", said.Usage, rows)
	}
	if c := lot.Counts(); c.Torn != 0 || c.Rounds != 0 {
		t.Errorf("%+v", c)
	}
}
