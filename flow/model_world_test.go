package flow_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/store"
)

// mesh is an estate that the model changes: lots, and the bindings of two platforms' accounts to each.
type mesh struct {
	mu       sync.Mutex
	lots     map[charge.LotID]charge.Lot
	bindings map[string]charge.Binding // by account and lot
}

// The model's accounts and their platforms.
var modelAccounts = map[string]string{"teld": "telaidian", "xj": "xiaoju"}

func (m *mesh) Lot(id charge.LotID) (charge.Lot, charge.Vendor, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.lots[id]
	return l, charge.Vendor{UnionID: id.Union}, ok && !l.Off
}

func (m *mesh) Vendor(union string) (charge.Vendor, bool) { return charge.Vendor{UnionID: union}, true }

func (m *mesh) Account(id string) (charge.Account, bool) {
	p, ok := modelAccounts[id]
	return charge.Account{ID: id, Platform: p, Undated: charge.UndatedOnceAStay,
		Report: &charge.ReportTarget{URL: "https://report.example"}}, ok
}

func (m *mesh) Binding(account string, id charge.LotID) (charge.Binding, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.bindings[account+"@"+id.String()]
	return b, ok
}

func (m *mesh) Issuer(account string, id charge.LotID) charge.Issuer {
	return charge.IssuerOf(charge.IssuerAccount, account, charge.Scope{}, id)
}

func (m *mesh) LotOff(charge.LotID) bool { return false }

func (m *mesh) LotOfCharger(string, []string) (charge.LotID, string, bool) {
	return charge.LotID{}, "", false
}

func (m *mesh) Children(id charge.LotID) []charge.LotID {
	if id == outerLot {
		return []charge.LotID{innerLot}
	}
	return nil
}

// reporting is a dialect of which the story needs no more than that it reports.
type reporting struct {
	platform.Dialect
	platform.Reporter
}

func (reporting) Info() platform.Info { return platform.Info{ID: "telaidian"} }

// flight is an order on its way into a played lot. answer is nil once it has been answered.
type flight struct {
	lots   *playedLots
	order  lot.Order
	answer func(lot.Result)
	dead   bool // its node has stopped
}

// playedLots is what car parks do with what reaches them: they apply an id once, and those that replace have what
// they applied last.
type playedLots struct {
	mu      sync.Mutex
	t       *rapid.T
	flights []*flight
	bytes   map[string]string     // by uuid, as first seen
	applied map[string]lot.Notice // by uuid
	order   []string              // uuids as they were applied
	refused map[string]bool
	down    bool
}

func (p *playedLots) Compose(n lot.Notice) ([]byte, error) { return json.Marshal(n) }

func (p *playedLots) Here(charge.LotID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.down
}

func (p *playedLots) Deliver(o lot.Order, done func(lot.Result)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if first, seen := p.bytes[o.UUID]; seen && first != string(o.Payload) {
		p.t.Errorf("uuid %s was sent as %s and then as %s", o.UUID, first, o.Payload)
	}
	p.bytes[o.UUID] = string(o.Payload)
	p.flights = append(p.flights, &flight{lots: p, order: o, answer: done})
}

func (p *playedLots) waiting() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.flights {
		if f.answer != nil && !f.dead {
			n++
		}
	}
	return n
}

// apply lets a lot take a message; one that it has refused it never takes.
func (p *playedLots) apply(o lot.Order) bool {
	if p.refused[o.UUID] {
		return false
	}
	if _, had := p.applied[o.UUID]; !had {
		var n lot.Notice
		if err := json.Unmarshal(o.Payload, &n); err != nil {
			p.t.Fatal(err)
		}
		p.applied[o.UUID] = n
		p.order = append(p.order, o.UUID)
	}
	return true
}

// machine is a story on a real store that rapid plays with.
type machine struct {
	t       *rapid.T
	store   *store.Store
	flow    *flow.Flow
	estate  *mesh
	lots    map[outbox.Kind]*playedLots
	clock   *clock
	ids     *charge.IDs
	wrong   *wrongs
	telling sync.Mutex
	told    map[string]platform.Used // what the platform last heard of each order
	deaf    bool                     // the platform takes no reports

	focus  []charge.LotID // the lots that this case plays in
	orders []pushed
	stays  []entered
	next   int
	steps  int

	latest time.Time              // of the clock, which goes back too
	left   map[int64]*charge.Stay // stays that an exit has ended, as they were then
	bound  map[int64]bool         // charges that were bound by hand, or may have been
}

type pushed struct {
	account string
	charge  platform.Charge
}

type entered struct {
	lot   charge.LotID
	order string
	plate charge.Plate
}

// wrongs collects what is found wrong inside transactions, where a test cannot stop.
type wrongs struct {
	mu   sync.Mutex
	list []string
}

func (w *wrongs) addf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, fmt.Sprintf(format, args...))
}

// watched is a storage whose transactions check that charges move only as the table of transitions says.
type watched struct {
	*store.Store
	wrong *wrongs
}

type watchedTx struct {
	flow.Tx
	wrong *wrongs
}

