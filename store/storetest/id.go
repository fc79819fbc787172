package storetest

import (
	"testing"

	"github.com/chargestamp/chargestamp/store"
)

// testLastID holds that the last id is the greatest of every kind of row that has one.
func testLastID(t *testing.T, s *site) {
	last := func() int64 {
		t.Helper()
		id, err := s.LastID(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	if got := last(); got != 0 {
		t.Errorf("the last id of an empty store is %d, want 0", got)
	}
	c := s.charge("京A12345")
	stay := s.stay("京A12345", "s1")
	push := s.push(c.ID)
	delivery, job := s.delivery(c)
	for _, step := range []struct {
		name string
		id   int64
		add  func(*store.Tx) error
	}{
		{"charge", c.ID, func(tx *store.Tx) error { return tx.AddCharge(c, c.Account) }},
		{"stay", stay.ID, func(tx *store.Tx) error { return tx.AddStay(stay) }},
		{"push", push.ID, func(tx *store.Tx) error { return tx.AddPush(push) }},
		{"delivery", delivery.ID, func(tx *store.Tx) error { return tx.AddDelivery(delivery, job) }},
	} {
		if err := s.Write(t.Context(), nil, step.add); err != nil {
			t.Fatal(err)
		}
		if got := last(); got < step.id {
			t.Errorf("the last id after a %s is %d, want %d or greater", step.name, got, step.id)
		}
	}
}
