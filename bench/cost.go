package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// Cost is what one charge costs the server, which depends less on what else the machine does than times do.
type Cost struct {
	Charges   int
	CPU       time.Duration // of the server
	Committer time.Duration // processor time of the one thread that writes to SQLite; 0 on PostgreSQL
	Waiting   time.Duration // of that thread, for a core or the tables
	Disk      float64       // bytes that the server wrote to disk, PostgreSQL's own left out; 0 where they are not known
	Commits   float64
	Database  float64 // bytes that the database grew by, SQLite's alone
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
		Disk:    float64(to.disk-from.disk) / each, Commits: of("chargestamp_store_batches_total")}
}

func (c Cost) String() string {
	return fmt.Sprintf("%d charges, each %v CPU, %v of the committer and %v of its waits, %.0f bytes to disk, "+
		"%.0f in the database, %.2f commits",
		c.Charges, c.CPU.Round(time.Microsecond), c.Committer.Round(time.Microsecond), c.Waiting.Round(time.Microsecond),
		c.Disk, c.Database, c.Commits)
}

// costs measures a charge under a load, with callback lots.
func (r *Rig) costs(ctx context.Context, engine *Engine, load play.LoadConfig, warm time.Duration) (c Cost, err error) {
	st, err := r.stand(ctx, engine, SiteSize{API: DefaultSaturate.Lots})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, st.close()) }()
	// What the schema takes is in the one file, and not in SQLite's log, before anything is counted.
	if err := errors.Join(st.server.Stop(), st.server.Up(ctx)); err != nil {
		return c, err
	}
	empty := st.server.database()
	g := newGenerator(st.site, st.server.HTTP, charge.KindAPI, load.Workers)
	first := load
	first.For = warm
	if _, err := g.load(ctx, first); err != nil {
		return c, err
	}
	if _, err := st.allDelivered(ctx, g.next); err != nil {
		return c, err
	}
	before, err := st.server.spent(ctx)
	if err != nil {
		return c, err
	}
	pushes, err := g.load(ctx, load)
	if err != nil {
		return c, err
	}
	if _, err := st.allDelivered(ctx, g.next); err != nil {
		return c, err
	}
	after, err := st.server.spent(ctx)
	if err == nil {
		err = st.server.Stop() // everything is in the one file then
	}
	c = costBetween(before, after, pushes.Accepted)
	c.Database = float64(st.server.database()-empty) / float64(max(g.next, 1))
	return c, err
}

// database is the size of SQLite's file; 0 on PostgreSQL.
func (s *Server) database() int64 {
	file, err := os.Stat(filepath.Join(s.Data, "chargestamp.db"))
	if s.cfg.Database != "" || err != nil {
		return 0
	}
	return file.Size()
}

// costRows measures what a charge costs under saturating load and at quietRate.
func (r *Rig) costRows(ctx context.Context, cfg TableConfig) (rows []Row, err error) {
	for _, e := range cfg.Engines {
		for _, at := range []struct {
			name   string
			load   play.LoadConfig
			bytes  float64
			burden bool
		}{
			{"saturated", play.LoadConfig{Workers: cfg.Saturate.Workers, For: cfg.Saturate.For}, 12_000, true},
			{fmt.Sprintf("%d/s", quietRate),
				play.LoadConfig{Rate: quietRate, Workers: 256, For: cfg.Loop.For}, 40_000, false},
		} {
			var all []Cost
			for n := range cfg.Times {
				c, err := r.costs(ctx, e, at.load, cfg.Saturate.Warm)
				if err != nil {
					return rows, err
				}
				r.say("run %d: %s, %s: %s", n+1, e.Name, at.name, c)
				all = append(all, c)
			}
			rows = append(rows, costFigures(e.Name, at.name, all, at.bytes, at.burden)...)
		}
	}
	return rows, nil
}

// costFigures makes rows of what some runs cost. Bars are for SQLite, where the server does all the work itself; of its
// time for the saturated load alone, since at a lower rate every commit is shared by fewer.
func costFigures(engine, load string, all []Cost, bytes float64, burden bool) []Row {
	var cpu, committer, waiting, disk, commits, database []float64
	for _, c := range all {
		cpu, committer = append(cpu, ms(c.CPU)), append(committer, ms(c.Committer))
		disk, commits = append(disk, c.Disk), append(commits, c.Commits)
		database, waiting = append(database, c.Database), append(waiting, ms(c.Waiting))
	}
	figures := []figure{
		{name: "server's CPU a charge, " + load, value: median(cpu), unit: "ms", note: spread(cpu)},
		{name: "commits a charge, " + load, value: median(commits), unit: "", note: spread(commits)},
	}
	if engine == SQLite {
		if burden {
			figures[0].bar = AtMost(0.25)
		}
		figures = append(figures,
			figure{name: "committer waits for a core or tables, " + load, value: median(waiting), unit: "ms",
				note: spread(waiting)},
			figure{name: "committer's own time a charge, " + load, value: median(committer), unit: "ms",
				note: spread(committer)})
		if burden {
			figures[len(figures)-1].bar = AtMost(0.12)
			figures = append(figures, figure{name: "database, a charge", value: median(database), unit: "bytes",
				bar: AtMost(2000), note: spread(database)})
		}
		if median(disk) > 0 {
			figures = append(figures, figure{name: "written to disk a charge, " + load, value: median(disk), unit: "bytes",
				bar: AtMost(bytes), note: spread(disk)})
		}
	}
	rows := make([]Row, len(figures))
	for i, f := range figures {
		f.engine = engine
		rows[i] = f.row()
	}
	return rows
}
