//go:build !linux

package app

import "net"

// listening leaves the keep-alive of connections to Go.
var listening net.ListenConfig
