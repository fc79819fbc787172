package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/lotline/sdktest"
	"github.com/chargestamp/chargestamp/play"
)

// SDKConfig describes lots with the vendor's own SDK, each behind a relay that batches and cuts as mobile links do, one
// for every pair of Batches and Cuts.
type SDKConfig struct {
	For     time.Duration
	Every   time.Duration // a car comes, charges and leaves in each lot
	Batches []time.Duration
	Cuts    []int // bytes of a piece that arrives by itself
}

// DefaultSDK is what the soak runs.
var DefaultSDK = SDKConfig{
	For: 10 * time.Minute, Every: 10 * time.Second,
	Batches: []time.Duration{0, 5 * time.Millisecond, 20 * time.Millisecond, 200 * time.Millisecond},
	Cuts:    []int{4096, 1460},
}

// sdkRun is a server and the lots.
type sdkRun struct {
	*stand
	rig    *Rig
	cfg    SDKConfig
	relays []*sdktest.Relay
	lots   []*play.VendorLot
	cars   atomic.Int64
	failed atomic.Int64 // cars of which something was lost
}

// SDK runs lots with the vendor's own SDK at its real pace. Both links of each must stay up from the first login to the
// end, every reduction must be applied once, and nothing may be torn or sent again.
func (r *Rig) SDK(ctx context.Context, engine *Engine, cfg SDKConfig) (rows []Row, err error) {
	s := &sdkRun{rig: r, cfg: cfg}
	s.stand = &stand{engine: engine, site: NewSite(SiteSize{SDK: len(cfg.Batches) * len(cfg.Cuts)}, saturatePlatform),
		ends: &Ends{site: &Site{}}}
	if err := r.open(ctx, s.stand); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.hangUp(), s.stand.close()) }()
	if err := s.openLots(ctx); err != nil {
		return nil, err
	}
	s.traffic(ctx)
	return s.judge(), ctx.Err()
}

func (s *sdkRun) openLots(ctx context.Context) error {
	for i, lot := range s.site.Lots {
		relay, err := sdktest.NewRelay(s.server.Line, s.cfg.Batches[i/len(s.cfg.Cuts)], s.cfg.Cuts[i%len(s.cfg.Cuts)])
		if err != nil {
			return err
		}
		s.relays = append(s.relays, relay)
		sdk := play.NewVendorLot(play.VendorLotConfig{Lot: lot.ID, Ukey: s.site.Ukey, Ckey: lot.Ckey, Addr: relay.Addr(),
			Usage: i%2 == 0})
		if err := sdk.Start(ctx); err != nil {
			return fmt.Errorf("lot %s: %w", lot.ID, err)
		}
		s.lots = append(s.lots, sdk)
	}
	return nil
}

func (s *sdkRun) hangUp() error {
	var errs []error
	for _, sdk := range s.lots {
		errs = append(errs, sdk.Stop())
	}
	for _, relay := range s.relays {
		relay.Close()
	}
	return errors.Join(errs...)
}

// traffic lets a car come, charge and leave in every lot again and again, until the time is over.
func (s *sdkRun) traffic(ctx context.Context) {
	until := time.Now().Add(s.cfg.For)
	client := play.LoadClient(len(s.lots))
	var all sync.WaitGroup
	for i := range s.lots {
		all.Go(func() {
			for n := 0; time.Now().Before(until) && ctx.Err() == nil; n++ {
				next := time.Now().Add(s.cfg.Every)
				s.cars.Add(1)
				if err := s.car(ctx, i, n, client); err != nil && ctx.Err() == nil {
					s.failed.Add(1)
					s.rig.say("  lot %s, %s: %v", s.site.Lots[i].ID, s.cfg.Batches[i/len(s.cfg.Cuts)], err)
				}
				wait(ctx, time.Until(next))
			}
		})
	}
	all.Wait()
}

// carTime bounds all that one car needs: two rounds of what an SDK sends again.
const carTime = 2*time.Minute + 10*time.Second

// car comes in, charges, gets its reduction and leaves.
func (s *sdkRun) car(ctx context.Context, i, n int, client *http.Client) error {
	ctx, cancel := context.WithTimeout(ctx, carTime)
	defer cancel()
	lot, sdk := &s.site.Lots[i], s.lots[i]
	p := push("v"+lot.ID.Park, n, lot.ID, time.Now())
	p.Plate = plate(i*100_000 + n)
	if _, err := sdk.Enter(ctx, p.Plate, time.Now().Add(-2*time.Hour)); err != nil {
		return fmt.Errorf("its entry: %w", err)
	}
	x, err := s.site.Player(s.server.HTTP, saturatePlatform, lot, client).Send(ctx, p, play.Options{})
	if err == nil && !x.Delivered() {
		err = fmt.Errorf("answered %s", x.Said())
	}
	if err != nil {
		return fmt.Errorf("its push: %w", err)
	}
	taken := func(a play.Applied) bool { return a.Charge == p.Order && !a.Acked.IsZero() }
	if _, err := sdk.Book().Wait(ctx, taken); err != nil {
		return fmt.Errorf("its reduction: %w", err)
	}
	if _, err := sdk.Exit(ctx, p.Plate, time.Now()); err != nil {
		return fmt.Errorf("its exit: %w", err)
	}
	return nil
}

func (s *sdkRun) judge() []Row {
	var logins, rounds, torn, again, ignored, doubled int
	for _, sdk := range s.lots {
		c := sdk.Counts()
		logins, rounds = logins+c.Logins[sdktest.Bolink]+c.Logins[sdktest.Cloud], rounds+c.Rounds
		torn, ignored = torn+c.Torn, ignored+c.Ignored
		for _, n := range c.Resent {
			again += n
		}
		for _, row := range sdk.Book().Rows() {
			doubled += max(0, row.Heard-1)
		}
	}
	f := func(name, unit string, value int, bar *Bar) Row {
		return figure{name: fmt.Sprintf("%d lots with the vendor's SDK: %s", len(s.lots), name), engine: s.engine.Name,
			unit: unit, value: float64(value), bar: bar}.row()
	}
	least := float64(len(s.lots)) * s.cfg.For.Seconds() / s.cfg.Every.Seconds() / 2 // a run of little shows nothing
	return []Row{
		f("cars that came, charged and left", "cars", int(s.cars.Load()), AtLeast(least)),
		f("cars of which something was lost", "cars", int(s.failed.Load()), AtMost(0)),
		f("logins", "logins", logins, AtMost(float64(2*len(s.lots)))),
		f("times that both links were logged in again", "times", rounds, AtMost(0)),
		f("frames lost", "frames", torn, AtMost(0)),
		f("entries and exits told again", "orders", again, AtMost(0)),
		f("answers that name nothing", "answers", ignored, AtMost(0)),
		f("reductions heard again", "messages", doubled, AtMost(0)),
	}
}
