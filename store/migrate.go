package store

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver that goose needs
)

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// migrateUp runs the migrations of an engine that have not run yet.
func migrateUp(ctx context.Context, dialect goose.Dialect, folder string, db *sql.DB, opts ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return wrapf(err, "migrations")
	}
	p, err := goose.NewProvider(dialect, db, files, append(opts, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return wrapf(err, "migrations")
	}
	_, err = p.Up(ctx)
	return wrapf(err, "migrate the %s schema", folder)
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
	return migrateUp(ctx, goose.DialectSQLite3, "sqlite", db)
}
