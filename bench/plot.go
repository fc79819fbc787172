package bench

import (
	"fmt"
	"math"
)

// Places in the plot, in SVG units.
const (
	plotWidth  = 900
	plotLeft   = 260
	plotBar    = 14
	plotGap    = 3
	plotHead   = 60
	plotMost   = 3.0 // ratios beyond are cut off
	plotLength = plotWidth - plotLeft - 120
)

// plotColours tell sizes apart, also in grey.
var plotColours = []string{"#1b4965", "#3d7ea6", "#62b6cb", "#e09f3e", "#9e2a2b"}

// plot draws each figure of each size as a ratio to the smallest size: a site that costs the same at every size
// has bars of one length.
func plot(engine string, sizes []*sized) []byte {
	names := sizes[0].figures
	rows := 0
	for _, s := range sizes {
		rows += len(s.figures)
	}
	height := plotHead + rows*plotBar + len(names)*18 + len(sizes)*20 + 30
	d := newSVG(plotWidth, height)
	d.text(10, 22, "start", "Cost over size, "+engine+": each figure against the smallest site (1.0)")
	d.text(10, 40, "start", "Times: shorter is better. Saturated rate: longer is better.")
	one := plotLeft + plotLength/plotMost
	d.add(`<line x1="%.0f" y1="%d" x2="%.0f" y2="%d" stroke="#999" stroke-dasharray="3 3"/>`, one,
		plotHead-8, one, height-len(sizes)*20-20)
	y := float64(plotHead)
	for i, f := range names {
		d.text(plotLeft-10, y+plotBar, "end", f.name)
		for n, s := range sizes {
			if i >= len(s.figures) {
				continue
			}
			value := s.figures[i].value
			ratio := value / f.value
			length := math.Min(ratio, plotMost) / plotMost * plotLength
			d.add(`<rect x="%d" y="%.0f" width="%.1f" height="%d" fill="%s"/>`, plotLeft, y, math.Max(length, 1),
				plotBar-plotGap, plotColours[n%len(plotColours)])
			d.text(plotLeft+length+6, y+plotBar-plotGap-1, "start", fmt.Sprintf("%.4g %s", value, s.figures[i].unit))
			y += plotBar
		}
		y += 18
	}
	for n, s := range sizes {
		d.add(`<rect x="%d" y="%.0f" width="12" height="12" fill="%s"/>`, plotLeft, y,
			plotColours[n%len(plotColours)])
		d.text(plotLeft+20, y+11, "start", s.name)
		y += 20
	}
	return d.done()
}
