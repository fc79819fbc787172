package app

import (
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// A certification run in a lot for which a real reduction waits: the run receives only what it made, the real one is
// delivered to the real lot afterwards, once, and nothing of the run stands on a list or in a statement.
func testCertifyWithARealLotWaiting(t *testing.T, cfg Config) {
	t.Parallel()
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	s.apply(w.estate())
	at := s.Addresses()
	real := charge.Plate("京AD06088")
	p := pushFor(id, real, "")
	accepted(t, w.player("xiaoju", at.HTTP), p)
	s.office().settled(t, p.Order, charge.StateSending)

	sheet, err := play.Certify(t.Context(), "xiaoju", play.CertifyConfig{
		HTTP: at.HTTP, Line: at.Line, Admin: at.Admin, AdminToken: adminToken, Platform: "xiaoju", Keys: w.keys["xiaoju"],
		Lot: id, Kind: charge.KindSDK, Ckey: w.ckey, Patience: 40 * time.Second,
		Progress: func(c play.Check) { t.Logf("%s %s: %s", c.Verdict, c.Name, c.Detail) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range sheet.Checks {
		if c.Verdict == play.Failed && !strings.HasPrefix(c.Name, "refused: ") { // what a platform's reader refuses is tested there
			t.Errorf("%s: %s", c.Name, c.Detail)
		}
	}
	if said := s.office().settled(t, p.Order, charge.StateSending); said.Reason != charge.ReasonLineOff {
		t.Errorf("after the run the real reduction is %s, %s", said.State, said.Reason)
	}
	for _, c := range s.office().charges(t, "") {
		if c.Order != p.Order {
			t.Errorf("the run left %s on the list, %s", c.Order, c.State)
		}
	}
	lot := play.NewSDKLot(play.SDKLotConfig{Lot: id, Ckey: w.ckey, LocalID: "gate", Addr: at.Line})
	lot.Admit(real, time.Now().Add(-time.Hour))
	if err := lot.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lot.Stop() })
	s.office().settled(t, p.Order, charge.StateDelivered)
	rows := lot.Book().Rows()
	if len(rows) != 1 || rows[0].Heard != 1 || strings.HasPrefix(rows[0].Plate, charge.TrialMark) {
		t.Errorf("the real lot was told %+v", rows)
	}
	var statement struct{ Items []struct{ Charges int64 } }
	s.office().must(t, "GET", "/api/v1/statements?lot="+id.String(), nil, &statement)
	n := int64(0)
	for _, row := range statement.Items {
		n += row.Charges
	}
	if n != 1 {
		t.Errorf("the statement counts %d charges, want the real one", n)
	}
}

// A lot whose PC runs the vendor's own SDK, through the whole server: a car in and out on both links is one stay, and
// what was taken off is told.
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
	if rows := lot.Book().Rows(); len(rows) != 1 || rows[0].Applied != 1 || said.Usage == nil || said.Usage.Amount != rows[0].UsedAmount {
		t.Errorf("used %+v, the lot's book has %+v", said.Usage, rows)
	}
	if c := lot.Counts(); c.Torn != 0 || c.Rounds != 0 {
		t.Errorf("%+v", c)
	}
}
