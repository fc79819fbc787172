package bench

import (
	"bytes"
	"fmt"
	"html"
)

// svg is a drawing in the making.
type svg struct{ bytes.Buffer }

func newSVG(width, height int) *svg {
	d := &svg{}
	d.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`,
		width, height)
	d.add(`<rect width="%d" height="%d" fill="#fff"/>`, width, height)
	return d
}

func (d *svg) add(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

// text writes words whose start, middle or end is at x.
func (d *svg) text(x, y float64, anchor, words string) {
	d.add(`<text x="%.0f" y="%.0f" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(words))
}

// done returns the drawing, whole.
func (d *svg) done() []byte {
	d.add("</svg>")
	return d.Bytes()
}
