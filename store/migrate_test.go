package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// openOnce opens a store and closes it.
func openOnce(ctx context.Context, cfg store.Config) error {
	cfg.Node = "a"
	s, err := store.Open(ctx, cfg)
	if err == nil {
		err = s.Close()
	}
	return err
}

// byGoose makes the schema of an empty database with goose, as releases before this one did.
func byGoose(t *testing.T, dialect goose.Dialect, db *sql.DB) {
	t.Helper()
	folder := map[goose.Dialect]string{goose.DialectSQLite3: "sqlite", goose.DialectPostgres: "postgres"}[dialect]
	p, err := goose.NewProvider(dialect, db, os.DirFS(filepath.Join("migrations", folder)),
		goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// lines returns the first column of a query's rows.
func lines(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Join(strings.Fields(line), " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func openFile(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "chargestamp.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func openURL(t *testing.T, url string) *sql.DB {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*cfg)
	t.Cleanup(func() { db.Close() })
	return db
}

const versionsRan = "SELECT CAST(version_id AS TEXT) FROM goose_db_version ORDER BY id"

// TestSchemaAsGooseSQLite wants the schema that goose makes of the same files, and that it finds nothing left to do.
func TestSchemaAsGooseSQLite(t *testing.T) {
	ours, theirs := t.TempDir(), t.TempDir()
	if err := openOnce(t.Context(), store.Config{DataDir: ours}); err != nil {
		t.Fatal(err)
	}
	have, want := openFile(t, ours), openFile(t, theirs)
	byGoose(t, goose.DialectSQLite3, want)
	byGoose(t, goose.DialectSQLite3, have)
	for _, query := range []string{"SELECT name || ' ' || coalesce(sql, '') FROM sqlite_master " +
		"WHERE name <> 'goose_db_version' ORDER BY name", versionsRan,
		"SELECT name || type || \"notnull\" FROM pragma_table_info('goose_db_version')"} {
		if diff := cmp.Diff(lines(t, want, query), lines(t, have, query)); diff != "" {
			t.Errorf("%s\n%s", query, diff)
		}
	}
	if err := openOnce(t.Context(), store.Config{DataDir: theirs}); err != nil {
		t.Errorf("data that goose migrated: %v", err)
	}
}

// TestSchemaAsGoosePostgres wants the same of a database.
func TestSchemaAsGoosePostgres(t *testing.T) {
	place := storetest.SharedPostgres(t)
	ours, theirs := place(t).URL, place(t).URL
	if err := openOnce(t.Context(), store.Config{URL: ours}); err != nil {
		t.Fatal(err)
	}
	have, want := openURL(t, ours), openURL(t, theirs)
	byGoose(t, goose.DialectPostgres, want)
	if err := openOnce(t.Context(), store.Config{URL: theirs}); err != nil {
		t.Errorf("data that goose migrated: %v", err)
	}
	byGoose(t, goose.DialectPostgres, have)
	for _, query := range []string{"SELECT table_name || '.' || column_name || ' ' || data_type || is_nullable || " +
		"coalesce(column_default, '') FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1",
		"SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1", versionsRan} {
		if diff := cmp.Diff(lines(t, want, query), lines(t, have, query)); diff != "" {
			t.Errorf("%s\n%s", query, diff)
		}
	}
}

// forgetLast makes a database forget that its last migrations have run, so that the first of them fails when it is run
// again.
const forgetLast = "DELETE FROM goose_db_version WHERE version_id >= 22"

// TestFailedMigration wants an error that names the migration, and the schema as it was before it.
func TestFailedMigration(t *testing.T) {
	dir, url := t.TempDir(), storetest.SharedPostgres(t)(t).URL
	for _, on := range []struct {
		cfg  store.Config
		open func() *sql.DB
	}{
		{store.Config{DataDir: dir}, func() *sql.DB { return openFile(t, dir) }},
		{store.Config{URL: url}, func() *sql.DB { return openURL(t, url) }},
	} {
		if err := openOnce(t.Context(), on.cfg); err != nil {
			t.Fatal(err)
		}
		db := on.open()
		if _, err := db.ExecContext(t.Context(), forgetLast); err != nil {
			t.Fatal(err)
		}
		before := lines(t, db, versionsRan)
		err := openOnce(t.Context(), on.cfg)
		if err == nil || !strings.Contains(err.Error(), "00022_webhook_tries.sql") {
			t.Errorf("%v does not name the migration that failed", err)
		}
		if diff := cmp.Diff(before, lines(t, db, versionsRan)); diff != "" {
			t.Error(diff)
		}
	}
}

// TestNodesMigrateTogether wants nodes that start at once on an empty database to make one schema.
func TestNodesMigrateTogether(t *testing.T) {
	url := storetest.SharedPostgres(t)(t).URL
	ended := make(chan error)
	const nodes = 3
	for range nodes {
		go func() { ended <- openOnce(t.Context(), store.Config{URL: url}) }()
	}
	var err error
	for range nodes {
		err = errors.Join(err, <-ended)
	}
	if err != nil {
		t.Error(err)
	}
	ran := lines(t, openURL(t, url), versionsRan)
	for i, v := range ran {
		if i > 0 && v == ran[i-1] {
			t.Errorf("migration %s has run twice: %v", v, ran)
		}
	}
}
