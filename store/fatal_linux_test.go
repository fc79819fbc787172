package store_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
)

// fatalEnv turns this test binary into a child that may not write large files: its data folder.
const fatalEnv = "CHARGESTAMP_STORE_FATAL"

// writeUntilFatal writes until the disk fails, and prints what was confirmed as written and then "fatal".
func writeUntilFatal(dir string) int {
	signal.Ignore(syscall.SIGXFSZ) // the write fails instead
	s, err := openConfig(store.Config{DataDir: dir})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	info, err := os.Stat(filepath.Join(dir, "chargestamp.db-wal"))
	if err == nil {
		limit := uint64(info.Size()) + 300_000
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit})
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	ids := charge.NewIDs(1, time.Now)
	for {
		id, err := writeOne(s, ids)
		if err != nil {
			break
		}
		fmt.Println(id)
	}
	fmt.Println("fatal:", <-s.Fatal())
	if _, err := writeOne(s, ids); err == nil || !strings.Contains(err.Error(), "can no longer be written") {
		fmt.Println("a later write:", err)
	}
	return 0
}

// A disk that fails ends all writing: the server is notified, later writes are refused with the reason, and what was
// confirmed as written before is there after a new start.
func TestDiskFails(t *testing.T) {
	dir := t.TempDir()
	first, err := openConfig(store.Config{DataDir: dir}) // makes the schema, which is larger than what follows
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fatalEnv+"="+dir)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the child: %v\n%s", err, out)
	}
	var told []int64
	var rest []string
	for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
		if id, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
			told = append(told, id)
		} else {
			rest = append(rest, lines.Text())
		}
	}
	if len(told) == 0 || len(rest) != 1 || !strings.HasPrefix(rest[0], "fatal: ") {
		t.Fatalf("%d were written, then %q", len(told), rest)
	}
	checkTold(t, store.Config{DataDir: dir}, told)
}
