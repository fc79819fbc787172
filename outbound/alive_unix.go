//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package outbound

import "syscall"

// alive looks whether the other side has hung up meanwhile, or has said something unasked. A
// secured connection may hold a session ticket, unasked as well.
func (c *conn) alive() bool {
	if c.raw == nil {
		return true
	}
	quiet := false
	err := c.raw.Read(func(fd uintptr) bool {
		said, err := peek(fd)
		quiet = err == syscall.EAGAIN || err == nil && said && c.secured //nolint:errorlint // a raw errno
		return true
	})
	return err == nil && quiet
}

// peek looks at what a read would give: something, nothing (EAGAIN), or the end (false).
func peek(fd uintptr) (said bool, err error) {
	var b [1]byte
	n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return n > 0, err
}
