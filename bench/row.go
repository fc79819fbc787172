package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Row is one figure of a report. Baseline, Ratio and Hold are null where there is nothing to compare with or to
// hold.
type Row struct {
	Name     string   `json:"name"`
	Engine   string   `json:"engine"` // sqlite, postgres, or empty where no store takes part
	Value    float64  `json:"value"`
	Unit     string   `json:"unit"`
	Baseline *float64 `json:"baseline"` // in the same unit, from the same run
	Ratio    *float64 `json:"ratio"`    // value / baseline
	Bar      string   `json:"bar"`      // what must hold: ">= 0.70 x" of the ratio, "<= 15 ms" of the value
	Hold     *bool    `json:"hold"`
	Note     string   `json:"-"`
}

// Bar is a limit on a row's ratio or value.
type Bar struct {
	Most  bool // at most, else at least
	Ratio bool // of the ratio, else of the value
	Limit float64
}

// AtLeast is a bar that a value must reach.
func AtLeast(v float64) *Bar { return &Bar{Limit: v} }

// AtMost is a bar that a value may not pass.
func AtMost(v float64) *Bar { return &Bar{Most: true, Limit: v} }

// RatioAtLeast is a bar that the ratio to the baseline must reach.
func RatioAtLeast(v float64) *Bar { return &Bar{Ratio: true, Limit: v} }

// RatioAtMost is a bar that the ratio to the baseline may not pass.
func RatioAtMost(v float64) *Bar { return &Bar{Most: true, Ratio: true, Limit: v} }

// figure is a row in the making.
type figure struct {
	name, engine, unit string
	value, baseline    float64 // baseline 0: none
	bar                *Bar    // nil: reported, without a bar
	note               string
}

func (f figure) row() Row {
	r := Row{Name: f.name, Engine: f.engine, Value: significant(f.value), Unit: f.unit, Note: f.note}
	if f.baseline != 0 {
		b, q := significant(f.baseline), significant(f.value/f.baseline)
		r.Baseline, r.Ratio = &b, &q
	}
	if f.bar == nil {
		return r
	}
	// Judged unrounded. What could not be measured holds nothing.
	v, unit := f.value, f.unit
	if f.bar.Ratio {
		unit, v = "x", math.NaN()
		if f.baseline != 0 {
			v = f.value / f.baseline
		}
	}
	sign, hold := ">=", v >= f.bar.Limit
	if f.bar.Most {
		sign, hold = "<=", v <= f.bar.Limit
	}
	r.Bar, r.Hold = strings.TrimSpace(sign+" "+number(f.bar.Limit)+" "+unit), &hold
	return r
}

// significant keeps four digits: more would be noise.
func significant(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(v))))
	if scale < 1 {
		scale = 1
	}
	return math.Round(v*scale) / scale
}

// Failed lists the rows that do not hold.
func Failed(rows []Row) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Hold == nil || *r.Hold })
}

// WriteJSON prints rows as a JSON array.
func WriteJSON(w io.Writer, rows []Row) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(rows)
}

// WriteText prints rows for people.
func WriteText(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 2, 8, 2, ' ', 0)
	fmt.Fprintln(t, "what\tengine\tvalue\tbaseline\tratio\tbar\t\t")
	for _, r := range rows {
		verdict := ""
		if r.Hold != nil {
			verdict = map[bool]string{true: "holds", false: "FAILS"}[*r.Hold]
		}
		fmt.Fprintf(t, "%s\t%s\t%s %s\t%s\t%s\t%s\t%s\t%s\n", r.Name, r.Engine, number(r.Value), r.Unit, maybe(r.Baseline),
			maybe(r.Ratio),
			r.Bar, verdict, r.Note)
	}
	return t.Flush()
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func maybe(v *float64) string {
	if v == nil {
		return ""
	}
	return number(*v)
}

// median of some values; of an even number the lower middle, so that it is one that was measured. Of none it is
// not a number, which holds no bar.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

// spread lists the values that a median was taken of.
func spread(values []float64) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = number(significant(v))
	}
	return "of " + strings.Join(texts, ", ")
}
