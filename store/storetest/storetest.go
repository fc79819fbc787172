// Package storetest holds the one suite that the store passes on both engines, and starts a private PostgreSQL
// for it.
package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// Run runs the suite. Each test opens a store of its own.
func Run(t *testing.T, place Place) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *site)
	}{
		{"RoundTrip", testRoundTrip},
		{"Lookups", testLookups},
		{"RepeatKey", testRepeatKey},
		{"Issuers", testIssuers},
		{"UnknownIssuer", testUnknownIssuer},
		{"LotMarks", testLotMarks},
		{"Onward", testOnward},
		{"Foresee", testForesee},
		{"ChangesInOrder", testChangesInOrder},
		{"ManyAtOnce", testManyAtOnce},
		{"Write", testWrite},
		{"GroupCommit", testGroupCommit},
		{"Outbox", testOutbox},
		{"Documents", testDocuments},
		{"Audit", testAudit},
		{"Claims", testClaims},
		{"Lines", testLines},
		{"Lists", testLists},
		{"PlateSearch", testPlateSearch},
		{"Names", testNames},
		{"NearStays", testNearStays},
		{"LotStatus", testLotStatus},
		{"Statement", testStatement},
		{"StatementFollows", testStatementFollows},
		{"Histories", testHistories},
		{"LastID", testLastID},
		{"Verify", testVerify},
		{"Samples", testSamples},
		{"Prune", testPrune},
		{"PruneStates", testPruneStates},
		{"PruneNodes", testPruneNodes},
		{"Backup", testBackup},
		{"Copy", testCopy},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			s.place, s.cfg = place, place(t)
			s.Store = s.open("a", s.cfg)
			c.run(t, s)
		})
	}
}

// teld is who numbers the orders of the site's charges.
var teld = charge.IssuerOf(charge.IssuerAccount, "teld-main", charge.Scope{}, charge.LotID{})

// site is a store with a clock, ids, and rows to put into it.
type site struct {
	*store.Store
	place Place
	cfg   store.Config
	t     testing.TB
	now   time.Time
	ids   *charge.IDs
	lot   charge.LotID
}

func newSite(t testing.TB) *site {
	s := &site{t: t, now: time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC), lot: charge.LotID{Union: "200461", Park: "1313"}}
	s.ids = charge.NewIDs(1, s.clock)
	return s
}

func (s *site) clock() time.Time { return s.now }

// open opens a store at a place as a node of the site.
func (s *site) open(node string, cfg store.Config) *store.Store {
	s.t.Helper()
	cfg.Node, cfg.Clock = node, s.clock
	return Open(s.t, cfg)
}

// nodes are two nodes of the site; on SQLite there can be one only.
func (s *site) nodes() []*store.Store {
	if s.cfg.URL == "" {
		return []*store.Store{s.Store, s.Store}
	}
	return []*store.Store{s.Store, s.open("b", s.cfg)}
}

// visit is a visit of the site's lot.
func (s *site) visit(plate charge.Plate) charge.VisitKey {
	return charge.VisitKey{Lot: s.lot, Plate: plate}
}

// charge is a charge with every field set.
func (s *site) charge(plate charge.Plate) *charge.Charge {
	id := s.ids.Next()
	return &charge.Charge{
		ID: id, Platform: "telaidian", Account: "teld-main", Order: fmt.Sprint("order-", id),
		RepeatKey: fmt.Sprint("key-", id),
		Plate:     plate, Lot: s.lot, StartedAt: s.now.Add(-time.Hour), EndedAt: s.now.Add(-time.Minute), Received: s.now,
		Energy: 25_500, HasEnergy: true, Total: 1785, HasTotal: true,
		Ask:    charge.Ask{Method: charge.MethodTime, Minutes: 30},
		Detail: charge.Detail{StationID: "s1", StationName: "站", Power: "25.50", SeviceMoney: "7.85"},
		Digest: "d1", State: charge.StateSending, Reason: charge.ReasonOK,
		Reduction: &charge.Reduction{Method: charge.MethodTime, Minutes: 30},
		StayID:    77, HoldUntil: s.now.Add(2 * time.Hour),
		Decision: &charge.Decision{At: s.now,
			Rule:  charge.Rule{Version: 1, Grant: charge.GrantAsPushed, Combine: charge.CombineBest},
			State: charge.StateSending, Reason: charge.ReasonOK,
			Wanted:  charge.Reduction{Method: charge.MethodTime, Minutes: 30},
			Granted: []charge.Granted{}, Minutes: 59},
		Report: charge.ReportOff, UpdatedAt: s.now,
	}
}

func (s *site) push(chargeID int64) charge.Push {
	return charge.Push{
		ID: s.ids.Next(), Platform: "telaidian", Account: "teld-main", Received: s.now, Remote: "192.0.2.7",
		Request: []byte("POST / HTTP/1.1\r\n\r\n{}"), Outcome: charge.OutcomeAccepted, Charge: chargeID,
		Reply: []byte(`{"Ret":0}`),
	}
}

func (s *site) stay(plate charge.Plate, order string) *charge.Stay {
	return &charge.Stay{ID: s.ids.Next(), Lot: s.lot, OrderID: order, Plate: plate, Entered: s.now.Add(-2 * time.Hour),
		Open: true, Channel: "in1"}
}

func (s *site) delivery(c *charge.Charge) (*charge.Delivery, outbox.Job) {
	d := &charge.Delivery{
		ID: s.ids.Next(), Charge: c.ID, Lot: c.Lot, Channel: charge.ChannelLine, Message: charge.Message325,
		UUID: fmt.Sprint("u", c.ID), Payload: []byte(`{"a":1}`), State: charge.DeliveryDue, DueAt: s.now,
		Until: s.now.Add(24 * time.Hour),
	}
	return d, outbox.Job{ID: d.ID, Kind: outbox.KindLine, Route: c.Lot.String(), Ref: c.ID, DueAt: s.now}
}

func (s *site) grant(c *charge.Charge, kind charge.EntryKind, minutes int64) charge.LedgerEntry {
	return charge.LedgerEntry{
		ID: s.ids.Next(), At: s.now, Charge: c.ID, StayID: c.StayID, Kind: kind, Method: charge.MethodTime, Minutes: minutes,
		Platform: c.Platform, Lot: c.Lot, Day: c.Received.In(charge.Shanghai).Format(time.DateOnly),
	}
}

// write runs fn in a write that must succeed.
func (s *site) write(fn func(*store.Tx) error, visits ...charge.VisitKey) {
	s.t.Helper()
	if err := s.Write(s.t.Context(), visits, fn); err != nil {
		s.t.Fatalf("Write: %v", err)
	}
}

// read runs fn in a read that must succeed.
func (s *site) read(fn func(*store.Tx) error) {
	s.t.Helper()
	if err := s.Read(s.t.Context(), fn); err != nil {
		s.t.Fatalf("Read: %v", err)
	}
}

// all runs writes until the first error.
func all(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
