package store

import (
	"context"
	"errors"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
)

// A bulk write that broke off leaves its indexes to the next Open; one into a store with charges is refused.
func TestBulkBreaksOff(t *testing.T) {
	ctx, cfg := t.Context(), Config{DataDir: t.TempDir()}
	s, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	count := func() (n int64) {
		t.Helper()
		q := &statement{text: "SELECT count(*) FROM sqlite_master WHERE type = 'index'", once: true}
		if err := s.Read(ctx, func(tx *Tx) error {
			_, err := tx.get(q, func(c *cells) error { n = c.int(); return nil })
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	all := count()
	if err := s.dropIndexes(ctx); err != nil {
		t.Fatal(err)
	}
	if left := count(); left >= all-10 {
		t.Fatalf("%d of %d indexes are left", left, all)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if again := count(); again != all {
		t.Errorf("%d indexes after a new start, want %d", again, all)
	}

	broken, cancel := context.WithCancel(ctx)
	_, err = s.BulkLoad(broken, func(yield func(Load) bool) {
		cancel()
		yield(Load{Charge: &charge.Charge{ID: 1, RepeatKey: "1"}})
	})
	if !errors.Is(err, context.Canceled) || count() != all {
		t.Errorf("a cancelled bulk write: %v, %d indexes", err, count())
	}
	if err := s.Write(ctx, nil, func(tx *Tx) error {
		return tx.AddCharge(&charge.Charge{ID: 2, RepeatKey: "2"},
			"")
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.BulkLoad(ctx, func(func(Load) bool) {}); err == nil {
		t.Error("a bulk write into a store with charges was begun")
	}
}
