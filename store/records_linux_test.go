package store

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
)

// A record makes the system write its own bytes, and not the large piece in which it would cache a file that was
// written at once.
func TestRecordForcesLittle(t *testing.T) {
	const most = 64 << 10 // for a few hundred bytes, in pages; a large piece has 512 KiB and more
	name := filepath.Join(t.TempDir(), recordsFile)
	written := func() int {
		text, err := os.ReadFile("/proc/self/io")
		if err != nil {
			t.Skip(err)
		}
		_, rest, _ := bytes.Cut(text, []byte("\nwrite_bytes: "))
		n, err := strconv.Atoi(string(rest[:bytes.IndexByte(rest, '\n')]))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	// The system copies in large pieces from memory that is there already, as that of a server at work.
	used := bytes.Repeat([]byte("used"), 8<<20)
	runtime.KeepAlive(used)
	runtime.GC()
	r := &records{name: name, number: 1, most: recordsMost, next: recordsBegin}
	if fits, err := r.fits(300); err != nil || !fits {
		t.Fatal(fits, err)
	}
	defer r.close()
	before := written()
	for n := range int64(10) {
		if err := r.write(make([]byte, 300), recordsStep/2+n*4096); err != nil {
			t.Fatal(err)
		}
	}
	if each := (written() - before) / 10; each > most {
		t.Errorf("a record has %d bytes written", each)
	}
}
