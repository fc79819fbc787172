package store_test

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// A process that was killed and comes back under its name goes on with what it held, without waiting for the
// lease; what others hold stays theirs.
func TestNodeComesBack(t *testing.T) {
	now := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	s := storetest.OpenSQLite(t, store.Config{Node: "a", Clock: func() time.Time { return now }})
	ctx := t.Context()
	join := func() {
		t.Helper()
		if _, err := s.JoinNode(ctx, "a", now); err != nil {
			t.Fatal(err)
		}
	}
	join()
	for i, lease := range []string{"a", "b"} {
		job := outbox.Job{ID: int64(i + 1), Kind: outbox.KindCallback, Route: "1/2", DueAt: now, Lease: lease,
			LeaseUntil: now.Add(time.Hour), Fence: 1}
		if err := s.Write(ctx, nil, func(tx *store.Tx) error { return tx.AddJob(job) }); err != nil {
			t.Fatal(err)
		}
	}
	join()
	jobs, err := s.ClaimJobs(ctx, "a", outbox.KindCallback, now, now.Add(time.Minute), 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(jobs) != 1 || jobs[0].ID != 1 || jobs[0].Fence != 2 {
		t.Errorf("claimed %+v; want a's own job alone, its fence raised", jobs)
	}
}
