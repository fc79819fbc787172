package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// LinesConfig describes the run with thousands of lines.
type LinesConfig struct {
	Few, Many int // lines
	Idle      int // connections that never log in; 0 leaves that run out
	Active    int // lines that pushes go to
	Times     int // each latency is the median of so many
	Loop      OpenLoop
	Settle    time.Duration // how long memory may take to come to rest
}

// DefaultLines is what the report uses.
var DefaultLines = LinesConfig{Few: 1_000, Many: 15_000, Idle: 10_000, Active: 10, Times: 3,
	Loop: OpenLoop{Rate: 200, Warm: time.Second, For: 8 * time.Second}, Settle: 90 * time.Second}

// spareFiles is what a process needs beside its lines.
const spareFiles = 200

// linesRun is a server with thousands of lines.
type linesRun struct {
	*stand
	cfg  LinesConfig
	rig  *Rig
	far  *Far
	gen  *generator
	lots []*Lot // of the far process
	rows []Row
}

// Lines measures what lines cost: memory, a storm of all reconnecting at once, their weight on everybody else.
func (r *Rig) Lines(ctx context.Context, engine *Engine, cfg LinesConfig) (rows []Row, err error) {
	l := &linesRun{cfg: cfg, rig: r}
	limits, err := l.limits()
	if err != nil {
		return nil, err
	}
	if l.stand, err = r.stand(ctx, engine, SiteSize{SDK: cfg.Active}); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if l.far, err = r.Far(ctx); err != nil {
		return nil, err
	}
	defer func() { l.far.Close() }()
	if err := l.addLots(ctx); err != nil {
		return nil, err
	}
	for _, f := range limits {
		l.tell(f)
	}
	l.gen = newGenerator(l.site, l.server.HTTP, charge.KindSDK, 64)
	l.gen.lots = l.gen.lots[:cfg.Active]
	for _, part := range []func(context.Context) error{l.weigh, l.storm, l.strangers} {
		if err := part(ctx); err != nil {
			return l.rows, err
		}
	}
	return l.rows, nil
}

// limits returns what this system allows, and an error that says so clearly where that is too low.
func (l *linesRun) limits() (found []figure, err error) {
	most := max(l.cfg.Many, l.cfg.Idle)
	if limit, known := openFiles(); known {
		need := most + spareFiles + l.cfg.Active
		l.rig.say("open files: %d in each process; %d are needed", limit, need)
		found = append(found, figure{name: "limit found: open files of a process", value: float64(limit), unit: "files",
			bar: AtLeast(float64(need))})
		if need > int(limit) {
			return nil, fmt.Errorf("the limit of open files is too low: %d lines need %d in each process and there are %d; "+
				"raise it (ulimit -Hn, LimitNOFILE=) or ask for fewer with --many and --idle",
				most, need, limit)
		}
	}
	if ports, known := localPorts(); known {
		from := len(farFrom())
		l.rig.say("outgoing ports: %d at each of %d addresses; %d are needed at each", ports, from, most/from+1)
		found = append(found, figure{name: fmt.Sprintf("limit found: outgoing ports of %d addresses", from),
			value: float64(ports * from), unit: "ports", bar: AtLeast(float64(most))})
		if most > ports*from {
			return nil, fmt.Errorf("the range of outgoing ports is too low: %d connections need %d at each of %d addresses "+
				"and there are %d; widen it (net.ipv4.ip_local_port_range) or ask for fewer with --many and --idle",
				most, most/from+1, from, ports)
		}
	}
	return found, nil
}

func (l *linesRun) tell(f figure) {
	f.engine = l.engine.Name
	l.rows = append(l.rows, f.row())
}

// addLots puts the far process's lots into the estate.
func (l *linesRun) addLots(ctx context.Context) error {
	for n := range l.cfg.Many {
		l.site.Lots = append(l.site.Lots,
			Lot{ID: charge.LotID{Union: union, Park: fmt.Sprint(100_000 + n)}, Kind: charge.KindSDK, Ckey: secret(8)})
	}
	l.lots = l.site.Of(charge.KindSDK)[l.cfg.Active:]
	return l.server.Apply(ctx, l.site.Estate())
}

