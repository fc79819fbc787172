package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

// spoil writes over a file from an offset that may count from its end.
func spoil(t *testing.T, file string, at func([]byte) (offset int, now []byte)) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	offset, now := at(text)
	copy(text[offset:], now)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// lastRecord finds the last record of a file, and the one before it.
func (r *recording) lastRecord(file []byte) (before, last int, rec found) {
	offset := recordsBegin
	for {
		next, ok := r.e.records.at(file, offset)
		if !ok || !next.whole {
			return before, last, rec
		}
		before, last, rec = last, offset, next
		offset += next.size
	}
}

// A record that was not written whole was never answered and is left out. One that does not read any more stops the
// start, which says where and what can be done, and changes nothing.
func TestRecordThatDoesNotRead(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(r *recording, file []byte) (int, []byte)
		lost   int  // charges that are not there after it
		tail   bool // it is the last
	}{
		{"torn", func(r *recording, file []byte) (int, []byte) {
			_, last, rec := r.lastRecord(file)
			return last + rec.size/2, make([]byte, rec.size-rec.size/2)
		}, 1, false},
		{"one bit of the last", func(r *recording, file []byte) (int, []byte) {
			_, last, _ := r.lastRecord(file)
			return last + recordHead + 5, []byte{file[last+recordHead+5] ^ 1}
		}, 1, true},
		{"one bit of one in the middle", func(r *recording, file []byte) (int, []byte) {
			before, _, _ := r.lastRecord(file)
			return before + recordHead + 5, []byte{file[before+recordHead+5] ^ 1}
		}, -1, false},
		{"the number of one in the middle", func(r *recording, file []byte) (int, []byte) {
			before, _, _ := r.lastRecord(file)
			return before + 8, []byte{file[before+8] ^ 0x40}
		}, -1, false},
		{"the beginning", func(*recording, []byte) (int, []byte) { return headLen + 9, []byte{'?'} }, -1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := openRecording(t, t.TempDir())
			r.charge(false)
			dir := r.lacking(func() { r.charge(false); r.charge(false) })
			spoil(t, filepath.Join(dir, recordsFile), func(text []byte) (int, []byte) { return c.change(r, text) })
			if c.lost == 1 && !c.tail {
				r.wantTold(dir, "torn", 1)
				return
			}
			before, err := os.ReadFile(filepath.Join(dir, recordsFile))
			if err != nil {
				t.Fatal(err)
			}
			_, err = Open(t.Context(), Config{DataDir: dir})
			if !errors.Is(err, ErrRecords) || !strings.Contains(err.Error(), recordsFile+", offset ") ||
				!strings.Contains(strings.ToLower(err.Error()), "restore a backup") ||
				strings.Contains(err.Error(), "--drop-tail") != c.tail {
				t.Fatalf("opened with %v", err)
			}
			after, err := os.ReadFile(filepath.Join(dir, recordsFile))
			if err != nil || string(after) != string(before) {
				t.Errorf("the refusal changed the records: %v", err)
			}
			dropped, err := DropTail(dir)
			if dropped != c.tail || c.tail && err != nil {
				t.Errorf("DropTail = %t, %v", dropped, err)
			}
			if dropped {
				r.wantTold(dir, "dropped", c.lost)
			}
		})
	}
}

// Another database in the place of the one that records belong to is not mixed with them.
func TestRecordsOfAnotherDatabase(t *testing.T) {
	r := openRecording(t, t.TempDir())
	dir := r.lacking(func() { r.charge(false) })
	other := openRecording(t, t.TempDir())
	other.charge(false)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(other.e.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, databaseFile), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, databaseFile+"-wal")); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), Config{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "does not belong to") {
		t.Errorf("opened with %v", err)
	}
}

// While the tables cannot take what is pending, because the disk is full, writes and reads hear that the store is
// busy, and nothing is lost that was answered.
func TestFullDiskBetweenRecordAndRows(t *testing.T) {
	r := openRecording(t, t.TempDir())
	r.charge(false)
	limit := func(pages string) {
		t.Helper()
		r.write(func(*Tx) error {
			_ = r.e.endFlush(true)
			_, err := r.e.write.value("PRAGMA max_page_count = " + pages)
			return err
		})
	}
	limit("1") // the pages that there are
	var busy error
	for busy == nil {
		c := r.ids.Next()
		busy = r.Write(t.Context(), nil, func(tx *Tx) error {
			return tx.AddPush(charge.Push{ID: c, Platform: "telaidian", Outcome: charge.OutcomeAccepted,
				Request: make([]byte, 20_000)})
		})
	}
	if !errors.Is(busy, outbox.ErrBusy) {
		t.Errorf("a write: %v, want busy", busy)
	}
	if err := r.Read(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, outbox.ErrBusy) {
		t.Errorf("a read: %v, want busy", err)
	}
	dir := r.crashedFull()
	r.wantTold(dir, "after a crash on a full disk", 0)
	r.e.unflushed.Store(false) // nothing asks for a flush any more, and behind this one the committer is idle
	w := &write{ctx: t.Context(), flush: true, done: make(chan error, 1)}
	r.queues[0].look <- w
	<-w.done
	if _, err := r.e.write.value("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	r.charge(false)
	dir, _ = r.crashed(false)
	r.wantTold(dir, "with room again", 0)
}

// crashedFull is crashed where no write runs any more.
func (r *recording) crashedFull() (dir string) {
	dir = r.t.TempDir()
	for _, name := range []string{databaseFile, databaseFile + "-wal", recordsFile} {
		text, err := os.ReadFile(filepath.Join(r.cfg.DataDir, name))
		if err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), text, 0o600)); err != nil {
			r.t.Fatal(err)
		}
	}
	return dir
}
