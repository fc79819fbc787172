//go:build unix

package app

import "syscall"

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