// weigh measures memory and latency with ever more lines.
func (l *linesRun) weigh(ctx context.Context) error {
	empty, err := l.fresh(ctx)
	if err != nil {
		return err
	}
	for _, n := range []int{l.cfg.Few, l.cfg.Many} {
		a, err := l.far.Lines(l.server.Line, l.lots[:n], 256)
		if err != nil {
			return err
		}
		l.rig.say("%d lines are up after %s", n, a.Took.Round(time.Millisecond))
		full, err := l.rest(ctx)
		if err != nil {
			return err
		}
		var bar *Bar
		if n == l.cfg.Many {
			bar = AtMost(12)
		}
		l.tell(figure{name: fmt.Sprintf("memory of an idle line, %d lines", n), value: (full - empty) / float64(n) / 1024,
			unit: "KiB RSS", bar: bar,
			note: fmt.Sprintf("%.1f MiB with, %.1f MiB without", full/(1<<20), empty/(1<<20))})
	}
	// With and without the many, in turn: a machine is not equally fast all the time.
	var manyLines, fewLines []float64
	for range l.cfg.Times {
		for _, of := range []struct {
			lots []*Lot
			to   *[]float64
		}{{nil, &fewLines}, {l.lots, &manyLines}} {
			if _, err := l.far.Lines(l.server.Line, of.lots, 256); err != nil {
				return err
			}
			if err := l.quiet(ctx, len(of.lots)); err != nil {
				return err
			}
			took, err := l.p99(ctx, l.cfg.Loop)
			if err != nil {
				return err
			}
			*of.to = append(*of.to, took)
		}
	}
	l.tell(figure{name: fmt.Sprintf("push to acknowledgement p99 beside %d idle lines, against %d lines", l.cfg.Many,
		l.cfg.Active), unit: "ms",
		value: median(manyLines), baseline: median(fewLines), bar: RatioAtMost(1.5), note: spread(manyLines) + " against " +
			spread(fewLines)})
	return nil
}

// p99 measures push to acknowledgement of the active lines, in milliseconds.
func (l *linesRun) p99(ctx context.Context, loop OpenLoop) (float64, error) {
	h, err := l.openLoopUntil(ctx, wasAcked, l.gen, loop, nil)
	if err != nil {
		return 0, err
	}
	l.rig.say("push to acknowledgement at %.0f/s: %s", loop.Rate, h.String())
	return ms(h.Quantile(.99)), nil
}

// quiet waits until the server holds just so many lines beside the active ones and has written that down.
func (l *linesRun) quiet(ctx context.Context, lines int) error {
	if err := l.sessions(ctx, func(n int) bool { return n == lines+l.cfg.Active }); err != nil {
		return err
	}
	wait(ctx, min(3*time.Second, l.cfg.Settle))
	return nil
}

func (l *linesRun) sessions(ctx context.Context, fit func(int) bool) error {
	for over := time.Now().Add(10 * time.Second); ; wait(ctx, 50*time.Millisecond) {
		m, err := l.server.Metrics(ctx)
		if err != nil {
			return err
		}
		n := int(m.Sum("chargestamp_line_sessions"))
		if fit(n) {
			return nil
		}
		if time.Now().After(over) {
			return fmt.Errorf("the server holds %d lines after 10 s", n)
		}
	}
}

// fresh starts the server anew: one that has just read a great estate or held thousands of lines has room left
// over, in which more would not show.
func (l *linesRun) fresh(ctx context.Context) (rss float64, err error) {
	if err := l.server.Stop(); err != nil {
		return 0, err
	}
	if err := l.server.Up(ctx); err != nil {
		return 0, err
	}
	if err := l.sessions(ctx, func(n int) bool { return n >= l.cfg.Active }); err != nil {
		return 0, fmt.Errorf("the active lines did not come back after a restart: %w", err)
	}
	return l.rest(ctx)
}

// rest waits until the server's memory has come to rest and returns it in bytes.
func (l *linesRun) rest(ctx context.Context) (float64, error) {
	const still = 10 // seconds without a change that matters
	least, since := 0.0, 0
	for over := time.Now().Add(l.cfg.Settle); ; wait(ctx, time.Second) {
		m, err := l.server.Metrics(ctx)
		if err != nil {
			return 0, err
		}
		if rss := m.RSS(); least == 0 || rss < least*0.99 {
			least, since = rss, 0
		}
		if since++; since > still || time.Now().After(over) || ctx.Err() != nil {
			return m.RSS(), nil
		}
	}
}

