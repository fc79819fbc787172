package storetest

import (
	"testing"

	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/pgtest"
)

// Place returns a new, empty place for a store: its data folder or its URL.
type Place func(t testing.TB) store.Config

// SQLite is a folder of the test.
func SQLite(t testing.TB) store.Config { return store.Config{DataDir: t.TempDir()} }

// Postgres is a new database of a server.
func Postgres(server *pgtest.Server) Place {
	return func(t testing.TB) store.Config {
		t.Helper()
		url, err := server.NewDatabase()
		if err != nil {
			t.Fatal(err)
		}
		return store.Config{URL: url}
	}
}

// Open opens a store that is closed when the test ends.
func Open(t testing.TB, cfg store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return s
}

// OpenSQLite opens a store on SQLite, in a folder of the test where none is given.
func OpenSQLite(t testing.TB, cfg store.Config) *store.Store {
	t.Helper()
	if cfg.DataDir == "" {
		cfg.DataDir = t.TempDir()
	}
	return Open(t, cfg)
}

// StartPostgres starts a private PostgreSQL that is stopped when the test ends. Where the machine has no
// PostgreSQL the test fails and says how to get it.
func StartPostgres(t testing.TB) *pgtest.Server {
	t.Helper()
	server, err := pgtest.Start()
	if err != nil {
		t.Fatalf("a private PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Errorf("stop PostgreSQL: %v", err)
		}
	})
	return server
}
