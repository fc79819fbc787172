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
	"testing"

	"github.com/alecthomas/kong"
)

// shell is a block of commands in a page.
var shell = regexp.MustCompile("(?ms)^```(?:sh|bash)\n(.*?)^```")

// commandLine is a command of ours in such a block: what is typed behind it, up to a pipe or another command.
var commandLine = regexp.MustCompile(`(?m)(?:^|[|&;] *|[A-Z_]+=\S+ )(?:\./)?(?:bin/)?chargestamp +([^|&;\n]*)`)

// makeLine is a target of the Makefile.
var makeLine = regexp.MustCompile(`(?m)^make ([a-z-]+)`)

// pages are the READMEs and all that stands in docs.
func pages(t *testing.T) (names []string) {
	t.Helper()
	root := repository(t)
	for _, name := range []string{"README.md", "README.zh.md", "CONTRIBUTING.md", "SECURITY.md"} {
		names = append(names, filepath.Join(root, name))
	}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestEverySnippet reads every block of commands of every page: the shell can read it, this program has the commands
// and flags, the Makefile the targets. The tests beside this one carry the commands out.
func TestEverySnippet(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join(repository(t), "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range shell.FindAllStringSubmatch(string(text), -1) {
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
				if !strings.Contains(string(makefile), "\n"+line[1]+":") {
					t.Errorf("%s: the Makefile has no target %s", page, line[1])
				}
			}
		}
	}
	if commands < 100 {
		t.Errorf("only %d commands were found", commands)
	}
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
