package store

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// lockFile takes a lock that ends with the process, or says that somebody else has it.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	const how = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	if err := windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, new(windows.Overlapped)); err != nil {
		f.Close()
		return nil, fmt.Errorf("store: another server works in this data folder (%s is locked): stop it, "+
			"or give another --data", name)
	}
	return f, nil
}
