//go:build !linux

package bench

import "os/exec"

func dieWithUs(*exec.Cmd) {}

// written is not known here.
func (p *process) written() int64 { return 0 }
