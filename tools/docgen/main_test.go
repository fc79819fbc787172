package main

import (
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// TestPagesAreMarkedGenerated wants each printed page marked in .gitattributes, so that a reviewer sees what was
// written by hand first.
func TestPagesAreMarkedGenerated(t *testing.T) {
	t.Chdir("../..") // where docgen is run
	text, err := os.ReadFile(".gitattributes")
	if err != nil {
		t.Fatal(err)
	}
	pages := files{"commands.md": nil} // its text needs the built binary
	for _, part := range []func(files) error{platformPages, targetPage, statePage, estatePage, policyPage, configPage,
		apiPages, numbersPage} {
		if err := part(pages); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		marked := false
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) == 2 && f[1] == "linguist-generated" {
				match, err := path.Match(f[0], "docs/"+name)
				marked = marked || match && err == nil
			}
		}
		if !marked {
			t.Errorf(".gitattributes does not mark docs/%s as generated", name)
		}
	}
}
