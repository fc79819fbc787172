package app

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
	"github.com/chargestamp/chargestamp/words"
)

// oldReasons are what earlier releases wrote of pushes, and what the console shows of them now.
var oldReasons = []struct{ stored, chinese string }{
	{"", ""},
	{"the same push again", "同一条推送再次到达"},
	{"the body is empty", "报文为空"},
	{"there is no lot 200461/1399", "没有车场 200461/1399"},
	{"the lot 200461/1399 is switched off", "车场 200461/1399 已停用"},
	{"account xj-main is not bound to lot 200461/1313", "账号 xj-main 没有对接车场 200461/1313"},
	{"no binding of this account lists the charger C-1 or C-2", "该账号的对接都没有登记充电桩 C-1 / C-2"},
	{"ParkID: is missing", "ParkID 缺失"},
	{"sign is missing: the push is not signed", "缺少 sign：推送没有签名"},
	{"2001:db8::7 is not in the account's allow_from", "来源地址 2001:db8::7 不在账号的 allow_from 中"},
	{"there is no lot 1%2/3", "（旧记录）there is no lot 1%2/3"}, // would read as an escape
	{"the seal is wrong", "（旧记录）the seal is wrong"},
}

func reasonRows() (rows [][]any) {
	for i, r := range oldReasons {
		id := oldHeld + int64(i)
		rows = append(rows,
			[]any{"push", id, "xiaoju", "", charge.IDTime(id).UnixMilli(), "192.0.2.8", []byte("POST / HTTP/1.1"),
				"unknown_lot", r.stored, 0, []byte("{}")})
	}
	return rows
}

// TestUpgradeReasonsSQLite wants what earlier releases wrote of pushes to be read in the reader's language.
func TestUpgradeReasonsSQLite(t *testing.T) {
	cfg := store.Config{DataDir: t.TempDir()}
	db, err := sql.Open("sqlite", filepath.Join(cfg.DataDir, "chargestamp.db"))
	if err != nil {
		t.Fatal(err)
	}
	makeOldOf(t, goose.DialectSQLite3, "sqlite", db, reasonRows())
	testReasonsUpgraded(t, cfg)
}

// TestUpgradeReasonsPostgres wants the same of a database.
func TestUpgradeReasonsPostgres(t *testing.T) {
	cfg := storetest.SharedPostgres(t)(t)
	pg, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	makeOldOf(t, goose.DialectPostgres, "postgres", stdlib.OpenDB(*pg), reasonRows())
	testReasonsUpgraded(t, cfg)
}

func testReasonsUpgraded(t *testing.T, cfg store.Config) {
	cfg.Node, cfg.Clock = "a", func() time.Time { return oldTime("2026-03-05T04:00:00Z") }
	s := storetest.Open(t, cfg)
	err := s.Read(t.Context(), func(tx *store.Tx) error {
		for i, r := range oldReasons {
			p, err := tx.Push(oldHeld + int64(i))
			if err != nil || p == nil {
				return fmt.Errorf("%q: %v, %w", r.stored, p, err)
			}
			if got := words.Notes(words.Chinese, p.Reason); got != r.chinese {
				t.Errorf("%q is shown as %q, want %q", r.stored, got, r.chinese)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
