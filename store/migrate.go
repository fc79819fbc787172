package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver that goose needs
)

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// ErrNewerSchema says that a newer chargestamp has changed the data's schema. This one must leave them alone: what
// it does not know of it could neither keep nor check.
var ErrNewerSchema = errors.New("a newer chargestamp has written these data")

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

// refuseNewer gives ErrNewerSchema where data have a schema that this program does not know. place names them.
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

// refuseNewerFile is refuseNewer of a file; a connection that can only read leaves it as it is, its log included.
func refuseNewerFile(file, query string) error {
	if info, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil // there is nothing yet
	}
	c, err := dialSQLite(file, query, "busy_timeout = 5000")
	if err != nil {
		return err
	}
	defer c.close()
	if made, err := c.value("SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'"); err != nil || made == int64(0) {
		return wrapf(err, "read %s", file)
	}
	have, err := c.value(schemaVersion)
	if err != nil {
		return wrapf(err, "read the schema version of %s", file)
	}
	version, _ := have.(int64)
	return refuseNewer("sqlite", file, version)
}

// place names the database. Its address may hold a password.
func (e *postgresEngine) place() string { return "PostgreSQL database " + e.cfg.Database }

// refuseNewer is refuseNewer of the database.
func (e *postgresEngine) refuseNewer(ctx context.Context, conn *pgx.Conn) error {
	var made bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&made); err != nil || !made {
		return wrapf(err, "look for a schema")
	}
	var have int64
	if err := conn.QueryRow(ctx, schemaVersion).Scan(&have); err != nil {
		return wrapf(err, "read the schema version")
	}
	return refuseNewer("postgres", e.place(), have)
}

// migrateUp runs the migrations of an engine that have not run yet. A newer node may have done so with its own
// while this one waited its turn.
func migrateUp(ctx context.Context, dialect goose.Dialect, folder, place string, db *sql.DB, opts ...goose.ProviderOption) error {
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

func (e *sqliteEngine) migrate(ctx context.Context) error {
	address, err := sqliteAddress(e.file, "_pragma=busy_timeout(5000)&_pragma=synchronous(full)")
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", address)
	if err != nil {
		return wrapf(err, "migrate")
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	return migrateUp(ctx, goose.DialectSQLite3, "sqlite", e.file, db)
}
