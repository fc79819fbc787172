package bench

import (
	"fmt"

	"github.com/chargestamp/chargestamp/store/pgtest"
)

// Engine is where servers under test keep their data.
type Engine struct {
	Name string // "sqlite" or "postgres"

	url    string         // of a database that somebody else runs
	server *pgtest.Server // a private one
}

// Engines in the order of a report.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// OpenEngine makes an engine ready. A private PostgreSQL is started from the machine's programs where no url of
// an empty database is given.
func OpenEngine(name, url string) (*Engine, error) {
	e := &Engine{Name: name, url: url}
	switch {
	case name == SQLite && url != "":
		return nil, fmt.Errorf("SQLite has no database url")
	case name == SQLite, url != "":
		return e, nil
	case name != Postgres:
		return nil, fmt.Errorf("no engine is called %q; there are sqlite and postgres", name)
	}
	var err error
	e.server, err = pgtest.Start()
	return e, err
}

// Database gives the url of a new database, or of the one that was given; empty for SQLite.
func (e *Engine) Database() (string, error) {
	if e.server != nil {
		return e.server.NewDatabase()
	}
	return e.url, nil
}

// Close ends a private server.
func (e *Engine) Close() error {
	if e.server == nil {
		return nil
	}
	return e.server.Stop()
}
