package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// A flush rests while nothing waits for it: here it would rest for hours. A read, a write straight into the tables and
// the end of the store do not wait for that.
func TestNothingWaitsForARestingFlush(t *testing.T) {
	for name, wait := range map[string]func(*recording) error{
		"a read": func(r *recording) error { return r.Read(r.t.Context(), func(*Tx) error { return nil }) },
		"a direct write": func(r *recording) error {
			return r.Write(r.t.Context(), nil, func(tx *Tx) error {
				_, err := tx.CountRefused("telaidian", "", "2026-03-01")
				return err
			})
		},
		"the end": func(r *recording) error { return r.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			r := openRecording(t, t.TempDir())
			r.write(func(*Tx) error {
				r.e.pause = time.Hour
				return nil
			})
			for range fewPending {
				r.charge(false)
			}
			r.rests()
			if err := wait(r); err != nil {
				t.Error(err)
			}
		})
	}
}

// rests begins a flush and returns once the committer has begun it.
func (r *recording) rests() {
	r.queues[0].look <- &write{ctx: context.Background(), tick: true}
	resting := errors.New("a flush rests")
	err := r.Write(r.t.Context(), nil, func(*Tx) error {
		if f := r.e.flushing; f != nil && len(f.over) == 0 {
			return resting
		}
		return fmt.Errorf("no flush is under way")
	})
	if !errors.Is(err, resting) {
		r.t.Fatal(err)
	}
}

// A batch that only makes earlier writes visible puts nothing into the log of records. It once put there what the batch
// before it had put, and where a write straight into the tables had come since, a crash brought the older rows back
// over it.
func TestReadMakesNoRecord(t *testing.T) {
	r := openRecording(t, t.TempDir())
	last := func() (n int64) {
		r.write(func(*Tx) error { n = r.e.records.last; return nil })
		return n
	}
	before := last()
	r.charge(false)
	read := &write{ctx: t.Context(), flush: true, done: make(chan error, 1)}
	for _, w := range []*write{{ctx: t.Context(), tick: true}, read} {
		r.queues[0].look <- w
	}
	if err := <-read.done; err != nil {
		t.Fatal(err)
	}
	if after := last(); after != before+1 {
		t.Errorf("one write and two batches without any made %d records", after-before)
	}
}
