package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

func TestMistakes(t *testing.T) {
	const text = `package p

const most = 3 + 1

func f(a, b int) (bool, error) {
	if a < b && !g(a) {
		g(b)
		return true, nil
	}
	for range a {
		continue
	}
	a += 2
	return false, err
}
`
	all, err := mistakesOf("p/p.go", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range all {
		got = append(got, m.where+" "+m.what)
		if bytes.Equal(m.text, []byte(text)) {
			t.Errorf("%s: %s changes nothing", m.where, m.what)
		}
	}
	want := []string{
		"p/p.go:6:5 never: if a < b && !g(a)", "p/p.go:6:5 always: if a < b && !g(a)", "p/p.go:6:11 && became ||",
		"p/p.go:6:7 < became <=", "p/p.go:6:14 ! left out", "p/p.go:7:3 left out: g(b)",
		"p/p.go:8:10 returns false, not true", "p/p.go:11:3 break instead of continue", "p/p.go:13:4 += became -=",
		"p/p.go:14:9 returns true, not false", "p/p.go:14:16 returns no error",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What a report holds is added up, and those that do not compile count neither way.
func TestReport(t *testing.T) {
	name := filepath.Join(t.TempDir(), "report")
	for _, came := range []string{killed, survived, killed, invalid} {
		if err := keep(name, result{Package: "seal", Where: "seal/a.go:1:1", What: "x", Came: came}); err != nil {
			t.Fatal(err)
		}
	}
	had, err := readReport(name)
	if err != nil || len(had) != 4 {
		t.Fatalf("%+v, %v", had, err)
	}
	var out bytes.Buffer
	addUp(&out, had)
	if want := "seal         2 of 3 noticed, 66 %\n"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("%q does not begin with %q", out.String(), want)
	}
}
