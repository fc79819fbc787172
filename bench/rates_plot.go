package bench

import (
	"fmt"
	"math"
	"time"
)

// The area of a plot of latency against rate, in SVG units.
const (
	ratesWidth  = 760
	ratesHeight = 380
	ratesLeft   = 70
	ratesRight  = 120
	ratesTop    = 40
	ratesBottom = 50
)

// scale places values of many magnitudes on an axis.
type scale struct{ low, high, from, to float64 }

func (s scale) at(v float64) float64 {
	share := math.Log(v/s.low) / math.Log(s.high/s.low)
	return s.from + min(max(share, 0), 1)*(s.to-s.from)
}

// plotRates draws p50 and p99 against the rate, both on logarithmic axes. A rate that was too much is the last.
func plotRates(engine string, seen []atRate) []byte {
	x := scale{10, 5000, ratesLeft, ratesWidth - ratesRight}
	y := scale{0.5, 5000, ratesHeight - ratesBottom, ratesTop}
	d := newSVG(ratesWidth, ratesHeight)
	line := func(x1, y1, x2, y2 float64) {
		d.add(`<line x1="%.0f" y1="%.0f" x2="%.0f" y2="%.0f" stroke="#ddd"/>`, x1, y1, x2, y2)
	}
	d.text(10, 20, "start", "From push to lot, milliseconds, against pushes a second: "+engine)
	for _, v := range []float64{10, 100, 1000, 5000} {
		line(x.at(v), y.from, x.at(v), y.to)
		d.text(x.at(v), y.from+18, "middle", fmt.Sprintf("%.0f/s", v))
	}
	for _, v := range []float64{1, 10, 100, 1000} {
		line(x.from, y.at(v), x.to, y.at(v))
		d.text(x.from-8, y.at(v)+4, "end", fmt.Sprintf("%.0f ms", v))
	}
	for n, of := range []struct {
		name string
		time func(atRate) time.Duration
	}{{"p50", func(a atRate) time.Duration { return a.p50 }}, {"p99", func(a atRate) time.Duration { return a.p99 }}} {
		colour := plotColours[3*n]
		points, end := "", y.from
		for _, a := range seen {
			end = y.at(ms(of.time(a)))
			points += fmt.Sprintf("%.1f,%.1f ", x.at(a.rate), end)
			d.add(`<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, x.at(a.rate), end, colour)
		}
		d.add(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`, points, colour)
		d.text(x.at(seen[len(seen)-1].rate)+8, end+4, "start", of.name)
	}
	if last := seen[len(seen)-1]; last.broken() {
		d.text(x.at(last.rate), ratesTop-6, "middle", "too much")
	}
	return d.done()
}