// storm cuts all lines at once and lets all dial at once, while pushes go on.
func (l *linesRun) storm(ctx context.Context) error {
	w := newStopwatch()
	pushing, stop := context.WithCancel(ctx)
	defer stop()
	var loadErr error
	var sent, starved atomic.Int64
	var done sync.WaitGroup
	done.Go(func() {
		_, loadErr = l.gen.load(pushing,
			play.LoadConfig{Rate: l.cfg.Loop.Rate, Workers: 256, For: allUpWithin, Done: func(s play.Shot) {
				if pushing.Err() != nil && !s.Accepted {
					return // cut off by the end of the run
				}
				sent.Add(1)
				if !s.Accepted {
					starved.Add(1)
				}
				w.heard(s)
			}})
	})
	begin := time.Now()
	a, err := l.far.Lines(l.server.Line, l.lots, 4_000)
	wait(ctx, time.Second) // in which what was held up comes through
	least := l.cfg.Loop.Rate * time.Since(begin).Seconds() / 2
	stop()
	done.Wait()
	if err = errors.Join(err, loadErr); err != nil {
		return err
	}
	l.tell(figure{name: fmt.Sprintf("storm: all of %d lines cut and up again", l.cfg.Many), value: a.Took.Seconds(),
		unit: "s", bar: AtMost(30)})
	wait(ctx, time.Second)
	books, err := l.ends.Books(ctx, nil)
	if err != nil {
		return err
	}
	h, err := w.toLots(books, nil)
	if err != nil {
		return err
	}
	l.tell(figure{name: "storm: push to lot p99 meanwhile", value: ms(h.Quantile(.99)), unit: "ms", bar: AtMost(1000),
		note: h.String()})
	// A quantile of the pushes that came through would hide those that did not.
	l.tell(figure{name: "storm: pushes meanwhile", value: float64(sent.Load()), unit: "pushes",
		bar: AtLeast(math.Ceil(least))})
	l.tell(figure{name: "storm: pushes refused or unanswered meanwhile", value: float64(starved.Load()), unit: "pushes",
		bar: AtMost(0)})
	return nil
}

// otherFar takes a new far end in place of the former one.
func (l *linesRun) otherFar(ctx context.Context) (err error) {
	l.far.Close()
	l.far, err = l.rig.Far(ctx)
	return err
}

// opened waits up to a minute until the far end has no connection open, and returns how many there are then.
func (l *linesRun) opened(ctx context.Context) (int, error) {
	for over := time.Now().Add(time.Minute); ; wait(ctx, 100*time.Millisecond) {
		a, err := l.far.Status()
		if err != nil || a.Open == 0 || time.Now().After(over) {
			return a.Open, err
		}
	}
}

// strangers open connections and never log in, beside no other lines than the active ones.
func (l *linesRun) strangers(ctx context.Context) error {
	if l.cfg.Idle == 0 {
		return nil
	}
	if err := l.otherFar(ctx); err != nil {
		return err
	}
	before, err := l.fresh(ctx)
	if err != nil {
		return err
	}
	loop := OpenLoop{Rate: l.cfg.Loop.Rate, Warm: min(100*time.Millisecond, l.cfg.Loop.Warm),
		For: min(5*time.Second, l.cfg.Loop.For)}
	var beside, alone []float64
	each, held, left := 0.0, l.cfg.Idle, 0
	for n := range l.cfg.Times {
		a, err := l.far.Idle(l.server.Line, l.cfg.Idle)
		if err != nil {
			return err
		}
		m, err := l.server.Metrics(ctx)
		if err != nil {
			return err
		}
		here := int(m.Sum("chargestamp_line_connections")) - l.cfg.Active
		l.rig.say("%d connections without login were opened in %s; the server holds %d", l.cfg.Idle,
			a.Took.Round(time.Millisecond), here)
		held = min(held, here)
		if n == 0 { // later ones find the room that the first has left
			each = max(0, m.RSS()-before) / float64(max(here, 1)) / 1024
		}
		took, err := l.p99(ctx, loop)
		if err != nil {
			return err
		}
		beside = append(beside, took)
		open, err := l.opened(ctx)
		if err != nil {
			return err
		}
		left = max(left, open)
		if took, err = l.p99(ctx, loop); err != nil {
			return err
		}
		alone = append(alone, took)
	}
	l.tell(figure{name: fmt.Sprintf("%d connections without login: held at once", l.cfg.Idle), value: float64(held),
		unit: "connections", bar: AtLeast(float64(l.cfg.Idle) / 2)})
	l.tell(figure{name: fmt.Sprintf("%d connections without login: memory each", l.cfg.Idle), value: each, unit: "KiB RSS",
		bar: AtMost(12)})
	l.tell(figure{name: "connections without login: still open a minute later", value: float64(left), unit: "connections",
		bar: AtMost(0)})
	l.tell(figure{name: "connections without login: push to acknowledgement p99 of healthy lots beside them",
		value: median(beside), unit: "ms",
		baseline: median(alone), bar: RatioAtMost(1.5), note: spread(beside) + " against " + spread(alone) + " without them"})
	return nil
}
