package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// manager is a service manager's notify socket.
type manager struct{ conn *net.UnixConn }

func newManager(t *testing.T, path string) *manager {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &manager{conn}
}

// wants waits for a message with a state in it.
func (m *manager) wants(t *testing.T, state string) {
	t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(soon)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1024)
	n, err := m.conn.Read(b)
	if err != nil || !slices.Contains(strings.Split(string(b[:n]), "\n"), state) {
		t.Fatalf("the service manager got %q (%v), want %s", b[:n], err, state)
	}
}

// TestHangupReloads wants SIGHUP to take up what a running server can, to say what needs a restart, to keep the former
// settings where the new ones are wrong, and the service manager to hear of each.
func TestHangupReloads(t *testing.T) {
	dir := t.TempDir()
	file, socket := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "notify")
	configure := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte("data: "+filepath.Join(dir, "data")+"\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure("log: {level: info}\n")
	m := newManager(t, socket)
	cmd := exec.Command("chargestamp", "serve", "--config", file)
	cmd.Env = append(slices.DeleteFunc(environment(),
		func(v string) bool { return strings.HasPrefix(v, "CHARGESTAMP_LOG_LEVEL=") }),
		"NOTIFY_SOCKET="+socket)
	p, err := launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer p.kill()
	m.wants(t, "READY=1")
	hangup := func() {
		t.Helper()
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		m.wants(t, "RELOADING=1")
		m.wants(t, "READY=1")
	}
	configure("log: {level: debug}\nlimits: {account_per_s: 5}\nline: {frame_bytes: 2048}\n")
	hangup()
	configure("log: {level: loud}\n")
	hangup()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.wants(t, "STOPPING=1")
	if code, err := p.stop(); err != nil || code != 0 {
		t.Errorf("ended with %d, %v\n%s", code, err, p.stderr)
	}
	for _, want := range []string{`"taken_up":["limits.account_per_s","log.level"]`,
		`"need_a_restart":["line.frame_bytes"]`,
		`nothing was taken up: configuration: log.level "loud"`} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, p.stderr)
		}
	}
}
