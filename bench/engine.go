package bench

import (
	"fmt"
	"path/filepath"

	"github.com/chargestamp/chargestamp/store/pgtest"
)

// Engine is where servers under test keep their data.
type Engine struct {
	Name string // "sqlite" or "postgres"

	url    string         // of a database that somebody else runs
	server *pgtest.Server // a private one
	kept   bool           // whose databases are used again by later runs
	unkept error          // why they are not, although they were to be
}

// Engines in the order of a report.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// OpenEngine makes an engine ready. A private PostgreSQL is started from the machine's programs where no url of
// an empty database is given; with a folder to keep prepared data in, its databases are there for later runs.
func OpenEngine(name, url, prepared string) (*Engine, error) {
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
	if prepared == "" {
		e.server, err = pgtest.Start()
		return e, err
	}
	if e.server, e.unkept = pgtest.StartIn(filepath.Join(prepared, "postgres-cluster")); e.unkept == nil {
		e.kept = true
		return e, nil
	}
	// PostgreSQL does not run as root, and its user may not reach the folder.
	e.server, err = pgtest.Start()
	return e, err
}

// Keeps reports whether what is prepared is there for later runs.
func (e *Engine) Keeps() bool { return e.Name == SQLite || e.kept }

// Kept returns the url of a database that later runs use again, empty for SQLite; fresh makes it anew.
func (e *Engine) Kept(name string, fresh bool) (string, error) {
	if !e.kept {
		return e.Database()
	}
	if fresh {
		return e.server.NewNamed(name)
	}
	return e.server.Named(name), nil
}

// Database returns the url of a new database, or of the one that was given; empty for SQLite.
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
