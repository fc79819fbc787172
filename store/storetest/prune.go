package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// standing is a charge of long ago and what still stands on it.
type standing struct {
	state  charge.State
	open   bool        // its stay is open
	job    outbox.Kind // a job about it waits; empty for none
	report charge.ReportState
}

// stands reports whether retention must leave the charge.
func (w standing) stands() bool {
	switch w.state {
	case charge.StateHeld, charge.StateSending, charge.StateUnknown:
		return true
	}
	return w.open || w.job != "" || w.report == charge.ReportDue || w.report == charge.ReportSent
}

// everyStanding lists each state with each thing that may stand on a charge.
func everyStanding() (all []standing) {
	for _, state := range charge.States {
		for _, open := range []bool{false, true} {
			for _, job := range []outbox.Kind{"", outbox.KindLine, outbox.KindReport} {
				for _, report := range charge.ReportStates {
					all = append(all, standing{state, open, job, report})
				}
			}
		}
	}
	return all
}

// testPruneStates prunes charges of every state, with and without an open stay, a job and a report: what something
// stands on is left, the rest goes, and the data still agree.
func testPruneStates(t *testing.T, s *site) {
	now := s.now
	s.now = now.Add(-72 * time.Hour)
	all := everyStanding()
	charges := make([]*charge.Charge, len(all))
	for i, w := range all {
		charges[i] = s.put(w, charge.Plate(fmt.Sprintf("京A%05d", i)))
	}
	s.now = now
	if bad := verify(t, s.Store); bad != nil {
		t.Fatalf("before pruning: %q", bad)
	}
	for range 2 { // the second round finds what the first has left
		if _, err := s.Prune(t.Context(), store.Retention{Charges: 1}, now); err != nil {
			t.Fatal(err)
		}
	}
	s.read(func(tx *store.Tx) error {
		for i, w := range all {
			c, err := tx.Charge(charges[i].ID)
			if err != nil {
				return err
			}
			if (c != nil) != w.stands() {
				t.Errorf("%+v: is there: %t, want %t", w, c != nil, w.stands())
			}
			stay, err := tx.Stay(charges[i].StayID)
			if err != nil {
				return err
			}
			if (stay != nil) != w.stands() {
				t.Errorf("%+v: its stay is there: %t, want %t", w, stay != nil, w.stands())
			}
			kept, err := tx.ChargeByRepeat(charges[i].Platform, charges[i].RepeatKey, teld)
			if err != nil || kept == nil || kept.ID != charges[i].ID {
				t.Errorf("%+v: the repeat key finds %v, %v", w, kept, err)
			}
		}
		return nil
	})
	if bad := verify(t, s.Store); bad != nil {
		t.Errorf("after pruning: %q", bad)
	}
}

// put stores a charge of now with what stands on it.
func (s *site) put(w standing, plate charge.Plate) *charge.Charge {
	c, stay := s.charge(plate), s.stay(plate, "stay-"+plate.Full())
	c.StayID, c.State, c.Report = stay.ID, w.state, w.report
	if stay.Open = w.open; !w.open {
		stay.Left, stay.Closed = s.now, charge.ClosedByExit
	}
	d, j := s.delivery(c)
	if w.state != charge.StateSending { // which is on its way by itself
		j, d.State = outbox.Job{}, endedAs(w.state)
	}
	s.write(func(tx *store.Tx) error {
		err := all(tx.AddStay(stay), tx.AddCharge(c, c.Account), tx.AddDelivery(d, j))
		switch {
		case err != nil:
		case w.job == outbox.KindLine:
			more, job := s.delivery(c)
			more.State = charge.DeliveryUnknown
			err = tx.AddDelivery(more, job)
		case w.job == outbox.KindReport:
			err = tx.AddJob(outbox.Job{ID: c.ID, Kind: w.job, Route: c.Account, Ref: c.ID, DueAt: s.now})
		}
		if err == nil && c.State.Granting() {
			err = tx.AddLedger(s.grant(c, charge.EntryGrant, c.Reduction.Minutes))
		}
		return err
	})
	return c
}

// endedAs is the state of the delivery of a charge that is not on its way.
func endedAs(s charge.State) charge.DeliveryState {
	switch s {
	case charge.StateUnknown:
		return charge.DeliveryUnknown
	case charge.StateDelivered, charge.StateUsed:
		return charge.DeliveryDelivered
	}
	return charge.DeliveryVoided
}

// testPruneNodes prunes on one node what another one has seen: a car that comes back there is found by a part of its
// plate.
func testPruneNodes(t *testing.T, s *site) {
	nodes := s.nodes()
	comes := func(on *store.Store) {
		t.Helper()
		c := s.charge("京A55555")
		c.State, c.Reduction, c.StayID = charge.StateNoGrant, nil, 0
		if err := on.Write(t.Context(), nil, func(tx *store.Tx) error { return tx.AddCharge(c, c.Account) }); err != nil {
			t.Fatal(err)
		}
	}
	comes(nodes[1])
	s.now = s.now.AddDate(0, 0, 10)
	if p, err := nodes[0].Prune(t.Context(), store.Retention{Charges: 1}, s.now); p.Charges != 1 || err != nil {
		t.Fatalf("Prune = %+v, %v", p, err)
	}
	comes(nodes[1])
	for i, node := range nodes {
		page, err := node.Charges(t.Context(), charge.ChargeFilter{Plate: "55555"})
		if err != nil || len(page.Items) != 1 {
			t.Errorf("node %d: the search for a part finds %d charges, %v, want the one that came again", i, len(page.Items),
				err)
		}
	}
}
