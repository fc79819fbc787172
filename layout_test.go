package chargestamp

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/chargestamp/chargestamp/"

// may says which packages of ours each package may import. "x/..." stands for a folder with what lies below.
// Do not widen a line just to make a build pass: the arrows are the architecture (ARCHITECTURE.md).
var may = map[string][]string{
	"charge":                {},
	"seal":                  {},
	"outbox":                {},
	"outbound":              {},
	"alert":                 {"charge"},
	"lotline":               {},
	"rules":                 {"charge"},
	"platform":              {"charge", "seal"},
	"platform/platformtest": {"charge", "seal", "platform"},
	"platform/cec":          {"charge", "seal", "platform"},
	"platform/flat":         {"charge", "seal", "platform"},
	"platform/plain":        {"charge", "seal", "platform"},
	"platform/open13":       {"charge", "seal", "platform"},
	"platform/all":          {"charge", "platform", "platform/cec", "platform/flat", "platform/plain", "platform/open13"},
	"lot":                   {"charge", "seal"},
	"lot/line":              {"charge", "seal", "lot"},
	"lot/callback":          {"charge", "seal", "lot", "outbound"},
	"lot/ledger":            {"charge", "seal", "lot"},
	"store":                 {"charge", "outbox"},
	"store/storetest":       {"charge", "outbox", "store", "store/pgtest"},
	"store/pgtest":          {},
	"flow":                  {"charge", "platform", "lot", "lot/ledger", "rules", "outbox"},
	"estate":                {"charge", "seal"},
	"guard":                 {"charge", "seal"},
	"play":                  {"charge", "lotline"},
	"admin/...":             {"charge", "platform", "lot", "flow", "estate", "guard", "alert", "admin/..."},
	"app":                   {"..."},
	"cmd/...":               {"app", "charge", "play", "bench"},
	"bench":                 {"..."},
	"tools/...":             {"..."},
}

// testMay is what test files may import beyond may, by package.
var testMay = map[string][]string{
	"platform/...": {"platform/platformtest", "platform/all", "platform/cec"},
	"store":        {"store/storetest", "store/pgtest"},
	"flow":         {"store", "store/storetest", "store/pgtest", "lot/callback", "lot/line", "platform/all", "seal", "estate"},
	"app":          {"..."},
	"cmd/...":      {"..."},
	"admin/...":    {"..."},
}

// TestImports holds the import rule. It reads the files itself: a child process would let the test cache
// answer for a tree that has changed.
func TestImports(t *testing.T) {
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && file != "." || entry.Name() == "testdata" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || path.Dir(filepath.ToSlash(file)) == "." {
			return nil
		}
		pkg := path.Dir(filepath.ToSlash(file))
		allowed, known := lookUp(may, pkg)
		if !known {
			t.Errorf("%s: package %s has no line in the import rule", file, pkg)
			return nil
		}
		if strings.HasSuffix(file, "_test.go") {
			more, _ := lookUp(testMay, pkg)
			allowed = slices.Concat(allowed, more, []string{pkg})
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if ours, is := strings.CutPrefix(imported, module); is && !matches(allowed, ours) {
				t.Errorf("%s: %s may not import %s", file, pkg, ours)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func lookUp(table map[string][]string, pkg string) ([]string, bool) {
	if v, ok := table[pkg]; ok {
		return v, true
	}
	for pattern, v := range table {
		if prefix, tree := strings.CutSuffix(pattern, "..."); tree && strings.HasPrefix(pkg+"/", prefix) {
			return v, true
		}
	}
	return nil, false
}

func matches(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, tree := strings.CutSuffix(p, "...")
		return p == pkg || tree && strings.HasPrefix(pkg+"/", prefix)
	})
}
