package storetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// fill bulk-writes n finished charges, one an hour back from now, each with all that hangs on one.
func (s *site) fill(n int) []store.Load {
	s.t.Helper()
	var loads []store.Load
	for i := range n {
		c := s.charge(charge.Plate(fmt.Sprintf("京AD%05d", i)))
		c.Received = s.now.Add(-time.Duration(n-i) * time.Hour)
		stay := s.stay(c.Plate, fmt.Sprint("stay-", i))
		stay.Open, stay.Closed, stay.Left = false, charge.ClosedByExit, c.Received.Add(time.Minute)
		c.StayID, c.State, c.Usage = stay.ID, charge.StateUsed, &charge.Usage{Minutes: 30, At: s.now}
		d, _ := s.delivery(c)
		d.State = charge.DeliveryDelivered
		p := s.push(c.ID)
		p.Received = c.Received
		loads = append(loads, store.Load{
			Charge: c, Stay: stay, Pushes: []charge.Push{p}, Deliveries: []charge.Delivery{*d},
			Attempts: []charge.Attempt{{Delivery: d.ID, N: 1, At: c.Received, Result: charge.AttemptAcked}},
			Ledger:   []charge.LedgerEntry{s.grant(c, charge.EntryGrant, 30), s.grant(c, charge.EntryUsage, 30)},
			Events:   []charge.Event{{Charge: c.ID, At: c.Received, Step: "matched"}},
		})
	}
	got, err := s.BulkLoad(s.t.Context(), func(yield func(store.Load) bool) {
		for _, l := range loads {
			if !yield(l) {
				return
			}
		}
	})
	if got != int64(n) || err != nil {
		s.t.Fatalf("BulkLoad = %d, %v, want %d", got, err, n)
	}
	return loads
}

// verify returns the names of the checks that failed.
func verify(t testing.TB, s *store.Store) (failed []string) {
	t.Helper()
	r, err := s.Verify(t.Context())
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	for _, c := range r.Checks {
		if !c.OK {
			failed = append(failed, c.Name+": "+c.Detail)
		}
	}
	if len(r.Checks) < 8 || r.OK() != (len(failed) == 0) {
		t.Errorf("report %+v", r)
	}
	return failed
}

func testVerify(t *testing.T, s *site) {
	s.fill(50)
	if _, err := s.Statement(t.Context(), charge.StatementFilter{}); err != nil {
		t.Fatal(err)
	}
	if bad := verify(t, s.Store); bad != nil {
		t.Fatalf("a sound store fails: %q", bad)
	}
	broken := func(want string, fn func(*store.Tx) error) {
		t.Helper()
		s := &site{t: t, now: s.now, ids: s.ids, lot: s.lot, Store: s.Store}
		s.write(fn)
		bad := strings.Join(verify(t, s.Store), "\n")
		if !strings.Contains(bad, want) {
			t.Errorf("Verify says %q, want %q", bad, want)
		}
	}
	c := s.charge("京A00001") // sending, and nothing to show for it
	c.StayID = 0
	broken("ledger: 1 wrong: charge "+itoa(c.ID), func(tx *store.Tx) error { return tx.AddCharge(c, c.Account) })
	broken("sending without a delivery on its way: charge "+itoa(c.ID), func(tx *store.Tx) error {
		return tx.AddLedger(s.grant(c, charge.EntryGrant, 30))
	})
	d, j := s.delivery(c)
	broken("on its way without a job: delivery "+itoa(d.ID),
		func(tx *store.Tx) error { return tx.AddDelivery(d, outbox.Job{}) })
	s.write(func(tx *store.Tx) error { return tx.AddJob(j) })
	if bad := verify(t, s.Store); bad != nil {
		t.Fatalf("mended, and still wrong: %q", bad)
	}
	broken("ended with a job: delivery "+itoa(d.ID), func(tx *store.Tx) error {
		d.State = charge.DeliveryDelivered
		return tx.SetDelivery(d)
	})
	broken("stays: 1 wrong: open beside another", func(tx *store.Tx) error {
		return all(tx.AddStay(s.stay("京A00001", "x1")), tx.AddStay(s.stay("京A00001", "x2")))
	})
	broken("stay that is not there: charge "+itoa(c.ID), func(tx *store.Tx) error {
		c.StayID = 1
		return tx.SetCharge(c)
	})
	wrongDay := s.grant(c, charge.EntryGrant, 0)
	wrongDay.Day = "2026-01-01"
	broken("its ledger of 2026-01-01", func(tx *store.Tx) error { return tx.AddLedger(wrongDay) })
}

