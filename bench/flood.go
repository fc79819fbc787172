package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/platform/all"
	"github.com/chargestamp/chargestamp/play"
)

// FloodConfig describes strangers who send without a key to one public path after the other, beside honest pushes.
type FloodConfig struct {
	Rate   float64       // messages of strangers a second
	Honest float64       // pushes a second
	For    time.Duration // on each path
	Only   string        // of the paths those that contain it
}

// DefaultFlood is what the soak runs.
var DefaultFlood = FloodConfig{Rate: 8000, Honest: 50, For: time.Minute}

// linePath names the line among the public paths.
const linePath = "line login"

// offeredAtLeast is the part of a flood's rate below which the run shows too little.
const offeredAtLeast = 0.95

// floodPlatforms have accounts of their own in a flood: one or two of each family and recipe.
var floodPlatforms = []string{saturatePlatform, "xiaoju", "xiaowei", "linghu", "zhichong", "zhongdianlian", "dakeyun",
	"xingxing"}

// floodRun is a server under floods.
type floodRun struct {
	*stand
	cfg    FloodConfig
	far    *Far
	honest *generator
	quiet  play.Histogram
	rows   []Row

	lost    int     // honest pushes that were refused or not answered
	charges int     // honest ones in all
	each    float64 // bytes that the database grows by for an honest charge
	swelled swelling
}

// swelling is how a server's memory grows in a flood, in bytes.
type swelling struct {
	path       string
	early, end float64 // after a third of the flood, and at its end
}

func (s swelling) ratio() float64 { return s.end / s.early }

// Flood lets strangers send wrong keys, wrong paths and wrong logins at a rate that does not wait for answers. Honest
// pushes must be answered as fast as the bar says, none of them refused, and the log, the disk and the memory must not
// grow by what strangers send. The strangers are a process of their own, but share the machine's processors.
func (r *Rig) Flood(ctx context.Context, engine *Engine, cfg FloodConfig) (rows []Row, err error) {
	site := NewSite(SiteSize{API: 2, SDK: 2}, floodPlatforms...)
	f := &floodRun{cfg: cfg, stand: &stand{engine: engine, site: site, env: []string{"CHARGESTAMP_LOG_LEVEL=info",
		"CHARGESTAMP_LIMITS_ADDRESS_PER_S=2000", "CHARGESTAMP_LIMITS_ACCOUNT_PER_S=1000",
		"CHARGESTAMP_LIMITS_LOGIN_PER_S=20"}}}
	if f.ends, err = OpenCalls(site, 0); err != nil {
		return nil, err
	}
	if err := r.open(ctx, f.stand); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	messages, err := f.messages(ctx)
	if err != nil {
		return nil, err
	}
	if f.far, err = r.Far(ctx); err != nil {
		return nil, err
	}
	defer f.far.Close()
	f.honest = newGenerator(site, f.server.HTTP, charge.KindAPI, 64)
	f.honest.lots = append(f.honest.lots, site.Of(charge.KindSDK)...)
	before, err := f.rest(ctx)
	if err != nil {
		return nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(messages)) {
		profiled := f.server.profile(ctx, "flood"+strings.ReplaceAll(path, "/", "_"), cfg.For)
		if err := errors.Join(f.flood(ctx, path, messages[path]), profiled()); err != nil {
			return f.rows, fmt.Errorf("%s: %w", path, err)
		}
	}
	logged := f.server.proc.tail.bytes()
	after, err := f.stored(ctx)
	if err != nil {
		return f.rows, err
	}
	f.judge(after-before, logged)
	return f.rows, nil
}

// rest pushes without strangers, and returns the database's bytes after it. What an honest charge takes on disk is not
// counted as the strangers'.
func (f *floodRun) rest(ctx context.Context) (after float64, err error) {
	before, err := f.stored(ctx)
	if err != nil {
		return 0, err
	}
	result, err := f.push(ctx, max(f.cfg.For/2, 2*time.Second))
	if err != nil {
		return 0, err
	}
	f.quiet = result.Latency
	if after, err = f.stored(ctx); err != nil {
		return 0, err
	}
	f.each = (after - before) / float64(max(result.Accepted, 1))
	f.charges = 0
	return after, nil
}

