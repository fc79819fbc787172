package app

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lotline/sdktest"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// quick is the pace of the vendor's SDK where a test cannot wait a minute for what it sends again.
var quick = sdktest.Times{FirstBeat: 50 * time.Millisecond, Again: 50 * time.Millisecond,
	Minute: 500 * time.Millisecond, Pace: 5 * time.Millisecond}

// No entry and no exit of a lot with the vendor's SDK is lost while the database is away, whatever it is answered: each
// is there once when the database has come back.
func TestVendorsSDKWhileTheDatabaseIsAway(t *testing.T) {
	pg := storetest.StartPostgres(t)
	cfg := local(t)
	cfg.Database.URL = storetest.Postgres(pg)(t).URL
	reportThrough(t, cfg, pg.Down, pg.Up)
}

// reportThrough lets a PC with the vendor's SDK report four entries and an exit while down has made that nothing can be
// stored, until it has sent all of them again. After up each is taken once.
func reportThrough(t *testing.T, cfg Config, down, up func() error) {
	t.Helper()
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, nil)
	s.apply(w.estate())
	relay, err := sdktest.NewRelay(s.Addresses().Line, 5*time.Millisecond, 1460)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(relay.Close)
	pc := sdktest.New(sdktest.Config{UnionID: id.Union, Ukey: w.ukey, ParkID: id.Park, Ckey: w.ckey,
		BolinkAddr: relay.Addr(), CloudAddr: relay.Addr(), LocalID: "booth", Times: quick})
	t.Cleanup(pc.Close)
	if refused, err := pc.Init(t.Context()); err != nil || refused != "" {
		t.Fatalf("init: %q, %v", refused, err)
	}
	in := time.Now().Add(-time.Hour).Unix()
	enter := func(n int) {
		pc.In(sdktest.Entry{CarNumber: fmt.Sprintf("京AD3000%d", n), InTime: in + int64(n), OrderID: fmt.Sprint("o", n)})
	}
	enter(0)
	if err := pc.Settled(t.Context(), "o0"); err != nil {
		t.Fatal(err)
	}
	if err := down(); err != nil {
		t.Fatal(err)
	}
	const cars = 4
	for n := 1; n < cars; n++ {
		enter(n)
	}
	pc.Out(sdktest.Exit{CarNumber: "京AD30000", InTime: in, OutTime: in + 1800, PayType: "cash", Total: "5.00",
		OrderID: "o0", Receivable: "5.00"})
	eventually(t, 20*time.Second, func() string { // it has been answered, and has sent everything again
		if again := pc.Counts().Resent; again["out_park o0"] < 2 || again["in_park o3"] < 2 {
			return fmt.Sprint("sent again so far: ", again)
		}
		return ""
	})
	if stored := pc.Stored(); len(stored) != 2*cars {
		t.Errorf("%d orders are stored while nothing can be, want %d: %v", len(stored), 2*cars, stored)
	}
	if err := up(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, func() string {
		if stored := pc.Stored(); len(stored) > 0 {
			return fmt.Sprint("still stored: ", stored)
		}
		return ""
	})
	var page struct {
		Items []struct {
			Order string `json:"order_id"`
			State string
		}
	}
	s.office().must(t, "GET", "/api/v1/stays?lot="+id.String(), nil, &page)
	got := map[string]string{}
	for _, stay := range page.Items {
		got[stay.Order] = stay.State
	}
	if len(page.Items) != cars || len(got) != cars || got["o0"] != "closed" || got["o3"] != "open" {
		said, _ := json.Marshal(page.Items)
		t.Errorf("stays: %s", said)
	}
	if c := pc.Counts(); c.Torn != 0 || c.Rounds != 0 {
		t.Errorf("%d frames lost, %d times logged in again", c.Torn, c.Rounds)
	}
}
