package storetest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
)

func testWrite(t *testing.T, s *site) {
	ctx := t.Context()
	broken := errors.New("broken")
	good, bad, worse := s.charge("京A00001"), s.charge("京A00002"), s.charge("京A00003")
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Write(ctx, nil, func(tx *store.Tx) error { return tx.AddCharge(good, good.Account) }); err != nil {
			t.Errorf("good write: %v", err)
		}
	})
	wg.Go(func() {
		err := s.Write(ctx, nil, func(tx *store.Tx) error { return errors.Join(tx.AddCharge(bad, bad.Account), broken) })
		if !errors.Is(err, broken) {
			t.Errorf("bad write: %v", err)
		}
	})
	wg.Go(func() {
		err := s.Write(ctx, nil, func(tx *store.Tx) error {
			if err := tx.AddCharge(worse, worse.Account); err != nil {
				return err
			}
			panic("no such branch")
		})
		if err == nil || !strings.Contains(err.Error(), "no such branch") {
			t.Errorf("panicking write: %v", err)
		}
	})
	wg.Wait()
	s.read(func(tx *store.Tx) error {
		g, err1 := tx.Charge(good.ID)
		b, err2 := tx.Charge(bad.ID)
		w, err3 := tx.Charge(worse.ID)
		if g == nil || b != nil || w != nil {
			t.Errorf("good %v, bad %v, worse %v", g != nil, b != nil, w != nil)
		}
		if tx.AddCharge(bad, bad.Account) == nil || tx.EndJob(1) == nil {
			t.Error("a read could write")
		}
		if _, err := tx.CountRefused("p", "a", "d"); err == nil {
			t.Error("a read could count")
		}
		return all(err1, err2, err3)
	})
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Write(over, nil, func(*store.Tx) error { t.Error("ran"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("write with an ended context: %v", err)
	}
	for want := range int64(3) {
		s.write(func(tx *store.Tx) error {
			n, err := tx.CountRefused("telaidian", "", "2026-03-01")
			if n != want+1 {
				t.Errorf("CountRefused = %d, want %d", n, want+1)
			}
			return err
		})
	}
	odd := s.charge("京A00004")
	odd.Order, odd.Detail.StationName = "a\x00b\xff", "x\x00y"
	s.write(func(tx *store.Tx) error { return tx.AddCharge(odd, odd.Account) })

	// The same push a hundred times at once makes one charge, and everybody learns which.
	visit := s.visit("京A00005")
	var made sync.Map
	for range 100 {
		c := s.charge(visit.Plate)
		c.RepeatKey = "burst"
		wg.Go(func() {
			var first *charge.Charge
			err := s.Write(ctx, []charge.VisitKey{visit}, func(tx *store.Tx) (err error) {
				if first, err = tx.ChargeByRepeat(c.Platform, c.RepeatKey, teld); first != nil || err != nil {
					return err
				}
				first = c
				return tx.AddCharge(c, c.Account)
			})
			if err != nil {
				t.Errorf("burst: %v", err)
				return
			}
			made.Store(first.ID, true)
		})
	}
	wg.Wait()
	n := 0
	made.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d charges of one order", n)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := s.Write(ctx, nil, func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("write after Close: %v", err)
	}
}
