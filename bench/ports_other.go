//go:build !linux

package bench

func localPorts() (count int, known bool) { return 0, false }
