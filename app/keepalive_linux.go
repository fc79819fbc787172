package app

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// keepAlive is how long a connection is silent before its far end is asked whether it is there, and between two
// questions; Go's own default.
const keepAlive = 15 * time.Second

// listening sets the keep-alive of connections on their listener, and Linux hands it on to them (tcp(7)). Go sets it on
// each connection anew, by four system calls.
var listening = net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, c syscall.RawConn) error {
	var err error
	set := func(fd uintptr, level, option, value int) {
		if err == nil {
			err = unix.SetsockoptInt(int(fd), level, option, value)
		}
	}
	controlErr := c.Control(func(fd uintptr) {
		set(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
		set(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, int(keepAlive/time.Second))
		set(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, int(keepAlive/time.Second))
		set(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 9)
	})
	if controlErr != nil {
		return controlErr
	}
	return err
}}
