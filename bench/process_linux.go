package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
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

// tick is what the kernel counts a process's time in (USER_HZ, the same on every architecture that Go runs on).
const tick = 10 * time.Millisecond

// cpu is how much processor time a process has taken; 0 where the system does not say.
func (p *process) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // behind the program's name
	if len(fields) < 13 {
		return 0
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		return 0
	}
	return time.Duration(user+system) * tick
}
