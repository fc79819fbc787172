package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
)

// SizeConfig says how big the sites are whose figures are compared.
type SizeConfig struct {
	Dir      string // where prepared data are kept and used again; empty: nowhere
	Few      int    // charges in the store
	Many     int
	FewLots  int
	ManyLots int
	Times    int
	Looks    int // at every page of the console
	Searches int // of each way to look for a plate
	Busy     int // charges a day of the site whose live days are measured; 0: none is
	Saturate SaturateConfig
	Loop     OpenLoop
	Plot     string // SVG file; empty: none
	People   bool   // only pages, searches and statements, no load
}

// DefaultSize is what the report uses.
var DefaultSize = SizeConfig{Few: 10_000, Many: 5_000_000, FewLots: 100, ManyLots: 10_000, Times: 3, Looks: 100,
	Searches: 500,
	Busy:     83_000, Saturate: DefaultSaturate, Loop: DefaultOpenLoop}

// historySpan is how long a site has been running; historyPushes how long it keeps requests.
const (
	historySpan   = 2 * 365 * 24 * time.Hour
	historyPushes = 180 * 24 * time.Hour
)

// sized is one size of a site and its figures.
type sized struct {
	name          string
	charges, lots int
	sick          Sickness
	span          time.Duration // over which the charges came; 0 is historySpan
	fresh         bool          // written anew in every run
	people        bool          // pages and searches are measured
	figures       []sizedFigure
	alone         []figure // those that no other size has
}

type sizedFigure struct {
	name, unit string
	value      float64
	note       string
	more       bool // more is better
	bar        *Bar // against the smallest size
}

// Size measures the same figures with few and many charges in the store, few and many lots, all lots healthy and
// one in ten sick; with many of both also every page of the console and the searches for a plate; and statements
// on a site so busy that its live days hold many charges.
func (r *Rig) Size(ctx context.Context, engine *Engine, cfg SizeConfig) ([]Row, error) {
	sizes := []*sized{
		{charges: cfg.Few, lots: cfg.FewLots, sick: Healthy},
		{charges: cfg.Few, lots: cfg.ManyLots, sick: Healthy},
		{charges: cfg.Many, lots: cfg.ManyLots, sick: Healthy, people: true},
		{charges: cfg.Many, lots: cfg.ManyLots, sick: Dead},
		{charges: cfg.Many, lots: cfg.ManyLots, sick: Hanging},
	}
	if cfg.People {
		sizes = sizes[2:3]
	}
	var rows []Row
	for _, s := range sizes {
		s.name = fmt.Sprintf("%s charges, %s lots", short(s.charges), short(s.lots))
		if s.sick != Healthy {
			s.name += ", one in ten " + string(s.sick)
		}
		if err := r.measureSize(ctx, engine, cfg, s); err != nil {
			return rows, fmt.Errorf("%s: %w", s.name, err)
		}
		for i, f := range s.figures {
			row := figure{name: f.name + " with " + s.name, engine: engine.Name, value: f.value, unit: f.unit, note: f.note}
			if s != sizes[0] {
				row.baseline, row.bar = sizes[0].figures[i].value, f.bar
			}
			rows = append(rows, row.row())
		}
		for _, f := range s.alone {
			rows = append(rows, f.row())
		}
	}
	if cfg.Busy > 0 {
		busy, err := r.busy(ctx, engine, cfg)
		if rows = append(rows, busy...); err != nil {
			return rows, fmt.Errorf("%s charges a day: %w", short(cfg.Busy), err)
		}
	}
	if cfg.Plot == "" || cfg.People {
		return rows, nil
	}
	return rows, os.WriteFile(plotFile(cfg.Plot, engine.Name), plot(engine.Name, sizes), 0o644)
}

// plotFile names the plot of an engine: size.svg is size-sqlite.svg.
func plotFile(name, engine string) string {
	kind := filepath.Ext(name)
	return strings.TrimSuffix(name, kind) + "-" + engine + kind
}

