//go:build unix

package store

import (
	"fmt"
	"os"
	"syscall"
)

// lockFile takes a lock that ends with the process, or says who else has it.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("store: another server works in this data folder (%s is locked): stop it, "+
			"or give another --data", name)
	}
	return f, nil
}
