package app

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// oldOrder is an order of a site whose order numbers were unique by platform alone.
type oldOrder struct {
	platform, account, key, lot string
	gone                        bool // retention took the charge away
	undated                     bool // it carried neither order nor times
}

var oldOrders = []oldOrder{
	{platform: "linghu", account: "hu", key: "1", lot: "1/1"},
	{platform: "linghu", account: "hu", key: "2", lot: "1/1", gone: true},
	{platform: "xiaowei", account: "wei", key: "1", lot: "1/1"},
	{platform: "xiaowei", account: "wei", key: "2", lot: "1/1", gone: true},
	{platform: "telaidian", account: "teld", key: "1", lot: "1/1"},
	{platform: "telaidian", account: "teld", key: "2", lot: "1/1", gone: true},
	{platform: "fifteen", account: "own", key: "1", lot: "1/1"}, // an operator's own profile
	{platform: "xiaoju", account: "xj-visit", key: "visit|1/1|京A00001|7", lot: "1/1", undated: true},
	{platform: "xiaoju", account: "xj-window", key: "1/1|京A00001|30|%d", lot: "1/1", undated: true},
	{platform: "xiaoju", account: "xj-orders", key: "9", lot: "1/1"},
}

// issuerRows are the orders as the first schema held them, and the accounts of the estate.
func issuerRows() (rows [][]any) {
	for i, o := range oldOrders {
		id := oldID("2026-03-05T02:00:00Z") + int64(i)*1000
		at, key, order := charge.IDTime(id).UnixMilli(), o.key, o.key
		if strings.Contains(key, "%d") {
			key = fmt.Sprintf(key, id)
		}
		if o.undated {
			order = ""
		}
		gone := ""
		if o.gone {
			gone = `{"Digest":"d1","State":"delivered","Reason":"ok","Lot":"` + o.lot + `","Received":"2026-03-05T02:00:00Z"}`
		} else {
			rows = append(rows, []any{"charge", id, o.platform, o.account, order, key, "京A00001", o.lot, at, at, at, nil, nil,
				"", "", "d1",
				"no_grant", "no_stay", "", 0, 0, "", "", "off", at, 0})
		}
		rows = append(rows, []any{"repeat", o.platform, key, id, gone})
	}
	for _, account := range []string{"xj-visit", "xj-window", "xj-orders", "teld"} {
		body := `{"account":"` + account + `","platform":"xiaoju","scope":"platform","clock":"warn"}`
		rows = append(rows, []any{"doc", "estate", "account/" + account, []byte(body)})
	}
	return rows
}

// TestUpgradeIssuersSQLite wants the order numbers of an older release to be those of who issued them.
func TestUpgradeIssuersSQLite(t *testing.T) {
	cfg := store.Config{DataDir: t.TempDir()}
	db, err := sql.Open("sqlite", filepath.Join(cfg.DataDir, "chargestamp.db"))
	if err != nil {
		t.Fatal(err)
	}
	makeOldOf(t, goose.DialectSQLite3, "sqlite", db, issuerRows())
	testIssuersUpgraded(t, cfg)
}

// TestUpgradeIssuersPostgres wants the same of a database.
func TestUpgradeIssuersPostgres(t *testing.T) {
	cfg := storetest.SharedPostgres(t)(t)
	pg, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	makeOldOf(t, goose.DialectPostgres, "postgres", stdlib.OpenDB(*pg), issuerRows())
	testIssuersUpgraded(t, cfg)
}

func testIssuersUpgraded(t *testing.T, cfg store.Config) {
	cfg.Node, cfg.Clock = "a", func() time.Time { return oldTime("2026-03-05T04:00:00Z") }
	s := storetest.Open(t, cfg)
	by := func(kind charge.IssuerKind, account, scope, lot string) charge.Issuer {
		return charge.IssuerOf(kind, account, charge.Scope{Union: scope}, lotNamed(lot))
	}
	for _, c := range []struct {
		why, platform, key string
		by                 charge.Issuer
		taken              bool
	}{
		{"the lot", "linghu", "1", by(charge.IssuerLot, "hu", "", "1/1"), true},
		{"another lot", "linghu", "1", by(charge.IssuerLot, "hu", "", "1/2"), false},
		{"the lot, pruned", "linghu", "2", by(charge.IssuerLot, "hu", "", "1/1"), true},
		{"another lot, pruned", "linghu", "2", by(charge.IssuerLot, "hu", "", "1/2"), false},
		{"the vendor", "xiaowei", "1", by(charge.IssuerVendor, "wei", "", "1/2"), true},
		{"another vendor", "xiaowei", "1", by(charge.IssuerVendor, "wei", "", "2/1"), false},
		{"the vendor, pruned", "xiaowei", "2", by(charge.IssuerVendor, "wei", "", "1/2"), true},
		{"another vendor, pruned", "xiaowei", "2", by(charge.IssuerVendor, "wei", "", "2/1"), false},
		{"the account", "telaidian", "1", by(charge.IssuerAccount, "teld", "", "1/1"), true},
		{"another account", "telaidian", "1", by(charge.IssuerAccount, "other", "", "1/1"), false},
		{"an account that can serve the lot, pruned", "telaidian", "2", by(charge.IssuerAccount, "other", "1", "1/1"), true},
		{"an account that cannot, pruned", "telaidian", "2", by(charge.IssuerAccount, "other", "2", "2/1"), false},
		{"an own platform's account", "fifteen", "1", by(charge.IssuerAccount, "own", "", "1/1"), true},
		{"another account of it", "fifteen", "1", by(charge.IssuerAccount, "other", "", "1/1"), false},
		{"its lot", "fifteen", "1", by(charge.IssuerLot, "own", "", "1/1"), true},
		{"another lot of it", "fifteen", "1", by(charge.IssuerLot, "own", "", "1/2"), false},
	} {
		err := s.Read(t.Context(), func(tx *store.Tx) error {
			got, err := tx.ChargeByRepeat(c.platform, c.key, c.by)
			if (got != nil) != c.taken {
				t.Errorf("%s: order %s of %s is taken: %t, want %t", c.why, c.key, c.platform, got != nil, c.taken)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range r.Checks {
		if !check.OK || check.Name == "order numbers" &&
			check.Detail != "10 order numbers, 2 of them of an issuer that is not known" {
			t.Errorf("verify %s: %s", check.Name, check.Detail)
		}
	}
	docs, err := s.Docs(t.Context(), "estate")
	if err != nil {
		t.Fatal(err)
	}
	for account, want := range map[string]bool{"xj-visit": true, "xj-window": true, "xj-orders": false, "teld": false} {
		if got := strings.Contains(strings.ReplaceAll(string(docs["account/"+account]), " ", ""),
			`"undated":"once_a_stay"`); got != want {
			t.Errorf("account %s takes pushes without order and times: %t, want %t", account, got, want)
		}
	}
}
