package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/store"
)

// KillConfig describes rounds of kill -9 under load.
type KillConfig struct {
	Engine *Engine
	Rounds int
	For    time.Duration // no further round is begun after so long; 0 is no end
	Rate   float64       // pushes a second
	Least  int           // accepted pushes before the kill; a round with fewer has shown nothing and fails
	Site   SiteSize
	// Change lets a test break something after the site was made; nil breaks nothing.
	Change func(*KillRun)
}

// DefaultKill is what the soak runs.
var DefaultKill = KillConfig{Rounds: 5, Rate: 200, Least: 500, Site: SiteSize{SDK: 6, API: 4, Gate: 2, Coupon: 3}}

// KillRound is one round's row.
type KillRound struct {
	Engine   string        `json:"engine"`
	Piece    int           `json:"piece"` // of a run that is kept in a KillBook
	Round    int           `json:"round"`
	Before   int           `json:"accepted_before"` // the kill
	Pushes   int           `json:"pushes_in_flight"`
	Calls    int           `json:"callbacks_in_flight"`
	Exits    int           `json:"exits_in_flight"`
	Up       time.Duration `json:"up_again_ns"`     // from the kill to the ready line
	Settled  time.Duration `json:"settled_ns"`      // from then until nothing was pending
	Repushed int           `json:"pushed_again"`    // those without an answer, as platforms do
	Accepted int           `json:"accepted"`        // in all rounds so far
	Repeats  int           `json:"heard_again"`     // by lots, and not applied again
	Lost     int           `json:"lost"`            // in all rounds so far
	Doubled  int           `json:"doubled"`         //
	Strange  int           `json:"strange"`         //
	Shown    bool          `json:"shown"`           // enough was accepted, all kinds were in flight, and it settled
	Failure  string        `json:"failure"`         // why the round proves nothing, or what is wrong; empty: passed
	Wrong    []string      `json:"wrong,omitempty"` // examples
}

// OK reports whether a round proves that nothing was lost or doubled.
func (r KillRound) OK() bool { return r.Shown && r.Failure == "" && r.Lost+r.Doubled+r.Strange == 0 }

// KillRun is a server with its far ends and its pushing platforms through all rounds.
type KillRun struct {
	cfg     KillConfig
	rig     *Rig
	server  *Server
	site    *Site
	ends    *Ends
	journal *Journal
	next    int // number of the next push
	cars    map[int]bool
	exits   *exits
}

// slowCall is how long an API lot keeps its answer back after it has booked, so that a kill finds callbacks
// which have taken effect and are not known to have.
const slowCall = 40 * time.Millisecond

// settleWithin bounds the wait after a kill: a lease of a dead process, then the first retries.
const settleWithin = 3 * time.Minute

// carsAhead is how many cars are let into the 4G lots before a round.
const carsAhead = 400

// killPlatforms are one of each of three families; what they push comes by different seals.
var killPlatforms = []string{"telaidian", "xiaoju", "xingxing"}

// Kill runs the rounds on one server and one set of books, and reports each as it ends (each may be nil). A
// round that fails ends the run. In the end the store is verified.
func (r *Rig) Kill(ctx context.Context, cfg KillConfig, each func(KillRound)) (rounds []KillRound, err error) {
	k, err := r.newKillRun(ctx, cfg)
	if k != nil {
		defer func() { err = errors.Join(err, k.close()) }()
	}
	if err != nil {
		return nil, err
	}
	began := time.Now()
	for n := 1; n <= cfg.Rounds && (cfg.For == 0 || time.Since(began) < cfg.For); n++ {
		round, err := k.round(ctx, n)
		if err != nil {
			return rounds, fmt.Errorf("%s, round %d: %w", cfg.Engine.Name, n, err)
		}
		rounds = append(rounds, round)
		if each != nil {
			each(round)
		}
		if !round.OK() {
			return rounds, nil
		}
	}
	return rounds, k.verify(ctx)
}

// verify stops the server and has its store add everything up again.
func (k *KillRun) verify(ctx context.Context) error {
	if err := k.server.Stop(); err != nil {
		return err
	}
	return verify(ctx, store.Config{DataDir: k.server.Data, URL: k.server.cfg.Database, Node: "verify"})
}

