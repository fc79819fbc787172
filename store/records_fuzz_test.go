package store

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzRecords: whatever a log of records holds behind its beginning, reading it ends with an error or with records
// that follow on each other, and reading those ends too.
func FuzzRecords(f *testing.F) {
	r := &records{name: recordsFile, number: 7}
	head := append(recordsHead(r.number), make([]byte, recordsBegin)...)[:recordsBegin]
	var log []byte
	for n := int64(1); n <= 3; n++ {
		log = append(log, r.record(n, []op{{recorded[0], []any{n, "text", []byte{1}, nil}}})...)
	}
	f.Add(log)
	f.Add(log[:len(log)-recordTail])
	f.Add(append(bytes.Clone(log[len(log)/3:]), log...))
	f.Fuzz(func(t *testing.T, behind []byte) {
		file := append(bytes.Clone(head), behind...)
		texts := r.texts(file)
		if texts == nil {
			t.Fatal("the beginning does not read")
		}
		lacking, err := r.read(file, 0)
		if err != nil && (!errors.Is(err, ErrRecords) || lacking != nil) {
			t.Errorf("%d records and %v", len(lacking), err)
		}
		for i, rec := range lacking {
			if rec.number != int64(i+1) || !rec.whole {
				t.Errorf("record %d is at place %d, whole %t", rec.number, i, rec.whole)
			}
			_ = statementsOf(rec.body, texts, func(string, []any) error { return nil })
		}
		r.texts(behind)
	})
}
