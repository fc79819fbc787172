package storetest

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
)

func testNearStays(t *testing.T, s *site) {
	other := charge.LotID{Union: "200461", Park: "2"}
	stay := func(plate charge.Plate, order string, change func(*charge.Stay)) *charge.Stay {
		st := s.stay(plate, order)
		change(st)
		return st
	}
	stays := []*charge.Stay{
		stay("京AD06089", "0", func(st *charge.Stay) { st.Entered = s.now.Add(-3 * time.Hour) }),
		stay("京AD0608", "1", func(*charge.Stay) {}),
		stay("京AD06088", "the same", func(*charge.Stay) {}),
		stay("京AD06099", "two differ", func(*charge.Stay) {}),
		stay("京AD06087", "gone", func(st *charge.Stay) { st.Open, st.Left = false, s.now }),
		stay("京AD06086", "5", func(st *charge.Stay) { st.Lot = other }),
	}
	s.write(func(tx *store.Tx) error {
		for _, st := range stays {
			if err := tx.AddStay(st); err != nil {
				return err
			}
		}
		return nil
	})
	open, err := s.OpenStays(t.Context(), []int64{stays[0].ID, stays[4].ID, 1})
	if err != nil || len(open) != 1 || !open[stays[0].ID] {
		t.Errorf("OpenStays = %v, %v, want the first only", open, err)
	}
	here, there, far, nowhere := s.charge("京AD06088"), s.charge("京AD06088"), s.charge("沪B12345"), s.charge("京AD06088")
	there.Lot, nowhere.Lot = other, charge.LotID{Union: "200461", Park: "none"}
	near, err := s.NearStays(t.Context(), []*charge.Charge{here, there, far, nowhere, here})
	if err != nil {
		t.Fatal(err)
	}
	var got [][]string
	for _, list := range near {
		var orders []string
		for _, st := range list {
			orders = append(orders, st.OrderID)
		}
		got = append(got, orders)
	}
	same(t, "near", got, [][]string{{"1", "0"}, {"5"}, nil, nil, {"1", "0"}})
	if near, err := s.NearStays(t.Context(), nil); len(near) != 0 || err != nil {
		t.Errorf("of no charges: %v, %v", near, err)
	}
}
