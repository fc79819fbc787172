package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// OpenLoop describes pushes by a clock that does not wait for answers.
type OpenLoop struct {
	Rate float64
	Warm time.Duration // before anything counts: a line hears nothing in the two seconds behind its login
	For  time.Duration
}

// DefaultOpenLoop is what the report uses.
var DefaultOpenLoop = OpenLoop{Rate: 500, Warm: 4 * time.Second, For: 10 * time.Second}

// stopwatch knows when each push was meant to leave.
type stopwatch struct {
	mu    sync.Mutex
	meant map[string]meant // by order
}

type meant struct {
	at  time.Time
	lot charge.LotID
}

func newStopwatch() *stopwatch { return &stopwatch{meant: map[string]meant{}} }

// heard takes an accepted push down.
func (w *stopwatch) heard(s play.Shot) {
	at := time.Now().Add(-s.Latency)
	if !s.Accepted {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.meant[s.Push.Order] = meant{at, s.Push.Lot}
}

// moment is a time in a row of a lot's book; zero where it has not come.
type moment func(play.Applied) time.Time

func wasHeard(row play.Applied) time.Time { return row.At }
func wasAcked(row play.Applied) time.Time { return row.Acked }

// toLots returns how long pushes took from when they were meant to leave until their lots had heard of them, of
// the lots that count; all where it is nil.
func (w *stopwatch) toLots(books Books, counts func(charge.LotID) bool) (h play.Histogram, err error) {
	return w.until(wasHeard, books, counts)
}

func (w *stopwatch) until(when moment, books Books, counts func(charge.LotID) bool) (h play.Histogram, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	heard := map[string]time.Time{}
	for _, rows := range books {
		for _, row := range rows {
			if at := when(row); !at.IsZero() {
				heard[row.Charge] = at
			}
		}
	}
	missing := 0
	for order, m := range w.meant {
		if counts != nil && !counts(m.lot) {
			continue
		}
		at, ok := heard[order]
		if !ok {
			missing++
			continue
		}
		h.Add(at.Sub(m.at))
	}
	if missing > 0 {
		err = fmt.Errorf("%d of %d accepted pushes were not in their lots' books at the end", missing, len(w.meant))
	}
	return h, err
}

// openLoop runs an open loop and returns the latency from push to lot of the lots that count.
func (st *stand) openLoop(ctx context.Context, g *generator, loop OpenLoop,
	counts func(charge.LotID) bool) (h play.Histogram, err error) {
	return st.openLoopUntil(ctx, wasHeard, g, loop, counts)
}

// openLoopUntil runs an open loop and returns the latency from push to a moment in the lots' books.
func (st *stand) openLoopUntil(ctx context.Context, when moment, g *generator, loop OpenLoop,
	counts func(charge.LotID) bool) (h play.Histogram, err error) {
	if _, err := g.load(ctx, play.LoadConfig{Rate: loop.Rate, Workers: 256, For: loop.Warm}); err != nil {
		return h, err
	}
	h, _, err = st.timed(ctx, when, g, loop, counts)
	return h, err
}

// timed is openLoopUntil without the warming, and returns what came of the pushes as well.
func (st *stand) timed(ctx context.Context, when moment, g *generator, loop OpenLoop,
	counts func(charge.LotID) bool) (h play.Histogram, sent play.Result, err error) {
	w := newStopwatch()
	sent, err = g.load(ctx, play.LoadConfig{Rate: loop.Rate, Workers: 256, For: loop.For, Done: w.heard})
	if err != nil {
		return h, sent, err
	}
	// What healthy lots have not heard a while after the last push, they will not hear soon.
	for over := time.Now().Add(5 * time.Second); ; wait(ctx, 20*time.Millisecond) {
		books, err := st.ends.Books(ctx, nil)
		if err != nil {
			return h, sent, err
		}
		if h, err = w.until(when, books, counts); err == nil || time.Now().After(over) || ctx.Err() != nil {
			return h, sent, err
		}
	}
}

// latency measures push to lot, half of the lots by callback and half by line.
func (r *Rig) latency(ctx context.Context, engine *Engine, loop OpenLoop) (h play.Histogram, err error) {
	st, g, err := r.bothKinds(ctx, engine)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, st.close()) }()
	return st.openLoop(ctx, g, loop, nil)
}

// bothKinds opens a stand half of whose lots have callbacks and half lines, and a generator for all of them.
func (r *Rig) bothKinds(ctx context.Context, engine *Engine) (*stand, *generator, error) {
	st, err := r.stand(ctx, engine, SiteSize{API: 10, SDK: 10})
	if err != nil {
		return nil, nil, err
	}
	g := newGenerator(st.site, st.server.HTTP, charge.KindAPI, 256)
	g.lots = append(g.lots, st.site.Of(charge.KindSDK)...)
	return st, g, nil
}

// Sickness is what is wrong with one lot in ten.
type Sickness string

// Sicknesses.
const (
	Healthy Sickness = "healthy"
	Dead    Sickness = "dead"    // without a listener
	Hanging Sickness = "hanging" // takes the callback and says nothing
)

// sick measures push to lot of the healthy nine in ten.
func (r *Rig) sick(ctx context.Context, engine *Engine, how Sickness, loop OpenLoop) (h play.Histogram, err error) {
	const lots, bad = 20, 2
	st := &stand{engine: engine, site: NewSite(SiteSize{API: lots}, saturatePlatform)}
	if st.ends, err = OpenCalls(st.site, 0); err != nil {
		return h, err
	}
	hole, err := openHole()
	if err != nil {
		return h, errors.Join(err, st.close())
	}
	defer hole.close()
	for _, l := range st.site.Of(charge.KindAPI)[:bad] {
		switch how {
		case Hanging:
			l.Callback = hole.url
		case Dead:
			if l.Callback, err = freeAddress(); err != nil {
				return h, errors.Join(err, st.close())
			}
			l.Callback = "http://" + l.Callback + "/bolink"
		}
	}
	if err := r.open(ctx, st); err != nil {
		return h, err
	}
	defer func() { // what is owed to sick lots would only hold a graceful stop up
		st.server.Kill()
		err = errors.Join(err, st.close())
	}()
	ill := map[charge.LotID]bool{}
	for _, l := range st.site.Of(charge.KindAPI)[:bad] {
		ill[l.ID] = true
	}
	g := newGenerator(st.site, st.server.HTTP, charge.KindAPI, 256)
	return st.openLoop(ctx, g, loop, func(id charge.LotID) bool { return !ill[id] })
}

// hole takes requests and never answers.
type hole struct {
	url    string
	server *http.Server
}

func openHole() (*hole, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &hole{url: "http://" + l.Addr().String() + "/bolink", server: &http.Server{ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })}}
	go func() { _ = h.server.Serve(l) }() // ends by close
	return h, nil
}

func (h *hole) close() { h.server.Close() }
