package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/chargestamp/chargestamp/app"
)

type versionCommand struct{}

// Run prints the version, the commit it was built from and the Go version.
func (*versionCommand) Run(c *console) error {
	commit := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	_, err := fmt.Fprintf(c.out, "chargestamp %s (commit %s, %s)\n", app.Version, commit, runtime.Version())
	return err
}
