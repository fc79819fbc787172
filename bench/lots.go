package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// LotsConfig describes lying lots on bad lines.
type LotsConfig struct {
	Lots    int // on lines
	Coupons int // in clouds of other parking systems
	For     time.Duration
	Rate    float64       // pushes a second over all lots
	Life    time.Duration // of a line before something happens to it, on average
	End     time.Duration // how long everything may take to come to rest once lines are good again
}

// DefaultLots is what the soak runs.
var DefaultLots = LotsConfig{Lots: 200, Coupons: 18, For: 10 * time.Minute, Rate: 20, Life: 30 * time.Second,
	End: 3 * time.Minute}

// lies are all that lots are known to do wrong; the first lot of each ten is honest. Those that cut their own
// line stop in the end: a lot that did so at every reduction would never get round to telling its entries.
func lies() []play.Lies {
	return []play.Lies{
		{}, {Ack: play.AckLate}, {Ack: play.AckTwice}, {Ack: play.AckNever}, {Ack: play.AckWrongUUID}, {Ack: play.AckState0},
		{DropAfterApply: true, Times: 3}, {HalfOpen: true, Dead: 20 * time.Second, Times: 3},
		{Offline: 15 * time.Second, Times: 3}, {Ack: play.AckNever, Times: 3},
	}
}

// lotsRun is a server, a fault proxy and lying lots.
type lotsRun struct {
	*stand
	cfg     LotsConfig
	rig     *Rig
	proxy   *proxy
	lots    []*play.SDKLot
	journal *Journal
	missed  int // pushes that no answer came for, and their repeats neither

	mu    sync.Mutex
	early []Metrics
	late  []Metrics
}

// Lots runs lying lots on lines that are cut at random. Every reduction must be applied exactly once, or be in a
// state that says why not; the server must not grow.
func (r *Rig) Lots(ctx context.Context, engine *Engine, cfg LotsConfig) (rows []Row, err error) {
	l := &lotsRun{cfg: cfg, rig: r, journal: NewJournal()}
	site := NewSite(SiteSize{SDK: cfg.Lots, Coupon: cfg.Coupons}, saturatePlatform)
	l.stand = &stand{engine: engine, site: site, ends: &Ends{site: &Site{}}}
	if err := l.ends.OpenCoupons(l.site.Of(charge.KindCoupon), 0, cloudLies); err != nil {
		return nil, errors.Join(err, l.ends.Close())
	}
	if err := r.open(ctx, l.stand); err != nil {
		return nil, err
	}
	defer func() { // what lots still owe would only hold a graceful stop up
		l.server.Kill()
		err = errors.Join(err, l.stand.close())
	}()
	if l.proxy, err = openProxy(l.server.Line, cfg.Life); err != nil {
		return nil, err
	}
	hangUp := sync.OnceFunc(func() {
		opened := slices.DeleteFunc(slices.Clone(l.lots), func(sdk *play.SDKLot) bool { return sdk == nil })
		_ = parallel(16, opened, (*play.SDKLot).Stop) // how the lots themselves end does not matter
		l.proxy.close()
	})
	defer hangUp()
	if err := l.openLots(ctx); err != nil {
		return nil, err
	}
	l.traffic(ctx)
	l.proxy.relent()
	settled, err := l.calmDown(ctx)
	if err != nil {
		return nil, err
	}
	r.say("%d faults of lines; waited %s after the last push", l.proxy.faults.Load(), settled.Round(time.Second))
	hangUp() // books that a lot still writes in cannot be compared with anything
	return l.judge(ctx)
}

func (l *lotsRun) openLots(ctx context.Context) error {
	var mu sync.Mutex
	numbers := make([]int, l.cfg.Lots)
	for i := range numbers {
		numbers[i] = i
	}
	l.lots = make([]*play.SDKLot, len(numbers))
	return parallel(32, numbers, func(i int) error {
		lot := l.site.Lots[i]
		kinds := lies()
		sdk := play.NewSDKLot(play.SDKLotConfig{Lot: lot.ID, Ckey: lot.Ckey, Addr: l.proxy.addr(), Beat: 5 * time.Second,
			Usage: i%2 == 0, Lies: kinds[i%len(kinds)]})
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if err := sdk.Start(ctx); err != nil {
			return fmt.Errorf("lot %s: %w", lot.ID, err)
		}
		mu.Lock()
		defer mu.Unlock()
		l.lots[i] = sdk
		return nil
	})
}

