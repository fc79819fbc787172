// Command mutate asks whether tests notice: it puts one small mistake at a time into a package's code (a comparison
// turned round, a condition left out, a statement left out), and runs the package's own fast tests (-short). A mistake
// that no test notices survives, and is listed. Which mistakes are tried is drawn from a seed, so that a sample can be
// run again.
//
// The report keeps each result as a line of JSON; what stands in it is not tried again, so that a long sample can be
// run in pieces. All mistakes are compiled into one program a package, each behind a switch. The tree is not touched:
// the compiler reads the changed files in the place of the real ones.
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
	flag.IntVar(&s.parts, "parts", 1, "how many such commands share the sample and the report")
	flag.IntVar(&s.part, "part", 0, "which of them this is, from 0")
	sum := flag.Bool("sum", false, "try nothing: add up what the report holds")
	flag.Parse()
	if s.parts < 1 || s.part < 0 || s.part >= s.parts {
		fmt.Fprintf(os.Stderr, "mutate: there is no part %d of %d: -part goes from 0 to one less than -parts\n", s.part,
			s.parts)
		os.Exit(2)
	}
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
	part      int // of parts that share the sample
	parts     int
}

// result is what became of one mistake.
type result struct {
	Package string `json:"package"`
	Where   string `json:"where"` // file:line:column
	What    string `json:"what"`
	Came    string `json:"came"` // killed or survived
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
	all = all[:min(len(all), s.size)]
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := build(ctx, dir, packages, all); err != nil {
		return nil, err
	}
	tried := map[string]bool{}
	for _, r := range had {
		tried[r.Where+" "+r.What] = true
	}
	longest := map[string]time.Duration{}
	for began, i := time.Now(), 0; i < len(all) && (s.within == 0 || time.Since(began) < s.within); i++ {
		r := result{Package: all[i].dir, Where: all[i].where, What: all[i].what}
		if tried[r.Where+" "+r.What] || i%s.parts != s.part {
			continue
		}
		if longest[r.Package] == 0 {
			if longest[r.Package], err = s.patience(ctx, dir, r.Package); err != nil {
				return nil, err
			}
		}
		if r.Came, err = s.test(ctx, dir, r.Package, i+1, longest[r.Package]); err != nil {
			return nil, err
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
)

// switchEnv says which mistake is switched on; 0 is none.
const switchEnv = "MUTANT"

// switches is a file that each package gets beside its own.
const switches = `package %s

import (
	"os"
	"strconv"
)

var mutantOn, _ = strconv.Atoi(os.Getenv("` + switchEnv + `"))

func mutantError(n int, err error) error {
	if mutantOn == n {
		return nil
	}
	return err
}
`

// build makes each package's tests a program, in which every mistake can be switched on by its number.
func build(ctx context.Context, dir string, packages []string, all []mistake) error {
	replace := map[string]string{}
	put := func(name, text string) error {
		abs, err := filepath.Abs(name)
		if err != nil {
			return err
		}
		replace[abs] = filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		return os.WriteFile(replace[abs], []byte(text), 0o600)
	}
	files := map[string][]numbered{}
	for i, m := range all {
		files[m.file] = append(files[m.file], numbered{m, i + 1})
	}
	for name, some := range files {
		text, err := os.ReadFile(name)
		if err == nil {
			err = put(name, switched(text, some))
		}
		if err != nil {
			return err
		}
	}
	args := []string{"test", "-vet=off", "-c", "-o", dir + "/", "-overlay", filepath.Join(dir, "overlay.json")}
	for _, p := range packages {
		if err := put(filepath.Join(p, "mutant_switches.go"), fmt.Sprintf(switches, filepath.Base(p))); err != nil {
			return err
		}
		args = append(args, "./"+p)
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "overlay.json"), text, 0o600)
	}
	if err != nil {
		return err
	}
	if said, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("the tests do not compile: %w\n%s", err, said)
	}
	return nil
}

// patience is how long a package's tests may take: twice as long as without a mistake, and some time. They must pass
// without one.
func (s sample) patience(ctx context.Context, dir, pkg string) (time.Duration, error) {
	began := time.Now()
	came, err := s.test(ctx, dir, pkg, 0, 10*time.Minute)
	if err == nil && came != survived {
		err = fmt.Errorf("the tests of %s fail without any mistake", pkg)
	}
	return 2*time.Since(began) + 20*time.Second, err
}

// test runs a package's fast tests, those of go test -short, with a mistake switched on. Tests that hang have noticed.
func (s sample) test(ctx context.Context, dir, pkg string, n int, longest time.Duration) (came string, err error) {
	timed, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	run := exec.CommandContext(timed, filepath.Join(dir, filepath.Base(pkg)+".test"), "-test.short", "-test.failfast",
		"-test.run", s.run, "-test.skip", s.skip)
	run.Dir, run.Env = pkg, append(os.Environ(), fmt.Sprintf("%s=%d", switchEnv, n))
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
