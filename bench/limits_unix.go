//go:build unix

package bench

import "syscall"

// openFiles returns how many files a process may have open. Go raises the soft limit to the hard one at the start
// of every program; children do the same.
func openFiles() (most uint64, known bool) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, false
	}
	return l.Cur, true
}