func (r *Rig) measureSize(ctx context.Context, engine *Engine, cfg SizeConfig, s *sized) error {
	st, hole, err := r.sizedStand(ctx, engine, cfg, s)
	if err != nil {
		return err
	}
	defer hole.close()
	defer func() {
		st.server.Kill() // what is owed to sick lots would only hold a graceful stop up
		_ = st.ends.Close()
		if cfg.Dir == "" {
			_ = os.RemoveAll(st.server.Data) // the rig's folder goes in the end
		}
	}()
	if s.people { // before the load: what it leaves belongs to no site of that size
		if err := r.measurePeople(ctx, st, cfg, s); err != nil {
			return err
		}
	}
	if cfg.People {
		return nil
	}
	return r.measureLoads(ctx, st, cfg, s)
}

// measurePeople measures what people wait for: pages and searches.
func (r *Rig) measurePeople(ctx context.Context, st *stand, cfg SizeConfig, s *sized) (err error) {
	with := " with " + s.name
	if st.loaded() { // in an earlier run: as many charges in minutes as no site has
		with += " and those of loads"
	}
	if s.alone, err = st.pages(ctx, cfg.Looks, with); err != nil {
		return err
	}
	// Some machines take back memory that a file's pages have not been read from for a while.
	if err := r.warm(ctx, st.engine, st.server.Data, st.server.cfg.Database); err != nil {
		return err
	}
	found, err := st.search(ctx, s.charges, cfg.Searches, with)
	if err != nil {
		return err
	}
	s.alone = append(s.alone, found...)
	r.say("%s: pages and searches are measured", s.name)
	return nil
}

// measureLoads measures pushes at a steady rate and, where all lots are well, at saturation.
func (r *Rig) measureLoads(ctx context.Context, st *stand, cfg SizeConfig, s *sized) error {
	if err := st.markLoaded(); err != nil {
		return err
	}
	g := newGenerator(st.site, st.server.HTTP, charge.KindAPI, 256)
	ill := st.ill(s.sick)
	counts := func(id charge.LotID) bool { return !ill[id] }
	var p50, p99, rate []float64
	for range cfg.Times {
		h, err := st.openLoop(ctx, g, cfg.Loop, counts)
		if err != nil {
			return err
		}
		r.say("%s: push to lot at %.0f/s: %s", s.name, cfg.Loop.Rate, h.String())
		p50, p99 = append(p50, ms(h.Quantile(.5))), append(p99, ms(h.Quantile(.99)))
		if s.sick != Healthy { // what is owed to sick lots is never all delivered
			continue
		}
		sat, err := st.saturate(ctx, g, cfg.Saturate)
		if err != nil {
			return err
		}
		r.say("%s: saturated %.0f/s, %s CPU a charge", s.name, sat.PerSecond, sat.CPU)
		rate = append(rate, sat.PerSecond)
	}
	s.figures = []sizedFigure{
		{name: "push to lot p50", unit: "ms", value: median(p50), note: spread(p50), bar: RatioAtMost(1.5)},
		{name: "push to lot p99", unit: "ms", value: median(p99), note: spread(p99), bar: RatioAtMost(1.5)},
	}
	if s.sick != Healthy {
		return nil
	}
	s.figures = append(s.figures, sizedFigure{name: "saturated", unit: "/s", value: median(rate), note: spread(rate),
		more: true, bar: RatioAtLeast(0.75)})
	return nil
}

// busyDays is how long the busy site has been running: the days that are going on, and the last one past.
const busyDays = 3

