package store_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// newer is a change that a chargestamp of later days has made to a schema.
const newer = "CREATE TABLE of_later_days (id BIGINT); INSERT INTO goose_db_version (version_id, is_applied) " +
	"VALUES (90001, TRUE)"

// wantNewer wants an error that says what is wrong and what to do.
func wantNewer(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("%s: %v, want ErrNewerSchema", what, err)
		return
	}
	for _, says := range []string{"90001", "Use the newer chargestamp", "backup"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %q does not say %q", what, err, says)
		}
	}
}

// refused opens a store that must not open.
func refused(t *testing.T, what string, cfg store.Config) {
	t.Helper()
	cfg.Node = "a"
	s, err := store.Open(t.Context(), cfg)
	if err == nil {
		err = errors.Join(errors.New("it opened"), s.Close())
	}
	wantNewer(t, what, err)
}

// files returns a folder's files with what is in them. Those that SQLite makes anew to read are left out.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if strings.HasSuffix(f.Name(), "-shm") || strings.HasSuffix(f.Name(), ".lock") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[f.Name()] = string(text)
	}
	return found
}

// TestNewerSchemaSQLite wants data that a newer program has written refused and left as they are, what a crash has
// left in the log included.
func TestNewerSchemaSQLite(t *testing.T) {
	made, crashed := t.TempDir(), t.TempDir()
	s, err := store.Open(t.Context(), store.Config{DataDir: made, Node: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(made, "chargestamp.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	for name, text := range files(t, made) { // while the log holds what is new
		if err := os.WriteFile(filepath.Join(crashed, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	before := files(t, crashed)
	if len(before["chargestamp.db-wal"]) == 0 {
		t.Fatal("the log is empty: this shows nothing of a crash")
	}
	refused(t, "after a crash", store.Config{DataDir: crashed})
	if diff := cmp.Diff(before, files(t, crashed)); diff != "" {
		t.Error("the refusal changed the data")
	}
	before = files(t, made)
	refused(t, "after an orderly end", store.Config{DataDir: made})
	if after := files(t, made); after["chargestamp.db"] != before["chargestamp.db"] {
		t.Error("the refusal changed the data")
	}

	// A backup that a newer program wrote is such a file.
	empty := filepath.Join(t.TempDir(), "empty")
	wantNewer(t, "restore", store.Restore(t.Context(), filepath.Join(made, "chargestamp.db"),
		store.Config{DataDir: empty, Node: "a"}))
	if _, err := os.Stat(filepath.Join(empty, "chargestamp.db")); err == nil {
		t.Error("a refused backup was restored")
	}
}

// TestNewerSchemaPostgres wants the same of a database.
func TestNewerSchemaPostgres(t *testing.T) {
	cfg := storetest.SharedPostgres(t)(t)
	s, err := store.Open(t.Context(), store.Config{URL: cfg.URL, Node: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	pg, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*pg)
	defer db.Close()
	// An index that a newer program does without must not come again.
	if _, err := db.ExecContext(t.Context(),
		newer+"; DROP INDEX IF EXISTS plate_part; DROP INDEX push_received"); err != nil {
		t.Fatal(err)
	}
	relations := func() (names string) {
		t.Helper()
		err := db.QueryRowContext(t.Context(),
			"SELECT string_agg(relname, ' ' ORDER BY oid) FROM pg_class "+
				"WHERE relnamespace = 'public'::regnamespace").Scan(&names)
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	before := relations()
	refused(t, "open", cfg)
	if after := relations(); after != before {
		t.Errorf("the refusal changed the database: %s, before %s", after, before)
	}
}

// TestOlderNodesKeepTheSchema wants a migration refused while another node runs that knows only the old schema, and
// not when it has gone, or for the node's own last life.
func TestOlderNodesKeepTheSchema(t *testing.T) {
	cfg := storetest.SharedPostgres(t)(t)
	s, err := store.Open(t.Context(), store.Config{URL: cfg.URL, Node: "old-1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.JoinNode(t.Context(), "old-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	pg, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*pg)
	defer db.Close()
	// The database as an older program has left it: without the newest migration.
	if _, err := db.ExecContext(t.Context(),
		"DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)"); err != nil {
		t.Fatal(err)
	}
	open := func(node string) error {
		s, err := store.Open(t.Context(), store.Config{URL: cfg.URL, Node: node})
		if err == nil {
			err = s.Close()
		}
		return err
	}
	err = open("new-1")
	if !errors.Is(err, store.ErrOlderNode) || !strings.Contains(err.Error(), "old-1") {
		t.Errorf("beside a running node: %v, want ErrOlderNode that names it", err)
	}
	if err := open("old-1"); errors.Is(err, store.ErrOlderNode) {
		t.Errorf("the node itself, started again: %v", err)
	}
	if err := s.LeaveNode(t.Context(), "old-1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open("new-1"); errors.Is(err, store.ErrOlderNode) {
		t.Errorf("after the node has left: %v", err)
	}
}
