package store

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
)

// The log of records takes no more of the disk than it has needed, and what lies behind its first room is there after a
// crash.
func TestRecordsRoom(t *testing.T) {
	r := openRecording(t, t.TempDir())
	size := func() int64 {
		info, err := os.Stat(filepath.Join(r.cfg.DataDir, recordsFile))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	r.charge(false)
	if size() != recordsStep {
		t.Errorf("the file has %d bytes for one record, not %d", size(), recordsStep)
	}
	body := make([]byte, 100_000)
	rand.Read(body) // SQLite's copy of it is no smaller
	for r.e.records.next < recordsStep {
		r.write(func(tx *Tx) error {
			return tx.AddPush(charge.Push{ID: r.ids.Next(), Platform: "telaidian", Request: body,
				Outcome: charge.OutcomeAccepted})
		})
	}
	r.charge(false)
	if size() != 2*recordsStep {
		t.Errorf("the file has %d bytes for %d, not %d", size(), r.e.records.next, 2*recordsStep)
	}
	r.wantTold(r.lacking(func() { r.deliver(r.charge(false)) }), "behind the first room", 0)
}
