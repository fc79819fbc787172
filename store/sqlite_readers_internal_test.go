package store

import (
	"context"
	"errors"
	"testing"
)

// Readers share one connection where they come one after the other, and wait where all are busy.
func TestReaderPool(t *testing.T) {
	s, err := Open(t.Context(), Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pool := s.engine.(*sqliteEngine).pool
	for range 3 {
		if err := s.Read(t.Context(), func(*Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if len(pool.idle) != 1 {
		t.Errorf("%d connections for one reader after the other", len(pool.idle))
	}
	var nested func(deep int) error
	nested = func(deep int) error {
		if deep == 0 {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := s.Read(ctx, func(*Tx) error { return nil }); !errors.Is(err, context.Canceled) {
				t.Errorf("a reader that waits when its time is over hears %v", err)
			}
			return nil
		}
		return s.Read(t.Context(), func(*Tx) error { return nested(deep - 1) })
	}
	if err := nested(readers); err != nil {
		t.Fatal(err)
	}
	if len(pool.idle) != readers {
		t.Errorf("%d connections for %d readers at a time", len(pool.idle), readers)
	}
	pool.dial = func() (*sqliteConn, error) { return nil, errors.New("no more files") }
	last := pool.idle
	pool.idle = nil
	for range readers + 1 { // a failure takes no one's place
		if err := s.Read(t.Context(), func(*Tx) error { return nil }); err == nil || err.Error() != "no more files" {
			t.Fatal(err)
		}
	}
	pool.idle = last
}
