package chargestamp

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// mayName lists who may speak of one kind of car park by name, with the reason. Everybody else asks the row that
// package lot has of each kind. "x/..." stands for a folder with what lies below.
var mayName = map[string]string{
	"charge":       "has the names",
	"lot":          "has the rows",
	"lot/coupon":   "is the way into lots of its kind",
	"platform/...": "a profile says which of the published kinds its platform serves",
	"play":         "a player is written for one kind",
	"demo":         "a played site has lots of each kind",
	"sim":          "a simulated site has lots of each kind",
	"bench":        "a measured site has lots of each kind",
	"tools/docgen": "examples in the docs are of the commonest kind",
}

// TestKindsAreAsked holds that a new kind of car park is a folder and a row: no other package compares kinds.
func TestKindsAreAsked(t *testing.T) {
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && file != "." || entry.Name() == "testdata" ||
			entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		pkg := path.Dir(filepath.ToSlash(file))
		if _, listed := lookUp(mayName, pkg); !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") ||
			listed {
			return nil
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			s, is := n.(*ast.SelectorExpr)
			if !is {
				return true
			}
			if of, is := s.X.(*ast.Ident); is && of.Name == "charge" {
				switch s.Sel.Name {
				case "KindSDK", "KindAPI", "Kind4G", "KindCoupon":
					t.Errorf("%s: names charge.%s; ask lot.KindOf", set.Position(s.Pos()), s.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
