package main

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

func TestMistakes(t *testing.T) {
	const text = `package p

const most = 3 > 1

func f(a, b int) (bool, error) {
	if a < b && !g(a) {
		g(b)
		return true, nil
	}
	return false, err
}
`
	all, err := mistakesOf("p/p.go", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var some []numbered
	for i, m := range all {
		got = append(got, m.where+" "+m.what)
		some = append(some, numbered{m, i + 1})
	}
	want := []string{
		"p/p.go:6:5 never: if a < b && !g(a)", "p/p.go:6:5 always: if a < b && !g(a)", "p/p.go:6:5 && became ||",
		"p/p.go:6:5 < became <=", "p/p.go:6:14 ! left out", "p/p.go:7:3 left out: g(b)",
		"p/p.go:8:10 returns false, not true", "p/p.go:10:9 returns true, not false", "p/p.go:10:16 returns no error",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	alone := switched([]byte(text), []numbered{some[3], some[5]})
	if want := `	if (mutantOn == 4 && (a <= b) || mutantOn != 4 && (a < b)) && !g(a) {
		if mutantOn != 6 { g(b) }
`; !strings.Contains(alone, want) {
		t.Errorf("%s lacks %s", alone, want)
	}
	together := switched([]byte(text), some)
	if _, err := parser.ParseFile(token.NewFileSet(), "p.go", together, 0); err != nil {
		t.Errorf("%v in\n%s", err, together)
	}
	for i := range some {
		if !strings.Contains(together, fmt.Sprint(i+1)) {
			t.Errorf("mistake %d is not in\n%s", i+1, together)
		}
	}
}

// What a report holds is added up.
func TestReport(t *testing.T) {
	name := filepath.Join(t.TempDir(), "report")
	for _, came := range []string{killed, survived, killed} {
		if err := keep(name, result{Package: "seal", Where: "seal/a.go:1:1", What: "x", Came: came}); err != nil {
			t.Fatal(err)
		}
	}
	had, err := readReport(name)
	if err != nil || len(had) != 3 {
		t.Fatalf("%+v, %v", had, err)
	}
	var out bytes.Buffer
	addUp(&out, had)
	if want := "seal         2 of 3 noticed, 66 %\n"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("%q does not begin with %q", out.String(), want)
	}
}
