package bench

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/admin/console"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
)

// What the bench writes as history must be what the store itself holds for right, and be used again.
func TestHistory(t *testing.T) {
	rig, s := newRig(t), &sized{charges: 300, lots: 7}
	dir := t.TempDir() + "/data"
	site, _, err := rig.prepare(t.Context(), onSQLite(t), dir, s)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := rig.prepare(t.Context(), onSQLite(t), dir, s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(site.Lots, again.Lots); diff != "" || site.Ukey != again.Ukey {
		t.Errorf("used again with other keys: %s", diff)
	}
	st, err := store.Open(t.Context(), store.Config{DataDir: dir, Node: "t"})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	page, err := st.Charges(t.Context(), charge.ChargeFilter{Limit: 500})
	if err != nil || len(page.Items) != 300 {
		t.Errorf("%d charges, %v", len(page.Items), err)
	}
}

// What is prepared on PostgreSQL is there for the next run, with its own server.
func TestHistoryPostgres(t *testing.T) {
	dir, err := os.MkdirTemp("", "prepared") // PostgreSQL's user must reach it, which a test's own folder does not allow
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for range 2 {
		e, err := OpenEngine(Postgres, "", dir)
		if err != nil || !e.Keeps() {
			t.Fatalf("kept %v, %v, %v", e.Keeps(), err, e.unkept)
		}
		rig, s := newRig(t), &sized{charges: 50, lots: 3}
		site, url, err := rig.prepare(t.Context(), e, filepath.Join(dir, "postgres-50"), s)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, site.Ukey)
		st, err := store.Open(t.Context(), store.Config{URL: url, Node: "t"})
		if err != nil {
			t.Fatal(err)
		}
		page, err := st.Charges(t.Context(), charge.ChargeFilter{Limit: 500})
		if err != nil || len(page.Items) != 50 {
			t.Errorf("%d charges, %v", len(page.Items), err)
		}
		if err := errors.Join(st.Close(), e.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if keys[0] != keys[1] {
		t.Error("prepared anew although it was there")
	}
}

// Every page of the console is measured, and nothing that is none.
func TestPageViews(t *testing.T) {
	views, err := pageViews()
	if err != nil || len(views) < len(measuredPages) {
		t.Errorf("%d views, %v", len(views), err)
	}
	patterns := console.Pages()
	for _, of := range []iter.Seq[string]{maps.Keys(measuredPages), maps.Keys(notPages)} {
		for p := range of {
			if !slices.Contains(patterns, p) {
				t.Errorf("the console has no page %s", p)
			}
		}
	}
	labels := map[string]bool{}
	for _, v := range views {
		if labels[v.label] {
			t.Errorf("two views are called %s", v.label)
		}
		labels[v.label] = true
	}
	kept := measuredPages["/audit"]
	delete(measuredPages, "/audit")
	defer func() { measuredPages["/audit"] = kept }()
	if _, err := pageViews(); err == nil {
		t.Error("a page was forgotten and nobody noticed")
	}
}

// Pages and searches of a small site, on the real console.
func TestSizePeople(t *testing.T) {
	rig, s := newRig(t), &sized{name: "400 charges", charges: 400, lots: 7, sick: Healthy, span: 24 * time.Hour}
	st, hole, err := rig.sizedStand(t.Context(), onSQLite(t), SizeConfig{}, s)
	if err != nil {
		t.Fatal(err)
	}
	defer hole.close()
	defer st.close()
	before, err := st.loaded(), st.markLoaded()
	if err != nil || before || !st.loaded() {
		t.Errorf("data that a load has run on are not told from others: %v, %v", before, err)
	}
	pages, err := st.pages(t.Context(), 2, "")
	if err != nil {
		t.Fatal(err)
	}
	found, err := st.search(t.Context(), s.charges, 20, "")
	if err != nil {
		t.Fatal(err)
	}
	views, err := pageViews()
	if err != nil || len(pages) != len(views)+1 || len(found) != 2*len(plateSearches) {
		t.Errorf("%d rows of pages, %d of searches, %v", len(pages), len(found), err)
	}
	for _, f := range append(pages, found...) {
		if r := f.row(); r.Value <= 0 || r.Hold == nil {
			t.Errorf("%+v", r)
		}
	}
	if weight := pages[len(pages)-1].row(); !*weight.Hold {
		t.Errorf("the largest page weighs %v %s: %s", weight.Value, weight.Unit, weight.Note)
	}
}

func TestSizeBusy(t *testing.T) {
	rows, err := newRig(t).busy(t.Context(), onSQLite(t), SizeConfig{Busy: 200, FewLots: 5, Looks: 3})
	if err != nil || len(rows) != 2 {
		t.Errorf("%+v, %v", rows, err)
	}
}

// The second engine's plot was written over the first's.
func TestEachEngineHasItsPlot(t *testing.T) {
	if got := plotFile("a.b/size.svg", Postgres); got != "a.b/size-postgres.svg" {
		t.Error(got)
	}
}

func TestPlot(t *testing.T) {
	sizes := []*sized{
		{name: "small & neat",
			figures: []sizedFigure{{name: "p50", unit: "ms", value: 1}, {name: "rate", unit: "/s", value: 100}}},
		{name: "big", figures: []sizedFigure{{name: "p50", unit: "ms", value: 10}}},
	}
	if n := elements(t, plot(SQLite, sizes), "rect"); n != 1+3+2 {
		t.Errorf("%d rectangles, want the ground, a bar for each figure and a sign for each size", n)
	}
}

// elements counts the elements of a name in a drawing, which must be XML.
func elements(t *testing.T, drawing []byte, name string) (n int) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(drawing))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return n
		} else if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == name {
			n++
		}
	}
}

func TestRates(t *testing.T) {
	cfg := RatesConfig{Rates: []float64{20, 50}, Warm: 100 * time.Millisecond, For: 300 * time.Millisecond,
		Plot: filepath.Join(t.TempDir(), "latency.svg")}
	rows, err := newRig(t).Rates(t.Context(), onSQLite(t), cfg)
	if err != nil || len(rows)%2 != 0 || len(rows) == 0 {
		t.Fatalf("%+v, %v", rows, err)
	}
	drawing, err := os.ReadFile(plotFile(cfg.Plot, SQLite))
	if err != nil {
		t.Fatal(err)
	}
	if n := elements(t, drawing, "circle"); n != len(rows) {
		t.Errorf("%d points for %d figures", n, len(rows))
	}
}

// The first rate that is too much is drawn and named, within the area.
func TestRatesPlot(t *testing.T) {
	seen := []atRate{{10, time.Millisecond, 2 * time.Millisecond, 1}, {5000, 2 * time.Second, 9 * time.Second, 0.5}}
	if !seen[1].broken() || seen[0].broken() {
		t.Error("which rate is too much is wrong")
	}
	drawing := plotRates(Postgres, seen)
	if n := elements(t, drawing, "circle"); n != 4 || !bytes.Contains(drawing, []byte("too much")) ||
		bytes.Contains(drawing, []byte("NaN")) {
		t.Errorf("%d points in %s", n, drawing)
	}
}
