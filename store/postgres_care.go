package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// long implements engine: not by a committer, which would take a server that is silent for minutes for lost.
func (e *postgresEngine) long(ctx context.Context, texts ...string) error {
	return pgx.BeginFunc(ctx, e.pool, func(tx pgx.Tx) error {
		for _, text := range texts {
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}

// indexes implements engine.
func (e *postgresEngine) indexes() *statement {
	return statementOf("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() " +
		"AND indexdef NOT LIKE 'CREATE UNIQUE%' " +
		"AND tablename IN ('push', 'charge', 'stay', 'delivery', 'plate')")
}

// analyze implements engine: the planner learns what is in the tables before it would by itself.
func (e *postgresEngine) analyze(ctx context.Context) error {
	_, err := e.pool.Exec(ctx, "ANALYZE")
	return wrapf(err, "analyze")
}

// indexPlates implements engine: PostgreSQL keeps its own list of what is not indexed yet.
func (e *postgresEngine) indexPlates(context.Context, int) error { return nil }

// integrity implements engine: a server that was made with data checksums counts the pages that failed them.
func (e *postgresEngine) integrity(ctx context.Context) error {
	var failures int64
	err := e.pool.QueryRow(ctx,
		"SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()").Scan(&failures)
	if err == nil && failures > 0 {
		err = fmt.Errorf("PostgreSQL counts %d damaged pages", failures)
	}
	return err
}

// backup implements engine: the data are copied into a store on SQLite.
func (e *postgresEngine) backup(ctx context.Context, file string) error {
	to, err := Open(ctx, Config{DataDir: filepath.Dir(file), Node: e.store.cfg.Node, Clock: e.store.cfg.Clock,
		Logger: e.store.log})
	if err != nil {
		return err
	}
	return errors.Join(Copy(ctx, e.store, to, nil), to.Close())
}
