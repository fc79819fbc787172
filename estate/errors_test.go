package estate_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
)

var update = flag.Bool("update", false, "write the golden files anew")

// readFile knows two files.
func readFile(path string) ([]byte, error) {
	switch path {
	case "ukey.txt":
		return []byte("hush-from-a-file\r\n"), nil
	case "empty":
		return nil, nil
	}
	return nil, os.ErrNotExist
}

// golden compares with a file, or with -update writes it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// TestErrors reads one file for every way to get it wrong: those in new are merged into nothing, those in over
// into the example, those in gone into the example after the profiles of a platform and a target in it were taken away.
// Every error must name file, line and reason in both languages, show no secret and leave the estate alone; every code
// must be reached.
func TestErrors(t *testing.T) {
	c := catalog()
	c.Tariff = func(tariff charge.Tariff) error {
		if tariff.UnitPrice == 0 && len(tariff.Periods) == 0 {
			return errors.New("it has no price")
		}
		return nil
	}
	base, _, err := c.Merge(nil, load(t, "testdata/example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if base, _, err = c.Merge(base, load(t, "testdata/coupon.yaml")); err != nil {
		t.Fatal(err)
	}
	before := string(estate.Export(base))
	unknown := c.Platforms["wanchong"]
	unknown.UnitUnknown = true
	c.Platforms["wanchong"] = unknown
	stationed := c.Platforms["xiaoju"]
	stationed.ID, stationed.ByStation = "stationed", true
	c.Platforms["stationed"] = stationed
	reached := map[estate.Code]bool{}
	for _, dir := range []string{"new", "over", "gone"} {
		if dir == "gone" {
			delete(c.Platforms, "linghu")
			delete(c.Targets, "gone")
		}
		paths, _ := filepath.Glob("testdata/errors/" + dir + "/*.[yj]*")
		if len(paths) == 0 {
			t.Fatalf("no cases in %s", dir)
		}
		for _, path := range paths {
			name := filepath.Base(path)
			t.Run(dir+"/"+name, func(t *testing.T) {
				src, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				getenv, readFile := getenv, readFile
				if name == "secret-not-looked-up.yaml" {
					getenv, readFile = nil, nil
				}
				doc, err := estate.Parse(name, src, getenv, readFile)
				if err == nil {
					into := base
					if dir == "new" {
						into = nil
					}
					_, _, err = c.Merge(into, doc)
				}
				var list estate.Errors
				if !errors.As(err, &list) {
					t.Fatalf("gives %v, want estate.Errors", err)
				}
				text := err.Error() + "\n"
				for i, e := range list {
					reached[e.Code] = true
					text += "  " + e.In("zh") + "\n"
					if e.File != name || e.Line == 0 || i > 0 && e.Line < list[i-1].Line {
						t.Errorf("error %d is at %s:%d: wrong file, no line or out of order", i, e.File, e.Line)
					}
				}
				if strings.Contains(text, "%!") {
					t.Errorf("a message lacks an argument:\n%s", text)
				}
				assertHush(t, "the error", text)
				golden(t, strings.TrimSuffix(path, filepath.Ext(path))+".txt", text)
			})
		}
	}
	if after := string(estate.Export(base)); after != before {
		t.Errorf("a refused file changed the estate:\n%s", cmp.Diff(before, after))
	}
	for code := range estate.Messages() {
		if !reached[code] {
			t.Errorf("no case gives %s", code)
		}
	}
}

func TestMessagesTakeTheSameArguments(t *testing.T) {
	verb := regexp.MustCompile(`%[a-z]`)
	for code, m := range estate.Messages() {
		en, zh := verb.FindAllString(m[0], -1), verb.FindAllString(m[1], -1)
		if diff := cmp.Diff(en, zh); diff != "" {
			t.Errorf("%s: English and Chinese differ in arguments: %s", code, diff)
		}
	}
}

func TestSecretFromFile(t *testing.T) {
	doc, err := estate.Parse("f", []byte(`{"version":1,"vendors":[{"union_id":"1","ukey":{"file":"ukey.txt"}}]}`), nil,
		readFile)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := catalog().Merge(nil, doc)
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := s.Vendor("1"); v.Ukey.Reveal() != "hush-from-a-file" {
		t.Errorf("the key is %q", v.Ukey.Reveal())
	}
}
