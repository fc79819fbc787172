package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/chargestamp/chargestamp/app"
)

type versionCommand struct{}

// Run prints the version.
func (*versionCommand) Run(c *console) error {
	_, err := fmt.Fprintln(c.out, versionText())
	return err
}

// versionText names the version, the commit it was built from and the Go version.
func versionText() string {
	commit := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	return fmt.Sprintf("chargestamp %s (commit %s, %s)", app.Version, commit, runtime.Version())
}
