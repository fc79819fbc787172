package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// Cost is what one charge costs the server, which depends less on what else the machine does than times do.
type Cost struct {
	Charges    int
	CPU        time.Duration // of the server
	Committer  time.Duration // processor time of the one thread that writes to SQLite; 0 on PostgreSQL
	Waiting    time.Duration // of that thread, for a core or the tables
	Disk       float64       // bytes that the server wrote to disk, PostgreSQL's own left out; 0 where they are not known
	Commits    float64
	Statements float64
	Database   DatabaseSize // what it grew by, SQLite's alone

	Shares Shares // of CPU, where profiles are kept
}

// quietRate is the load of a site of some hundred thousand charges a day in its busiest minutes.
const quietRate = 300

// spent is what a server has used since its start.
type spent struct {
	Metrics
	disk int64
}

func (s *Server) spent(ctx context.Context) (spent, error) {
	m, err := s.Metrics(ctx)
	return spent{m, s.proc.written()}, err
}

// costBetween is what each of n charges has cost between two moments.
func costBetween(from, to spent, n int) Cost {
	each := float64(max(n, 1))
	of := func(name string) float64 { return (to.Metrics[name] - from.Metrics[name]) / each }
	seconds := func(name string) time.Duration { return time.Duration(of(name) * float64(time.Second)) }
	committer := seconds("chargestamp_store_committer_cpu_seconds_total")
	return Cost{Charges: n, CPU: (to.CPU() - from.CPU()) / time.Duration(max(n, 1)), Committer: committer,
		Waiting: seconds("chargestamp_store_committer_seconds_total") - committer,
		Disk:    float64(to.disk-from.disk) / each, Commits: of("chargestamp_store_batches_total"),
		Statements: of("chargestamp_store_statements_total")}
}

func (c Cost) String() string {
	return fmt.Sprintf("%d charges, each %v CPU, %v of the committer and %v of its waits, %.0f bytes to disk, "+
		"%.0f in the database, %.2f commits",
		c.Charges, c.CPU.Round(time.Microsecond), c.Committer.Round(time.Microsecond), c.Waiting.Round(time.Microsecond),
		c.Disk, c.Database.Bytes, c.Commits)
}

// costLoad is a load under which a charge's cost is measured.
type costLoad struct {
	name  string // "saturated", "300/s"
	load  play.LoadConfig
	bytes float64 // a charge may write so many to disk
	full  bool    // every commit is shared by many: the bars of times are for it
}

// costs measures a charge under a load, with callback lots.
func (r *Rig) costs(ctx context.Context, engine *Engine, at costLoad, warm time.Duration) (c Cost, err error) {
	st, err := r.stand(ctx, engine, SiteSize{API: DefaultSaturate.Lots})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, st.close()) }()
	// What the schema takes is in the one file, and not in SQLite's log, before anything is counted.
	empty, err := st.server.stopAndMeasure()
	if err == nil {
		err = st.server.Up(ctx)
	}
	if err != nil {
		return c, err
	}
	g := newGenerator(st.site, st.server.HTTP, charge.KindAPI, at.load.Workers)
	first := at.load
	first.For = warm
	if _, err := g.load(ctx, first); err != nil {
		return c, err
	}
	if _, err := st.allDelivered(ctx, g.next); err != nil {
		return c, err
	}
	if c, err = st.costOf(ctx, g, at); err != nil {
		return c, err
	}
	grown, err := st.server.stopAndMeasure() // everything is in the one file then
	c.Database = grown.since(empty, g.next)
	return c, err
}

// costOf puts a load on a server and measures what each charge of it has cost until all are delivered.
func (st *stand) costOf(ctx context.Context, g *generator, at costLoad) (c Cost, err error) {
	before, err := st.server.spent(ctx)
	if err != nil {
		return c, err
	}
	name := st.engine.Name + "-cost-" + strings.ReplaceAll(at.name, "/", "-")
	profiled := st.server.profile(ctx, name, at.load.For)
	pushes, err := g.load(ctx, at.load)
	if err != nil {
		return c, err
	}
	if _, err := st.allDelivered(ctx, g.next); err != nil {
		return c, err
	}
	after, err := st.server.spent(ctx)
	if err = errors.Join(err, profiled()); err != nil {
		return c, err
	}
	c = costBetween(before, after, pushes.Accepted)
	if dir := st.server.rig.Profiles; dir != "" {
		c.Shares, err = readShares(filepath.Join(dir, name+".cpu.pprof"), c.CPU)
	}
	return c, err
}

// costRows measures what a charge costs under saturating load and at quietRate.
func (r *Rig) costRows(ctx context.Context, cfg TableConfig) (rows []Row, err error) {
	loads := []costLoad{
		{"saturated", play.LoadConfig{Workers: cfg.Saturate.Workers, For: cfg.Saturate.For}, 12_000, true},
		{fmt.Sprintf("%d/s", quietRate), play.LoadConfig{Rate: quietRate, Workers: 256, For: cfg.Loop.For}, 40_000, false},
	}
	for _, e := range cfg.Engines {
		for _, at := range loads {
			var all []Cost
			for n := range cfg.Times {
				c, err := r.costs(ctx, e, at, cfg.Saturate.Warm)
				if err != nil {
					return rows, err
				}
				r.say("run %d: %s, %s: %s", n+1, e.Name, at.name, c)
				all = append(all, c)
			}
			rows = append(rows, costFigures(e.Name, at, all)...)
		}
	}
	return rows, nil
}

// costFigures makes rows of what some runs cost. Bars are for SQLite, where the server does all the work itself.
func costFigures(engine string, at costLoad, all []Cost) (rows []Row) {
	add := func(name, unit string, bar *Bar, of func(Cost) float64) {
		values := make([]float64, len(all))
		for i, c := range all {
			values[i] = of(c)
		}
		if engine != SQLite {
			bar = nil
		}
		f := figure{name: name, engine: engine, value: median(values), unit: unit, bar: bar, note: spread(values)}
		rows = append(rows, f.row())
	}
	burden := func(limit float64) *Bar {
		if at.full {
			return AtMost(limit)
		}
		return nil
	}
	add("server's CPU a charge, "+at.name, "ms", burden(0.25), func(c Cost) float64 { return ms(c.CPU) })
	for _, part := range sharesOf(all) {
		add("CPU a charge, "+at.name+", "+part, "ms", nil, func(c Cost) float64 { return ms(c.Shares[part]) })
	}
	add("commits a charge, "+at.name, "", nil, func(c Cost) float64 { return c.Commits })
	add("statements a charge, "+at.name, "", nil, func(c Cost) float64 { return c.Statements })
	if engine != SQLite {
		return rows
	}
	add("committer waits for a core or tables, "+at.name, "ms", nil, func(c Cost) float64 { return ms(c.Waiting) })
	add("committer's own time a charge, "+at.name, "ms", burden(0.12), func(c Cost) float64 { return ms(c.Committer) })
	if at.full {
		add("database, a charge", "bytes", AtMost(2000), func(c Cost) float64 { return c.Database.Bytes })
		add("rows a charge", "", nil, func(c Cost) float64 { return c.Database.Rows })
		add("index entries a charge", "", nil, func(c Cost) float64 { return c.Database.Entries })
	}
	if all[0].Disk > 0 {
		add("written to disk a charge, "+at.name, "bytes", AtMost(at.bytes), func(c Cost) float64 { return c.Disk })
	}
	return rows
}

// sharesOf names the shares that any of some runs has.
func sharesOf(all []Cost) []string {
	names := make(map[string]bool)
	for _, c := range all {
		for name := range c.Shares {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
