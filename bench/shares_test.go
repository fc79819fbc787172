package bench

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"

	"github.com/chargestamp/chargestamp/play"
)

// stack makes a sample of so many nanoseconds, the innermost function first.
func stack(ns int64, calls ...string) *profile.Sample {
	s := &profile.Sample{Value: []int64{1, ns}}
	for _, name := range calls {
		s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
	}
	return s
}

func TestPartOf(t *testing.T) {
	const module = "github.com/chargestamp/chargestamp/"
	const sqliteLib = "modernc.org/sqlite/lib."
	const commit = module + "store.(*sqliteEngine).commit"
	const flush = module + "store.(*sqliteEngine).beginFlush.func1"
	ofCharge := stack(1, sqliteLib+"_sqlite3VdbeExec", module+"store.(*sqliteConn).step", flush)
	ofCharge.Label = map[string][]string{tableLabel: {"charge"}}
	for want, s := range map[string]*profile.Sample{
		"committer: decision":       stack(1, "runtime.mallocgc", module+"flow.(*deciding).settle", commit),
		"committer: rows in memory": stack(1, module+"store.(*Tx).AddCharge", module+"flow.(*taken).accept.func1", commit),
		"committer: encoding":       stack(1, "encoding/json.Marshal", module+"store.(*Tx).AddCharge", commit),
		"committer: forcing to disk": stack(1, "syscall.Fdatasync", module+"store.syncData", module+"store.(*records).write",
			commit+".func1"),
		"committer: the rest":    stack(1, "runtime.schedule", commit),
		"rows: bytecode, charge": ofCharge,
		"rows: log":              stack(1, sqliteLib+"_sqlite3WalFrames", sqliteLib+"_sqlite3VdbeExec", flush),
		"rows: encoding": stack(1, "runtime.memmove", "github.com/klauspost/compress/s2.(*Dict).Encode",
			module+"store.(*packing).pack", module+"store.(*sqliteConn).execClean", flush),
		"rows: binding":      stack(1, "zombiezen.com/go/sqlite.(*Stmt).BindText", module+"store.bind", flush),
		"platform's request": stack(1, module+"flow.(*Flow).Take", "net/http.(*conn).serve"),
		"lot":                stack(1, "encoding/json.Marshal", module+"lot/calls.(*Queue).work"),
		"collector":          stack(1, "runtime.gcBgMarkWorker"),
		"elsewhere":          stack(1, "runtime.findRunnable", "runtime.mcall"),
	} {
		if got := partOf(s); got != want {
			t.Errorf("%s is taken for %q", want, got)
		}
	}
}

// TestPartsNameTheStore: what the store does not have under these names any more would be taken for something else.
func TestPartsNameTheStore(t *testing.T) {
	source := ""
	files, err := filepath.Glob("../store/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source += string(text)
	}
	found := 0
	for _, kind := range slices.Concat(areas, parts) {
		for _, word := range kind.words {
			name, ofStore := strings.CutPrefix(word, "store.")
			if !ofStore {
				continue
			}
			found++
			names := regexp.MustCompile(`\w+`).FindAllString(name, -1)
			declared := `(?m)^(func|type) ` + names[0] + `\b`
			if len(names) == 2 {
				declared = `(?m)^func \(\w+ \*?` + names[0] + `\) ` + names[1] + `\b`
			}
			if !regexp.MustCompile(declared).MatchString(source) {
				t.Errorf("%s names %s, which the store does not have", kind.name, word)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d names of the store were looked for", found)
	}
}

func TestSharesAddUp(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cpu.pprof")
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		Sample: []*profile.Sample{stack(30, "runtime.gcBgMarkWorker"), stack(50, "net/http.(*conn).serve"),
			stack(20, "runtime.gcBgMarkWorker")}}
	for _, s := range p.Sample {
		for _, at := range s.Location {
			at.ID = uint64(len(p.Location) + 1)
			at.Line[0].Function.ID = at.ID
			p.Location, p.Function = append(p.Location, at), append(p.Function, at.Line[0].Function)
		}
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := readShares(file, 400*time.Microsecond)
	if err != nil {
		t.Fatal(err)
	}
	want := Shares{"collector": 200 * time.Microsecond, "platform's request": 200 * time.Microsecond}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestCost: what a charge costs is counted and divided where profiles are kept.
func TestCost(t *testing.T) {
	rig := newRig(t)
	rig.Profiles = t.TempDir()
	c, err := rig.costs(t.Context(), onSQLite(t), costLoad{name: "8 in flight",
		load: play.LoadConfig{Workers: 8, For: time.Second}}, 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	sum := time.Duration(0)
	for _, cpu := range c.Shares {
		sum += cpu
	}
	if len(c.Shares) < 5 || math.Abs(float64(sum-c.CPU)) > float64(c.CPU)/100 {
		t.Errorf("%d shares add up to %v of %v: %v", len(c.Shares), sum, c.CPU, c.Shares)
	}
	// A push, its charge, delivery, repeat key and grant; now and then a plate or an event.
	if d := c.Database; d.Rows < 5 || d.Rows > 12 || d.Entries < 8 || d.Bytes < 1000 {
		t.Errorf("a charge adds %+v to the database", d)
	}
	if c.Statements < 2 || c.Statements > 40 {
		t.Errorf("a charge takes %v statements", c.Statements)
	}
}