func (r *Rig) newKillRun(ctx context.Context, cfg KillConfig) (*KillRun, error) {
	database, err := cfg.Engine.Database()
	if err != nil {
		return nil, err
	}
	k := &KillRun{cfg: cfg, rig: r, journal: NewJournal(), site: NewSite(cfg.Site, killPlatforms...), cars: map[int]bool{}}
	if k.ends, err = OpenCalls(k.site, slowCall); err != nil {
		return k, err
	}
	if err := k.ends.OpenCoupons(k.site.Of(charge.KindCoupon), slowCall, nil); err != nil {
		return k, err
	}
	if cfg.Change != nil {
		cfg.Change(k)
	}
	if k.server, err = r.Serve(ctx, ServerConfig{Database: database}); err != nil {
		return k, err
	}
	if err := k.server.Apply(ctx, k.site.Estate()); err != nil {
		return k, err
	}
	if err := k.ends.OpenLines(ctx, k.server.Line); err != nil {
		return k, err
	}
	k.exits = newExits(k.ends)
	return k, k.ends.OpenGates(k.server.HTTP)
}

func (k *KillRun) close() error {
	var errs []error
	if k.ends != nil {
		errs = append(errs, k.ends.Close())
	}
	if k.server != nil {
		errs = append(errs, k.server.Discard())
	}
	return errors.Join(errs...)
}

// lotOf spreads pushes over all lots; those for which no car stands in a 4G lot go to another kind.
func (k *KillRun) lotOf(i int) *Lot {
	lot := &k.site.Lots[i%len(k.site.Lots)]
	if lot.Kind == charge.Kind4G && !k.cars[i] {
		lot = &k.site.Lots[i%(k.cfg.Site.SDK+k.cfg.Site.API)]
	}
	return lot
}

// letIn lets the cars of the coming pushes into the 4G lots.
func (k *KillRun) letIn(ctx context.Context) error {
	var ahead []int
	for i := k.next; len(ahead) < carsAhead && k.cfg.Site.Gate > 0; i++ {
		if k.site.Lots[i%len(k.site.Lots)].Kind == charge.Kind4G {
			ahead = append(ahead, i)
			k.cars[i] = true
		}
	}
	return parallel(4, ahead, func(i int) error {
		return k.ends.LetIn(ctx, k.site.Lots[i%len(k.site.Lots)].ID, plate(i))
	})
}

// round is one kill.
func (k *KillRun) round(ctx context.Context, n int) (KillRound, error) {
	row := KillRound{Engine: k.cfg.Engine.Name, Round: n}
	if err := k.letIn(ctx); err != nil {
		return row, err
	}
	if err := k.underLoad(ctx, n, &row); err != nil {
		return row, err
	}
	begin := time.Now()
	if err := k.pushAgain(ctx, &row); err != nil {
		return row, err
	}
	if err := k.exits.again(ctx); err != nil {
		return row, err
	}
	if _, err := k.server.Settled(ctx, settleWithin, k.site.noNumber); err != nil {
		row.Failure = err.Error()
	}
	row.Settled = time.Since(begin)
	v, err := k.judge(ctx)
	if err != nil {
		return row, err
	}
	row.Accepted, row.Repeats, row.Lost, row.Doubled, row.Strange, row.Wrong = v.Accepted, v.Repeats, v.Lost, v.Doubled,
		v.Strange, v.Wrong
	row.finish(k.cfg)
	return row, nil
}

// finish says whether a round has shown anything, and why it fails, if it does.
func (r *KillRound) finish(cfg KillConfig) {
	switch {
	case r.Failure != "":
		return
	case r.Before < cfg.Least:
		r.Failure = fmt.Sprintf("only %d pushes had been accepted at the kill; %d are needed to show anything", r.Before,
			cfg.Least)
		return
	case !r.busy(cfg.Site):
		r.Failure = fmt.Sprintf("%d pushes, %d callbacks and %d exits were in flight at the kill: without one of each it "+
			"has not shown enough", r.Pushes, r.Calls, r.Exits)
		return
	}
	r.Shown = true
	if r.Lost+r.Doubled+r.Strange > 0 {
		r.Failure = "not everything accepted took effect exactly once"
	}
}

// busy reports whether of everything that a site does something was in flight: accepting and deciding, sending, and
// settling.
func (r *KillRound) busy(site SiteSize) bool {
	return r.Pushes > 0 && (site.API == 0 || r.Calls > 0) && (site.Gate == 0 || r.Exits > 0)
}

// flying notes what is in flight.
func (k *KillRun) flying(row *KillRound) (accepted int) {
	accepted, row.Pushes = k.journal.Counts()
	row.Calls, row.Exits = k.ends.InFlight(), int(k.exits.asking.Load())
	return accepted
}