// busy measures statements of days that are going on, on a site whose every day has many charges: as a page, and
// whole through the API.
func (r *Rig) busy(ctx context.Context, engine *Engine, cfg SizeConfig) ([]Row, error) {
	s := &sized{charges: busyDays * cfg.Busy, lots: cfg.FewLots, sick: Healthy, span: busyDays * 24 * time.Hour,
		fresh: true}
	st, hole, err := r.sizedStand(ctx, engine, SizeConfig{}, s)
	if err != nil {
		return nil, err
	}
	defer hole.close()
	defer func() {
		st.server.Kill()
		_ = st.ends.Close()
		_ = os.RemoveAll(st.server.Data) // the rig's folder goes in the end
	}()
	admin, leave, err := st.admin(ctx)
	if err != nil {
		return nil, err
	}
	smp := sample{now: time.Now()}
	var pages, answers []float64
	for range cfg.Looks {
		_, took, err := admin.get(ctx, "/statements?from="+smp.day(1)+"&to="+smp.day(0))
		if err != nil {
			return nil, errors.Join(err, leave())
		}
		pages = append(pages, ms(took))
		var rows struct{ Items []struct{ Charges int } }
		took, err = st.server.timed(ctx, "/api/v1/statements?from="+smp.day(1)+"&to="+smp.day(-1), &rows)
		if err == nil && len(rows.Items) == 0 {
			err = errors.New("the statement of today and yesterday is empty")
		}
		if err != nil {
			return nil, errors.Join(err, leave())
		}
		answers = append(answers, ms(took))
	}
	with := fmt.Sprintf("statement of today and yesterday at %s charges a day, ", short(cfg.Busy))
	return []Row{
		figure{name: with + "console page, p99", engine: engine.Name, value: quantile(pages, .99), unit: "ms",
			bar: AtMost(pageWithin),
			note: fmt.Sprintf("of %d looks, p50 %.3g ms, slowest %.3g", len(pages), quantile(pages, .5),
				slices.Max(pages))}.row(),
		figure{name: with + "API, p99", engine: engine.Name, value: quantile(answers, .99), unit: "ms",
			bar:  AtMost(pageWithin),
			note: fmt.Sprintf("of %d, p50 %.3g ms", len(answers), quantile(answers, .5))}.row(),
	}, leave()
}

// ill are the sick lots of a site: one in ten.
func (st *stand) ill(how Sickness) map[charge.LotID]bool {
	ill := map[charge.LotID]bool{}
	for i, l := range st.site.Lots {
		if how != Healthy && i%10 == 0 {
			ill[l.ID] = true
		}
	}
	return ill
}

// sizedStand prepares a site's data, or takes those of an earlier run, and serves them.
func (r *Rig) sizedStand(ctx context.Context, engine *Engine, cfg SizeConfig, s *sized) (*stand, *hole, error) {
	dir := filepath.Join(cfg.Dir, fmt.Sprintf("%s-%d-charges-%d-lots", engine.Name, s.charges, s.lots))
	if cfg.Dir == "" {
		var err error
		if dir, err = r.folder("size"); err != nil {
			return nil, nil, err
		}
	}
	site, database, err := r.prepare(ctx, engine, dir, s)
	if err != nil {
		return nil, nil, err
	}
	if err := r.warm(ctx, engine, dir, database); err != nil {
		return nil, nil, err
	}
	st := &stand{engine: engine, site: site}
	if st.ends, err = OpenCalls(site, 0); err != nil {
		return nil, nil, err
	}
	hole, err := openHole()
	if err != nil {
		return nil, nil, errors.Join(err, st.ends.Close())
	}
	nobody, err := freeAddress()
	if err != nil {
		return nil, nil, errors.Join(err, st.ends.Close())
	}
	ill := st.ill(s.sick)
	for _, l := range site.Of(charge.KindAPI) {
		switch {
		case ill[l.ID] && s.sick == Hanging:
			l.Callback = hole.url
		case ill[l.ID]:
			l.Callback = "http://" + nobody + "/bolink"
		}
	}
	st.server, err = r.Serve(ctx, ServerConfig{Data: dir, Database: database})
	if err == nil {
		err = st.server.Apply(ctx, site.Estate())
	}
	if err != nil {
		return nil, nil, errors.Join(err, st.ends.Close())
	}
	return st, hole, nil
}

