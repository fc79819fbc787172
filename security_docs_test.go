package chargestamp

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// namedTest is how docs/security.md names a test: its package's folder and its name.
var namedTest = regexp.MustCompile("`([a-z0-9/]+)\\.(Test[A-Za-z0-9]+)`")

// TestThreatsAreTested holds that each row of the threat model names tests, and that each named test is there.
func TestThreatsAreTested(t *testing.T) {
	page, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 5 || cells[0] == " who" || strings.Contains(cells[0], "---") {
			continue
		}
		rows++
		named := namedTest.FindAllStringSubmatch(cells[4], -1)
		if len(named) == 0 || len(named) != strings.Count(cells[4], "`")/2 {
			t.Errorf("not every test is named by package and name: %s", line)
		}
		for _, n := range named {
			if !hasTest(t, n[1], n[2]) {
				t.Errorf("there is no test %s in %s", n[2], n[1])
			}
		}
	}
	if rows < 20 {
		t.Errorf("the threat model has %d rows", rows)
	}
}

// hasTest reports whether a folder has a test of a name.
func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(t *testing.T) {") {
			return true
		}
	}
	return false
}
