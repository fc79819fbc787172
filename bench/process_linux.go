package bench

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// dieWithUs makes the kernel end a child whose parent is gone: a run that is killed leaves no server behind.
func dieWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// written is how many bytes a process has had the disk write; 0 where the system does not say.
func (p *process) written() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "\nwrite_bytes: ")
	n, _, _ := strings.Cut(rest, "\n")
	bytes, err := strconv.ParseInt(n, 10, 64)
	if err != nil {
		return 0
	}
	return bytes
}
