//go:build soak && linux

package store_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// lossyDisk is a folder in memory, mounted by FUSE. At a cut it forgets what was not forced to it, or a part of that.
type lossyDisk struct {
	fs.Inode
	mu      sync.Mutex
	files   map[string]*lossyFile
	full    atomic.Bool  // nothing more fits
	refused atomic.Int64 // for want of room
	failing atomic.Bool  // nothing can be forced to it
	failed  atomic.Int64
}

// lossyFile is a file as programs see it, and as a cut would leave it.
type lossyFile struct {
	fs.Inode
	disk      *lossyDisk
	now, kept []byte
	named     bool   // it was forced to disk once, and so was its name
	since     []span // what was written since then, in order
}

type span struct{ from, to int }

// diskPage is what a disk writes whole or not at all.
const diskPage = 4096

// mount mounts a disk with files until the test ends or unmount is called.
func mount(t *testing.T, image map[string][]byte) (d *lossyDisk, dir string, unmount func()) {
	t.Helper()
	d = &lossyDisk{files: map[string]*lossyFile{}}
	for name, content := range image {
		d.files[name] = &lossyFile{disk: d, now: content, kept: append([]byte(nil), content...), named: true}
	}
	dir = t.TempDir()
	long := time.Hour
	server, err := fs.Mount(dir, d, &fs.Options{EntryTimeout: &long, AttrTimeout: &long, OnAdd: d.populate,
		MountOptions: fuse.MountOptions{DirectMount: true, FsName: "lossy", Name: "lossy"}})
	if err != nil {
		t.Fatalf("a file system that forgets cannot be mounted; this needs root and /dev/fuse: %v", err)
	}
	unmount = sync.OnceFunc(func() {
		if err := server.Unmount(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(unmount)
	return d, dir, unmount
}

func (d *lossyDisk) populate(ctx context.Context) {
	for name, f := range d.files {
		d.AddChild(name, d.NewPersistentInode(ctx, f, fs.StableAttr{Mode: syscall.S_IFREG}), true)
	}
}

// Create implements fs.NodeCreater.
func (d *lossyDisk) Create(ctx context.Context, name string, _, mode uint32,
	out *fuse.EntryOut,
) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &lossyFile{disk: d}
	d.files[name] = f
	out.Mode = mode
	return d.NewPersistentInode(ctx, f, fs.StableAttr{Mode: syscall.S_IFREG}), nil, 0, 0
}

// Unlink implements fs.NodeUnlinker.
func (d *lossyDisk) Unlink(_ context.Context, name string) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, name)
	return 0
}

// Fsync implements fs.NodeFsyncer, for the folder: names are kept with their files.
func (d *lossyDisk) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno { return 0 }

// Open implements fs.NodeOpener.
func (f *lossyFile) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, 0, 0
}

// Read implements fs.NodeReader.
func (f *lossyFile) Read(_ context.Context, _ fs.FileHandle, dest []byte, at int64) (fuse.ReadResult, syscall.Errno) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	n := 0
	if at < int64(len(f.now)) {
		n = copy(dest, f.now[at:])
	}
	return fuse.ReadResultData(dest[:n]), 0
}

// Write implements fs.NodeWriter.
func (f *lossyFile) Write(_ context.Context, _ fs.FileHandle, data []byte, at int64) (uint32, syscall.Errno) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	from, to := int(at), int(at)+len(data)
	if to > len(f.now) {
		if f.disk.full.Load() {
			f.disk.refused.Add(1)
			return 0, syscall.ENOSPC
		}
		f.resize(to)
	}
	copy(f.now[from:], data)
	f.since = append(f.since, span{from, to})
	return uint32(len(data)), 0
}

func (f *lossyFile) resize(size int) {
	if size <= len(f.now) {
		f.now = f.now[:size]
		return
	}
	f.now = append(f.now, make([]byte, size-len(f.now))...)
}

// Allocate implements fs.NodeAllocater.
func (f *lossyFile) Allocate(_ context.Context, _ fs.FileHandle, at, size uint64, _ uint32) syscall.Errno {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.full.Load() {
		f.disk.refused.Add(1)
		return syscall.ENOSPC
	}
	f.resize(max(len(f.now), int(at+size)))
	return 0
}

// Fsync implements fs.NodeFsyncer.
func (f *lossyFile) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.failing.Load() {
		f.disk.failed.Add(1)
		return syscall.EIO
	}
	f.kept = f.left(f.since)
	f.since, f.named = nil, true
	return 0
}

// left is the file with some of what was written since it was forced to disk.
func (f *lossyFile) left(spans []span) []byte {
	left := append([]byte(nil), f.kept[:min(len(f.kept), len(f.now))]...)
	if more := len(f.now) - len(left); more > 0 {
		left = append(left, make([]byte, more)...)
	}
	for _, s := range spans {
		if s.from < len(f.now) {
			copy(left[s.from:min(s.to, len(left))], f.now[s.from:])
		}
	}
	return left
}

// Getattr implements fs.NodeGetattrer.
func (f *lossyFile) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	out.Mode, out.Size = syscall.S_IFREG|0o600, uint64(len(f.now))
	return 0
}

// Setattr implements fs.NodeSetattrer.
func (f *lossyFile) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		f.disk.mu.Lock()
		f.resize(int(size))
		f.disk.mu.Unlock()
	}
	return f.Getattr(ctx, h, out)
}

// Flush implements fs.NodeFlusher.
func (f *lossyFile) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }

// keeps says which of the writes that were not forced to it a disk has kept at a cut.
type keeps func([]span) []span

func keepsNothing([]span) []span { return nil }

// keepsFirst keeps the first of them, the last of those in part.
func keepsFirst(spans []span) []span {
	if len(spans) == 0 {
		return nil
	}
	n := rand.IntN(len(spans))
	last := spans[n]
	last.to = last.from + rand.IntN(last.to-last.from+1)
	return append(append([]span(nil), spans[:n]...), last)
}

// keepsAny keeps any pages of them.
func keepsAny(spans []span) (kept []span) {
	for _, s := range spans {
		for from := s.from; from < s.to; from = (from/diskPage + 1) * diskPage {
			if rand.IntN(2) == 0 {
				kept = append(kept, span{from, min(s.to, (from/diskPage+1)*diskPage)})
			}
		}
	}
	return kept
}

// cut is what a cut of the power leaves, and how much was not forced to disk.
func (d *lossyDisk) cut(keep keeps) (image map[string][]byte, unsynced int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	image = map[string][]byte{}
	for name, f := range d.files {
		for _, s := range f.since {
			unsynced += s.to - s.from
		}
		if f.named {
			image[name] = f.left(keep(f.since))
		}
	}
	return image, unsynced
}

// place writes an image into a folder of its own.
func place(t *testing.T, image map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range image {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
