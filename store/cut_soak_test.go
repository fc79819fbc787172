//go:build soak && linux

package store_test

import (
	"bufio"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/store"
)

// writing is a process that writes on a disk, and the charges that it has said are written.
type writing struct {
	cmd     *exec.Cmd
	told    []int64
	n       atomic.Int64
	refused atomic.Int64  // writes that it heard an error of
	read    chan struct{} // closed once everything was read that it said
}

func startWriting(t *testing.T, dir string) *writing {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &writing{cmd: exec.Command(self), read: make(chan struct{})}
	w.cmd.Env = append(os.Environ(), crashEnv+"="+dir)
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, err := w.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(errs); lines.Scan(); {
			w.refused.Add(1)
		}
	}()
	go func() {
		defer close(w.read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			id, err := strconv.ParseInt(lines.Text(), 10, 64)
			if err != nil {
				return // cut off in the middle
			}
			w.told = append(w.told, id)
			w.n.Add(1)
		}
	}()
	return w
}

// until waits until something is so; what it waits for happens in another process.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !so(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("after a minute not yet: %s", what)
		}
	}
}

// more waits until the process has written so many more.
func (w *writing) more(t *testing.T, n int64) {
	t.Helper()
	want := w.n.Load() + n
	until(t, "more is written", func() bool { return w.n.Load() >= want })
}

// end kills the process and returns what it has said is written.
func (w *writing) end(t *testing.T) []int64 {
	t.Helper()
	if err := w.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-w.read
	_ = w.cmd.Wait() // killed
	return w.told
}

// TestPowerCut cuts the power under writers, again and again on what the last cut has left: the disk keeps nothing of
// what was not forced to it, a first part of that, or any pages of it. What was said to be written is always there. Of
// the last case the last record may be left with its end and without its middle: the store does not open then, and
// does once that record, which was never answered, is left out.
func TestPowerCut(t *testing.T) {
	const rounds, fresh = 30, 6 // from time to time on a new disk: to look at all that is there takes long
	for name, keep := range map[string]keeps{"nothing": keepsNothing, "first": keepsFirst, "any": keepsAny} {
		t.Run(name, func(t *testing.T) {
			var image map[string][]byte
			var told []int64
			lost, dropped, written := 0, 0, 0
			for round := range rounds {
				if round%fresh == 0 {
					image, told = nil, nil
				}
				d, dir, unmount := mount(t, image)
				w := startWriting(t, dir)
				w.more(t, int64(100+rand.IntN(1500)))
				now := w.end(t)
				told, written = append(told, now...), written+len(now)
				var unsynced int
				image, unsynced = d.cut(keep)
				unmount()
				lost += unsynced
				if name == "any" && dropTail(t, image) {
					dropped++
				}
				checkTold(t, store.Config{DataDir: place(t, image)}, told)
				if t.Failed() {
					return
				}
			}
			t.Logf("%d cuts, %d charges written, %d bytes that were not forced to disk, %d records left out by hand", rounds,
				written, lost, dropped)
			if lost == 0 {
				t.Error("nothing was ever lost: it has shown nothing")
			}
		})
	}
}

// dropTail leaves the last record of an image out where the store asks for that, and reports whether it did.
func dropTail(t *testing.T, image map[string][]byte) bool {
	t.Helper()
	dir := place(t, image)
	s, err := openConfig(store.Config{DataDir: dir})
	if err == nil {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		return false
	}
	dir = place(t, image)
	if dropped, dropErr := store.DropTail(dir); dropErr != nil || !dropped {
		t.Fatalf("the store does not open, %v; leaving the last record out: %t, %v", err, dropped, dropErr)
	}
	for name := range image {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		image[name] = text
	}
	return true
}

// TestDiskFullAndBack lets the disk be full for a while under writers: they go on when there is room again, and
// everything that was said to be written is there after a cut.
func TestDiskFullAndBack(t *testing.T) {
	d, dir, unmount := mount(t, nil)
	w := startWriting(t, dir)
	for range 5 {
		w.more(t, 3000)
		refused := d.refused.Load()
		d.full.Store(true)
		until(t, "something was to have room", func() bool { return d.refused.Load() > refused })
		d.full.Store(false)
	}
	w.more(t, 3000)
	told := w.end(t)
	image, _ := d.cut(keepsNothing)
	unmount()
	checkTold(t, store.Config{DataDir: place(t, image)}, told)
	t.Logf("%d charges written", len(told))
}

// TestNothingIsForcedToDisk has a disk report that it could not keep what it was given: nothing is said to be written
// after that, and everything from before is there.
func TestNothingIsForcedToDisk(t *testing.T) {
	for range 10 {
		d, dir, unmount := mount(t, nil)
		w := startWriting(t, dir)
		w.more(t, int64(200+rand.IntN(1000)))
		d.failing.Store(true)
		until(t, "something was to be forced to disk", func() bool { return d.failed.Load() > 0 })
		refused := w.refused.Load()
		until(t, "each writer has heard no", func() bool { return w.refused.Load() >= refused+crashWriters })
		told := w.end(t)
		image, _ := d.cut(keepsNothing)
		unmount()
		checkTold(t, store.Config{DataDir: place(t, image)}, told)
	}
}