// siteFile keeps a prepared site's keys beside its data, once the data have been verified. Its number is raised when
// a history holds something else than before.
const siteFile = "bench-site-2.json"

// prepare fills a data folder with history and verifies it, unless an earlier run has.
func (r *Rig) prepare(ctx context.Context, engine *Engine, dir string, s *sized) (*Site, string, error) {
	kept := engine.Kept
	if s.fresh {
		kept = func(string, bool) (string, error) { return engine.Database() }
	}
	if engine.unkept != nil {
		r.say("what is prepared on %s is not kept for later runs: %v", engine.Name, engine.unkept)
	}
	name := filepath.Base(dir)
	if text, err := os.ReadFile(filepath.Join(dir, siteFile)); err == nil && engine.Keeps() {
		site := NewSite(SiteSize{API: s.lots}, saturatePlatform)
		database, err := kept(name, false)
		return site, database, errors.Join(err, site.restore(text))
	}
	database, err := kept(name, true)
	if err != nil {
		return nil, "", err
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, "", err
	}
	site := NewSite(SiteSize{API: s.lots}, saturatePlatform)
	cfg := store.Config{DataDir: dir, URL: database, Node: "history"}
	begin := time.Now()
	h := History{Charges: s.charges, Span: cmp.Or(s.span, historySpan), Pushes: historyPushes, Until: begin}
	if err := h.load(ctx, cfg, site); err != nil {
		return nil, "", fmt.Errorf("writing history: %w", err)
	}
	r.say("%s charges were written in %s", short(s.charges), time.Since(begin).Round(time.Second))
	begin = time.Now()
	if err := r.warm(ctx, engine, dir, database); err != nil { // verify looks at pages in the order of their keys
		return nil, "", err
	}
	if err := verify(ctx, cfg); err != nil {
		return nil, "", err
	}
	r.say("and verified in %s", time.Since(begin).Round(time.Second))
	text, err := site.keep()
	if err != nil {
		return nil, "", err
	}
	return site, database, os.WriteFile(filepath.Join(dir, siteFile), text, 0o600)
}

// loadedFile says beside prepared data that a load has left its charges in them.
const loadedFile = "bench-loaded"

func (st *stand) markLoaded() error {
	return os.WriteFile(filepath.Join(st.server.Data, loadedFile), nil, 0o600)
}

func (st *stand) loaded() bool {
	_, err := os.Stat(filepath.Join(st.server.Data, loadedFile))
	return err == nil
}

// kept is what of a site must be known again to use its data another time.
type kept struct {
	Ukey  string
	Ckeys []string
	Keys  map[string]map[string]string
}

func (s *Site) keep() ([]byte, error) {
	k := kept{Ukey: s.Ukey, Keys: s.forwarderSite().Keys}
	for _, l := range s.Lots {
		k.Ckeys = append(k.Ckeys, l.Ckey)
	}
	return json.Marshal(k)
}

func (s *Site) restore(text []byte) error {
	var k kept
	if err := json.Unmarshal(text, &k); err != nil {
		return fmt.Errorf("%s: %w", siteFile, err)
	}
	if len(k.Ckeys) != len(s.Lots) {
		return fmt.Errorf("%s knows %d lots, not %d; remove the folder", siteFile, len(k.Ckeys), len(s.Lots))
	}
	s.Ukey = k.Ukey
	for i := range s.Lots {
		s.Lots[i].Ckey = k.Ckeys[i]
	}
	for p, keys := range k.Keys {
		s.keys[p] = keys
	}
	return nil
}

// short writes 5000000 as 5M.
func short(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n >= 1_000 && n%1_000 == 0:
		return fmt.Sprintf("%dk", n/1_000)
	}
	return fmt.Sprint(n)
}
