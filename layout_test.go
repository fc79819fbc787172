package chargestamp

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/chargestamp/chargestamp/"

// may says which packages of ours each package may import, and why. "x/..." stands for a folder with what lies below.
// charge, the nouns, and seal, signatures and ciphers, stand below everything and need no reason. Do not widen a line
// just to make a build pass: the arrows are the architecture (ARCHITECTURE.md).
var may = map[string][]string{
	"charge":          {},
	"seal":            {},
	"words":           {"charge"},  // texts by code: producers name codes, only what prints imports words
	"machine":         {},          // what a simulator takes the place of: knows nothing of anything
	"outbox":          {"machine"}, // its goroutines and waits, so that a simulator can run it
	"outbound":        {"charge"},
	"alert":           {"charge", "words"},             // it prints, in both languages
	"webhook":         {"charge", "limit", "outbound"}, // limit: the breaker; outbound: the client
	"tracing":         {"charge", "flow"},              // what flow lets a tracer hear
	"lotline":         {},
	"lotline/sdktest": {"lotline"}, // its frames
	// no arrow from lotline to its file: a user with another store gets no SQLite
	"lotline/filestore": {},
	"rules":             {"charge"},
	"platform":          {"charge", "seal"}, // the contract of a dialect, nothing else
	// the kit: knows no door and no doctor; bounded: the limits of what people hand in
	"platform/profile": {"charge", "seal", "platform", "bounded"},
	// the door: knows no dialect and no kit
	"platform/intake": {"charge", "platform", "limit"},
	// walks platform.Admit as the door does; prints what it finds
	"platform/doctor":       {"charge", "seal", "platform", "words"},
	"platform/report":       {"charge", "platform", "outbound"},                         // usage, back to the platform
	"platform/platformtest": {"charge", "seal", "platform", "platform/doctor", "words"}, // goldens hold the sentences
	"platform/...":          {"charge", "seal", "platform", "platform/profile"},         // a family: never a sibling
	"platform/all":          {"charge", "platform", "platform/..."},                     // the table of families
	// limit: strangers and wrong keys
	"lot": {"charge", "seal", "limit"},
	// lot: the reader of messages; limit: logins and floods; cache: what was asked and sent lately; machine: goroutines
	// and waits
	"lot/line": {"charge", "seal", "lot", "limit", "cache", "machine"},
	// the kit of the channels that call over HTTP: queue, turns, breaker
	"lot/calls":    {"charge", "lot", "limit", "machine", "outbound"},
	"lot/callback": {"charge", "seal", "lot", "lot/calls", "machine", "outbound"}, // lot: the reader of messages
	// platform/profile: the strict reader of TOML profiles
	"lot/coupon":      {"charge", "seal", "lot", "lot/calls", "machine", "outbound", "platform/profile"},
	"lot/ledger":      {"charge", "seal", "lot"},     // lot: the reader of messages
	"store":           {"charge", "outbox", "cache"}, // outbox: its jobs; cache: plates and charges seen lately
	"store/storetest": {"charge", "outbox", "store", "store/pgtest"},
	"store/pgtest":    {},
	"nodes":           {"charge", "store"}, // over the store: clock, hints and lines of nodes
	// platform and lot: what comes in and goes out; lot/ledger: settling is part of closing a stay (ADR 7); rules decides;
	// outbox keeps what is due; limit: how many refused pushes are recorded; machine: goroutines and waits
	"flow": {"charge", "platform", "lot", "lot/ledger", "rules", "outbox", "limit", "machine"},
	"sim": { // what it drives
		"charge", "platform", "lot", "lot/line", "lot/callback", "lot/coupon", "lot/ledger", "flow", "machine", "nodes",
		"outbound", "outbox", "seal", "store", "store/pgtest",
	},
	"bounded": {},
	"limit":   {},
	"cache":   {}, // one map in two generations for all that forgets
	// lot: the row of each kind of car park; outbound: which addresses it dials
	"estate": {"charge", "seal", "lot", "bounded", "outbound"},
	"guard":  {"charge", "seal"},
	// the clients that it plays lots with, and the API in which certify looks pushes up; nothing of the server
	"play":          {"charge", "lotline", "lotline/sdktest", "lotline/filestore", "admin/client", "bounded"},
	"demo":          {"charge", "lotline/sdktest", "play", "admin/client"}, // plays, and asks the API what came of it
	"admin/client":  {"charge"},
	"admin/apitest": {},
	"admin/manual":  {"words"}, // which language a page is shown in
	"admin/...": {"charge", "words", "platform", "platform/doctor", "platform/intake", "lot", "flow", "estate", "guard",
		"alert", "webhook", "bounded", "admin/...", "limit"}, // webhook: its message is a part of the description
	"app": {"..."}, // the composition root
	// app runs the server; the others are what commands do beside it; admin/sheet: what a spreadsheet takes for a formula
	"cmd/...": {"app", "charge", "words", "play", "demo", "bench", "sim", "admin/client", "admin/sheet", "bounded",
		"lot/coupon"},
	"bench":     {"..."},
	"tools/...": {"..."},
}

