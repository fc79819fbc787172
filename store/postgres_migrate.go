package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// refuseNewer is refuseNewer of the database.
func (e *postgresEngine) refuseNewer(ctx context.Context, conn *pgx.Conn) error {
	ran, err := e.ran(ctx, conn)
	if err == nil {
		err = postgresSchema().refuseNewer(e.place(), ran)
	}
	if err != nil || ran == nil || slices.Max(ran) == 0 {
		return err
	}
	return e.refuseBesideNodes(ctx, conn)
}

// nodeGone is how long after its last beat a node counts as gone.
const nodeGone = 10 * time.Second

// refuseBesideNodes returns ErrOlderNode where a migration would change the schema under other nodes that run: they
// know only the old one. A node that started with this one may have migrated first, so that schema and nodes are read
// by one statement.
func (e *postgresEngine) refuseBesideNodes(ctx context.Context, conn *pgx.Conn) error {
	newest := postgresSchema().newest()
	var have int64
	var running string
	err := conn.QueryRow(ctx, "SELECT (SELECT max(version_id) FROM goose_db_version), "+
		"coalesce(string_agg(name, ', ' ORDER BY name), '') FROM node "+
		"WHERE name <> '' AND name <> $1 AND beat > extract(epoch FROM clock_timestamp()) * 1000 - $2",
		e.store.cfg.Node, nodeGone.Milliseconds()).Scan(&have, &running)
	if err != nil {
		return wrapf(err, "look for running nodes")
	}
	if have >= newest || running == "" {
		return nil
	}
	return fmt.Errorf("store: %s: %w: %s. The schema is version %d, and this program would bring it to version %d, "+
		"which older nodes cannot use. Nothing was changed. Stop them all, then start again; "+
		"a node that was killed counts as running for %v", e.place(), ErrOlderNode, running, have, newest, nodeGone)
}

// ran lists the versions of the migrations that have run; nil where there is no schema yet.
func (e *postgresEngine) ran(ctx context.Context, conn *pgx.Conn) (ran []int64, err error) {
	var made bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&made); err != nil || !made {
		return nil, wrapf(err, "look for a schema")
	}
	rows, err := conn.Query(ctx, selectRan)
	if err == nil {
		ran, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	}
	return ran, wrapf(err, "read the schema version")
}

// migrate brings the schema up to date. A newer node may have run its own steps while this one waited its turn.
func (e *postgresEngine) migrate(ctx context.Context, conn *pgx.Conn) error {
	ran, err := e.ran(ctx, conn)
	if err == nil && !postgresSchema().complete(ran) {
		if err = e.runSchema(ctx); err == nil {
			ran, err = e.ran(ctx, conn)
		}
	}
	if err == nil {
		err = postgresSchema().refuseNewer(e.place(), ran)
	}
	if err == nil {
		e.indexParts(ctx, conn)
	}
	return err
}

// runSchema runs the steps of the schema that have not run. Nodes that start together wait for each other.
func (e *postgresEngine) runSchema(ctx context.Context) error {
	db := stdlib.OpenDB(*e.cfg.Copy())
	defer db.Close()
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return wrapf(err, "migrations")
	}
	err = postgresSchema().run(ctx, goose.DialectPostgres, db, goose.WithSessionLocker(locker))
	return wrapf(err, "migrate the schema of %s", e.place())
}

// indexParts makes the index for parts of plates where it can. Only some may create extensions; without this one a
// search for the middle of a plate reads all plates.
func (e *postgresEngine) indexParts(ctx context.Context, conn *pgx.Conn) {
	var there bool
	err := conn.QueryRow(ctx, "SELECT to_regclass('plate_part') IS NOT NULL").Scan(&there)
	if err == nil && !there {
		_, err = conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_trgm; "+
			"CREATE INDEX IF NOT EXISTS plate_part ON plate USING gin (plate gin_trgm_ops)")
	}
	if err != nil {
		e.store.log.Warn("no index for parts of plates: their search will be slower", "error", err,
			"help", "let an administrator run CREATE EXTENSION pg_trgm")
	}
}
