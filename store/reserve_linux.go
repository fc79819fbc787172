package store

import (
	"errors"
	"os"
	"syscall"
)

// reserve makes sure that a file may grow to a size later, where the file system can.
func reserve(f *os.File, size int64) error {
	for {
		switch err := syscall.Fallocate(int(f.Fd()), 0, 0, size); {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EOPNOTSUPP):
			return nil
		default:
			return err
		}
	}
}