func testPrune(t *testing.T, s *site) {
	ctx := t.Context()
	loads := s.fill(40 * 24)
	open := s.stay("京A00001", "open")
	open.Entered = s.now.Add(-1000 * time.Hour)
	refused := s.push(0)
	refused.Received, refused.Outcome = s.now.Add(-100*time.Hour), charge.OutcomeBadSignature
	s.write(func(tx *store.Tx) error { return all(tx.AddStay(open), tx.AddPush(refused)) })
	before, err := s.Statement(ctx, charge.StatementFilter{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Prune(ctx, store.Retention{}, s.now)
	if p != (store.Pruned{}) || err != nil {
		t.Errorf("Prune of nothing = %+v, %v", p, err)
	}
	p, err = s.Prune(ctx, store.Retention{Pushes: 30 * 24 * time.Hour, Refused: 99 * time.Hour}, s.now)
	if p != (store.Pruned{Pushes: 10*24 + 1}) || err != nil {
		t.Errorf("Prune of pushes = %+v, %v", p, err)
	}
	p, err = s.Prune(ctx, store.Retention{Charges: 20 * 24 * time.Hour}, s.now)
	// It is noon in Shanghai: whole days before the 20th day back, and half of the first one.
	if want := int64(20*24 - 12); p.Charges != want || p.Stays != want || err != nil {
		t.Errorf("Prune of charges = %+v, %v, want %d", p, err, want)
	}
	after, err := s.Statement(ctx, charge.StatementFilter{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the statement after pruning", after, before)
	if bad := verify(t, s.Store); bad != nil {
		t.Errorf("after pruning: %q", bad)
	}
	first, last := loads[0].Charge, loads[len(loads)-1].Charge
	var found, gone, twice *charge.Charge
	s.read(func(tx *store.Tx) (err error) {
		if found, err = tx.Charge(first.ID); err != nil {
			return err
		}
		gone, err = tx.ChargeByRepeat(first.Platform, first.RepeatKey, teld)
		return err
	})
	if found != nil {
		t.Error("an old charge is still there")
	}
	want := &charge.Charge{ID: first.ID, Platform: first.Platform, RepeatKey: first.RepeatKey, Digest: first.Digest,
		State:  first.State,
		Reason: first.Reason, Lot: first.Lot, Received: first.Received}
	same(t, "what is kept for a repeat", gone, want)
	err = s.Write(ctx, nil, func(tx *store.Tx) error {
		again := *first
		again.ID = s.ids.Next()
		return tx.AddCharge(&again, again.Account)
	})
	if err == nil {
		t.Error("a repeat key was given away after pruning")
	}
	search := func(plate charge.Plate) int {
		page, err := s.Charges(ctx, charge.ChargeFilter{Plate: plate.Full()[len("京A"):]})
		if err != nil {
			t.Error(err)
		}
		return len(page.Items)
	}
	if search(first.Plate) != 0 || search(last.Plate) != 1 {
		t.Error("the search by plate does not follow")
	}
	twice = s.charge(first.Plate)
	twice.State, twice.Reduction, twice.StayID = charge.StateNoGrant, nil, 0
	s.write(func(tx *store.Tx) error { return tx.AddCharge(twice, twice.Account) })
	if search(first.Plate) != 1 {
		t.Error("a plate that comes again is not found")
	}
}

func testBackup(t *testing.T, s *site) {
	ctx := t.Context()
	loads := s.fill(300)
	if _, err := s.PutDocs(ctx, "lot", 0, map[string][]byte{"a": []byte("1")}); err != nil {
		t.Fatal(err)
	}
	if err := s.AppendAudit(ctx, func(int64, []byte) ([]byte, []byte) { return []byte("e"), []byte("h") }); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Statement(ctx, charge.StatementFilter{}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "b.db")
	if err := s.Backup(ctx, file); err != nil {
		t.Fatalf("Backup: %v", err)
	}
	if err := s.Backup(ctx, file); err == nil {
		t.Error("Backup wrote over a file")
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("backup file: %v, %v", info, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	restored := filepath.Join(dir, "restored")
	cfg := store.Config{DataDir: restored, Node: "a", Clock: s.clock}
	if err := store.Restore(ctx, file, cfg); err != nil {
		t.Fatalf("Restore: %v", err)
	}
	if err := store.Restore(ctx, file, cfg); err == nil {
		t.Error("Restore wrote over a database")
	}
	again := Open(t, cfg)
	if bad := verify(t, again); bad != nil {
		t.Errorf("restored: %q", bad)
	}
	c := loads[17].Charge
	err := again.Read(ctx, func(tx *store.Tx) error {
		got, err := tx.Charge(c.ID)
		same(t, "a restored charge", got, c)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	notOurs := filepath.Join(dir, "x.db")
	if err := os.WriteFile(notOurs, []byte("SQLite format 3\x00 and no more"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{notOurs, filepath.Join(dir, "none.db")} {
		empty := filepath.Join(dir, "empty")
		if err := store.Restore(ctx, bad, store.Config{DataDir: empty}); err == nil {
			t.Errorf("%s was restored", bad)
		}
		if _, err := os.Stat(filepath.Join(empty, "chargestamp.db")); err == nil {
			t.Error("a failed restore left a database")
		}
	}
}

func testCopy(t *testing.T, s *site) {
	ctx := t.Context()
	s.fill(1200)
	there := s.open("a", SQLite(t))
	heard := map[string]int64{}
	if err := store.Copy(ctx, s.Store, there, func(table string, n int64) { heard[table] = n }); err != nil {
		t.Fatalf("Copy: %v", err)
	}
	if heard["charge"] != 1200 || heard["ledger"] != 2400 {
		t.Errorf("progress %v", heard)
	}
	if err := store.Copy(ctx, s.Store, there, nil); err == nil {
		t.Error("Copy wrote into a store that is not empty")
	}
	back := s.open("a", s.place(t))
	if err := store.Copy(ctx, there, back, nil); err != nil {
		t.Fatalf("Copy back: %v", err)
	}
	if bad := verify(t, back); bad != nil {
		t.Errorf("copied: %q", bad)
	}
	a, err1 := s.Charges(ctx, charge.ChargeFilter{Limit: 500})
	b, err2 := back.Charges(ctx, charge.ChargeFilter{Limit: 500})
	if err := all(err1, err2); err != nil {
		t.Fatal(err)
	}
	same(t, "charges after two copies", b, a)
}
