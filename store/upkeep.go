package store

import (
	"context"
	"time"
)

const (
	platesEvery  = time.Second
	platesAtOnce = 300 // so that no push waits long
	sumsEvery    = time.Minute
)

// upkeep does what can wait: it brings new plates into the index of their parts and adds up charges for statements.
func (s *Store) upkeep() {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-s.closing
		cancel()
	}()
	plates, sums := time.NewTicker(platesEvery), time.NewTicker(sumsEvery)
	defer plates.Stop()
	defer sums.Stop()
	for ctx.Err() == nil {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-plates.C:
			err = s.engine.indexPlates(ctx, platesAtOnce)
		case <-sums.C:
			if !s.filling.Load() {
				err = s.SumUp(ctx)
			}
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("upkeep is put off", "error", err)
		}
	}
}

var (
	platesWaiting = statementOf("SELECT id FROM plate WHERE id > coalesce((SELECT max(id) FROM plate_part_content), 0) LIMIT 1", tablePlate)
	indexPlates   = statementOf("INSERT INTO plate_part (rowid, plate) SELECT id, plate FROM plate "+
		"WHERE id > coalesce((SELECT max(id) FROM plate_part_content), 0) ORDER BY id LIMIT ?", tablePlate)
)

// indexPlates implements engine.
func (e *sqliteEngine) indexPlates(ctx context.Context, atOnce int) error {
	for {
		waiting := false
		err := e.store.Read(ctx, func(t *Tx) (err error) {
			waiting, err = t.get(platesWaiting, func(*cells) error { return nil })
			return err
		})
		if err != nil || !waiting {
			return err
		}
		err = e.store.write(ctx, nil, func(t *Tx) error { return t.link.put(indexPlates, []any{atOnce}, -1) })
		if err != nil {
			return err
		}
	}
}

// indexPlates implements engine: PostgreSQL keeps its own list of what is not indexed yet.
func (e *postgresEngine) indexPlates(context.Context, int) error { return nil }
