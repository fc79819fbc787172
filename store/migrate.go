package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver that goose needs
)

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// ErrNewerSchema says that a newer chargestamp has changed the data's schema. This one must leave them alone: what
// it does not know of it could neither keep nor check.
var ErrNewerSchema = errors.New("a newer chargestamp has written these data")

// ErrOlderNode says that the schema must not be changed: nodes of an older chargestamp run on the data.
var ErrOlderNode = errors.New("nodes of an older chargestamp are running on these data")

// migration is one step of an engine's schema.
type migration struct {
	version int64
	file    string
	up      string // the statements that it runs
}

// schema is all steps of an engine's schema in their order.
type schema []migration

// The schemas of both engines.
var (
	sqliteSchema   = sync.OnceValue(func() schema { return readSchema("sqlite") })
	postgresSchema = sync.OnceValue(func() schema { return readSchema("postgres") })
)

// readSchema reads the migrations of a folder. They are part of the program: one that does not read is a panic.
func readSchema(folder string) (all schema) {
	dir := path.Join("migrations", folder)
	files, err := migrations.ReadDir(dir)
	if err != nil {
		panic(err)
	}
	for _, f := range files {
		text, err := migrations.ReadFile(path.Join(dir, f.Name()))
		if err != nil {
			panic(err)
		}
		m, err := readMigration(f.Name(), string(text))
		if err != nil {
			panic(err)
		}
		all = append(all, m)
	}
	return all
}

// readMigration reads a file NUMBER_name.sql: "-- +goose Up" heads what it runs, "-- +goose Down" what would undo it.
// goose's own reader takes megabytes for each file.
func readMigration(file, text string) (m migration, err error) {
	_, up, ok := strings.Cut(text, "-- +goose Up\n")
	if m.version, err = goose.NumericComponent(file); err == nil && !ok {
		err = fmt.Errorf("store: migration %s: there is no line %q", file, "-- +goose Up")
	}
	m.file = file
	m.up, _, _ = strings.Cut(up+"\n", "-- +goose Down\n")
	return m, err
}

// newest is the version that the schema comes to.
func (s schema) newest() int64 { return s[len(s)-1].version }

// complete reports whether all steps have run.
func (s schema) complete(ran []int64) bool {
	return !slices.ContainsFunc(s, func(m migration) bool { return !slices.Contains(ran, m.version) })
}

// run runs the steps that have not run, each in a transaction.
func (s schema) run(ctx context.Context, dialect goose.Dialect, db *sql.DB, opts ...goose.ProviderOption) error {
	var steps []*goose.Migration
	for _, m := range s {
		up := func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, m.up); err != nil {
				return fmt.Errorf("%s: %w", m.file, err)
			}
			return nil
		}
		steps = append(steps, goose.NewGoMigration(m.version, &goose.GoFunc{RunTx: up}, nil))
	}
	opts = append(opts, goose.WithGoMigrations(steps...), goose.WithDisableGlobalRegistry(true))
	p, err := goose.NewProvider(dialect, db, nil, opts...)
	if err == nil {
		_, err = p.Up(ctx)
	}
	return err
}

// refuseNewer returns ErrNewerSchema where data have had migrations that this program does not know. place names them.
func (s schema) refuseNewer(place string, ran []int64) error {
	if len(ran) == 0 || slices.Max(ran) <= s.newest() {
		return nil
	}
	return fmt.Errorf("store: %s: %w: their schema is version %d, this program knows versions up to %d. "+
		"Nothing was changed. Use the newer chargestamp, or restore a backup from before the update into an empty place",
		place, ErrNewerSchema, slices.Max(ran), s.newest())
}

// selectRan asks for the versions of the migrations that have run, where any has.
const selectRan = "SELECT version_id FROM goose_db_version"