// stored starts the server again, so that all that is stored is in the database, and returns the database's bytes.
func (f *floodRun) stored(ctx context.Context) (float64, error) {
	if err := errors.Join(f.server.Stop(), f.server.Up(ctx)); err != nil {
		return 0, err
	}
	m, err := f.server.Metrics(ctx)
	return m["chargestamp_database_bytes"], err
}

// push lets the honest platform push for a while. Pushes that are not accepted are counted.
func (f *floodRun) push(ctx context.Context, lasts time.Duration) (play.Result, error) {
	result, err := f.honest.load(ctx, play.LoadConfig{Rate: f.cfg.Honest, Workers: 64, For: lasts})
	f.charges += result.Accepted
	if lost := result.Failed + result.Refused; lost > 0 {
		f.lost += lost
		err = nil
	}
	return result, errors.Join(err, context.Cause(ctx))
}

// flood sends to one path, beside honest pushes.
func (f *floodRun) flood(ctx context.Context, path string, message []byte) error {
	o := floodOrder{Message: message, Line: path == linePath, Rate: f.cfg.Rate, For: f.cfg.For}
	addr := f.server.HTTP
	if o.Line {
		addr = f.server.Line
	}
	before, err := f.server.Metrics(ctx)
	if err != nil {
		return err
	}
	type end struct {
		count floodCount
		err   error
	}
	over := make(chan end, 1)
	go func() {
		count, err := f.far.Flood(addr, o)
		over <- end{count, err}
	}()
	early := make(chan Metrics, 1)
	go func() {
		wait(ctx, f.cfg.For/3)
		m, _ := f.server.Metrics(ctx) // what is not read counts as no memory, and fails
		early <- m
	}()
	honest, err := f.push(ctx, f.cfg.For)
	flooded, third := <-over, <-early
	if err = errors.Join(err, flooded.err); err != nil {
		return err
	}
	after, err := f.server.Metrics(ctx)
	if err != nil {
		return err
	}
	if swelled := (swelling{path, third.RSS(), after.RSS()}); f.swelled.path == "" || swelled.ratio() > f.swelled.ratio() {
		f.swelled = swelled
	}
	lasted := f.cfg.For.Seconds()
	cpu := (after.CPU() - before.CPU()).Seconds() / lasted
	f.tell(figure{name: "flood of " + path + ": honest pushes p99", value: ms(honest.Latency.Quantile(.99)), unit: "ms",
		baseline: ms(f.quiet.Quantile(.99)), bar: AtMost(50), note: honest.Latency.String()})
	f.tell(figure{name: "flood of " + path + ": offered", value: float64(flooded.count.Sent) / lasted, unit: "/s",
		bar:  AtLeast(f.cfg.Rate * offeredAtLeast),
		note: fmt.Sprintf("by %.0f connections a second", float64(flooded.count.Dialled)/lasted)})
	f.tell(figure{name: "flood of " + path + ": answered within " + patience.String(), unit: "/s",
		value: float64(flooded.count.Answered) / lasted,
		note:  fmt.Sprintf("%.2f processors of the server, RSS %.0f MiB", cpu, after.RSS()/(1<<20))})
	return nil
}

