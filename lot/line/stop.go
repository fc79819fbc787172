package line

import (
	"context"
	"time"
)

// drainWait is how long Shutdown waits for answers that are due. What is not answered by then is asked again,
// with the same uuid, by whichever node the lot logs in to.
const drainWait = 2 * time.Second

// Shutdown takes no more, waits a moment for answers that are due, closes every line and waits for what is
// being handled. It returns ctx's error where that takes too long. It may be called twice.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop.Do(func() { s.shutdown(ctx) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.running.Wait()
		s.cancel()
		s.book.write() // what has ended since it last did
		s.running.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.cancel() // what is being handled is asked to stop
		return ctx.Err()
	}
}

func (s *Server) shutdown(ctx context.Context) {
	s.mu.Lock()
	s.stopping.Store(true)
	for l := range s.listeners {
		_ = l.Close() // it only stops Accept
	}
	s.mu.Unlock()
	s.drain(ctx)
	for _, n := range s.sessions.all() {
		s.end(n)
	}
	for _, c := range s.open() {
		c.close("shutdown")
	}
	s.stopServing()
}

func (s *Server) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainWait)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for s.asks.underWay() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
