package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWording counts words in comments and Markdown, not in code, and long lines of Go files only.
func TestWording(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.go": "package a\n\n// A gives one.\n// It Gives it.\nvar A = \"gives\"\n\n// " +
			strings.Repeat("x", 118) + "\n",
		"a_templ.go":    "package a\n\n// gives\n",
		"testdata/b.go": "package b // gives\n",
		"README.md":     "What gives. Forgives.\n" + strings.Repeat("y", 130) + "\n",
		"three":         "gives 3\nlong-lines 1\n",
		"two":           "gives 2\n",
		"ten":           "gives 10\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := run(&out, dir, filepath.Join(dir, "three"), "gives"); err != nil {
		t.Error(err)
	}
	if n := strings.Count(out.String(), ":"); n != 3 {
		t.Errorf("the list is %q", out.String())
	}
	if err := run(&out, dir, filepath.Join(dir, "two"), ""); err == nil ||
		!strings.Contains(err.Error(), `"gives" stands 3 times, 2 are allowed`) {
		t.Errorf("above the bound: %v", err)
	}
	out.Reset()
	if err := run(&out, dir, filepath.Join(dir, "ten"), ""); err != nil ||
		!strings.Contains(out.String(), "can fall to 3") {
		t.Errorf("below the bound: %v, %q", err, out.String())
	}
}
