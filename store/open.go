package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/chargestamp/chargestamp/charge"
)

// engineKind is one of the two engines.
type engineKind struct {
	open   func(context.Context, *Store) (engine, error)
	queues int  // how many transactions of a store are under way at once
	inFile bool // its data are one file, as a backup is
}

// kindOf returns the engine that a configuration names.
func kindOf(cfg Config) (engineKind, error) {
	switch {
	case cfg.URL == "":
		return engineKind{open: openSQLite, queues: 1, inFile: true}, nil
	case strings.HasPrefix(cfg.URL, "postgres://"), strings.HasPrefix(cfg.URL, "postgresql://"):
		return engineKind{open: openPostgres, queues: committers()}, nil
	}
	return engineKind{}, errors.New("store: database url must begin with postgres://, or be empty for SQLite in the " +
		"data folder")
}

// Open opens the store, checks that the engine keeps what it promises, and brings the schema up to date.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	kind, err := kindOf(cfg)
	if err != nil {
		return nil, err
	}
	s := &Store{
		cfg: cfg, queues: make([]queue, kind.queues), log: cfg.Logger,
		hints:  make(chan Hint, 1024),
		ids:    charge.NewIDs(uint16(uint64(lockOf(cfg.Node))&charge.MaxNode), cfg.Clock),
		failed: make(chan error, 1), closing: make(chan struct{}), stopped: make(chan struct{}),
	}
	if s.engine, err = kind.open(ctx, s); err != nil {
		return nil, err
	}
	for i := range s.queues {
		s.queues[i] = newQueue()
		s.workers.Go(func() { s.engine.commit(i, s.taker(s.queues[i])) })
	}
	s.workers.Go(s.engine.listen)
	s.workers.Go(s.upkeep)
	go func() {
		s.workers.Wait()
		close(s.stopped)
	}()
	last, err := s.LastID(ctx)
	s.ids.Pass(last)
	if err == nil {
		err = s.makeIndexes(ctx)
	}
	if err == nil {
		err = s.learnSummed(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func openSQLite(ctx context.Context, s *Store) (_ engine, err error) {
	if s.cfg.DataDir == "" {
		return nil, errors.New("store: neither data folder nor database url is given")
	}
	if err := os.MkdirAll(s.cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("store: data folder: %w", err)
	}
	e := &sqliteEngine{store: s, file: filepath.Join(s.cfg.DataDir, databaseFile), recent: newRecent(),
		pending: newPending(), pause: flushRest}
	if e.lock, err = lockFile(filepath.Join(s.cfg.DataDir, "chargestamp.lock")); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	if err = refuseNewerFile(e.file, "mode=ro"); err != nil {
		return nil, err
	}
	if err = makeFile(e.file); err != nil {
		return nil, err
	}
	if e.write, err = dialSQLite(e.file, "", "busy_timeout = 5000", "journal_mode = WAL", "synchronous = NORMAL",
		"wal_autocheckpoint = 10000", "foreign_keys = ON", "temp_store = MEMORY", "cache_size = -16384"); err != nil {
		return nil, err
	}
	for _, step := range []func() error{
		e.check,
		func() error { return e.recover(ctx) },
		func() error { return e.migrate(ctx) },
		e.openLog,
		e.beginRecords,
	} {
		if err = step(); err != nil {
			return nil, err
		}
	}
	if e.look, err = e.reader(); err != nil {
		return nil, err
	}
	e.write.statements, e.look.statements = &s.statements, &s.statements
	e.pool = newReaderPool(readers, e.reader)
	c, err := dialSQLite(e.file, "", "busy_timeout = 1000", "synchronous = FULL", "wal_autocheckpoint = 0")
	if err != nil {
		return nil, err
	}
	s.workers.Go(func() { e.checkpoint(c) })
	s.workers.Go(e.pace)
	return e, nil
}

// makeFile makes a file that no other user can read, not even before it holds anything.
func makeFile(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return f.Close()
}

func openPostgres(ctx context.Context, s *Store) (engine, error) {
	cfg, err := pgx.ParseConfig(s.cfg.URL)
	if err != nil {
		return nil, errURL // its own error may tell the password
	}
	cfg.ConnectTimeout = 2 * time.Second
	cfg.RuntimeParams["application_name"] = "chargestamp " + s.cfg.Node
	e := &postgresEngine{store: s, cfg: cfg}
	conn, err := pgx.ConnectConfig(ctx, cfg.Copy())
	if err != nil {
		return nil, wrapf(err, "connect to PostgreSQL")
	}
	if err = e.refusePoolMode(ctx, conn); err == nil {
		err = e.check(ctx, conn)
	}
	if err == nil {
		err = e.refuseNewer(ctx, conn)
	}
	if err == nil {
		err = e.migrate(ctx, conn)
	}
	conn.Close(ctx)
	if err != nil {
		return nil, err
	}
	poolCfg, err := pgxpool.ParseConfig(s.cfg.URL)
	if err != nil {
		return nil, errURL
	}
	poolCfg.ConnConfig, poolCfg.MaxConns = cfg.Copy(), poolSize
	poolCfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		return applySettings(ctx, conn, readerSettings)
	}
	if e.pool, err = pgxpool.NewWithConfig(ctx, poolCfg); err != nil {
		return nil, wrapf(err, "connect to PostgreSQL")
	}
	if e.ears, err = e.openEars(ctx); err != nil {
		e.pool.Close()
		return nil, wrapf(err, "listen on PostgreSQL")
	}
	return e, nil
}

// Schema is the version of the schema that the data have; Open has brought them to it.
func (s *Store) Schema() int64 { return s.engine.schema().newest() }
