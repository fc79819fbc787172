package store

import (
	"os"
	"syscall"
)

// syncData forces a file's content to disk, without its times, which are not needed.
func syncData(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return err
		}
	}
}

// beginWriting has the disk begin to write what a file holds, so that less is left to the caller who forces it there.
func beginWriting(f *os.File) {
	const write = 2 // SYNC_FILE_RANGE_WRITE
	_ = syscall.SyncFileRange(int(f.Fd()), 0, 0, write)
}
