package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

// recording is a store whose charges the test writes, and whose files it copies as a crash would leave them.
type recording struct {
	*Store
	t    *testing.T
	e    *sqliteEngine
	ids  *charge.IDs
	told []int64 // charges whose writes have returned
	ends []int64 // of them, those that were delivered

	wal atomic.Pointer[[]byte] // SQLite's log as it was forced to disk last
}

// keepLog notes SQLite's log as it is.
func (r *recording) keepLog() error {
	text, err := os.ReadFile(r.e.file + "-wal")
	if err == nil {
		r.wal.Store(&text)
	}
	return err
}

func openRecording(t *testing.T, dir string) *recording {
	t.Helper()
	s, err := Open(t.Context(), Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := &recording{Store: s, t: t, e: s.engine.(*sqliteEngine), ids: charge.NewIDs(1, time.Now)}
	if err := r.keepLog(); err != nil {
		t.Fatal(err)
	}
	sync := r.e.sync
	r.e.sync = func() (err error) {
		if err = sync(); err == nil {
			err = r.keepLog()
		}
		return err
	}
	return r
}

var recordedLot = charge.LotID{Union: "200461", Park: "1"}

func (r *recording) write(fn func(*Tx) error) {
	r.t.Helper()
	if err := r.Write(context.Background(), nil, fn); err != nil {
		r.t.Fatal(err)
	}
}

// charge writes a charge on its way; with stray it does so straight into the tables.
func (r *recording) charge(stray bool) int64 {
	r.t.Helper()
	id, job, now := r.ids.Next(), r.ids.Next(), time.Now()
	c := &charge.Charge{ID: id, Platform: "telaidian", RepeatKey: fmt.Sprint(id), Lot: recordedLot,
		Plate: charge.Plate(fmt.Sprintf("京A%05d", id%99991)), Received: now, UpdatedAt: now,
		State: charge.StateSending, Reason: charge.ReasonOK,
		Reduction: &charge.Reduction{Method: charge.MethodTime, Minutes: 30}}
	d := &charge.Delivery{ID: job, Charge: id, Lot: recordedLot, Channel: charge.ChannelCallback, UUID: fmt.Sprint(id),
		State: charge.DeliveryDue, DueAt: now}
	j := outbox.Job{ID: job, Kind: outbox.KindCallback, Route: recordedLot.String(), Ref: id, DueAt: now}
	entry := charge.LedgerEntry{ID: r.ids.Next(), At: now, Charge: id, Kind: charge.EntryGrant,
		Method: charge.MethodTime, Minutes: 30, Platform: "telaidian", Lot: recordedLot,
		Day: now.In(charge.Shanghai).Format(time.DateOnly)}
	r.write(func(tx *Tx) error {
		if stray {
			if _, err := tx.CountRefused("telaidian", "", "2026-03-01"); err != nil {
				return err
			}
		}
		return errors.Join(tx.AddCharge(c, ""), tx.AddLedger(entry), tx.AddDelivery(d, j))
	})
	r.told = append(r.told, id)
	return job
}

// deliver ends the delivery of the charge that was written last.
func (r *recording) deliver(job int64) {
	r.t.Helper()
	r.write(func(tx *Tx) error {
		d, err := tx.Delivery(job)
		if err != nil {
			return err
		}
		c, err := tx.Charge(d.Charge)
		if err != nil {
			return err
		}
		d.State, d.Attempts, c.State = charge.DeliveryDelivered, 2, charge.StateDelivered
		d.First = charge.Attempt{Delivery: job, N: 1, At: time.Now(), Result: charge.AttemptTimeout}
		try := charge.Attempt{Delivery: job, N: 2, At: time.Now(), Result: charge.AttemptAcked}
		return errors.Join(tx.AddAttempt(try), tx.SetDelivery(d), tx.EndJob(job), tx.SetCharge(c))
	})
	r.ends = append(r.ends, r.told[len(r.told)-1])
}

// crashed copies the files into a new folder as they are while nothing else is done, and says how many rows the tables
// lack. The log of SQLite may be that which was forced to disk last.
func (r *recording) crashed(power bool) (dir string, lacking int) {
	r.t.Helper()
	dir = r.t.TempDir()
	r.write(func(*Tx) error { // by the committer itself, and while no flush runs
		_ = r.e.endFlush(true)
		lacking = len(r.e.pending.dirty)
		for _, name := range []string{databaseFile, databaseFile + "-wal", recordsFile} {
			text, err := os.ReadFile(filepath.Join(r.cfg.DataDir, name))
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if power && strings.HasSuffix(name, "-wal") {
				text = *r.wal.Load()
			}
			if err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), text, 0o600)); err != nil {
				return err
			}
		}
		return nil
	})
	return dir, lacking
}

