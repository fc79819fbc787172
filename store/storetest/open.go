package storetest

import (
	"testing"

	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/pgtest"
)

// OpenSQLite opens a new store on SQLite in a folder of the test.
func OpenSQLite(t testing.TB, cfg store.Config) *store.Store {
	t.Helper()
	if cfg.DataDir == "" {
		cfg.DataDir = t.TempDir()
	}
	return open(t, cfg)
}

func open(t testing.TB, cfg store.Config) *store.Store {
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

// OnPostgres opens each store in a new database of a server.
func OnPostgres(server *pgtest.Server) Open {
	return func(t testing.TB, cfg store.Config) *store.Store {
		t.Helper()
		if cfg.URL == "" {
			cfg.URL = NewDatabase(t, server)
		}
		return open(t, cfg)
	}
}

// NewDatabase makes an empty database and gives its URL.
func NewDatabase(t testing.TB, server *pgtest.Server) string {
	t.Helper()
	url, err := server.NewDatabase()
	if err != nil {
		t.Fatal(err)
	}
	return url
}
