package app

import (
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// The charges of the old site, each named by what became of it. An id holds its time: those of a day lie together.
var (
	oldUsed, oldDelivered = oldID("2026-03-01T02:00:00Z"), oldID("2026-03-01T03:00:00Z")
	oldRefused            = oldID("2026-02-28T02:00:00Z")
	oldVoided             = oldID("2026-03-02T02:00:00Z")
	oldUnknown            = oldID("2026-03-04T02:00:00Z")
	oldSending, oldHeld   = oldID("2026-03-05T02:00:00Z"), oldID("2026-03-05T03:00:00Z")
	oldPruned             = oldID("2025-12-31T02:00:00Z")
)

func oldTime(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}

func oldID(at string) int64 { return charge.FirstID(oldTime(at)) }

// oldRows are a site as the first schema held it on the fifth of March 2026, at noon in Shanghai.
func oldRows() (rows [][]any) {
	put := func(table string, values ...any) { rows = append(rows, append([]any{table}, values...)) }
	const lineLot, httpLot = "200461/1313", "200461/1314"
	charged := func(id int64, platform, plate, lot, state, reason, reduction string, stay int64, usage, report string,
		gap int) {
		at := charge.IDTime(id).UnixMilli()
		key, order := fmt.Sprint("key-", id), fmt.Sprint("order-", id)
		decision := ""
		if reduction != "" {
			decision = `{"at":"2026-03-01T02:00:00Z","rule":{"version":1,"grant":"as_pushed","combine":"best",` +
				`"hold_seconds":7200,"target":"stay"},"state":"sending","reason":"ok","wanted":` + reduction + `,"reduction":` +
				reduction + `,"send":` + reduction +
				`,"granted":[],"charge_minutes":59,"energy_kwh":"25.50"}`
		}
		put("charge", id, platform, "main", order, key, plate, lot, at-3600_000, at-60_000, at, 25_500, nil,
			`{"method":"time","minutes":30}`, `{"station_id":"s1"}`, "d1", state, reason, reduction, stay, at+7200_000, decision,
			usage, report, at, gap)
		put("repeat", platform, key, id, "")
		put("push", id+1, platform, "main", at, "192.0.2.7", []byte("POST / HTTP/1.1\r\n\r\n{}"), "accepted", "", id,
			[]byte(`{"Ret":0}`))
	}
	granted := func(id, n int64, kind string, minutes, fen int64, note string) {
		at := charge.IDTime(id)
		put("ledger", id, id+n, at.UnixMilli()+n, 0, kind, "time", minutes, fen, "telaidian", lineLot,
			at.In(charge.Shanghai).Format(time.DateOnly), note)
	}
	delivery := func(id int64, lot, channel, message, state string, attempts ...string) {
		at := charge.IDTime(id).UnixMilli()
		put("delivery", id+2, id, lot, channel, message, fmt.Sprint("u", id), []byte(`{"a":1}`), state, len(attempts), at,
			at+86_400_000)
		for i, result := range attempts {
			put("attempt", id+2, i+1, at+int64(i+1)*10_000, result, "")
		}
	}
	const half, hour = `{"method":"time","minutes":30,"amount":"0.00"}`, `{"method":"time","minutes":60,"amount":"0.00"}`

	// A day past whose sums are kept and right.
	charged(oldUsed, "telaidian", "京AD06088", lineLot, "used", "ok", half, oldUsed+9,
		`{"minutes":20,"amount":"0.00","at":"2026-03-01T03:30:00Z","source":"told"}`, "done", 1)
	granted(oldUsed, 10, "grant", 30, 0, "granted")
	granted(oldUsed, 20, "usage", 20, 0, "used")
	delivery(oldUsed, lineLot, "line", "3.25", "delivered", "timeout", "acked")
	put("event", oldUsed, oldUsed+30, charge.IDTime(oldUsed).UnixMilli()+15_000, "matched", "ok", "ok", "by plate", "")
	put("stay", oldUsed+9, lineLot, "o1", "京AD06088", charge.IDTime(oldUsed).UnixMilli()-7200_000,
		charge.IDTime(oldUsed).UnixMilli()+5400_000,
		charge.IDTime(oldUsed).UnixMilli()+5400_000, 0, "exit", "in1", 0, 0, []byte{})
	charged(oldDelivered, "telaidian", "沪BD12345", lineLot, "delivered", "usage_not_told", half, 0, "", "off", 1)
	granted(oldDelivered, 10, "grant", 30, 0, "granted")
	delivery(oldDelivered, lineLot, "line", "3.25", "delivered", "acked")
	put("statement_day", "2026-03-01", 3, 3, 0)
	put("statement", "2026-03-01", "telaidian", lineLot, 2, 60, 0, 2, 1, 20, 0, 2)

	// One that has never been added up to its end, and one that has changed since.
	charged(oldRefused, "xiaoju", "京AD06088", httpLot, "refused", "lot_refused", half, 0, "", "off", 0)
	delivery(oldRefused, httpLot, "callback", "5.14", "refused", "refused")
	put("statement_day", "2026-02-28", 1, -1, 0)
	put("statement", "2026-02-28", "xiaoju", httpLot, 7, 0, 0, 0, 0, 0, 0, 0)
	charged(oldVoided, "telaidian", "粤B00001", lineLot, "voided", "voided_by_user", hour, 0, "", "off", 0)
	granted(oldVoided, 10, "grant", 60, 0, "granted")
	granted(oldVoided, 20, "grant", -60, 0, "voided")
	delivery(oldVoided, lineLot, "line", "3.25", "voided", "acked")
	put("event", oldVoided, oldVoided+30, charge.IDTime(oldVoided).UnixMilli()+60_000, "voided", "ok", "voided_by_user",
		"wrong car", "li")
	put("statement_day", "2026-03-02", 2, 1, 0)
	put("statement", "2026-03-02", "telaidian", lineLot, 1, 60, 0, 1, 0, 0, 0, 0)

	// Days still going on, of which nothing is kept.
	charged(oldUnknown, "telaidian", "京AD06088", lineLot, "unknown", "no_answer", half, 0, "", "off", 0)
	granted(oldUnknown, 10, "grant", 30, 0, "granted")
	delivery(oldUnknown, lineLot, "line", "3.25", "unknown", "timeout")
	charged(oldSending, "telaidian", "京AD06089", lineLot, "sending", "line_off", half, 0, "", "off", 0)
	granted(oldSending, 10, "grant", 30, 0, "granted")
	delivery(oldSending, lineLot, "line", "3.25", "due", "off_line")
	due := charge.IDTime(oldSending).UnixMilli()
	put("job", oldSending+2, "line", lineLot, oldSending, due, due, 1, "", 0, 0)
	charged(oldHeld, "xiaoju", "京AD06090", httpLot, "held", "waiting_for_stay", "", 0, "", "off", 0)
	put("stay", oldHeld+9, httpLot, "o2", "京AD06091", due, 0, 9223372036854775807, 1, "", "in1", 0, 0, []byte{})

	// A day whose charges retention has taken away. Its sums stay, and so do its ledger and repeat keys.
	granted(oldPruned, 10, "grant", 45, 0, "granted")
	put("repeat", "telaidian", "key-pruned", oldPruned,
		`{"Digest":"d0","State":"delivered","Reason":"ok","Lot":"200461/1313","Received":"2025-12-31T02:00:00Z"}`)
	put("statement_day", "2025-12-31", 5, 4, 1)
	put("statement", "2025-12-31", "telaidian", lineLot, 1, 45, 0, 1, 0, 0, 0, 0)

	put("push", oldHeld+50, "telaidian", "", due, "192.0.2.8", []byte("POST / HTTP/1.1\r\n\r\n{}"), "bad_signature",
		"the seal is wrong", 0, []byte(`{"Ret":4001}`))
	for _, plate := range []string{"京AD06088", "沪BD12345", "粤B00001", "京AD06089", "京AD06090", "京AD06091"} {
		put("plate", plate, backwards(plate))
	}
	for i, row := range []struct{ entry, hash string }{
		{`{"seq":1,"at":"2026-02-28T01:00:00Z","actor":"admin","role":"admin","action":"estate.apply","object":"estate",` +
			`"detail":"1 lot"}`, oldHash1},
		{`{"seq":2,"at":"2026-03-02T03:00:00Z","actor":"li","role":"support","action":"charge.void","object":"charge",` +
			`"detail":"wrong car"}`, oldHash2},
	} {
		hash, err := hex.DecodeString(row.hash)
		if err != nil {
			panic(err)
		}
		put("audit", i+1, []byte(row.entry), hash)
	}
	return rows
}

// What the log's rows have been chained with from the start.
const (
	oldHash1 = "172170e69e208b832dde8fe9420fa8df2533f1655ee85fd9dbdd5469a21f468d"
	oldHash2 = "17e99ed05177f659bee8d34039a0f4f68b4a519cccfa7e1526f0dc1cab161aab"
)

func backwards(s string) string {
	var b strings.Builder
	for r := []rune(s); len(r) > 0; r = r[:len(r)-1] {
		b.WriteRune(r[len(r)-1])
	}
	return b.String()
}

// makeOld brings an empty database to the first schema and fills it with a site.
func makeOld(t *testing.T, dialect goose.Dialect, folder string, db *sql.DB) {
	t.Helper()
	makeOldOf(t, dialect, folder, db, oldRows())
}

// makeOldOf brings an empty database to the first schema and fills it with rows, each led by its table.
func makeOldOf(t *testing.T, dialect goose.Dialect, folder string, db *sql.DB, rows [][]any) {
	t.Helper()
	migrations, err := goose.NewProvider(dialect, db, os.DirFS(filepath.Join("..", "store", "migrations", folder)),
		goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		table, values := row[0].(string), row[1:]
		if table == "plate" {
			table = "plate (plate, rev)" // SQLite numbers them
		}
		marks := make([]string, len(values))
		for i := range values {
			marks[i] = fmt.Sprint("$", i+1)
		}
		if _, err := db.ExecContext(t.Context(), "INSERT INTO "+table+" VALUES ("+strings.Join(marks, ", ")+")",
			values...); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
	if folder == "sqlite" { // whose parts of plates follow a while later: two are still to come
		if _, err := db.ExecContext(t.Context(),
			"INSERT INTO plate_part (rowid, plate) SELECT id, plate FROM plate WHERE id <= 4"); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestUpgradeFirstSchemaSQLite wants data of the first schema to be all there, and right, after an update.
func TestUpgradeFirstSchemaSQLite(t *testing.T) {
	p := Place{Data: t.TempDir()}
	db, err := sql.Open("sqlite", filepath.Join(p.Data, "chargestamp.db"))
	if err != nil {
		t.Fatal(err)
	}
	makeOld(t, goose.DialectSQLite3, "sqlite", db)
	testUpgraded(t, p)
}

// TestUpgradeFirstSchemaPostgres wants the same of a database.
func TestUpgradeFirstSchemaPostgres(t *testing.T) {
	p := Place{Data: t.TempDir(), Database: storetest.SharedPostgres(t)(t).URL}
	cfg, err := pgx.ParseConfig(p.Database)
	if err != nil {
		t.Fatal(err)
	}
	makeOld(t, goose.DialectPostgres, "postgres", stdlib.OpenDB(*cfg))
	testUpgraded(t, p)
}

func testUpgraded(t *testing.T, p Place) {
	cfg := p.config()
	cfg.Node, cfg.Clock = "a", func() time.Time { return oldTime("2026-03-05T04:00:00Z") }
	s, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	statementsOfOld(t, s)
	searchesOfOld(t, s)
	timelinesOfOld(t, s)
	changeOld(t, s)
	if err := errors.Join(s.SumUp(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CHARGESTAMP_SECRETS_KEY", secretsKey())
	checks, err := Verify(t.Context(), p, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if !c.OK {
			t.Errorf("verify: %s: %s", c.Name, c.Detail)
		}
		if c.Name == "audit chain" && !strings.HasSuffix(c.Detail, oldHash2) {
			t.Errorf("audit chain: %s, want the last hash to be as it was", c.Detail)
		}
	}
}

// statementsOfOld wants the sums of all days, the kept ones of them, and those of days that were not.
func statementsOfOld(t *testing.T, s *store.Store) {
	t.Helper()
	line, http := charge.LotID{Union: "200461", Park: "1313"}, charge.LotID{Union: "200461", Park: "1314"}
	want := []charge.StatementRow{
		{Day: "2025-12-31", Platform: "telaidian", Lot: line, Charges: 1, GrantedMinutes: 45, Delivered: 1},
		{Day: "2026-02-28", Platform: "xiaoju", Lot: http, Charges: 1},
		{Day: "2026-03-01", Platform: "telaidian", Lot: line, Charges: 2, GrantedMinutes: 60, Delivered: 2, Used: 1,
			UsedMinutes: 20, Gaps: 2},
		{Day: "2026-03-02", Platform: "telaidian", Lot: line, Charges: 1},
		{Day: "2026-03-04", Platform: "telaidian", Lot: line, Charges: 1, GrantedMinutes: 30},
		{Day: "2026-03-05", Platform: "telaidian", Lot: line, Charges: 1, GrantedMinutes: 30},
		{Day: "2026-03-05", Platform: "xiaoju", Lot: http, Charges: 1},
	}
	got, err := s.Statement(t.Context(), charge.StatementFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statement (-want +got):\n%s", diff)
	}
	view, err := s.StatementView(t.Context(), charge.StatementFilter{Union: "200461", To: "2026-03-02"}, 10)
	if err != nil {
		t.Fatal(err)
	}
	var days []charge.StatementRow
	for _, r := range want[:3] {
		r.Platform, r.Lot = "", charge.LotID{}
		days = append(days, r)
	}
	parts := []charge.StatementRow{
		{Platform: "telaidian", Lot: charge.LotID{Union: "200461"}, Charges: 3, GrantedMinutes: 105, Delivered: 3, Used: 1,
			UsedMinutes: 20, Gaps: 2},
		{Platform: "xiaoju", Lot: charge.LotID{Union: "200461"}, Charges: 1},
	}
	if diff := cmp.Diff(charge.StatementView{Rows: want[:3], Days: days, Parts: parts}, view); diff != "" {
		t.Errorf("view of the statement (-want +got):\n%s", diff)
	}
}

// searchesOfOld wants rows to be found by all that a search goes by.
func searchesOfOld(t *testing.T, s *store.Store) {
	t.Helper()
	find := func(what string, f charge.ChargeFilter, want ...int64) {
		t.Helper()
		page, err := s.Charges(t.Context(), f)
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		var got []int64
		for _, c := range page.Items {
			got = append(got, c.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("charges by %s (-want +got):\n%s", what, diff)
		}
	}
	find("nothing", charge.ChargeFilter{}, oldHeld, oldSending, oldUnknown, oldVoided, oldDelivered, oldUsed, oldRefused)
	find("plate", charge.ChargeFilter{Plate: "京AD06088"}, oldUnknown, oldUsed, oldRefused)
	find("part of an indexed plate", charge.ChargeFilter{Plate: "D1234"}, oldDelivered)
	find("part of other plates", charge.ChargeFilter{Plate: "D0609"}, oldHeld)
	find("order", charge.ChargeFilter{Order: fmt.Sprint("order-", oldVoided)}, oldVoided)
	find("uuid", charge.ChargeFilter{UUID: fmt.Sprint("u", oldUnknown)}, oldUnknown)
	find("states", charge.ChargeFilter{States: []charge.State{charge.StateRefused, charge.StateHeld}}, oldHeld, oldRefused)
	find("platform and lot", charge.ChargeFilter{Platform: "xiaoju", Lot: charge.LotID{Union: "200461", Park: "1314"}},
		oldHeld, oldRefused)

	refused, err := s.Pushes(t.Context(), charge.PushFilter{Platform: "telaidian", Refused: true})
	if err != nil || len(refused.Items) != 1 || refused.Items[0].ID != oldHeld+50 {
		t.Errorf("refused pushes: %+v, %v", refused.Items, err)
	}
	pushes, err := s.Pushes(t.Context(), charge.PushFilter{Platform: "xiaoju"})
	if err != nil || len(pushes.Items) != 2 {
		t.Errorf("%d pushes of a platform, %v, want 2", len(pushes.Items), err)
	}
	stays, err := s.Stays(t.Context(), charge.StayFilter{Lot: charge.LotID{Union: "200461", Park: "1314"}, Open: true})
	if err != nil || len(stays.Items) != 1 || stays.Items[0].OrderID != "o2" {
		t.Errorf("who is in a lot: %+v, %v", stays.Items, err)
	}
	keys, err := guard.ParseKeyring(secretsKey())
	if err != nil {
		t.Fatal(err)
	}
	reader, err := guard.ReadAudit(t.Context(), guard.Config{Docs: s, Audits: audits{s}, Keys: keys, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	log, _, err := reader.Page(t.Context(), guard.AuditFilter{Actor: "li"}, 0, 10)
	if err != nil || len(log) != 1 || log[0].Action != "charge.void" {
		t.Errorf("audit log of one user: %+v, %v", log, err)
	}
	err = s.Read(t.Context(), func(tx *store.Tx) error {
		gone, err := tx.ChargeByRepeat("telaidian", "key-pruned",
			charge.IssuerOf(charge.IssuerAccount, "any", charge.Scope{}, charge.LotID{}))
		if err == nil && (gone == nil || gone.ID != oldPruned || gone.State != charge.StateDelivered) {
			t.Errorf("a repeat of a charge that is gone finds %+v", gone)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// timelinesOfOld wants each row about a charge to be a line.
func timelinesOfOld(t *testing.T, s *store.Store) {
	t.Helper()
	f := flow.New(flow.Config{Storage: storage{s}}, s)
	for id, want := range map[int64][]string{
		oldUsed: {"entry told", "push accepted", "decision sending", "ledger grant", "ledger usage", "delivery timeout",
			"matched ok",
			"delivery acked", "exit exit", "used told"},
		oldVoided: {"decision sending", "push accepted", "ledger grant", "ledger grant", "delivery acked", "voided ok"},
		oldHeld:   {"push accepted"},
	} {
		story, err := f.Story(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, step := range story.Timeline {
			got = append(got, step.Step+" "+step.Result)
		}
		for _, e := range story.Ledger {
			if e.Note.Code == charge.NoteOld && e.Note.String() != "used" { // no release wrote that: it stays as it is
				t.Errorf("the ledger still says %q in the words of an older release", e.Note)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("timeline of a charge that is %s (-want +got):\n%s", story.Charge.State, diff)
		}
	}
}

// changeOld voids a charge of a day whose sums were kept by the old program: they follow.
func changeOld(t *testing.T, s *store.Store) {
	t.Helper()
	ctx := t.Context()
	err := s.Write(ctx, nil, func(tx *store.Tx) error {
		c, err := tx.Charge(oldDelivered)
		if err != nil {
			return err
		}
		c.State, c.Reason = charge.StateVoided, charge.ReasonVoidedByUser
		return errors.Join(tx.SetCharge(c),
			tx.AddLedger(charge.LedgerEntry{ID: oldDelivered + 40, At: oldTime("2026-03-05T04:00:00Z"), Charge: c.ID,
				Kind: charge.EntryGrant, Method: charge.MethodTime, Minutes: -30, Platform: c.Platform, Lot: c.Lot,
				Day: "2026-03-01", Note: charge.Say("ledger.voided")}))
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.Statement(ctx, charge.StatementFilter{From: "2026-03-01", To: "2026-03-02"})
	want := []charge.StatementRow{{Day: "2026-03-01", Platform: "telaidian",
		Lot: charge.LotID{Union: "200461", Park: "1313"}, Charges: 2,
		GrantedMinutes: 30, Delivered: 1, Used: 1, UsedMinutes: 20, Gaps: 1}}
	if diff := cmp.Diff(want, rows); diff != "" || err != nil {
		t.Errorf("a changed day (-want +got): %v\n%s", err, diff)
	}
}
