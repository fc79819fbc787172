package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain builds chargestamp and puts it in front of PATH: tests start hundreds of processes of it. It is built
// without the race detector, under which each takes longer to start than for what it does; the tests of package app
// run the same servers under it.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "chargestamp")
		if err != nil {
			return failed(err)
		}
		defer os.RemoveAll(folder)
		if out, err := exec.Command("go", "build", "-ldflags", "-s -w", "-o", folder, ".").CombinedOutput(); err != nil {
			return failed(fmt.Errorf("%w: %s", err, out))
		}
		if err := os.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
			return failed(err)
		}
		if code := m.Run(); code != 0 || flag.Lookup("test.run").Value.String() != "" {
			return code
		}
		return allTyped()
	}())
}

// allTyped fails a run of all tests where a page's command was typed by none of them.
func allTyped() int {
	left, err := untyped()
	if err != nil {
		return failed(err)
	}
	if len(left) > 0 {
		fmt.Fprintf(os.Stderr, "no test types these commands of the pages, and snippets_test.go names no other place:\n%s\n",
			strings.Join(left, "\n"))
		return 1
	}
	return 0
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "chargestamp was not built for its tests:", err)
	return 1
}

const token = "quick-start-4f1c9a7e2b"

// Bounds of what tests wait for; they are met long before.
const (
	soon     = 30 * time.Second
	stopSoon = 15 * time.Second // what a server is given to stop
)

// environment is that of every command here: free ports and an admin's token.
func environment() []string {
	return append(os.Environ(), "CHARGESTAMP_ADMIN_TOKEN="+token, "CHARGESTAMP_TOKEN="+token,
		"CHARGESTAMP_HTTP_ADDR=127.0.0.1:0",
		"CHARGESTAMP_ADMIN_ADDR=127.0.0.1:0", "CHARGESTAMP_LINE_ADDR=127.0.0.1:0", "CHARGESTAMP_LOG_LEVEL=warn", "TZ=UTC")
}

// process is a command that runs on: the server, a played lot.
type process struct {
	cmd    *exec.Cmd
	ready  map[string]any // the line by which it said so
	stderr *lockedBuffer
	exited chan error
}

// launch starts a command and waits for its ready line.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, stderr: &lockedBuffer{}, exited: make(chan error, 1)}
	cmd.Stderr = p.stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan map[string]any, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var line map[string]any
			if json.Unmarshal(lines.Bytes(), &line) == nil && line["ready"] == true {
				ready <- line
			}
		}
		p.exited <- cmd.Wait()
	}()
	select {
	case p.ready = <-ready:
		return p, nil
	case err := <-p.exited:
		p.exited <- err
		return nil, fmt.Errorf("ended before it was ready: %w\n%s", err, p.stderr)
	case <-time.After(soon):
		cmd.Process.Kill()
		return nil, fmt.Errorf("not ready within %s\n%s", soon, p.stderr)
	}
}

// addresses are variables by which other commands find a server.
func (p *process) addresses() []string {
	return []string{fmt.Sprint("CHARGESTAMP_HTTP=http://", p.ready["http"]),
		fmt.Sprint("CHARGESTAMP_SERVER=http://", p.ready["admin"]),
		fmt.Sprint("CHARGESTAMP_LINE=", p.ready["line"])}
}

// stop asks the process to end and returns its exit code.
func (p *process) stop() (int, error) {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return -1, err
	}
	select {
	case err := <-p.exited:
		p.exited <- err
		return exitCode(err), nil
	case <-time.After(stopSoon):
		p.kill()
		return -1, fmt.Errorf("still running %s after it was told to stop\n%s", stopSoon, p.stderr)
	}
}

// kill ends a process that may have ended.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.exited <- <-p.exited
}

func exitCode(err error) int {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// lockedBuffer is written by a process and read by a test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// freeAddress is one that nothing listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
