// Command notify runs a program as a service manager with Type=notify does, and exits with 0 once the program has
// reported READY=1, with 1 when it ends before or takes too long: notify SOCKET WITHIN PROGRAM ARG… The program runs
// on; its process id is printed.
package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: notify SOCKET WITHIN PROGRAM ARG…")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "notify:", err)
		os.Exit(1)
	}
}

func run(socket, within string, program []string) error {
	limit, err := time.ParseDuration(within)
	if err != nil {
		return err
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := os.Chmod(socket, 0o666); err != nil { //nolint:gosec // the program runs as another user
		return err
	}
	cmd := exec.Command(program[0], program[1:]...) //nolint:gosec // running what it is given is its purpose
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	message := make([]byte, 4096)
	for {
		n, err := conn.Read(message)
		if err != nil {
			return fmt.Errorf("%s did not report READY=1: %w", program[0], err)
		}
		if slices.Contains(strings.Split(string(message[:n]), "\n"), "READY=1") {
			fmt.Println(cmd.Process.Pid)
			return cmd.Process.Release()
		}
	}
}
