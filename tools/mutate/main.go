// Command mutate asks whether tests notice: it puts one small mistake at a time into a package's code (a comparison
// turned round, a condition dropped, a statement left out), and runs the package's own tests. A mistake that no test
// notices survives, and is listed. Which mistakes are tried is drawn from a seed, so that a sample can be run again.
//
// The report keeps each result as a line of JSON; what stands in it is not tried again, so that a long sample can be
// run in pieces. The tree is not touched: the compiler reads the changed file in the place of the real one.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	var s sample
	flag.Uint64Var(&s.seed, "seed", 1, "which sample")
	flag.IntVar(&s.size, "n", 200, "how many mistakes, over all packages")
	flag.StringVar(&s.report, "report", "", "keep results in this file; what stands there is not tried again")
	flag.StringVar(&s.run, "run", "", "the tests to run, as go test -run takes them; empty: all")
	flag.StringVar(&s.skip, "skip", "", "the tests to leave out, as go test -skip takes them")
	flag.DurationVar(&s.within, "for", 0, "begin no other mistake after so long; 0: no end")
	sum := flag.Bool("sum", false, "try nothing: add up what the report holds")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := s.main(ctx, os.Stdout, flag.Args(), *sum); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// sample is which mistakes to try, and with which tests.
type sample struct {
	seed      uint64
	size      int
	report    string
	run, skip string
	within    time.Duration
}

// result is what became of one mistake.
type result struct {
	Package string `json:"package"`
	Where   string `json:"where"` // file:line:column
	What    string `json:"what"`
	Came    string `json:"came"` // killed, survived, or invalid: it does not compile
}

func (s sample) main(ctx context.Context, out io.Writer, packages []string, sum bool) error {
	had, err := readReport(s.report)
	if err != nil {
		return err
	}
	if !sum {
		if had, err = s.try(ctx, out, packages, had); err != nil {
			return err
		}
	}
	addUp(out, had)
	return nil
}

// try draws the sample and tries what of it was not tried yet.
func (s sample) try(ctx context.Context, out io.Writer, packages []string, had []result) ([]result, error) {
	all, err := mistakesIn(packages)
	if err != nil {
		return nil, err
	}
	rand.New(rand.NewPCG(s.seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	tried := map[string]bool{}
	for _, r := range had {
		tried[r.Where+" "+r.What] = true
	}
	began, valid := time.Now(), 0
	for _, m := range all {
		if s.within > 0 && time.Since(began) > s.within || valid == s.size || ctx.Err() != nil {
			break
		}
		r := result{Package: m.dir, Where: m.where, What: m.what}
		if tried[r.Where+" "+r.What] {
			valid++
			continue
		}
		if r.Came, err = s.test(ctx, m); err != nil {
			return nil, err
		}
		if r.Came != invalid {
			valid++
		}
		had = append(had, r)
		fmt.Fprintf(out, "%-8s %s: %s\n", r.Came, r.Where, r.What)
		if err := keep(s.report, r); err != nil {
			return nil, err
		}
	}
	return had, nil
}

// What becomes of a mistake.
const (
	killed   = "killed"
	survived = "survived"
	invalid  = "invalid"
)

// longest is how long the tests may take; one that hangs has noticed.
const longest = 3 * time.Minute

// test runs a package's tests with a mistake in its code.
func (s sample) test(ctx context.Context, m mistake) (came string, err error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	changed, overlay := filepath.Join(dir, filepath.Base(m.file)), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.WriteFile(changed, m.text, 0o600), os.WriteFile(overlay, text, 0o600)); err != nil {
		return "", err
	}
	program := filepath.Join(dir, "tests")
	build := exec.CommandContext(ctx, "go", "test", "-overlay", overlay, "-vet=off", "-c", "-o", program, "./"+m.dir)
	if said, err := build.CombinedOutput(); ctx.Err() != nil {
		return "", ctx.Err()
	} else if err != nil {
		if strings.Contains(string(said), filepath.Base(m.file)) {
			return invalid, nil
		}
		return "", fmt.Errorf("%s does not compile: %s", m.dir, said)
	}
	timed, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	run := exec.CommandContext(timed, program, "-test.failfast", "-test.run", s.run, "-test.skip", s.skip)
	run.Dir = m.dir
	err = run.Run()
	var failed *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err == nil:
		return survived, nil
	case errors.As(err, &failed):
		return killed, nil
	}
	return "", err
}

// readReport reads the results that a report has kept.
func readReport(name string) (had []result, err error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for d := json.NewDecoder(strings.NewReader(string(text))); err == nil; {
		var r result
		if err = d.Decode(&r); err == nil {
			had = append(had, r)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return had, err
}

func keep(name string, r result) error {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(r), f.Close())
}

// addUp prints how many were noticed, by package, and which were not.
func addUp(out io.Writer, had []result) {
	tried, noticed := map[string]int{}, map[string]int{}
	var packages []string
	for _, r := range had {
		if r.Came == invalid {
			continue
		}
		for _, p := range []string{r.Package, "all"} {
			if tried[p] == 0 {
				packages = append(packages, p)
			}
			tried[p]++
			if r.Came == killed {
				noticed[p]++
			}
		}
	}
	for _, p := range packages {
		fmt.Fprintf(out, "%-12s %d of %d noticed, %d %%\n", p, noticed[p], tried[p], 100*noticed[p]/tried[p])
	}
	for _, r := range had {
		if r.Came == survived {
			fmt.Fprintf(out, "survived %s: %s\n", r.Where, r.What)
		}
	}
}
