//go:build unix

package app

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// mostFiles is more than any process has connections.
const mostFiles = 1 << 24

// openFiles returns how many files this process may have open, 0 where that is not known. Go raises the soft limit to
// the hard one at the start of every program.
func openFiles() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0
	}
	return int(min(uint64(l.Cur), mostFiles)) //nolint:unconvert // an int64 on some systems
}

// giveToOwner makes the owner of a folder that of all that lies in it: what root restores a service must open.
func giveToOwner(folder string) error {
	info, err := os.Stat(folder)
	if err != nil {
		return err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known || int(owner.Uid) == os.Geteuid() {
		return nil
	}
	files, err := os.ReadDir(folder)
	for _, f := range files {
		err = errors.Join(err, os.Lchown(filepath.Join(folder, f.Name()), int(owner.Uid), int(owner.Gid)))
	}
	return err
}
