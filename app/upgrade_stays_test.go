package app

import (
	"database/sql"
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// oldReceived is when the messages of the old site's lot came, whose clock ran ahead.
var oldReceived = oldTime("2026-03-05T02:00:00Z")

// oldStays are stays as the first schema kept them, by hours from their receipt, and as they must be now. Of an open
// one left is 0.
var oldStays = []struct {
	order, closed     string
	entered, left     float64
	mended, told      float64 // the entry now, and as the lot reported it where that is kept
	leftNow, toldLeft float64
}{
	{order: "right", entered: -2, mended: -2},
	{order: "ahead", entered: 20, mended: 0, told: 20},
	{order: "a minute ahead", entered: 1. / 60, mended: 0, told: 1. / 60},
	{order: "gone", closed: "exit", entered: -2, left: 1, mended: -2, leftNow: 1},
	{order: "ahead and gone", closed: "exit", entered: 0.5, left: 2, mended: 0, told: 0.5, leftNow: 2},
	// A right entry that came after one from the future was taken for a late one.
	{order: "blocked", closed: "late", entered: -1, left: 20, mended: -1, leftNow: 0, toldLeft: 20},
	{order: "late", closed: "late", entered: -3, left: -1, mended: -3, leftNow: -1},
}

func hours(n float64) time.Duration { return time.Duration(n * float64(time.Hour)) }

// stayRows are the stays as rows of the first schema.
func stayRows() (rows [][]any) {
	for i, s := range oldStays {
		id := charge.FirstID(oldReceived) + int64(i)
		entered, left, ends, open := oldReceived.Add(hours(s.entered)).UnixMilli(), int64(0), int64(math.MaxInt64), 1
		if s.closed != "" {
			left, open = oldReceived.Add(hours(s.left)).UnixMilli(), 0
			ends = left
		}
		rows = append(rows, []any{"stay", id, "200461/1313", s.order, fmt.Sprint("京AD0608", i), entered, left, ends, open,
			s.closed, "in1", 0, 0, []byte{}})
	}
	return rows
}

// TestUpgradeStaysSQLite wants entries and exits that an older release stored ahead of their receipt to count from it,
// and all others to be as they were.
func TestUpgradeStaysSQLite(t *testing.T) {
	cfg := store.Config{DataDir: t.TempDir()}
	db, err := sql.Open("sqlite", filepath.Join(cfg.DataDir, "chargestamp.db"))
	if err != nil {
		t.Fatal(err)
	}
	makeOldOf(t, goose.DialectSQLite3, "sqlite", db, stayRows())
	testStaysUpgraded(t, cfg)
}

// TestUpgradeStaysPostgres wants the same of a database.
func TestUpgradeStaysPostgres(t *testing.T) {
	cfg := storetest.SharedPostgres(t)(t)
	conn, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	makeOldOf(t, goose.DialectPostgres, "postgres", stdlib.OpenDB(*conn), stayRows())
	testStaysUpgraded(t, cfg)
}

func testStaysUpgraded(t *testing.T, cfg store.Config) {
	cfg.Node, cfg.Clock = "a", func() time.Time { return oldReceived.Add(24 * time.Hour) }
	s := storetest.Open(t, cfg)
	type times struct{ Entered, Told, Left, ToldLeft time.Time }
	want, got := map[string]times{}, map[string]times{}
	at := func(n float64) time.Time { return oldReceived.Add(hours(n)).UTC() }
	for _, o := range oldStays {
		w := times{Entered: at(o.mended)}
		if o.told != 0 {
			w.Told = at(o.told)
		}
		if o.closed != "" {
			w.Left = at(o.leftNow)
		}
		if o.toldLeft != 0 {
			w.ToldLeft = at(o.toldLeft)
		}
		want[o.order] = w
	}
	page, err := s.Stays(t.Context(), charge.StayFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, stay := range page.Items {
		got[stay.OrderID] = times{stay.Entered.UTC(), stay.ToldEntered.UTC(), stay.Left.UTC(), stay.ToldLeft.UTC()}
		if stay.Open != (want[stay.OrderID].Left.IsZero()) {
			t.Errorf("stay %s is open: %t", stay.OrderID, stay.Open)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stays (-want +got):\n%s", diff)
	}
	// What is mended is found by the times that count now.
	blocked := charge.VisitKey{Lot: charge.LotID{Union: "200461", Park: "1313"}, Plate: "京AD06085"}
	err = s.Read(t.Context(), func(tx *store.Tx) error {
		stays, err := tx.StaysOf(blocked, oldReceived.Add(time.Minute))
		if err == nil && len(stays) > 0 {
			t.Errorf("a stay that ended at its receipt is looked at as one that ended later: %+v", stays[0])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	report, err := s.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range report.Checks {
		if !c.OK {
			t.Errorf("verify %s: %s", c.Name, c.Detail)
		}
	}
}
