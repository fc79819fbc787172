package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"
)

// shell is a block of commands in a page.
var shell = regexp.MustCompile("(?ms)^```(?:sh|bash)\n(.*?)^```")

// commandLine is a command of ours in such a block: what is typed behind it, up to a pipe or another command.
var commandLine = regexp.MustCompile(`(?m)(?:^|[|&;] *|[A-Z_]+=\S+ )(?:\./)?(?:bin/)?chargestamp +([^|&;\n]*)`)

// makeLine is a target of the Makefile.
var makeLine = regexp.MustCompile(`(?m)^make ([a-z-]+)`)

// fenced is a block of code in a page: its language and what stands in it.
var fenced = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```")

// shellLines are the commands of a text's blocks for the shell, without lines of remarks.
func shellLines(text string) (lines []string) {
	for _, found := range shell.FindAllStringSubmatch(text, -1) {
		for line := range strings.SplitSeq(strings.ReplaceAll(found[1], "\\\n", " "), "\n") {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// ledger has the lines of pages that tests here typed.
var ledger lines

type lines struct {
	mu   sync.Mutex
	have map[string]bool
}

func (l *lines) note(page string, typed []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.have == nil {
		l.have = map[string]bool{}
	}
	for _, line := range typed {
		l.have[page+": "+line] = true
	}
}

// elsewhere are lines of pages that these tests do not type, by how page and line begin: the file that runs them or
// stands in for them, and what it holds to that end.
var elsewhere = []struct{ page, line, file, holds string }{
	// A package is installed, and its unit's ExecStart started, on a bare Debian; no systemd runs in tests.
	{"docs/", "apt-get install ./chargestamp_", "tools/release-check.sh", "apt-get install"},
	{"docs/operating.md", "systemctl enable --now chargestamp", "tools/release-check.sh", "ExecStart="},
	// A clone is built, and its cost measured, before a release.
	{"README", "git clone ", "tools/release-check.sh", "git clone"},
	{"README", "make build", "tools/release-check.sh", "make build"},
	{"README", "make demo", "tools/release-check.sh", "make demo"},
	{"README", "make test", ".ci/run", "make test"},
	{"docs/reliability.md", "make sim", ".ci/run", "make sim"},
	// Half a minute each.
	{"docs/reliability.md", "chargestamp sim ", "Makefile", "-tags soak ./cmd/chargestamp"},
	{"docs/integrators.md", "bin/chargestamp certify telaidian", "Makefile", "-tags soak ./cmd/chargestamp"},
	// Scripts that speak the car parks' interfaces.
	{"docs/lots/api.md", "", "app/lotdocs_test.go", "docs/lots/api.md"},
	{"docs/lots/gate.md", "", "app/lotdocs_test.go", "docs/lots/gate.md"},
	{"docs/lots/sdk.md", "", "lot/line/docs_test.go", "docs/lots/sdk.md"},
}

func runsElsewhere(page, line string) bool {
	for _, e := range elsewhere {
		if strings.HasPrefix(page, e.page) && strings.HasPrefix(line, e.line) {
			return true
		}
	}
	return false
}

// blocks are the blocks in other languages, by how the page begins: the file that reads or prints them, and what it
// holds to that end.
var blocks = []struct{ page, languages, file, holds string }{
	{"docs/add-a-platform.md", "toml", "platform/all/all_test.go", "add-a-platform.md"},
	{"docs/add-a-target.md", "toml", "cmd/chargestamp/pages_test.go", "TestAddATarget"},
	{"docs/commands.md", "text", "tools/docgen/commands.go", `p.code("text"`},
	{"docs/config.md", "yaml", "cmd/chargestamp/pages_test.go", "TestExamples"},
	{"docs/estate.md", "yaml", "cmd/chargestamp/pages_test.go", "TestExamples"},
	{"docs/lots/api.md", "yaml", "app/lotdocs_test.go", "docs/lots/api.md"},
	{"docs/lots/gate.md", "yaml", "app/lotdocs_test.go", "docs/lots/gate.md"},
	{"docs/lots/sdk.md", "line http", "lot/line/docs_test.go", "docs/lots/sdk.md"},
	{"docs/operating.md", "nginx", "app/balancers_release_test.go", "docs/operating.md"},
	{"docs/operating.md", "text", "store/hosts_soak_test.go", "target_session_attrs=read-write"},
	{"docs/platforms/", "http json text yaml", "tools/docgen/example.go", `p.code("http"`},
	{"docs/policies.md", "yaml", "tools/docgen/policy.go", `out.code("yaml"`},
	{"docs/states.md", "mermaid", "tools/docgen/states.go", `p.code("mermaid"`},
	{"docs/targets.md", "http", "tools/docgen/target.go", `p.code("http"`},
	{"docs/webhooks.md", "yaml json", "cmd/chargestamp/pages_operators_test.go", "TestWebhooks"},
	{"docs/dev/performance-log.md", "text", "docs/dev/performance-log.md", ""}, // results, as they were
	{"", "", "", ""}, // drawings have no language
}

// untyped lists the commands on all pages that no test has typed.
func untyped() (left []string, err error) {
	err = eachPage(func(page, text string) error {
		for _, line := range shellLines(text) {
			if !runsElsewhere(page, line) && !ledger.have[page+": "+line] {
				left = append(left, page+": "+line)
			}
		}
		return nil
	})
	return left, err
}

// eachPage calls f for the READMEs and all pages of docs, by their names in the repository.
func eachPage(f func(page, text string) error) error {
	const root = "../.."
	names := []string{"README.md", "README.zh.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"}
	err := fs.WalkDir(os.DirFS(root), "docs", func(name string, _ fs.DirEntry, err error) error {
		if filepath.Ext(name) == ".md" {
			names = append(names, name)
		}
		return err
	})
	for _, name := range names {
		if err != nil {
			break
		}
		var text []byte
		if text, err = os.ReadFile(filepath.Join(root, name)); err == nil {
			err = f(name, string(text))
		}
	}
	return err
}

// TestEverySnippet reads every block of every page: the shell can read it, this program has the commands and flags, the
// Makefile the targets. What no test here types (TestMain looks at that) is run by a file that the tables name.
func TestEverySnippet(t *testing.T) {
	t.Parallel()
	makefile := readFile(t, "Makefile")
	commands := 0
	if err := eachPage(func(page, text string) error {
		for _, found := range shell.FindAllStringSubmatch(text, -1) {
			block := strings.ReplaceAll(found[1], "\\\n", " ")
			if out, err := exec.Command("bash", "-n", "-c", block).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s\n%s", page, err, block, out)
			}
			for _, line := range commandLine.FindAllStringSubmatch(block, -1) {
				commands++
				if err := understood(line[1]); err != nil {
					t.Errorf("%s: chargestamp %s: %v", page, line[1], err)
				}
			}
			for _, line := range makeLine.FindAllStringSubmatch(block, -1) {
				if !strings.Contains(makefile, "\n"+line[1]+":") {
					t.Errorf("%s: the Makefile has no target %s", page, line[1])
				}
			}
		}
		for _, found := range fenced.FindAllStringSubmatch(text, -1) {
			if language := found[1]; !slices.Contains([]string{"sh", "bash"}, language) && !readElsewhere(page, language) {
				t.Errorf("%s: nothing reads its block of %q", page, language)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if commands < 100 {
		t.Errorf("only %d commands were found", commands)
	}
	for _, e := range elsewhere {
		if !strings.Contains(readFile(t, e.file), e.holds) {
			t.Errorf("%s does not run %q of %s: it lacks %q", e.file, e.line, e.page, e.holds)
		}
	}
	for _, b := range blocks {
		if b.file != "" && !strings.Contains(readFile(t, b.file), b.holds) {
			t.Errorf("%s does not read the blocks of %s: it lacks %q", b.file, b.page, b.holds)
		}
	}
}

func readElsewhere(page, language string) bool {
	for _, b := range blocks {
		if strings.HasPrefix(page, b.page) && slices.Contains(strings.Split(b.languages, " "), language) {
			return true
		}
	}
	return false
}

// readFile reads a file of the repository.
func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// understood reads a command line as the program does, and does nothing.
func understood(line string) error {
	line, _, _ = strings.Cut(" "+substitution.ReplaceAllString(line, "x"), " #")
	words, err := exec.Command("bash", "-c", "set -f; printf '%s\\n' "+redirection.ReplaceAllString(line, "")).Output()
	if err != nil {
		return err
	}
	args := slices.DeleteFunc(strings.Split(string(words), "\n"), func(word string) bool { return word == "" })
	var cli commands
	parser, err := kong.New(&cli, kong.Name("chargestamp"), kong.ExplicitGroups(helpGroups),
		kong.Vars{"version": versionText()}, kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))
	if err != nil {
		return err
	}
	if _, err = parser.Parse(args); err != nil {
		return fmt.Errorf("%q: %w", args, err)
	}
	return nil
}

// substitution is what the shell puts in for another command.
var substitution = regexp.MustCompile(`\$\([^)]*\)`)

// redirection is where the shell sends what a command prints.
var redirection = regexp.MustCompile(`\d?[<>]+ ?\S+`)