// traffic lets cars come, charge and go in every lot until the time is over, and reads the metrics meanwhile.
func (l *lotsRun) traffic(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.For)
	defer cancel()
	var all sync.WaitGroup
	client := play.LoadClient(32)
	for i := range l.lots {
		all.Go(func() { l.cars(ctx, i, client) })
	}
	for n := range l.cfg.Coupons {
		all.Go(func() { l.couponCars(ctx, n, client) })
	}
	all.Go(func() { l.watch(ctx) })
	all.Wait()
}

// watch keeps metrics of the second and of the last quarter of the run.
func (l *lotsRun) watch(ctx context.Context) {
	begin, tick := time.Now(), time.NewTicker(max(l.cfg.For/60, time.Second))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		m, err := l.server.Metrics(ctx)
		if err != nil {
			continue // the end of the run, or a server that is gone, which the judge will notice
		}
		switch part := 4 * time.Since(begin) / l.cfg.For; part {
		case 1:
			l.early = append(l.early, m)
		case 3:
			l.late = append(l.late, m)
		}
	}
}

// cars is the traffic of one lot: a car comes in, charges, its platform pushes, and one in two leaves again
// before the end.
func (l *lotsRun) cars(ctx context.Context, i int, client *http.Client) {
	lot, sdk := &l.site.Lots[i], l.lots[i]
	player := l.site.Player(l.server.HTTP, saturatePlatform, lot, client)
	var gone sync.WaitGroup
	defer gone.Wait()
	for n := 0; ctx.Err() == nil; n++ {
		l.pause(ctx)
		if ctx.Err() != nil {
			return
		}
		p := push("l"+lot.ID.Park, n, lot.ID, time.Now())
		p.Plate = plate(i*100_000 + n)
		gone.Go(func() {
			// On a line that is down or silent entry and exit are kept and sent later; the charge waits for its
			// entry. This does not wait for a silent line at the end.
			told := make(chan struct{})
			go func() {
				defer close(told)
				_, _ = sdk.Enter(ctx, p.Plate, time.Now().Add(-2*time.Hour))
			}()
			select {
			case <-told:
			case <-ctx.Done():
				return
			}
			l.push(ctx, player, p)
			if n%2 == 0 {
				wait(ctx, time.Duration(rand.ExpFloat64()*float64(l.cfg.For/10)))
				if ctx.Err() != nil {
					return // its reduction may still be on its way, and no car leaves only because the run is over
				}
				go func() { _, _ = sdk.Exit(ctx, p.Plate, time.Now()) }()
			}
		})
	}
}

// pause waits for the next car of a lot.
func (l *lotsRun) pause(ctx context.Context) {
	mean := float64(l.cfg.Lots+l.cfg.Coupons) / l.cfg.Rate * float64(time.Second)
	wait(ctx, time.Duration(rand.ExpFloat64()*mean))
}

