package store

import (
	"context"
	"time"
)

const upkeepEvery = time.Minute

// upkeep does what can wait: it brings plates that came in bulk into the index of their parts and adds up charges for
// statements.
func (s *Store) upkeep() {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-s.closing
		cancel()
	}()
	tick := time.NewTicker(upkeepEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := s.engine.indexPlates(ctx, platesAtOnce)
		if err == nil && !s.filling.Load() {
			err = s.SumUp(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("upkeep is put off", "error", err)
		}
	}
}
