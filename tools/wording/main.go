// Command wording counts words that comments and documents of this house should not use, because a stranger reads them
// twice: bounds.txt lists them. With -bounds FILE it fails when a word stands more often than its line there allows.
// The numbers only fall.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/tools/boundsfile"
)

// mostColumns is the longest line that a source file or a comment should have.
const mostColumns = 120

// longLines is the name under which lines of more than mostColumns are counted.
const longLines = "long-lines"

func main() {
	bounds := flag.String("bounds", "tools/wording/bounds.txt", "file of lines `word most`")
	list := flag.String("list", "", "print the places of this word")
	flag.Parse()
	if err := run(os.Stdout, ".", *bounds, *list); err != nil {
		fmt.Fprintln(os.Stderr, "wording:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, root, boundsFile, list string) error {
	bounds, err := boundsfile.Read(boundsFile, "word")
	if err != nil {
		return err
	}
	found, err := search(root, slices.Sorted(maps.Keys(bounds)))
	if err != nil {
		return err
	}
	var wrong []error
	for _, word := range slices.Sorted(maps.Keys(bounds)) {
		places := found[word]
		if word == list {
			fmt.Fprintln(out, strings.Join(places, "\n"))
		}
		switch {
		case len(places) > bounds[word]:
			wrong = append(wrong, fmt.Errorf("%q stands %d times, %d are allowed; -list %s prints where", word, len(places),
				bounds[word], word))
		case len(places) < bounds[word]:
			fmt.Fprintf(out, "%s: the bound of %d can fall to %d\n", word, bounds[word], len(places))
		}
	}
	return errors.Join(wrong...)
}

// search returns the places of each word below root: in comments of Go files that are written by hand, and in Markdown.
func search(root string, words []string) (map[string][]string, error) {
	patterns := map[string]*regexp.Regexp{}
	for _, w := range words {
		if w != longLines {
			patterns[w] = regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(w) + `\b`)
		}
	}
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		lines, err := readLines(name)
		if err != nil {
			return err
		}
		for _, l := range lines {
			place := fmt.Sprintf("%s:%d", filepath.ToSlash(name), l.number)
			if l.long {
				found[longLines] = append(found[longLines], place)
			}
			for word, pattern := range patterns {
				for range pattern.FindAllString(l.text, -1) {
					found[word] = append(found[word], place)
				}
			}
		}
		return nil
	})
	return found, err
}

// line is one line of words. Long says that its whole source line is too long.
type line struct {
	number int
	text   string
	long   bool
}

// readLines returns the lines of a file in which words are looked for.
func readLines(name string) ([]line, error) {
	switch {
	case strings.HasSuffix(name, "_templ.go"), !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".md"):
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	lines := make([]line, 0, bytes.Count(text, []byte("\n"))+1)
	for l := range strings.Lines(string(text)) {
		l = strings.TrimSuffix(l, "\n")
		lines = append(lines, line{number: len(lines) + 1, text: l})
	}
	if strings.HasSuffix(name, ".md") {
		return lines, nil
	}
	for i := range lines {
		lines[i].long = utf8.RuneCountInString(lines[i].text) > mostColumns
		lines[i].text = ""
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			first := files.Position(c.Pos()).Line
			for i, part := range strings.Split(c.Text, "\n") {
				lines[first-1+i].text += part
			}
		}
	}
	return lines, nil
}
