//go:build soak

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSlowPages types what takes half a minute or more: the checklist of docs/integrators.md, and the simulator of
// docs/reliability.md with two histories in the place of a thousand.
func TestSlowPages(t *testing.T) {
	s := newSite(t)
	s.follow("bin/chargestamp serve --estate docs/examples/estate.yaml")
	for _, line := range printed(t, "docs/integrators.md", "## 4. Certify") {
		s.follow(line)
	}
	if !strings.Contains(s.last(), "passed") {
		t.Errorf("certify says %s", s.last())
	}
	if _, err := os.Stat(filepath.Join(s.dir, "sheet.html")); err != nil {
		t.Error(err)
	}
	for _, line := range printed(t, "docs/reliability.md", "## The simulator") {
		if strings.HasPrefix(line, "chargestamp sim ") {
			s.follow(strings.ReplaceAll(line, "--seeds 1000", "--seeds 2"))
		}
	}
	if !strings.Contains(s.last(), "2") {
		t.Errorf("the sum is %s", s.last())
	}
}
