package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCircles counts a package of four files: a and b use each other, c uses a, and d stands alone.
func TestCircles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":   "module example.test/m\n\ngo 1.26\n",
		"p/a.go":   "package p\n\ntype A struct{ n int }\n\nfunc use(b *B) { b.Turn() }\n",
		"p/b.go":   "package p\n\ntype B struct{}\n\nfunc (*B) Turn() { use(nil) }\n",
		"p/c.go":   "package p\n\nvar c A\n",
		"p/d.go":   "package p\n\nconst D = 1\n",
		"within":   "m/none 1\n",
		"p-one":    "p 1\n",
		"p-two":    "p 2 # as it is\n",
		"p-broken": "p many\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for bounds, want := range map[string]string{
		"": "", "p-two": "", "p-one": "p has 2 files on circles, 1 are allowed", "p-broken": "p-broken:1:",
		"within": "m/none",
	} {
		var out bytes.Buffer
		err := run(&out, bounds, nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("bounds %q: %v, want %q", bounds, err, want)
		}
		if err == nil && !strings.Contains(out.String(), "p: 2 of 4 files: a.go b.go\n") {
			t.Errorf("bounds %q: printed %q", bounds, out.String())
		}
	}
}