// underLoad pushes, kills the server in the middle, starts it again and pushes on for a while.
func (k *KillRun) underLoad(ctx context.Context, n int, row *KillRound) error {
	before, _ := k.journal.Counts()
	run, first := fmt.Sprintf("k%d", n), k.next
	client := play.LoadClient(64)
	loading, stop := context.WithCancel(ctx)
	defer stop()
	var load play.Result
	var loadErr error
	done := make(chan struct{})
	go func() {
		defer close(done)
		load, loadErr = play.Load(loading, play.LoadConfig{
			Rate: k.cfg.Rate, Workers: 64, For: 5 * time.Minute,
			Next: func(i int) (*play.Player, play.Push) {
				i += first
				lot := k.lotOf(i)
				platform := killPlatforms[i/len(k.site.Lots)%len(killPlatforms)]
				p := push(run, i, lot.ID, time.Now())
				k.journal.sent(platform, p)
				return k.site.Player(k.server.HTTP, platform, lot, client), p
			},
			Done: func(s play.Shot) {
				k.journal.heard(s)
				k.exits.pushed(s)
			},
		})
	}()
	leaving := k.exits.begin(loading)
	enough := before + k.cfg.Least + rand.IntN(k.cfg.Least/4+1)
	k.waitFor(ctx, row, enough, time.Duration(3*float64(k.cfg.Least)/k.cfg.Rate*float64(time.Second))+10*time.Second)
	row.Before = k.flying(row) - before
	k.server.Kill()
	killed := time.Now()
	err := k.server.Up(ctx)
	row.Up = time.Since(killed)
	if err == nil { // what comes right after the start is part of the test
		wait(ctx, time.Second)
	}
	stop()
	<-done
	leaving.Wait()
	client.CloseIdleConnections()
	k.next += load.Sent
	return errors.Join(err, loadErr)
}

// waitFor waits until enough pushes are accepted and something of each kind is in flight, or the time is over.
func (k *KillRun) waitFor(ctx context.Context, row *KillRound, enough int, most time.Duration) {
	over := time.Now().Add(most)
	for time.Now().Before(over) && ctx.Err() == nil {
		if k.flying(row) >= enough && row.busy(k.cfg.Site) {
			return
		}
		wait(ctx, 200*time.Microsecond)
	}
}

// pushAgain pushes what got no answer until it is accepted, as platforms do.
func (k *KillRun) pushAgain(ctx context.Context, row *KillRound) error {
	open := k.journal.Unanswered()
	row.Repushed = len(open)
	lots := map[charge.LotID]*Lot{}
	for i := range k.site.Lots {
		lots[k.site.Lots[i].ID] = &k.site.Lots[i]
	}
	return parallel(16, open, func(e Entry) error {
		player := k.site.Player(k.server.HTTP, e.Platform, lots[e.Push.Lot], nil)
		var last error
		for range 5 {
			k.journal.sent(e.Platform, e.Push)
			x, err := player.Send(ctx, e.Push, play.Options{})
			shot := play.Shot{Push: e.Push, Exchange: x, Err: err, Accepted: err == nil && x.Delivered()}
			k.journal.heard(shot)
			if shot.Accepted {
				return nil
			}
			if last = err; err == nil {
				last = fmt.Errorf("the answer was %s %s", x.Answer.Code, x.Answer.Text)
			}
			wait(ctx, 200*time.Millisecond)
		}
		return fmt.Errorf("charge %s, pushed again, was not accepted: %w", e.Push.Order, last)
	})
}

func (k *KillRun) judge(ctx context.Context) (Verdict, error) {
	books, err := k.ends.Books(ctx, k.journal.byPlate(k.site))
	if err != nil {
		return Verdict{}, err
	}
	said, err := chargesOf(ctx, k.server.Office, k.site)
	if err != nil {
		return Verdict{}, err
	}
	return Judge(k.journal.Entries(), books, said, k.site.noNumber), nil
}

// chargesOf lists what the server knows of every lot.
func chargesOf(ctx context.Context, o Office, site *Site) (map[charge.LotID][]client.Charge, error) {
	var mu sync.Mutex
	said := map[charge.LotID][]client.Charge{}
	err := parallel(4, site.Lots, func(l Lot) error {
		list, err := o.Charges(ctx, url.Values{"lot": {l.ID.String()}})
		mu.Lock()
		defer mu.Unlock()
		said[l.ID] = list
		return err
	})
	return said, err
}

// parallel calls fn for each of some things, a few at a time, and joins what goes wrong.
func parallel[T any](hands int, things []T, fn func(T) error) error {
	queue := make(chan T)
	var mu sync.Mutex
	var errs []error
	var all sync.WaitGroup
	for range min(hands, len(things)) {
		all.Go(func() {
			for t := range queue {
				if err := fn(t); err != nil {
					mu.Lock()
					if len(errs) < 3 {
						errs = append(errs, err)
					}
					mu.Unlock()
				}
			}
		})
	}
	for _, t := range things {
		queue <- t
	}
	close(queue)
	all.Wait()
	return errors.Join(errs...)
}

// wait waits unless the context ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
