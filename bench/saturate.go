package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// SaturateConfig describes a closed loop: as many pushes as answers come.
type SaturateConfig struct {
	Workers int           // pushes in flight
	Warm    time.Duration // before anything counts
	For     time.Duration
	Lots    int
}

// DefaultSaturate is what the report uses.
var DefaultSaturate = SaturateConfig{Workers: 64, Warm: time.Second, For: 5 * time.Second, Lots: 20}

// saturatePlatform pushes in throughput runs: the heaviest envelope, sealed, signed and with a token.
const saturatePlatform = "telaidian"

// Saturated is what a saturated run came to.
type Saturated struct {
	PerSecond float64 // charges from the first push to the last durable acknowledgement
	Pushes    play.Result
	CPU       time.Duration // of the server, or of the forwarder, for one charge
	Tail      time.Duration // from the last answer to the last acknowledgement
}

// generator pushes new charges to one address.
type generator struct {
	site   *Site
	server string
	client *http.Client
	lots   []*Lot
	next   int // numbers of pushes go on from run to run
	run    string
}

func newGenerator(site *Site, server string, kind charge.LotKind, workers int) *generator {
	return &generator{site: site, server: server, client: play.LoadClient(workers), lots: site.Of(kind), run: secret(3)}
}

// load runs a load of fresh pushes, spread over the lots. A push that was refused or not answered is an error;
// the load may be ended early by its context.
func (g *generator) load(ctx context.Context, cfg play.LoadConfig) (play.Result, error) {
	first := g.next
	cfg.Next = func(i int) (*play.Player, play.Push) {
		i += first
		lot := g.lots[i%len(g.lots)]
		return g.site.Player(g.server, saturatePlatform, lot, g.client), push(g.run, i, lot.ID, time.Now())
	}
	result, err := play.Load(ctx, cfg)
	g.next += result.Sent
	if ctx.Err() != nil {
		result.Failed = 0 // we hung up ourselves
	}
	if err == nil && result.Failed+result.Refused > 0 {
		err = fmt.Errorf("%d pushes were refused and %d not answered, of %d", result.Refused, result.Failed, result.Sent)
	}
	return result, err
}

// saturateForwarder measures the store-less baseline.
func (r *Rig) saturateForwarder(ctx context.Context, cfg SaturateConfig) (s Saturated, err error) {
	site := NewSite(SiteSize{API: cfg.Lots}, saturatePlatform)
	ends, err := OpenCalls(site, 0)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, ends.Close()) }()
	f, err := r.Forward(ctx, site)
	if err != nil {
		return s, err
	}
	defer f.proc.kill()
	g := newGenerator(site, f.http, charge.KindAPI, cfg.Workers)
	if _, err := g.load(ctx, play.LoadConfig{Workers: cfg.Workers, For: cfg.Warm}); err != nil {
		return s, err
	}
	before := f.proc.cpu()
	s.Pushes, err = g.load(ctx, play.LoadConfig{Workers: cfg.Workers, For: cfg.For})
	s.PerSecond = s.Pushes.PerSecond()
	s.CPU = (f.proc.cpu() - before) / time.Duration(max(s.Pushes.Accepted, 1))
	return s, err
}

// saturateServer measures the gateway: every push is stored, delivered to its lot, acknowledged, and the
// acknowledgement stored.
func (r *Rig) saturateServer(ctx context.Context, engine *Engine, kind charge.LotKind, cfg SaturateConfig) (s Saturated,
	err error) {
	size := SiteSize{API: cfg.Lots}
	if kind == charge.KindSDK {
		size = SiteSize{SDK: cfg.Lots}
	}
	st, err := r.stand(ctx, engine, size)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, st.close()) }()
	g := newGenerator(st.site, st.server.HTTP, kind, cfg.Workers)
	return st.saturate(ctx, g, cfg)
}

// stand is a server with a site applied and its far ends open.
type stand struct {
	engine *Engine
	server *Server
	site   *Site
	ends   *Ends
	env    []string // of the server, beside what all runs set
}

func (r *Rig) stand(ctx context.Context, engine *Engine, size SiteSize) (*stand, error) {
	st := &stand{engine: engine, site: NewSite(size, saturatePlatform)}
	var err error
	if st.ends, err = OpenCalls(st.site, 0); err != nil {
		return nil, err
	}
	return st, r.open(ctx, st)
}

// open starts a stand's server and logs its lines in; on an error it closes the stand.
func (r *Rig) open(ctx context.Context, st *stand) error {
	database, err := st.engine.Database()
	if err == nil {
		st.server, err = r.Serve(ctx, ServerConfig{Database: database, Env: st.env})
	}
	if err == nil {
		err = st.server.Apply(ctx, st.site.Estate())
	}
	if err == nil {
		err = st.ends.OpenLines(ctx, st.server.Line)
	}
	if err != nil {
		err = errors.Join(err, st.close())
	}
	return err
}

func (st *stand) close() error {
	var errs []error
	if st.ends != nil {
		errs = append(errs, st.ends.Close())
	}
	if st.server != nil {
		errs = append(errs, st.server.Discard())
	}
	return errors.Join(errs...)
}

func (st *stand) saturate(ctx context.Context, g *generator, cfg SaturateConfig) (s Saturated, err error) {
	if _, err := g.load(ctx, play.LoadConfig{Workers: cfg.Workers, For: cfg.Warm}); err != nil {
		return s, err
	}
	before, err := st.allDelivered(ctx, g.next)
	if err != nil {
		return s, err
	}
	profiled := st.server.profile(ctx, st.engine.Name+"-"+string(g.lots[0].Kind), cfg.For)
	begin := time.Now()
	if s.Pushes, err = g.load(ctx, play.LoadConfig{Workers: cfg.Workers, For: cfg.For}); err != nil {
		return s, err
	}
	answered := time.Now()
	after, err := st.allDelivered(ctx, g.next)
	if err != nil {
		return s, err
	}
	s.Tail = time.Since(answered)
	s.PerSecond = float64(s.Pushes.Accepted) / time.Since(begin).Seconds()
	s.CPU = (after.CPU() - before.CPU()) / time.Duration(max(s.Pushes.Accepted, 1))
	return s, profiled()
}

// allDelivered waits until the acknowledgements of n charges are durable, and returns the metrics then.
func (st *stand) allDelivered(ctx context.Context, n int) (Metrics, error) {
	over := time.Now().Add(time.Minute)
	for {
		m, err := st.server.Metrics(ctx)
		switch {
		case err != nil:
			return nil, err
		case m.delivered() == n:
			return m, nil
		case m.delivered() > n:
			return nil, fmt.Errorf("%d deliveries were acknowledged of %d charges", m.delivered(), n)
		case time.Now().After(over):
			return nil, fmt.Errorf("of %d charges %d were delivered within a minute", n, m.delivered())
		}
		wait(ctx, 10*time.Millisecond)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}
