package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

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

// newestSchema is the schema version that this program brings an engine's data to.
func newestSchema(folder string) (newest int64, err error) {
	files, err := migrations.ReadDir("migrations/" + folder)
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		version, err := goose.NumericComponent(f.Name())
		if err != nil {
			return 0, err
		}
		newest = max(newest, version)
	}
	return newest, nil
}

// Schema is the version of the schema that the data have; Open has brought them to it.
func (s *Store) Schema() int64 {
	newest, err := newestSchema(s.Engine())
	if err != nil {
		panic(err) // the migrations are part of the program
	}
	return newest
}

// refuseNewer returns ErrNewerSchema where data have a schema that this program does not know. place names them.
func refuseNewer(folder, place string, have int64) error {
	newest, err := newestSchema(folder)
	if err != nil {
		return wrapf(err, "migrations")
	}
	if have <= newest {
		return nil
	}
	return fmt.Errorf("store: %s: %w: their schema is version %d, this program knows versions up to %d. Nothing was changed. "+
		"Use the newer chargestamp, or restore a backup from before the update into an empty place",
		place, ErrNewerSchema, have, newest)
}

// schemaVersion asks for the version of a schema that has one.
const schemaVersion = "SELECT coalesce(max(version_id), 0) FROM goose_db_version"

// migrateUp runs the migrations of an engine that have not run yet. A newer node may have done so with its own
// while this one waited its turn.
func migrateUp(ctx context.Context, dialect goose.Dialect, folder, place string, db *sql.DB,
	opts ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return wrapf(err, "migrations")
	}
	p, err := goose.NewProvider(dialect, db, files, append(opts, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return wrapf(err, "migrations")
	}
	if _, err = p.Up(ctx); err != nil {
		return wrapf(err, "migrate the %s schema", folder)
	}
	var have int64
	if err := db.QueryRowContext(ctx, schemaVersion).Scan(&have); err != nil {
		return wrapf(err, "read the schema version of %s", place)
	}
	return refuseNewer(folder, place, have)
}
