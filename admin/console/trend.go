package console

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// trends are charts of how the site stood, from the samples that the store keeps of each minute.
type trends struct {
	Name      string
	Other     string // the address of the other span
	OtherName string
	Steps     int
	Away      []stretch // in which no node ran
	Ticks     []string  // moments below the charts, evenly apart
	List      []trend   // empty where there is no sample

	from time.Time
	step time.Duration
	tick string // the layout of Ticks
}

// stretch is a part of a chart: its first step, and how many.
type stretch struct{ From, Steps int }

// trend is one chart, drawn between 4 and 106.
type trend struct {
	Name string
	Peak string // its highest value and when that was; empty where nothing was measured
	Most string // what its upper edge stands for
	Line string // a path; steps in which nothing was measured interrupt it
}

// The spans that charts are of, and how much time one step of theirs is: each is a whole part of an hour, as the
// store counts steps from the beginning of time.
const (
	dayStep  = 5 * time.Minute
	weekStep = 30 * time.Minute
	ticks    = 4
)

// trends reads what the charts show: the last day, or the last week.
func (c *Console) trends(ctx context.Context, p *page, week bool) (trends, error) {
	t := trends{Name: p.T("近 24 小时的运行情况", "Operation: the last 24 hours"), Other: "/?span=week#trends",
		OtherName: p.T("近 7 天", "7 days"), step: dayStep, Steps: int(day / dayStep), tick: "15:04"}
	if week {
		t = trends{Name: p.T("近 7 天的运行情况", "Operation: the last 7 days"), Other: "/#trends",
			OtherName: p.T("近 24 小时", "24 hours"), step: weekStep, Steps: int(7 * day / weekStep), tick: "01-02 15:04"}
	}
	end := p.Now.UTC().Truncate(t.step).Add(t.step)
	t.from = end.Add(-time.Duration(t.Steps) * t.step)
	samples, err := c.desk.Samples(ctx, t.from, end, t.step)
	if err != nil || len(samples) == 0 {
		return t, err
	}
	t.Away = t.gaps(samples)
	for i := range ticks + 1 {
		t.Ticks = append(t.Ticks, t.from.Add(time.Duration(i*t.Steps/ticks)*t.step).In(charge.Shanghai).Format(t.tick))
	}
	pending := func(s charge.Sample) (int64, bool) { return s.Pending, true }
	answer := func(s charge.Sample) (int64, bool) { return int64(s.Answer), s.Answer > 0 }
	toLot := func(s charge.Sample) (int64, bool) { return int64(s.ToLot), s.ToLot > 0 }
	took := func(n int64) string { return p.took(time.Duration(n)) }
	t.List = []trend{
		t.draw(p, p.T("待下发（条）", "Deliveries pending"), samples, pending, Count),
		t.draw(p, p.T("推送应答 p99", "Push answered, p99"), samples, answer, took),
		t.draw(p, p.T("推送到车场 p99", "Push to lot, p99"), samples, toLot, took),
	}
	return t, nil
}

// place is the step that a moment is in.
func (t trends) place(at time.Time) int { return int(at.Sub(t.from) / t.step) }

// gaps are the steps without a sample after the first one. The step of now may have none yet.
func (t trends) gaps(samples []charge.Sample) (list []stretch) {
	next := t.place(samples[0].At)
	until := func(at int) {
		if at > next {
			list = append(list, stretch{next, at - next})
		}
		next = at + 1
	}
	for _, s := range samples {
		until(t.place(s.At))
	}
	until(t.Steps - 1)
	return list
}

// draw makes the chart of one figure; value reports whether a sample has it.
func (t trends) draw(p *page, name string, samples []charge.Sample, value func(charge.Sample) (int64, bool),
	say func(int64) string) trend {
	var most int64
	var peak time.Time
	for _, s := range samples {
		if v, measured := value(s); measured && v > most {
			most, peak = v, s.At
		}
	}
	one := trend{Name: name, Most: say(max(most, 1))}
	if !peak.IsZero() {
		one.Peak = fmt.Sprintf(p.T("最高 %s（%s）", "at most %s (%s)"), say(most), peak.In(charge.Shanghai).Format("01-02 15:04"))
	}
	var line strings.Builder
	next := -1 // the step that the line would go on to
	for _, s := range samples {
		v, measured := value(s)
		if !measured {
			continue
		}
		x, y := t.place(s.At), 106-v*102/max(most, 1)
		if x == next {
			fmt.Fprintf(&line, "V%dH%d", y, x+1)
		} else {
			fmt.Fprintf(&line, "M%d %dH%d", x, y, x+1)
		}
		next = x + 1
	}
	one.Line = line.String()
	return one
}

// away says what the shaded parts of a chart are.
func (t trends) away(p *page) string {
	if len(t.Away) == 0 {
		return ""
	}
	return p.T("阴影：网关未运行", "shaded: the gateway did not run")
}

// took prints how long something took, to a tenth of a millisecond where that is much of it.
func (p *page) took(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf(p.T("%.1f 毫秒", "%.1f ms"), float64(d.Microseconds())/1000)
	}
	return p.Span(d)
}