// lacking crashes with something in the records that the tables do not have.
func (r *recording) lacking(write func()) (dir string) {
	r.t.Helper()
	for range 100 {
		write()
		if dir, n := r.crashed(false); n > 0 {
			return dir
		}
	}
	r.t.Fatal("everything is flushed at once")
	return ""
}

// wantTold opens a folder and finds there what was answered, but for the last few.
func (r *recording) wantTold(dir, when string, but int) {
	r.t.Helper()
	s, err := Open(r.t.Context(), Config{DataDir: dir})
	if err != nil {
		r.t.Fatalf("%s: %v", when, err)
	}
	defer s.Close()
	ended := map[int64]bool{}
	for _, id := range r.ends {
		ended[id] = true
	}
	err = s.Read(r.t.Context(), func(tx *Tx) error {
		for _, id := range r.told[:len(r.told)-but] {
			c, err := tx.Charge(id)
			if err != nil {
				return err
			}
			if c == nil || ended[id] && c.State != charge.StateDelivered {
				return fmt.Errorf("charge %d was answered, delivered %t: %+v", id, ended[id], c)
			}
		}
		return nil
	})
	if err != nil {
		r.t.Errorf("%s: %v", when, err)
	}
	if report, err := s.Verify(r.t.Context()); err != nil || !report.OK() {
		r.t.Errorf("%s: Verify: %+v, %v", when, report, err)
	}
}

// What was answered is there after a crash between any two writes, whether they were put off or not, and whether the
// machine has lost what was not forced to disk or not. The log of records begins anew several times meanwhile.
func TestCrashBetweenWrites(t *testing.T) {
	r := openRecording(t, t.TempDir())
	r.e.records.most = recordsBegin + 12<<10
	for i := range 60 {
		job := r.charge(i%7 == 3)
		if i%3 != 0 {
			r.deliver(job)
		}
		if i%11 == 5 {
			if err := r.Read(t.Context(), func(*Tx) error { return nil }); err != nil { // flushes
				t.Fatal(err)
			}
		}
		if i%4 != 0 {
			continue
		}
		for _, power := range []bool{false, true} {
			dir, _ := r.crashed(power)
			r.wantTold(dir, fmt.Sprintf("after %d charges, power lost: %t", i+1, power), 0)
		}
	}
}

// lockTables keeps flushes from the tables until free is called.
func (r *recording) lockTables() (free func()) {
	r.t.Helper()
	other, err := dialSQLite(r.e.file, "")
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { other.close() })
	if _, err := other.exec(beginImmediate, nil); err != nil {
		r.t.Fatal(err)
	}
	return func() {
		if _, err := other.exec(rollbackAll, nil); err != nil {
			r.t.Fatal(err)
		}
	}
}

// flushes reports whether a flush runs.
func (r *recording) flushes() (runs bool) {
	r.t.Helper()
	r.write(func(*Tx) error { // by the committer itself
		runs = r.e.flushing != nil
		return nil
	})
	return runs
}

