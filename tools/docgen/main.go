// Command docgen prints the reference pages below docs/ from what the code knows: a page for each platform from its
// description and its passing fixtures, the closed lists, the estate's fields, the configuration, the command line
// and the admin API. Facts that a page states are so the facts that the gateway acts by.
//
// It is run by make generate from the top of the repository. A fixture that does not pass, or a sentence
// without its Chinese, is an error: nothing is printed then.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// files are printed pages by their path below docs.
type files map[string][]byte

func main() {
	out := flag.String("out", "docs", "folder to print into")
	binary := flag.String("binary", "bin/chargestamp", "the built binary, for its --help")
	flag.Parse()
	if err := run(*out, *binary); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

// run prints every page, or none.
func run(out, binary string) error {
	pages := files{}
	for _, part := range []func(files) error{
		platformPages, targetPage, statePage, estatePage, policyPage, configPage, apiPages, numbersPage,
		func(f files) error { return commandPage(f, binary) },
	} {
		if err := part(pages); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		file := filepath.Join(out, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, pages[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}
