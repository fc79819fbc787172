package chargestamp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestKeptPatchesFit wants every patch of tools/edits, tools/holes and sim/mutants to apply: the lines that it takes
// out or stands beside are in the tree.
func TestKeptPatchesFit(t *testing.T) {
	patches, err := filepath.Glob("*/*/*.patch")
	if err != nil || len(patches) == 0 {
		t.Fatalf("no patches: %v", err)
	}
	for _, name := range patches {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hunks(string(text)) {
			file, err := os.ReadFile(h.file)
			if h.before == "" {
				continue // a new file
			}
			if err != nil || !strings.Contains("\n"+string(file), "\n"+h.before) {
				t.Errorf("%s does not fit %s any more, at:\n%s", name, h.file, h.before)
			}
		}
	}
}

// hunk is one change of a patch.
type hunk struct{ file, before string }

// hunks returns the changes of a patch, each with the lines that it must find.
func hunks(patch string) []hunk {
	var all []hunk
	file := ""
	for line := range strings.Lines(patch) {
		if name, ok := strings.CutPrefix(line, "+++ b/"); ok {
			file = strings.TrimSpace(name)
			continue
		}
		switch {
		case strings.HasPrefix(line, "@@"):
			all = append(all, hunk{file: file})
		case strings.HasPrefix(line, "--- "), len(all) == 0:
		case line == "\n":
			all[len(all)-1].before += "\n"
		case line[0] == ' ' || line[0] == '-':
			all[len(all)-1].before += line[1:]
		}
	}
	return all
}