// Writes are answered while the tables are being written, and reads see them once that is over. Here somebody else
// holds the tables.
func TestWritesDuringFlush(t *testing.T) {
	r := openRecording(t, t.TempDir())
	r.charge(false)
	free := r.lockTables()
	seen := make(chan error, 1)
	go func() { seen <- r.Read(t.Context(), func(*Tx) error { return nil }) }()
	for !r.flushes() {
		runtime.Gosched()
	}
	r.deliver(r.charge(false))
	if !r.flushes() {
		t.Error("the flush was over before the tables were free")
	}
	dir := r.crashedFull()
	free()
	r.wantTold(dir, "a crash during a flush", 0)
	if err := <-seen; err != nil {
		t.Error(err)
	}
	if err := r.Read(t.Context(), func(tx *Tx) error {
		for _, id := range r.told {
			if c, err := tx.Charge(id); c == nil || err != nil {
				return fmt.Errorf("charge %d: %v, %w", id, c, err)
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	dir, _ = r.crashed(false)
	r.wantTold(dir, "after the flush", 0)
}

// countWaiting begins a direct write while the tables are locked, and returns once it waits for a flush.
func (r *recording) countWaiting() (counted chan error) {
	r.t.Helper()
	counted = make(chan error, 1)
	go func() {
		counted <- r.Write(context.Background(), nil, func(tx *Tx) error {
			_, err := tx.CountRefused("telaidian", "", "2026-03-01")
			return err
		})
	}()
	for waiting := false; !waiting; runtime.Gosched() {
		r.write(func(*Tx) error {
			waiting = len(r.e.later) > 0
			return nil
		})
	}
	return counted
}

// A write that needs all rows in the tables waits until they are there, and pushes do not wait with it.
func TestDirectWriteWaitsForFlush(t *testing.T) {
	r := openRecording(t, t.TempDir())
	for range fewPending {
		r.charge(false)
	}
	free := r.lockTables()
	counted := r.countWaiting()
	r.deliver(r.charge(false))
	select {
	case err := <-counted:
		t.Fatalf("it was written while the tables were locked: %v", err)
	default:
	}
	r.wantTold(r.crashedFull(), "a crash while it waits", 0)
	free()
	if err := <-counted; err != nil {
		t.Error(err)
	}
	dir, lacking := r.crashed(true)
	r.wantTold(dir, "once it was written", 0)
	if lacking > 0 {
		t.Errorf("%d rows are not in the tables behind a direct write", lacking)
	}
}

// A write of a batch makes the committer flush what another one of the same batch has put, before the record of both
// has its number. A direct write to the same row comes later, and a crash behind it must not bring the older row back.
func TestRecordDoesNotUndoDirectWrite(t *testing.T) {
	r := openRecording(t, t.TempDir())
	job := r.charge(false)
	of := r.told[0]
	set := func(tx *Tx, attempts int) error {
		d, err := tx.Delivery(job)
		if err == nil {
			d.Attempts = attempts
			err = tx.SetDelivery(d)
		}
		return err
	}
	queued, held, done := make(chan bool), make(chan bool), make(chan error, 3)
	go func() {
		done <- r.Write(context.Background(), nil, func(*Tx) error {
			close(held)
			<-queued
			return nil
		})
	}()
	<-held
	for _, fn := range []func(*Tx) error{
		func(tx *Tx) error { return set(tx, 1) },
		func(tx *Tx) error { _, err := tx.DeliveriesOf(of); return err },
	} {
		before := r.queues[0].len()
		go func() { done <- r.Write(context.Background(), nil, fn) }()
		for r.queues[0].len() == before {
			runtime.Gosched()
		}
	}
	close(queued)
	if err := errors.Join(<-done, <-done, <-done); err != nil {
		t.Fatal(err)
	}
	r.write(func(tx *Tx) error {
		_, err := tx.CountRefused("telaidian", "", "2026-03-01")
		return errors.Join(err, set(tx, 7))
	})
	dir, _ := r.crashed(true)
	again := openRecording(t, dir)
	again.write(func(tx *Tx) error {
		d, err := tx.Delivery(job)
		if err == nil && d.Attempts != 7 {
			err = fmt.Errorf("the delivery has %d attempts, 7 were stored last", d.Attempts)
		}
		return err
	})
}

// A store that closes writes first what waits for a flush.
func TestCloseWritesWhatWaits(t *testing.T) {
	dir := t.TempDir()
	r := openRecording(t, dir)
	for range fewPending {
		r.charge(false)
	}
	free := r.lockTables()
	counted := r.countWaiting()
	closed := make(chan error, 1)
	go func() { closed <- r.Close() }()
	free()
	if err := errors.Join(<-counted, <-closed); err != nil {
		t.Fatal(err)
	}
	again := openRecording(t, dir)
	again.write(func(tx *Tx) error {
		n, err := tx.CountRefused("telaidian", "", "2026-03-01")
		if err == nil && n != 2 {
			err = fmt.Errorf("it is counted %d times, want the one before and this one", n)
		}
		return err
	})
}

// What is remembered of a lot's marks is what was put last, also where that was taken back.
func TestLotMarksRemembered(t *testing.T) {
	r := openRecording(t, t.TempDir())
	paused := func() (yes bool) {
		r.write(func(tx *Tx) error {
			m, err := tx.LotMarks(recordedLot)
			yes = m.Paused
			return err
		})
		return yes
	}
	wrong := errors.New("taken back")
	put := func(now bool, fails error) {
		t.Helper()
		err := r.Write(t.Context(), nil, func(tx *Tx) error {
			m, err := tx.LotMarks(recordedLot)
			m.Paused = now
			return errors.Join(err, tx.SetLotMarks(recordedLot, m), fails)
		})
		if !errors.Is(err, fails) {
			t.Fatal(err)
		}
	}
	if paused() {
		t.Error("paused from the beginning")
	}
	if put(true, wrong); paused() {
		t.Error("paused by a write that was taken back")
	}
	if put(true, nil); !paused() {
		t.Error("not paused")
	}
	if put(false, nil); paused() {
		t.Error("paused after it was resumed")
	}
}

// A job is found by a claim as soon as it may be claimed, however short a while ago it was put.
func TestClaimFindsWhatIsPending(t *testing.T) {
	r := openRecording(t, t.TempDir())
	job := r.charge(false)
	now := time.Now()
	jobs, err := r.ClaimJobs(t.Context(), "a", outbox.KindCallback, now, now.Add(time.Minute), 10)
	if err != nil || len(jobs) != 1 || jobs[0].ID != job {
		t.Errorf("claimed %v, %v, want job %d", jobs, err, job)
	}
}
