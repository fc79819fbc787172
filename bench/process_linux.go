package bench

import (
	"os/exec"
	"syscall"
)

// dieWithUs makes the kernel end a child whose parent is gone: a run that is killed leaves no server behind.
func dieWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
