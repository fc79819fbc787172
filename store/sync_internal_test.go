package store

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
)

// syncing is a store whose forcing to disk is the test's.
type syncing struct {
	*Store
	asked chan struct{} // one for each time
	kept  chan error    // what the disk says to it
}

func openSyncing(t *testing.T) *syncing {
	t.Helper()
	s, err := Open(t.Context(), Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	y := &syncing{Store: s, asked: make(chan struct{}), kept: make(chan error)}
	e := s.engine.(*sqliteEngine)
	// The committer is idle, and what it takes next was sent after this.
	e.sync = func() error {
		y.asked <- struct{}{}
		return <-y.kept
	}
	t.Cleanup(func() {
		go func() { // for what the store itself writes at its end
			for range y.asked {
				y.kept <- nil
			}
		}()
	})
	return y
}

// begin starts a write and returns once it runs.
func (y *syncing) begin(t *testing.T) (done chan error) {
	t.Helper()
	done = make(chan error, 1)
	runs := make(chan struct{})
	var once sync.Once // a write may be run again
	go func() {
		done <- y.Write(context.Background(), nil, func(tx *Tx) error {
			once.Do(func() { close(runs) })
			return tx.SetLotMarks(charge.LotID{Union: "1", Park: "2"}, charge.LotMarks{ToldStays: true})
		})
	}()
	<-runs
	return done
}

// A write is answered when the disk has it and not before; meanwhile the next one is run.
func TestAnswerWaitsForTheDisk(t *testing.T) {
	y := openSyncing(t)
	first := y.begin(t)
	<-y.asked
	second := y.begin(t) // runs while the disk works
	select {
	case err := <-first:
		t.Fatalf("answered before the disk had it: %v", err)
	default:
	}
	y.kept <- nil
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	<-y.asked
	select {
	case err := <-second:
		t.Fatalf("answered by the disk's answer to the write before it: %v", err)
	default:
	}
	y.kept <- nil
	if err := <-second; err != nil {
		t.Fatal(err)
	}
}

// A disk that cannot keep what was written ends all writing: also of what was run meanwhile.
func TestDiskKeepsNothing(t *testing.T) {
	y := openSyncing(t)
	first := y.begin(t)
	<-y.asked
	second := y.begin(t)
	y.kept <- errors.New("input/output error")
	for _, done := range []chan error{first, second} {
		if err := <-done; err == nil || !strings.Contains(err.Error(), "can no longer be written") ||
			!strings.Contains(err.Error(), "input/output") {
			t.Errorf("told %v", err)
		}
	}
	if err := <-y.Fatal(); err == nil {
		t.Error("the server was not told")
	}
	if err := y.Write(t.Context(), nil, func(*Tx) error { return nil }); err == nil {
		t.Error("a later write was taken")
	}
}

// The file that is forced to disk is the one that SQLite writes, also of a database that is opened again and after
// its log has begun anew.
func TestSyncedFileIsTheLog(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		s, err := Open(t.Context(), Config{DataDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		e := s.engine.(*sqliteEngine)
		mark := func(why string) {
			t.Helper()
			if err := s.Write(t.Context(), nil, func(tx *Tx) error {
				return tx.SetLotMarks(charge.LotID{Union: "1", Park: "2"}, charge.LotMarks{Paused: true, PauseReason: why})
			}); err != nil {
				t.Fatal(err)
			}
		}
		mark("before")
		other, err := dialSQLite(e.file, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.run("PRAGMA wal_checkpoint(TRUNCATE)", nil); err != nil {
			t.Fatal(err)
		}
		if err := other.close(); err != nil {
			t.Fatal(err)
		}
		mark("after")
		held, err := e.log.Stat()
		if err != nil {
			t.Fatal(err)
		}
		named, err := os.Stat(e.file + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		if !os.SameFile(held, named) || named.Size() == 0 {
			t.Errorf("the log is another file, or empty: %d bytes", named.Size())
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