// judge weighs what is left of all floods, by which the database has grown by so many bytes and the log too.
func (f *floodRun) judge(grown float64, logged int64) {
	grown -= f.each * float64(f.charges)
	budget := float64(flow.MostRefusedBytes(len(floodPlatforms)))
	f.tell(figure{name: "floods: honest pushes refused or not answered", value: float64(f.lost), unit: "pushes",
		bar: AtMost(0), note: fmt.Sprintf("of %d", f.charges+f.lost)})
	f.tell(figure{name: "floods: log", value: float64(logged) / 1e6, unit: "MB", bar: AtMost(1)})
	f.tell(figure{name: "floods: disk for what was refused", value: max(grown, 0) / (1 << 20), unit: "MiB",
		bar: AtMost(budget / (1 << 20)), note: fmt.Sprintf("honest charges of %.0f bytes are taken off", f.each)})
	f.tell(figure{name: "floods: memory at the end of a path, against its first third", value: f.swelled.end / (1 << 20),
		unit: "MiB RSS", baseline: f.swelled.early / (1 << 20), bar: RatioAtMost(1.25),
		note: "where it grows most: " + f.swelled.path})
}

func (f *floodRun) tell(row figure) {
	row.engine = f.engine.Name
	f.rows = append(f.rows, row.row())
}

// messages are what strangers send, by public path: pushes about lots that there are, sealed with keys that are not
// theirs, and messages of lots likewise.
func (f *floodRun) messages(ctx context.Context) (map[string][]byte, error) {
	forged := NewSite(SiteSize{API: 1}, play.Platforms()...)
	forged.Lots[0].ID = f.site.Lots[0].ID
	for id, keys := range f.site.keys { // an operator is no secret
		for _, name := range []string{"operator_id", "app_id"} {
			if keys[name] != "" {
				forged.keys[id][name] = keys[name]
			}
		}
	}
	pushes := map[string]*play.Request{}
	for _, id := range play.Platforms() {
		p := push("f", 0, forged.Lots[0].ID, time.Now())
		p.Charger = "C1"
		r, err := forged.Player("in.process", id, &forged.Lots[0], nil).Prepare(ctx, p, play.Options{Token: secret(16)})
		if err != nil {
			return nil, err
		}
		pushes[id] = r
	}
	found := map[string][]byte{}
	add := func(path string, header http.Header, body []byte) {
		if strings.Contains(path, f.cfg.Only) {
			found[path] = f.request(path, header, body)
		}
	}
	for _, d := range all.Builtin() {
		info := d.Info()
		for _, route := range info.Routes {
			if r := pushes[info.ID]; r != nil {
				add(route.Path, r.Header, r.Body)
			}
		}
	}
	l := f.site.Lots[0].ID
	signed := fmt.Sprintf(`{"data":{"union_id":%q,"park_id":%q,"order_id":"S1","car_number":"京A00001",`+
		`"in_time":1700000000,"total":"1.00"},"sign":%q}`, l.Union, l.Park, strings.Repeat("0", 32))
	for _, path := range []string{"/gate/v1/entry", "/gate/v1/quote", "/gate/v1/paid", "/gate/v1/exit",
		"/unionapi/neworder/addorder", "/unionapi/neworder/updateorder", "/zld/openservice/uploaddurationinfo"} {
		add(path, nil, []byte(signed))
	}
	line := f.site.Of(charge.KindSDK)[0].ID
	login := fmt.Sprintf(`{"service_name":"login","sign":%q,"data":{"union_id":%q,"park_id":%q,"local_id":"x"}}`,
		strings.Repeat("0", 32), line.Union, line.Park)
	add("/bpd/upload.do", nil, []byte(login))
	add("/bpd/download.do", nil, []byte(`{"token":"`+secret(16)+`"}`))
	add(coupon.InletPath+l.String()+"/"+secret(16), nil, []byte("{}"))
	add("/no/such/path", nil, []byte("{}"))
	if strings.Contains(linePath, f.cfg.Only) {
		found[linePath] = []byte(login + "\n")
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no public path contains %q", f.cfg.Only)
	}
	return found, nil
}

// strangersQuery is a query that pushes of strangers bear, so that there is something to fill a disk with.
const strangersQuery = 1 << 10

// request writes a whole request.
func (f *floodRun) request(path string, header http.Header, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s?x=%s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", path, secret(strangersQuery/2),
		f.server.HTTP, len(body))
	_ = header.Write(&b) // into memory
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}
