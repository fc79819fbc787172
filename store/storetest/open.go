package storetest

import (
	"testing"

	"github.com/chargestamp/chargestamp/store"
)

// OpenSQLite opens a new store on SQLite in a folder of the test.
func OpenSQLite(t testing.TB, cfg store.Config) *store.Store {
	t.Helper()
	if cfg.DataDir == "" {
		cfg.DataDir = t.TempDir()
	}
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
