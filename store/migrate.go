package store

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
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

// The schemas of both engines. Their files are as goose reads them, which ran them in earlier releases, and so is the
// table that keeps which ones have run.
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
func readMigration(file, text string) (m migration, err error) {
	number, _, _ := strings.Cut(file, "_")
	_, up, ok := strings.Cut(text, "-- +goose Up\n")
	if m.version, err = strconv.ParseInt(number, 10, 64); err != nil || !ok {
		return m, fmt.Errorf("store: migration %s: the name must begin with a number, the text must have a line %q", file,
			"-- +goose Up")
	}
	m.file = file
	m.up, _, _ = strings.Cut(up+"\n", "-- +goose Down\n")
	return m, nil
}

// newest is the version that the schema comes to.
func (s schema) newest() int64 { return s[len(s)-1].version }

// lacking lists the steps that have not run.
func (s schema) lacking(ran []int64) []migration {
	return slices.DeleteFunc(slices.Clone(s), func(m migration) bool { return slices.Contains(ran, m.version) })
}

// schema is that of the store's engine.
func (s *Store) schema() schema {
	if s.cfg.URL == "" {
		return sqliteSchema()
	}
	return postgresSchema()
}

// Schema is the version of the schema that the data have; Open has brought them to it.
func (s *Store) Schema() int64 { return s.schema().newest() }

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

// noteRan says that a migration has run.
func noteRan(version int64) string {
	return fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, TRUE)", version)
}
