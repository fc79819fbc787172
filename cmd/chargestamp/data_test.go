package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// stranger is a user without rights, as the service's is.
const stranger = 65534

// TestBackupOfAnotherUser backs up a server that another user runs, into a folder where only this one may write, and
// restores into the other user's folder. Where this process is not root both are the same user.
func TestBackupOfAnotherUser(t *testing.T) {
	t.Parallel()
	root := os.Geteuid() == 0
	dir, err := os.MkdirTemp("", "chargestamp-backup")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	owner := os.Geteuid()
	data, restored, own := filepath.Join(dir, "data"), filepath.Join(dir, "restored"), filepath.Join(dir, "own")
	for _, folder := range []string{dir, data, restored, own} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	program, err := exec.LookPath("chargestamp")
	if err != nil {
		t.Fatal(err)
	}
	serve := exec.Command(filepath.Join(dir, "chargestamp"), "serve", "--data", data)
	serve.Env = environment()
	if root {
		owner = stranger
		serve.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
	}
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(serve.Path, text, 0o755); err != nil {
		t.Fatal(err)
	}
	for folder, mode := range map[string]os.FileMode{dir: 0o755, data: 0o700, restored: 0o700} {
		if err := os.Chmod(folder, mode); err != nil {
			t.Fatal(err)
		}
		if folder != dir {
			if err := os.Chown(folder, owner, -1); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, err := launch(serve)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	file := filepath.Join(own, "today.backup")
	if out, err := exec.Command("chargestamp", "backup", "--data", data, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := exec.Command("chargestamp", "restore", "--data", restored, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, want := range map[string]int{file: os.Geteuid(), filepath.Join(restored, "chargestamp.db"): owner} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if uid := int(info.Sys().(*syscall.Stat_t).Uid); uid != want {
			t.Errorf("%s belongs to user %d, want %d", name, uid, want)
		}
	}
	if files, err := os.ReadDir(own); err != nil || len(files) != 1 {
		t.Errorf("the backup's folder holds %v, %v", files, err)
	}
	if left, _ := filepath.Glob(filepath.Join(data, ".backup-*")); len(left) > 0 {
		t.Errorf("%v is left behind", left)
	}
}
