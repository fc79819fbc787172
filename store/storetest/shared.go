package storetest

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/chargestamp/chargestamp/store/pgtest"
)

// shared is the server of SharedPostgres.
var shared struct {
	sync.Once
	server *pgtest.Server
	err    error
}

// SharedPostgres is a place on one private PostgreSQL for all tests of a package, which starts with the first of them.
// It is for tests that want a database of their own and leave the server alone; their package's TestMain ends with
// Main, which stops it. With -short the test is skipped.
func SharedPostgres(t testing.TB) Place {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves PostgreSQL out")
	}
	shared.Do(func() { shared.server, shared.err = pgtest.Start() })
	if shared.err != nil {
		t.Fatalf("a private PostgreSQL: %v", shared.err)
	}
	return Postgres(shared.server)
}

// Main runs a package's tests, stops what they shared, and returns the code to exit with.
func Main(m *testing.M) int {
	code := m.Run()
	if shared.server != nil {
		if err := shared.server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
			return max(code, 1)
		}
	}
	return code
}