func (s watched) Write(ctx context.Context, v []charge.VisitKey, fn func(flow.Tx) error) error {
	return s.Store.Write(ctx, v, func(tx *store.Tx) error { return fn(watchedTx{tx, s.wrong}) })
}

func (s watched) WriteSoon(ctx context.Context, v []charge.VisitKey, fn func(flow.Tx) error) error {
	return s.Store.WriteSoon(ctx, v, func(tx *store.Tx) error { return fn(watchedTx{tx, s.wrong}) })
}

func (s watched) Read(ctx context.Context, fn func(flow.Tx) error) error {
	return s.Store.Read(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (t watchedTx) AddCharge(c *charge.Charge, issuer string) error {
	t.check("", c.State)
	return t.Tx.AddCharge(c, issuer)
}

func (t watchedTx) SetCharge(c *charge.Charge) error {
	was, err := t.Tx.Charge(c.ID)
	if err != nil {
		return err
	}
	t.check(was.State, c.State)
	return t.Tx.SetCharge(c)
}

func (t watchedTx) check(from, to charge.State) {
	if from != to && !slices.ContainsFunc(flow.Transitions(),
		func(x flow.Transition) bool { return x.From == from && x.To == to }) {
		t.wrong.addf("a charge went from %q to %q, which no transition allows", from, to)
	}
}

// unclaimed lets only the model claim jobs.
type unclaimed struct{ *store.Store }

func (unclaimed) ClaimJobs(context.Context, string, outbox.Kind, time.Time, time.Time, int) ([]outbox.Job, error) {
	return nil, nil
}

// Report takes what a platform is sent, or does not.
func (m *machine) Report(_ context.Context, a charge.Account, u platform.Used) (bool, charge.Note) {
	if m.deaf {
		return false, charge.Say("report.failed", charge.Text("cause", "HTTP 500"))
	}
	m.telling.Lock() // reports leave side by side
	defer m.telling.Unlock()
	m.told[a.Platform+" "+u.Order] = u
	return true, charge.Say("report.failed", charge.Text("cause", "taken"))
}

// heard is what a platform last heard of an order.
func (m *machine) heard(order string) platform.Used {
	m.telling.Lock()
	defer m.telling.Unlock()
	return m.told[order]
}

// newMachine draws a site: what its lots are like and by which rules charges count in them.
func newMachine(t *rapid.T, open func(cfg store.Config) (*store.Store, error)) *machine {
	c := &clock{now: start}
	s, err := open(store.Config{Node: "test", Clock: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, store: s, clock: c, ids: charge.NewIDs(1, c.Now), wrong: &wrongs{},
		told: map[string]platform.Used{}, latest: c.now, left: map[int64]*charge.Stay{}, bound: map[int64]bool{}}
	m.lots = map[outbox.Kind]*playedLots{outbox.KindLine: newPlayedLots(t), outbox.KindCallback: newPlayedLots(t)}
	m.estate = &mesh{lots: map[charge.LotID]charge.Lot{}, bindings: map[string]charge.Binding{}}
	tariff := &charge.Tariff{FreeMinutes: 15, UnitMinutes: 30, UnitPrice: 250, DailyCap: 3000, LeaveMinutes: 15}
	for _, l := range []charge.Lot{
		{ID: sdkLot, Kind: charge.KindSDK, Message: charge.Message325}, {ID: apiLot, Kind: charge.KindAPI},
		{ID: gateLot, Kind: charge.Kind4G, Tariff: tariff}, {ID: outerLot, Kind: charge.Kind4G, Tariff: tariff},
		{ID: innerLot, Kind: charge.Kind4G, Tariff: tariff, Parent: outerLot},
	} {
		l.Stays = charge.StaysRequired
		l.Repeats = rapid.SampledFrom([]charge.Repeats{charge.RepeatsAdd, charge.RepeatsReplace,
			charge.RepeatsUnsafe}).Draw(t, "repeats")
		if l.Kind != charge.Kind4G {
			l.Stays = rapid.SampledFrom([]charge.StaysMode{charge.StaysAuto, charge.StaysRequired, charge.StaysNone}).Draw(t,
				"stays")
		}
		m.estate.lots[l.ID] = l
	}
	plate := drawPlateLimits(t)
	combine := rapid.SampledFrom([]charge.Combine{charge.CombineBest, charge.CombineSum, charge.CombineFirst}).Draw(t,
		"combine")
	m.focus = rapid.SampledFrom([][]charge.LotID{{sdkLot}, {apiLot}, {gateLot}, {innerLot, outerLot},
		{sdkLot, apiLot}}).Draw(t, "focus")
	for _, id := range []charge.LotID{sdkLot, apiLot, gateLot, outerLot, innerLot} {
		for _, account := range []string{"teld", "xj"} {
			m.estate.bindings[account+"@"+id.String()] = charge.Binding{Account: account, Lot: id, Mode: charge.ModeLive,
				Rules: []charge.Rule{plate.on(drawRule(t, combine))}}
		}
	}
	m.restart()
	if _, err := s.PutLineSession(context.Background(),
		charge.LineSession{Lot: sdkLot, LocalID: "pc", Node: "test", Since: c.Now(), Beat: c.Now()}); err != nil {
		t.Fatal(err)
	}
	return m
}

func newPlayedLots(t *rapid.T) *playedLots {
	return &playedLots{t: t, bytes: map[string]string{}, applied: map[string]lot.Notice{}, refused: map[string]bool{}}
}

// plateLimits are the same for all bindings of a case, so that what they hold can be checked whichever rule decided.
type plateLimits struct {
	perDay charge.PerDay
	lock   charge.Lock
}

func drawPlateLimits(t *rapid.T) plateLimits {
	if rapid.Bool().Draw(t, "unlimited") {
		return plateLimits{}
	}
	reach := rapid.SampledFrom([]charge.Reach{"", charge.ReachVendor}).Draw(t, "reach")
	return plateLimits{
		perDay: charge.PerDay{Times: rapid.SampledFrom([]int64{0, 2}).Draw(t, "times"),
			Minutes: rapid.SampledFrom([]int64{0, 70}).Draw(t, "day's minutes"),
			Amount:  rapid.SampledFrom([]charge.Fen{0, 900}).Draw(t, "day's yuan"), Per: reach},
		lock: charge.Lock{Seconds: rapid.SampledFrom([]int64{0, 0, 3600}).Draw(t, "lock"), Per: reach},
	}
}

func (l plateLimits) on(r charge.Rule) charge.Rule {
	r.PerDay, r.Lock = l.perDay, l.lock
	if r.Grant == charge.GrantChargeTime {
		r.Takes = charge.TakesCharge // of meaning in 4G lots alone
	}
	if l.lock.Seconds > 0 {
		r.LeaveWithinSeconds = 1800
	}
	return r
}

func drawRule(t *rapid.T, combine charge.Combine) charge.Rule {
	r := charge.Rule{Version: 1, Grant: charge.GrantAsPushed, Combine: combine, HoldSeconds: 7200,
		Target: charge.TargetStay}
	if rapid.IntRange(0, 3).Draw(t, "mixed") == 0 {
		r.Combine = rapid.SampledFrom([]charge.Combine{charge.CombineBest, charge.CombineSum, charge.CombineFirst}).Draw(t,
			"combine")
	}
	switch rapid.IntRange(0, 4).Draw(t, "grant") {
	case 0:
		r.Grant, r.Fixed = charge.GrantFixed, charge.Reduction{Method: charge.MethodTime, Minutes: 45}
	case 1:
		r.Grant, r.PlusMinutes = charge.GrantChargeTime, 10
	}
	if rapid.Bool().Draw(t, "capped") {
		r.CapMinutes, r.CapAmount = 60, 800
	}
	r.HoldSeconds = rapid.SampledFrom([]int64{0, 7200, 7200, 7200}).Draw(t, "hold")
	r.Target = rapid.SampledFrom([]charge.Target{charge.TargetStay, charge.TargetOuter, charge.TargetAtCharge}).Draw(t,
		"target")
	return r
}

// restart lets the node stop where it stands and starts it anew on the same data: what was in flight stays with
// the lots, and may be applied yet.
func (m *machine) restart() {
	if m.flow != nil {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		m.flow.Stop(ctx)
	}
	for _, p := range m.lots {
		for _, f := range p.flights {
			f.dead = true
		}
	}
	m.flow = flow.New(flow.Config{
		Storage: watched{m.store, m.wrong}, Estate: func() flow.Estate { return m.estate },
		Dialect: func(string) (platform.Dialect, bool) { return reporting{}, true },
		Opener:  openDoor{},
		Channels: map[charge.DeliveryChannel]lot.Channel{
			charge.ChannelLine: m.lots[outbox.KindLine], charge.ChannelCallback: m.lots[outbox.KindCallback]},
		Reports: m, Observer: observer{}, IDs: m.ids, Node: "test", Now: m.clock.Now,
		Logger: slog.New(slog.DiscardHandler),
	}, unclaimed{m.store})
	m.flow.StartDeliveries()
}

// settle waits until every flight of this node is with a lot: results and claims are stored by other goroutines.
func (m *machine) settle() {
	for deadline := time.Now().Add(10 * time.Second); ; {
		if m.flow.InFlight() == m.lots[outbox.KindLine].waiting()+m.lots[outbox.KindCallback].waiting() {
			return
		}
		if time.Now().After(deadline) {
			m.t.Fatal("what is in flight does not come to rest")
		}
		if err := m.store.Write(context.Background(), nil, func(*store.Tx) error { return nil }); err != nil {
			m.t.Fatal(err)
		}
	}
}

func (m *machine) close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	m.flow.Stop(ctx)
	m.store.Close()
}

// onSQLite opens each case's store in a folder of its own, in memory where the machine has such: what is tested
// here is not the disk.
func onSQLite(t *testing.T) func(store.Config) (*store.Store, error) {
	root, err := os.MkdirTemp("/dev/shm", "model")
	if err != nil {
		root = t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	return func(cfg store.Config) (*store.Store, error) {
		dir, err := os.MkdirTemp(root, "case")
		if err != nil {
			return nil, err
		}
		cfg.DataDir = dir
		return store.Open(context.Background(), cfg)
	}
}