// testMay is what test files may import beyond may, by package.
var testMay = map[string][]string{
	"rules":        {"words"},
	"lot/...":      {"words"},
	"platform/...": {"platform/platformtest", "platform/all", "platform/cec", "platform/doctor", "seal", "words"},
	"store":        {"store/storetest", "store/pgtest"},
	"lot/line":     {"lotline/sdktest", "words"},
	"lotline":      {"lotline/filestore"},
	"flow": {"store", "store/storetest", "store/pgtest", "lot/callback", "lot/line", "platform/all", "seal",
		"estate", "words"},
	"play":      {"platform", "platform/all", "seal", "words"}, // to open what the players send
	"app":       {"..."},
	"cmd/...":   {"..."},
	"admin/...": {"..."},
}

// TestImports holds the import rule. It reads the files itself: a child process would let the test cache
// answer for a tree that has changed.
func TestImports(t *testing.T) {
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && file != "." || entry.Name() == "testdata" ||
			entry.Name() == "node_modules") {
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

// TestArchitecture wants each folder with code at the top of the repository, and each package of platform and lot, in
// the table of ARCHITECTURE.md.
func TestArchitecture(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `") {
			table.WriteString(line)
		}
	}
	for pkg := range may {
		name := strings.TrimSuffix(pkg, "/...")
		if top, _, below := strings.Cut(name, "/"); below && top != "platform" && top != "lot" ||
			path.Base(name) == "platformtest" {
			name = top
		}
		if !strings.Contains(table.String(), "`"+name+"/`") && !strings.Contains(table.String(), "`"+path.Base(name)+"/`") &&
			!strings.Contains(table.String(), "`"+name+"/") {
			t.Errorf("ARCHITECTURE.md has no row for %s/", name)
		}
	}
}

func lookUp[V any](table map[string]V, pkg string) (V, bool) {
	if v, ok := table[pkg]; ok {
		return v, true
	}
	for pattern, v := range table {
		if prefix, tree := strings.CutSuffix(pattern, "..."); tree && strings.HasPrefix(pkg+"/", prefix) {
			return v, true
		}
	}
	var none V
	return none, false
}

func matches(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, tree := strings.CutSuffix(p, "...")
		return p == pkg || tree && strings.HasPrefix(pkg+"/", prefix)
	})
}

// flowOrder is the order of the files of package flow. What a file defines uses only what the file itself and files
// before it define, so that the story can be read from the first file to the last.
var flowOrder = []string{
	// what the story needs from outside, and what it is made of
	"storage", "recording", "strangers", "lotclock", "wire", "states", "flow",
	"work", "names", "match", "lots", "order", "settlement", "turn", "facts", "dry", "act", // the pieces of every step
	"launch", "past", "decide", "answer", "deliver", "pause", // from the decision into the lot
	"accept", "refused", "replay", "redeliver", "bind", "resolve", // pushes and support
	"report", "webhook", "usage", "recall", "void", "settle", "stay", "gate", "price", // what lots report
	"expire", "story", "verdict", "judge", "backtest", "start",
}

// TestFlowOrder holds flowOrder. It resolves names without reading other packages: what a file of flow refers to
// in its own package is known without them.
func TestFlowOrder(t *testing.T) {
	paths, err := filepath.Glob("flow/*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	var parsed []*ast.File
	for _, file := range paths {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		if !slices.Contains(flowOrder, strings.TrimSuffix(path.Base(filepath.ToSlash(file)), ".go")) {
			t.Errorf("%s has no place in the order of flow's files", file)
		}
		f, err := parser.ParseFile(files, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	check := types.Config{Importer: noImports{}, Error: func(error) {}}
	pkg, _ := check.Check("flow", files, parsed, info)
	fileOf := func(pos token.Pos) string { return filepath.ToSlash(files.Position(pos).Filename) }
	place := func(file string) int { return slices.Index(flowOrder, strings.TrimSuffix(path.Base(file), ".go")) }
	found := 0
	for name, used := range info.Uses {
		if used.Pkg() != pkg || !used.Pos().IsValid() {
			continue
		}
		found++
		if from, to := fileOf(name.Pos()), fileOf(used.Pos()); place(from) < place(to) {
			t.Errorf("%s: uses %s of %s, which comes later", files.Position(name.Pos()), name.Name, to)
		}
	}
	if found < 1000 {
		t.Errorf("only %d uses of flow's own names were resolved: the check does not see the package", found)
	}
}

// noImports makes the type checker leave other packages out.
type noImports struct{}

func (noImports) Import(string) (*types.Package, error) {
	return nil, errors.New("other packages are not read")
}
