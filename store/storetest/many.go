package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// testManyAtOnce has so many writes share a commit that their rows fill several statements of each number of rows: each
// row must hold what its write put, and each write must see its own rows.
func testManyAtOnce(t *testing.T, s *site) {
	const n = 171 // of each of two committers 64, 16, 4 and some: one goes ahead
	charges := make([]*charge.Charge, n)
	deliveries, jobs := make([]*charge.Delivery, n), make([]outbox.Job, n)
	for i := range charges {
		charges[i] = s.charge(charge.Plate(fmt.Sprintf("京A%05d", i)))
		charges[i].Order = fmt.Sprint("many-", i)
		deliveries[i], jobs[i] = s.delivery(charges[i])
	}
	before := s.Stats()
	s.together(n, func(i int, tx *store.Tx) error {
		return all(tx.AddCharge(charges[i], charges[i].Account), tx.AddDelivery(deliveries[i], jobs[i]))
	})
	if commits := s.Stats().Batches - before.Batches; commits > n/4 {
		t.Fatalf("%d writes took %d commits: too few shared one", n, commits)
	}
	s.together(n, func(i int, tx *store.Tx) error {
		c, err1 := tx.Charge(charges[i].ID)
		d, err2 := tx.Delivery(deliveries[i].ID)
		if err := all(err1, err2); err != nil {
			return err
		}
		same(t, "charge", c, charges[i])
		same(t, "delivery", d, deliveries[i])
		c.State, c.Reason = charge.StateUnknown, charge.Reason(fmt.Sprint("many_", i))
		d.State, d.Attempts = charge.DeliveryUnknown, i
		return all(tx.SetCharge(c), tx.SetDelivery(d), tx.EndJob(jobs[i].ID))
	})
	s.read(func(tx *store.Tx) error {
		for i := range charges {
			c, err1 := tx.Charge(charges[i].ID)
			d, err2 := tx.Delivery(deliveries[i].ID)
			job, err3 := tx.Job(jobs[i].ID)
			if err := all(err1, err2, err3); err != nil {
				return err
			}
			if c.Order != fmt.Sprint("many-", i) || c.Reason != charge.Reason(fmt.Sprint("many_", i)) {
				t.Errorf("charge %d is %s, %s", i, c.Order, c.Reason)
			}
			if d.Charge != c.ID || d.Attempts != i || job != nil {
				t.Errorf("delivery %d: charge %d, %d attempts, job %v", i, d.Charge, d.Attempts, job)
			}
		}
		return nil
	})
}

// together runs n writes of a visit each, which come while the committers are held up by others.
func (s *site) together(n int, fn func(i int, tx *store.Tx) error) {
	s.t.Helper()
	const holders = 32 // so many that each committer gets one: they are spread by their visits
	var coming, all sync.WaitGroup
	coming.Add(holders + n)
	write := func(plate string, fn func(tx *store.Tx) error) {
		all.Go(func() {
			coming.Done()
			if err := s.Write(s.t.Context(), []charge.VisitKey{s.visit(charge.Plate(plate))}, fn); err != nil {
				s.t.Error(err)
			}
		})
	}
	free := make(chan struct{})
	for i := range holders {
		write(fmt.Sprintf("京B%05d", i), func(*store.Tx) error { <-free; return nil })
	}
	for i := range n {
		write(fmt.Sprintf("京A%05d", i), func(tx *store.Tx) error { return fn(i, tx) })
	}
	coming.Wait()
	close(free)
	all.Wait()
}
