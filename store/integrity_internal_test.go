package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// A server that is verified again and again while plates come in must not raise a false alarm.
func TestIntegrityWhilePlatesComeIn(t *testing.T) {
	ctx := t.Context()
	s, err := Open(ctx, Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := time.Date(2026, 3, 3, 10, 0, 0, 0, charge.Shanghai)
	for round := range int64(20) {
		if err := s.Write(ctx, nil, func(tx *Tx) error {
			for i := range int64(200) {
				id := round*200 + i + 1
				if err := tx.AddStay(&charge.Stay{ID: id, Lot: charge.LotID{Union: "1", Park: "2"}, OrderID: fmt.Sprint(id),
					Plate: charge.Plate(fmt.Sprintf("京A%05d", id)), Entered: at}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.engine.indexPlates(ctx, platesAtOnce); err != nil {
			t.Fatal(err)
		}
		if err := s.engine.integrity(ctx); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}
