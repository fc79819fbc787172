package chargestamp

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/words"
)

// said is one place that names a note's code.
type said struct {
	at   string
	args []string // names of its arguments, as far as they are written there
	all  bool     // every argument is written there
}

// TestEverySaidNoteHasWords holds what producers say against what package words can print: every code has a text,
// every argument that a text names is given, and every text is said by somebody.
func TestEverySaidNoteHasWords(t *testing.T) {
	places := map[string][]said{}
	mentioned := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && (strings.HasPrefix(name, ".") && file != "." || name == "testdata" || name == "words") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") {
			return nil
		}
		return readSaid(file, places, mentioned)
	})
	if err != nil {
		t.Fatal(err)
	}
	texts := words.NoteArgs()
	for code, list := range places {
		want, ok := texts[code]
		if !ok {
			t.Errorf("%s says %q, which package words has no text for", list[0].at, code)
		}
		for _, s := range list {
			for _, arg := range want {
				if s.all && !slices.Contains(s.args, arg) {
					t.Errorf("%s says %q without the argument %q", s.at, code, arg)
				}
			}
		}
	}
	for code := range texts {
		if len(places[code]) == 0 && !mentioned[code] {
			t.Errorf("package words has a text for %q, which nothing says", code)
		}
	}
}

// readSaid finds the calls of charge.Say in a file, and every string that looks like a code: some are chosen before
// they are said.
func readSaid(file string, places map[string][]said, mentioned map[string]bool) error {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if code, ok := literal(n); ok {
				mentioned[code] = true
			}
		case *ast.CallExpr:
			if selector, ok := n.Fun.(*ast.SelectorExpr); ok && selector.Sel.Name == "Say" && len(n.Args) > 0 {
				if pkg, ok := selector.X.(*ast.Ident); !ok || pkg.Name != "charge" {
					return true
				}
				if code, ok := literal(n.Args[0]); ok {
					s := said{at: set.Position(n.Pos()).String(), all: n.Ellipsis == token.NoPos}
					for _, arg := range n.Args[1:] {
						name, ok := argName(arg)
						s.args, s.all = append(s.args, name), s.all && ok
					}
					places[code] = append(places[code], s)
				}
			}
		}
		return true
	})
	return nil
}

// argName is the name in a call such as charge.Mins("least", n).
func argName(e ast.Expr) (string, bool) {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return "", false
	}
	return literal(call.Args[0])
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}
