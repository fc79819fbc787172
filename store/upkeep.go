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
