package chargestamp

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bare is a machine on which tools/deps.sh finds nothing but the programs of programs, each a line of shell. It returns
// what apt-get was called with.
func bare(t *testing.T, programs map[string]string) (calls, said string, err error) {
	t.Helper()
	bin := t.TempDir()
	log := filepath.Join(bin, "calls")
	programs["apt-get"] = `echo "$DEBIAN_FRONTEND $*" >>` + log
	programs["env"] = `exec /usr/bin/env "$@"`
	for name, line := range programs {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/bash\n"+line+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "/bin/bash", "tools/deps.sh")
	cmd.Env = []string{"PATH=" + bin}
	out, err := cmd.CombinedOutput()
	text, readErr := os.ReadFile(log)
	if readErr != nil && !os.IsNotExist(readErr) {
		t.Fatal(readErr)
	}
	return string(text), string(out), err
}

// TestDeps wants tools/deps.sh to install on a bare Debian without a question, and to say who must act where it cannot.
func TestDeps(t *testing.T) {
	fresh := func(calls string) {
		t.Helper()
		lines := strings.Split(strings.TrimSpace(calls), "\n")
		if len(lines) != 2 || !strings.HasSuffix(lines[0], " update") {
			t.Fatalf("apt-get was called with %q", lines)
		}
		for _, want := range []string{"noninteractive ", " install -y --no-install-recommends ", " gcc libc6-dev ",
			" chromium ", " openssl ", " pgbouncer ", " curl ", " git ", " fonts-wqy-microhei"} {
			if !strings.Contains(lines[1], want) {
				t.Errorf("apt-get %s lacks %q", lines[1], want)
			}
		}
	}
	calls, said, err := bare(t, map[string]string{"id": "echo 0"})
	if err != nil {
		t.Fatalf("as root: %v\n%s", err, said)
	}
	fresh(calls)
	calls, said, err = bare(t, map[string]string{"id": "echo 1000", "sudo": `exec /usr/bin/env -i PATH="$PATH" "$@"`})
	if err != nil {
		t.Fatalf("by sudo: %v\n%s", err, said)
	}
	fresh(calls)
	if calls, said, err = bare(t, map[string]string{"id": "echo 1000"}); err == nil || calls != "" ||
		!strings.Contains(said, "as root") {
		t.Errorf("neither root nor sudo: %v, %q, %q", err, calls, said)
	}
	// A font that knows no Chinese is none; one that does is left alone.
	for list, want := range map[string]bool{"true": true, "echo Noto": false} {
		calls, said, err := bare(t, map[string]string{"id": "echo 0", "fc-list": list})
		if err != nil || strings.Contains(calls, "fonts-wqy") != want {
			t.Errorf("fc-list %q: %v, %q, %s", list, err, calls, said)
		}
	}
}
