package storetest

import (
	"slices"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
)

// testHistories compares what is read of many charges at once with what is read of each.
func testHistories(t *testing.T, s *site) {
	ids := []int64{7} // of no charge
	for _, l := range s.fill(30) {
		ids = append(ids, l.Charge.ID)
	}
	bare := s.charge("京A00001") // nothing hangs on it
	bare.StayID = 0
	d, j := s.delivery(bare)
	d.Attempts, d.First = 2, charge.Attempt{Delivery: d.ID, N: 1, At: s.now, Result: charge.AttemptTimeout}
	s.write(func(tx *store.Tx) error {
		return all(tx.AddCharge(bare, bare.Account), tx.AddDelivery(d, j),
			tx.AddAttempt(charge.Attempt{Delivery: d.ID, N: 2, At: s.now, Result: charge.AttemptAcked}))
	})
	ids = append(ids, bare.ID)
	slices.Reverse(ids)
	s.read(func(tx *store.Tx) error {
		got, err := tx.Histories(ids)
		if err != nil || len(got) != len(ids) {
			t.Fatalf("%d of %d, %v", len(got), len(ids), err)
		}
		for i, id := range ids {
			alone, err := tx.Histories(ids[i : i+1])
			if err != nil {
				return err
			}
			same(t, "one of many", got[i], alone[0])
			if id == 7 {
				if got[i] != nil {
					t.Errorf("there is no charge 7: %+v", got[i])
				}
				continue
			}
			h := got[i]
			c, err1 := tx.Charge(id)
			pushes, err2 := tx.PushesOf(id)
			events, err3 := tx.Events(id)
			ledger, err4 := tx.LedgerOf(id)
			deliveries, err5 := tx.DeliveriesOf(id)
			if err := all(err1, err2, err3, err4, err5); err != nil {
				return err
			}
			want := &charge.History{Charge: c, Pushes: pushes, Events: events, Ledger: ledger, Deliveries: deliveries,
				Attempts: map[int64][]charge.Attempt{}}
			if c.StayID != 0 {
				if want.Stay, err = tx.Stay(c.StayID); err != nil {
					return err
				}
			}
			for _, d := range deliveries {
				if want.Attempts[d.ID], err = tx.Attempts(d); err != nil {
					return err
				}
			}
			same(t, "a history", h, want)
			sendings, err := tx.Sendings([]*charge.Charge{c})
			if err != nil {
				return err
			}
			same(t, "a sending", sendings[0], &charge.History{Charge: c, Stay: want.Stay, Deliveries: want.Deliveries})
		}
		return nil
	})
}