// push reports one charge, again where no answer came.
func (l *lotsRun) push(ctx context.Context, player *play.Player, p play.Push) {
	ctx = context.WithoutCancel(ctx)
	for range 3 {
		l.journal.sent(saturatePlatform, p)
		x, err := player.Send(ctx, p, play.Options{})
		shot := play.Shot{Push: p, Exchange: x, Err: err, Accepted: err == nil && x.Delivered()}
		l.journal.heard(shot)
		if shot.Accepted {
			return
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.missed++
}

// calmDown waits until nothing more is delivered that can be, and returns how long that took.
func (l *lotsRun) calmDown(ctx context.Context) (time.Duration, error) {
	begin, last, still := time.Now(), -1, 0
	for time.Since(begin) < l.cfg.End && still < 30 && ctx.Err() == nil {
		n, err := l.server.Pending(ctx)
		if err != nil {
			return 0, err
		}
		if still++; n != last {
			last, still = n, 0
		}
		if n == 0 {
			break
		}
		wait(ctx, time.Second)
	}
	return time.Since(begin), ctx.Err()
}

// saysWhyNot are the states of a charge that is in no book.
var saysWhyNot = []charge.State{charge.StateHeld, charge.StateNoGrant, charge.StateSending, charge.StateUnknown,
	charge.StateRefused,
	charge.StateGaveUp, charge.StateExpired, charge.StateVoided}

// maybeTaken are the states of a charge that is in a book and whose acknowledgement never came.
var maybeTaken = []charge.State{charge.StateUnknown, charge.StateSending}

// excused reports whether a charge's state says why its lot's book is as it is. "Sending" by itself does not say
// why a charge is in no book long after the last push: it must say what it waits for.
func excused(s client.Charge, applied bool) bool {
	switch {
	case applied:
		return slices.Contains(maybeTaken, s.State)
	case s.State == charge.StateSending:
		return slices.Contains(waitsFor, s.Reason)
	}
	return slices.Contains(saysWhyNot, s.State)
}

var waitsFor = []charge.Reason{charge.ReasonLineOff, charge.ReasonNoAnswer, charge.ReasonLotError,
	charge.ReasonLotPaused}

// verdict compares books that are closed with what the server says, which may take a moment to notice that a line
// is gone.
func (l *lotsRun) verdict(ctx context.Context) (v Verdict, said map[charge.LotID][]client.Charge, err error) {
	books := Books{}
	for i, sdk := range l.lots {
		books[l.site.Lots[i].ID] = sdk.Book().Rows()
	}
	l.ends.couponBooks(books, l.journal.byPlate(l.site))
	for begin := time.Now(); ; wait(ctx, time.Second) {
		if said, err = chargesOf(ctx, l.server.Office, l.site); err != nil {
			return v, nil, err
		}
		v = Judge(l.journal.Entries(), books, said, excused)
		if v.OK() || time.Since(begin) >= noticed || ctx.Err() != nil {
			return v, said, ctx.Err()
		}
	}
}

// noticed is the longest a server may take to say that a line is gone: the wait for an acknowledgement, and some.
const noticed = 15 * time.Second

func (l *lotsRun) judge(ctx context.Context) ([]Row, error) {
	v, said, err := l.verdict(ctx)
	if err != nil {
		return nil, err
	}
	for _, wrong := range v.Wrong {
		l.rig.say("  %s", wrong)
	}
	f := func(name, unit string, value float64, bar *Bar, note string) Row {
		return figure{name: fmt.Sprintf("%d lying lots: %s", l.cfg.Lots, name), engine: l.engine.Name, unit: unit,
			value: value, bar: bar, note: note}.row()
	}
	// A run in which little happened proves nothing.
	least := l.cfg.Rate * l.cfg.For.Seconds() / 2
	faults := max(1, float64(l.cfg.Lots)*l.cfg.For.Seconds()/l.cfg.Life.Seconds()/8)
	goroutines := growth(l.early, l.late, func(m Metrics) float64 { return m["go_goroutines"] })
	memory := growth(l.early, l.late, Metrics.RSS)
	return []Row{
		f("charges accepted", "charges", float64(v.Accepted), AtLeast(least), states(said)),
		f("applied", "charges", float64(v.Applied), AtLeast(float64(v.Accepted)/2), ""),
		f("given by clouds", "coupons", float64(l.ends.given()), AtLeast(float64(l.cfg.Coupons)), ""),
		f("kinds of lies that were told", "kinds", float64(l.liesTold()), AtLeast(float64(len(lies())-1)), ""),
		f("faults of lines", "faults", float64(l.proxy.faults.Load()), AtLeast(faults), ""),
		f("pushes without an answer", "pushes", float64(l.missed), AtMost(0), ""),
		f("lost", "charges", float64(v.Lost), AtMost(0), ""),
		f("applied twice", "charges", float64(v.Doubled), AtMost(0),
			fmt.Sprintf("%d messages heard again and not applied again", v.Repeats)),
		f("in a book or state it should not be", "charges", float64(v.Strange), AtMost(0), ""),
		f("goroutines, last quarter against second", "x", goroutines, AtMost(1.2), ""),
		f("memory, last quarter against second", "x RSS", memory, AtMost(1.25), ""),
	}, nil
}

// liesTold counts the kinds of lies that at least one lot has used.
func (l *lotsRun) liesTold() int {
	told := map[int]bool{}
	for i, sdk := range l.lots {
		if sdk.Lied() > 0 {
			told[i%len(lies())] = true
		}
	}
	return len(told)
}

// growth compares a figure's medians; it is no number where there is nothing to compare, which holds no bar.
func growth(early, late []Metrics, of func(Metrics) float64) float64 {
	values := func(all []Metrics) (v []float64) {
		for _, m := range all {
			v = append(v, of(m))
		}
		return v
	}
	before, after := median(values(early)), median(values(late))
	if before == 0 || after == 0 {
		return math.NaN()
	}
	return after / before
}

// states counts charges by state, for people.
func states(said map[charge.LotID][]client.Charge) string {
	count := map[charge.State]int{}
	for _, list := range said {
		for _, s := range list {
			count[s.State]++
		}
	}
	var parts []string
	for _, s := range slices.Sorted(maps.Keys(count)) {
		parts = append(parts, fmt.Sprintf("%d %s", count[s], s))
	}
	return strings.Join(parts, ", ")
}
