package app

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/store"
)

const (
	// figuresFor is how long figures that were read from the store serve further scrapes.
	figuresFor = 5 * time.Second
	// figuresWithin bounds the reading: a scrape must not hang on a database that is away.
	figuresWithin = 2 * time.Second
)

// gauges reports to Prometheus what the alerts judge by: what waits and since when, lots off line, disk and
// database. They are read when they are scraped, of all nodes of the site. Where they cannot be read they are left
// out, and figures_readable is 0.
type gauges struct {
	app *App
	now func() time.Time

	mu   sync.Mutex
	read time.Time
	last figures
}

// figures are one reading.
type figures struct {
	readable  bool
	backlog   store.Backlog
	queues    []charge.WebhookQueue
	audit     guard.AuditHead
	auditAt   time.Time
	offLine   int
	diskFree  int64
	diskTotal int64
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("chargestamp_"+name, help, labels, nil)
}

var (
	descWaiting   = describe("backlog", "Deliveries by channel, reports and messages to webhooks, not done yet.", "kind")
	descOldest    = describe("backlog_oldest_seconds", "How long the oldest of them has waited.", "kind")
	descHookWaits = describe("webhook_waiting", "Messages to a webhook that are tried again.", "webhook")
	descHookAge   = describe("webhook_oldest_seconds", "How long the oldest of them has waited.", "webhook")
	descHookGone  = describe("webhook_gave_up", "Messages to a webhook that were given up and are kept.", "webhook")
	descHeld      = describe("charges_held", "Charges that wait for their stay.")
	descOffLine   = describe("lots_off_line", "SDK lots that were on line once and are not.")
	descDiskFree  = describe("disk_free_bytes", "Free bytes of this node's data disk.")
	descDiskTotal = describe("disk_total_bytes", "Bytes of this node's data disk.")
	descSize      = describe("database_bytes", "Bytes of the database.")
	descWAL       = describe("database_wal_bytes", "Bytes of SQLite's write-ahead log.")
	descBatches   = describe("store_batches_total", "Commits of this node.")
	descWrites    = describe("store_writes_total", "Writes that shared them; divided by the batches: how many share one.")
	descAsked     = describe("store_statements_total",
		"Statements sent to the database to write, and to look up what a write asks.")
	descBusy      = describe("store_busy_total", "Writes turned away because too many waited.")
	descCommitter = describe("store_committer_seconds_total",
		"Time that the thread worked which writes to SQLite; 0 on PostgreSQL.")
	descCommitCPU = describe("store_committer_cpu_seconds_total", "Processor time in it, on Linux.")
	descQueue     = describe("store_queue", "Writes that wait for a commit.")
	descAudit     = describe("audit_entries", "Entries of the audit log.")
	descAuditAge  = describe("audit_last_seconds", "How old the newest of them is.")
	descWeak      = describe("weak_keys", "Keys of the estate that a stranger may find by trying.", "problem")
	descReadable  = describe("figures_readable",
		"1 where the figures of the site could be read, 0 where the database is away.")
	descBuild = describe("build_info", "Always 1; the labels name the build.", "version", "go", "engine")
)

// Describe implements prometheus.Collector.
func (g *gauges) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(g, to) }

// Collect implements prometheus.Collector.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v int64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
	}
	stats := g.app.store.Stats()
	count(descBatches, stats.Batches)
	count(descWrites, stats.Writes)
	count(descAsked, stats.Statements)
	count(descBusy, stats.Busy)
	to <- prometheus.MustNewConstMetric(descCommitter, prometheus.CounterValue, stats.Committing.Seconds())
	to <- prometheus.MustNewConstMetric(descCommitCPU, prometheus.CounterValue, stats.CommittingCPU.Seconds())
	gauge(descQueue, float64(stats.Queued))
	gauge(descBuild, 1, Version, runtime.Version(), g.app.store.Engine())
	g.collectWeak(gauge)
	f := g.figures()
	gauge(descDiskFree, float64(f.diskFree))
	gauge(descDiskTotal, float64(f.diskTotal))
	if !f.readable {
		gauge(descReadable, 0)
		return
	}
	gauge(descReadable, 1)
	g.collectBacklog(f, gauge)
	g.collectWebhooks(f, gauge)
	gauge(descHeld, float64(f.backlog.Held))
	gauge(descOffLine, float64(f.offLine))
	gauge(descSize, float64(f.backlog.Size))
	gauge(descWAL, float64(f.backlog.WAL))
	gauge(descAudit, float64(f.audit.Rows))
	age := 0.0
	if f.audit.Rows > 0 {
		age = max(0, g.now().Sub(f.auditAt).Seconds())
	}
	gauge(descAuditAge, age)
}

// collectWeak counts the weak keys of the estate by what is wrong with them.
func (g *gauges) collectWeak(gauge func(*prometheus.Desc, float64, ...string)) {
	count := map[estate.Problem]int{}
	for _, w := range g.app.book.State().Weak() {
		count[w.Problem]++
	}
	for _, p := range estate.Problems {
		gauge(descWeak, float64(count[p]), string(p))
	}
}

// collectBacklog reports every kind, so that a series is there before its first job.
func (g *gauges) collectBacklog(f figures, gauge func(*prometheus.Desc, float64, ...string)) {
	for _, kind := range []string{"line", "callback", "report", "webhook"} {
		waiting := store.Waiting{Kind: kind}
		for _, w := range f.backlog.Jobs {
			if w.Kind == kind {
				waiting = w
			}
		}
		age := 0.0
		if waiting.Count > 0 {
			age = max(0, g.now().Sub(waiting.Oldest).Seconds())
		}
		gauge(descWaiting, float64(waiting.Count), kind)
		gauge(descOldest, age, kind)
	}
}

// collectWebhooks reports every webhook of the settings, and those that something waits for still.
func (g *gauges) collectWebhooks(f figures, gauge func(*prometheus.Desc, float64, ...string)) {
	for _, q := range g.app.webhooks.Standing(f.queues) {
		age := 0.0
		if !q.Oldest.IsZero() {
			age = max(0, g.now().Sub(q.Oldest).Seconds())
		}
		gauge(descHookWaits, float64(q.Waiting), q.Name)
		gauge(descHookAge, age, q.Name)
		gauge(descHookGone, float64(q.GaveUp), q.Name)
	}
}

// figures reads the site's figures, at most once in figuresFor.
func (g *gauges) figures() figures {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := g.now(); g.read.IsZero() || now.Sub(g.read) >= figuresFor || now.Before(g.read) {
		g.read, g.last = now, g.readFigures()
	}
	return g.last
}

func (g *gauges) readFigures() (f figures) {
	ctx, cancel := context.WithTimeout(context.Background(), figuresWithin)
	defer cancel()
	a := g.app
	f.diskFree, f.diskTotal = disk(a.cfg.Data, a.logger)
	backlog, err := a.store.Backlog(ctx)
	if err != nil {
		return f
	}
	if f.queues, err = a.store.WebhookQueues(ctx); err != nil {
		return f
	}
	head, last, err := a.guard.Audit.Head(ctx)
	if err != nil {
		return f
	}
	f.audit, f.auditAt = head, last.At
	standing, err := a.store.LotStatuses(ctx)
	if err != nil {
		return f
	}
	f.readable, f.backlog = true, backlog
	for _, s := range standing {
		if _, _, known := a.book.State().Lot(s.Lot); known && !s.Online && !s.Beat.IsZero() {
			f.offLine++
		}
	}
	return f
}
