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
