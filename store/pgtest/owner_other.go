//go:build !linux

package pgtest

import "os/exec"

// owner is the user that PostgreSQL runs as: here, the user of this process.
type owner struct{}

func findOwner() (*owner, error) { return &owner{}, nil }

func (*owner) give(string) error { return nil }

func (*owner) command(name string, args ...string) *exec.Cmd { return exec.Command(name, args...) }
