package chargestamp

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// document is the name of a page, with the address before it where it is one of the web.
	document = regexp.MustCompile(`(https?://)?[\w./%-]*[\w-]\.md\b`)
	// elsewhere are words for papers that a reader of this repository does not have.
	elsewhere = regexp.MustCompile(`contract,? (section|table)|the contract('s| prints| asks| gives)|\btable 3\b|\(spec: `)
)

// TestReferences wants every document that code and pages speak of to be in the repository or on the web: no one can
// look into a paper that only its writer had.
func TestReferences(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && file != "." {
			return filepath.SkipDir
		}
		if entry.IsDir() || file == "references_test.go" ||
			!slices.Contains([]string{".go", ".md", ".toml", ".sh", ".templ", ".sql", ".yaml", ".txtar"}, filepath.Ext(file)) {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for n, line := range strings.Split(string(text), "\n") {
			if !strings.Contains(line, ".md") && !strings.Contains(line, "contract") && !strings.Contains(line, "table 3") &&
				!strings.Contains(line, "(spec") {
				continue
			}
			for _, name := range document.FindAllString(line, -1) {
				seen++
				if !strings.HasPrefix(name, "http") && !strings.Contains(name, "%") && !isThere(filepath.Dir(file), name) {
					t.Errorf("%s:%d: there is no %s", file, n+1, name)
				}
			}
			if words := elsewhere.FindString(line); words != "" {
				t.Errorf("%s:%d: %q is of a paper that readers do not have: name a page of docs/, or say the fact", file, n+1,
					words)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Errorf("only %d names of documents were found", seen)
	}
}

// isThere looks for a page as its name is meant: from the file's folder, the repository's, or that of the pages.
func isThere(dir, name string) bool {
	name = strings.TrimPrefix(name, "/usr/share/doc/chargestamp/") // where a package puts them
	return slices.ContainsFunc([]string{dir, ".", "docs", "docs/platforms"}, func(from string) bool {
		_, err := os.Stat(filepath.Join(from, name))
		return err == nil
	})
}
