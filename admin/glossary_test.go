package admin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// One term for one thing: what the glossary rules out stands neither on a page of the console nor in the text of a
// code, and each of its own terms is used.
func TestGlossary(t *testing.T) {
	page, err := os.ReadFile("../docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, pattern := range []string{"console/*.templ", "console/*.go", "../words/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_templ.go") || strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts[file] = string(text)
		}
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 4 || strings.Contains(cells[0], "---") || strings.TrimSpace(cells[0]) == "term" {
			continue
		}
		rows++
		chinese, never := strings.TrimSpace(cells[1]), strings.Split(strings.TrimSpace(cells[3]), "、")
		used := false
		for file, text := range texts {
			for _, not := range never {
				if strings.Contains(text, not) {
					t.Errorf("%s says %q; the glossary's word is %q, %q", file, not, strings.TrimSpace(cells[0]), chinese)
				}
			}
			used = used || strings.Contains(text, chinese)
		}
		if !used {
			t.Errorf("the glossary's %q is used nowhere", chinese)
		}
	}
	if rows < 15 {
		t.Errorf("the glossary has %d rows that can be read", rows)
	}
}
