// Command circles counts, package by package, the files that lie on a circle: file a uses a definition of file b, and
// over any number of steps b uses one of a. Files on no circle can be read in order, each standing on those before it.
//
// It prints the packages with circles, and with -bounds FILE fails when a package has more files on circles than its
// line there allows; a package without a line is only printed.
package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/tools/boundsfile"
)

func main() {
	bounds := flag.String("bounds", "", "file of lines `package most`: fail where a package has more files on circles")
	flag.Parse()
	if err := run(os.Stdout, *bounds, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "circles:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, boundsFile string, patterns []string) error {
	bounds := map[string]int{}
	if boundsFile != "" {
		var err error
		if bounds, err = boundsfile.Read(boundsFile, "package"); err != nil {
			return err
		}
	}
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	packages, err := load(patterns)
	if err != nil {
		return err
	}
	var tooMany []string
	for _, p := range packages {
		uses, err := p.uses()
		if err != nil {
			return err
		}
		knots := circles(uses)
		count := 0
		for _, k := range knots {
			count += len(k)
			fmt.Fprintf(out, "%s: %d of %d files: %s\n", p.name, len(k), len(p.files), strings.Join(k, " "))
		}
		most, bound := bounds[p.name]
		if bound && count > most {
			tooMany = append(tooMany, fmt.Sprintf("%s has %d files on circles, %d are allowed", p.name, count, most))
		}
		if bound && count < most {
			fmt.Fprintf(out, "%s: the bound of %d can fall to %d\n", p.name, most, count)
		}
		delete(bounds, p.name)
	}
	if len(bounds) > 0 && slices.Equal(patterns, []string{"./..."}) {
		return fmt.Errorf("%s names packages that are not there: %v", boundsFile, slices.Sorted(maps.Keys(bounds)))
	}
	if len(tooMany) > 0 {
		return fmt.Errorf("%s\nmove the definition that points back to a file below", strings.Join(tooMany, "\n"))
	}
	return nil
}

// circles returns the sets of files that use each other, directly or over others: the strongly connected components
// of more than one file, by Tarjan's algorithm.
func circles(uses map[string]map[string]bool) [][]string {
	t := &tarjan{uses: uses, number: map[string]int{}, low: map[string]int{}, open: map[string]bool{}}
	for _, file := range slices.Sorted(maps.Keys(uses)) {
		if t.number[file] == 0 {
			t.visit(file)
		}
	}
	slices.SortFunc(t.found, func(a, b []string) int { return len(b) - len(a) })
	return t.found
}

// tarjan is the state of one walk. Numbers start at 1.
type tarjan struct {
	uses        map[string]map[string]bool
	number, low map[string]int
	open        map[string]bool // on the stack
	stack       []string
	found       [][]string
}

func (t *tarjan) visit(file string) {
	t.number[file] = len(t.number) + 1
	t.low[file] = t.number[file]
	t.stack = append(t.stack, file)
	t.open[file] = true
	for _, next := range slices.Sorted(maps.Keys(t.uses[file])) {
		switch {
		case t.number[next] == 0:
			t.visit(next)
			t.low[file] = min(t.low[file], t.low[next])
		case t.open[next]:
			t.low[file] = min(t.low[file], t.number[next])
		}
	}
	if t.low[file] != t.number[file] {
		return
	}
	at := slices.Index(t.stack, file)
	knot := slices.Sorted(slices.Values(t.stack[at:]))
	t.stack = t.stack[:at]
	for _, f := range knot {
		delete(t.open, f)
	}
	if len(knot) > 1 {
		t.found = append(t.found, knot)
	}
}
