package flow_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// The lots that the tests play in.
var (
	sdkLot   = charge.LotID{Union: "200461", Park: "1"}
	apiLot   = charge.LotID{Union: "200461", Park: "2"}
	gateLot  = charge.LotID{Union: "200461", Park: "3"}
	outerLot = charge.LotID{Union: "200461", Park: "4"}
	innerLot = charge.LotID{Union: "200461", Park: "5"}
)

// start is when every test begins: a Tuesday morning in Shanghai.
var start = time.Date(2026, 3, 3, 10, 0, 0, 0, charge.Shanghai)

// world is a Flow on a real store, between played channels and a clock that the test moves.
type world struct {
	t        testing.TB
	flow     *flow.Flow
	store    *store.Store
	estate   *plain
	line     *channel
	calls    *channel
	told     []platform.Used // to the platform
	uuids    []string        // of messages that got no answer
	clock    *clock
	ids      *charge.IDs
	reporter func() bool                          // says whether the platform takes a report; nil: it does
	wrap     func(flow.Storage) flow.Storage      // of the next restart; nil for none
	hooks    flow.Webhooks                        // of the next restart; nil for none
	revoker  lot.Revoker                          // of the next restart; nil for none
	opener   flow.Opener                          // of the next restart
	wait     func(context.Context, time.Duration) // of the next restart; nil is the real one
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// plain is an estate of a few structs.
type plain struct {
	mu       sync.Mutex
	lots     map[charge.LotID]charge.Lot
	bindings map[charge.LotID]charge.Binding
	account  charge.Account
	areas    []charge.LotID // in the outer lot, beside the inner one
	chargers map[string]charge.LotID
}

func (p *plain) Lot(id charge.LotID) (charge.Lot, charge.Vendor, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.lots[id]
	return l, charge.Vendor{UnionID: id.Union}, ok && !l.Off
}

func (p *plain) Vendor(union string) (charge.Vendor, bool) {
	return charge.Vendor{UnionID: union}, true
}

func (p *plain) Account(id string) (charge.Account, bool) { return p.account, id == p.account.ID }

func (p *plain) Binding(account string, id charge.LotID) (charge.Binding, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.bindings[id]
	return b, ok && b.Account == account
}

func (p *plain) Issuer(account string, id charge.LotID) charge.Issuer {
	return charge.IssuerOf(charge.IssuerAccount, account, charge.Scope{}, id)
}

func (p *plain) LotOff(charge.LotID) bool { return false }

func (p *plain) LotOfCharger(_ string, names []string) (charge.LotID, string, bool) {
	for _, name := range names {
		if id, ok := p.chargers[name]; ok {
			return id, name, true
		}
	}
	return charge.LotID{}, "", false
}

func (p *plain) Children(id charge.LotID) []charge.LotID {
	if id == outerLot {
		return append([]charge.LotID{innerLot}, p.areas...)
	}
	return nil
}

// nest puts n more areas into the outer lot, bound as the inner one is.
func (p *plain) nest(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range n {
		id := charge.LotID{Union: outerLot.Union, Park: fmt.Sprintf("5-%d", i)}
		l, b := p.lots[innerLot], p.bindings[innerLot]
		l.ID, b.Lot = id, id
		p.lots[id], p.bindings[id] = l, b
		p.areas = append(p.areas, id)
	}
}

// rule changes a lot's rule.
func (p *plain) rule(id charge.LotID, change func(*charge.Rule)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.bindings[id]
	r := b.Rules[len(b.Rules)-1]
	change(&r)
	b.Rules = []charge.Rule{r}
	p.bindings[id] = b
}

func (p *plain) mode(id charge.LotID, m charge.BindingMode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.bindings[id]
	b.Mode = m
	p.bindings[id] = b
}

func (p *plain) lot(id charge.LotID, change func(*charge.Lot)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lots[id]
	change(&l)
	p.lots[id] = l
}

// channel is a played way into lots: it keeps what it is given until the test answers.
type channel struct {
	mu     sync.Mutex
	here   bool
	orders []lot.Order
	dones  []func(lot.Result)
	came   chan struct{}
	auto   *lot.Result

	notices []lot.Notice // as composed
	broken  error        // of every composing
}

func newChannel() *channel { return &channel{here: true, came: make(chan struct{}, 1000)} }

func (c *channel) Compose(n lot.Notice) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return nil, c.broken
	}
	c.notices = append(c.notices, n)
	return []byte(string(n.Reduction.Method) + " " + n.Reduction.Amount.String() + " " + n.StayOrder), nil
}

func (c *channel) Here(charge.LotID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.here
}

func (c *channel) Deliver(o lot.Order, done func(lot.Result)) {
	c.mu.Lock()
	c.orders, c.dones = append(c.orders, o), append(c.dones, done)
	auto := c.auto
	c.mu.Unlock()
	c.came <- struct{}{}
	if auto != nil {
		go done(*auto)
	}
}

// next waits for the next order and returns it with its done.
func (w *world) next(c *channel) (lot.Order, func(lot.Result)) {
	w.t.Helper()
	select {
	case <-c.came:
	case <-time.After(10 * time.Second):
		w.t.Fatal("nothing was sent within 10 s")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o, done := c.orders[0], c.dones[0]
	c.orders, c.dones = c.orders[1:], c.dones[1:]
	return o, done
}

// none checks that nothing has been sent.
func (w *world) none(c *channel) {
	w.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.orders) > 0 {
		w.t.Fatalf("%d orders were sent, want none", len(c.orders))
	}
}

func (w *world) acked() lot.Result {
	return lot.Result{Result: charge.AttemptAcked, Reason: charge.ReasonOK,
		Detail: charge.Say("answer.state", charge.Text("state", "1")), At: w.clock.Now()}
}

func (w *world) silence() lot.Result {
	return lot.Result{Result: charge.AttemptTimeout, Reason: charge.ReasonNoAnswer, At: w.clock.Now()}
}

func (w *world) refusal() lot.Result {
	return lot.Result{Result: charge.AttemptRefused, Reason: charge.ReasonLotRefused,
		Detail: charge.Say("answer.said", charge.Text("state", "0"), charge.Text("said", "无此订单")), At: w.clock.Now()}
}

type observer struct{}

func (observer) Pushed(string, charge.Outcome)                                 {}
func (observer) Moved(charge.State, charge.Reason)                             {}
func (observer) Tried(charge.DeliveryChannel, charge.AttemptResult)            {}
func (observer) Delivered(charge.LotID, charge.DeliveryChannel, time.Duration) {}
func (observer) StrayAck(charge.LotID)                                         {}
func (observer) Posted(string, bool)                                           {}

type storage struct{ *store.Store }

func (s storage) Write(ctx context.Context, v []charge.VisitKey, fn func(flow.Tx) error) error {
	return s.Store.Write(ctx, v, func(tx *store.Tx) error { return fn(tx) })
}

func (s storage) WriteSoon(ctx context.Context, v []charge.VisitKey, fn func(flow.Tx) error) error {
	return s.Store.WriteSoon(ctx, v, func(tx *store.Tx) error { return fn(tx) })
}

func (s storage) Read(ctx context.Context, fn func(flow.Tx) error) error {
	return s.Store.Read(ctx, func(tx *store.Tx) error { return fn(tx) })
}

// newWorld makes a world whose lots are all bound, with a rule that grants as pushed and holds two hours.
func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, storetest.SQLite)
}

// TestMain stops the database that the tests shared.
func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// bothEngines is where stores may lie, by engine; -short leaves PostgreSQL out.
func bothEngines(t testing.TB) map[string]storetest.Place {
	if testing.Short() {
		return map[string]storetest.Place{"SQLite": storetest.SQLite}
	}
	return map[string]storetest.Place{"SQLite": storetest.SQLite, "PostgreSQL": storetest.SharedPostgres(t)}
}

// newWorldOn is newWorld on one of the engines.
func newWorldOn(t testing.TB, place storetest.Place) *world {
	t.Helper()
	c := &clock{now: start}
	cfg := place(t)
	cfg.Node, cfg.Clock = "test", c.Now
	s, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	rule := charge.Rule{Version: 1, Grant: charge.GrantAsPushed, Combine: charge.CombineBest, HoldSeconds: 7200,
		Target: charge.TargetStay}
	e := &plain{lots: map[charge.LotID]charge.Lot{}, bindings: map[charge.LotID]charge.Binding{},
		account: charge.Account{ID: "main", Platform: "telaidian", Undated: charge.UndatedOnceAStay}}
	tariff := &charge.Tariff{UnitMinutes: 60, UnitPrice: 500, LeaveMinutes: 15}
	for id, l := range map[charge.LotID]charge.Lot{
		sdkLot: {Kind: charge.KindSDK, Message: charge.Message325}, apiLot: {Kind: charge.KindAPI},
		gateLot: {Kind: charge.Kind4G, Tariff: tariff}, outerLot: {Kind: charge.Kind4G, Tariff: tariff},
		innerLot: {Kind: charge.Kind4G, Tariff: tariff, Parent: outerLot},
	} {
		l.ID, l.Repeats, l.Stays = id, charge.RepeatsAdd, charge.StaysAuto
		e.lots[id] = l
		e.bindings[id] = charge.Binding{Account: "main", Lot: id, Mode: charge.ModeLive, Rules: []charge.Rule{rule}}
	}
	w := &world{t: t, store: s, estate: e, line: newChannel(), calls: newChannel(), clock: c, ids: charge.NewIDs(1, c.Now),
		opener: openDoor{}}
	t.Cleanup(func() { s.Close() })
	w.restart()
	return w
}

// restart starts a new flow on the same data; what is in flight stays with the old one, which is heard no more. Holds
// end when a test says so: the clock of a world does not run, and a look once a second would come at any moment.
func (w *world) restart() *flow.Flow {
	var s flow.Storage = storage{w.store}
	if w.wrap != nil {
		s = w.wrap(s)
	}
	cfg := flow.Config{
		Storage: s, Estate: func() flow.Estate { return w.estate },
		Dialect:  func(string) (platform.Dialect, bool) { return reporting{}, true },
		Opener:   w.opener,
		Channels: map[charge.DeliveryChannel]lot.Channel{charge.ChannelLine: w.line, charge.ChannelCallback: w.calls},
		Reports:  w, Webhooks: w.hooks, Revoker: w.revoker, Observer: observer{}, IDs: w.ids, Node: "test", Now: w.clock.Now,
		Logger: slog.New(slog.DiscardHandler),
	}
	cfg.Machine.Wait = w.wait
	w.flow = flow.New(cfg, w.store)
	f := w.flow
	f.StartDeliveries()
	w.t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // what a test left unanswered is not waited for
		f.Stop(ctx)
	})
	return f
}

// Report takes what the platform is sent.
func (w *world) Report(_ context.Context, _ charge.Account, u platform.Used) (bool, charge.Note) {
	w.told = append(w.told, u)
	if w.reporter != nil && !w.reporter() {
		return false, charge.Say("report.token_refused")
	}
	return true, charge.Say("report.taken")
}

// tried makes everything that waits due, and lets the flow look at it.
func (w *world) tried(after time.Duration) {
	w.clock.pass(after)
	w.flow.Hint(outbox.KindLine)
	w.flow.Hint(outbox.KindCallback)
	w.flow.Hint(outbox.KindReport)
	w.flow.Hint(outbox.KindWebhook)
}

// finished is a charge as a dialect would read it: an hour that ended a minute ago, asking for 30 minutes.
func (w *world) finished(order string, id charge.LotID) *platform.Charge {
	now := w.clock.Now()
	return &platform.Charge{Order: order, RepeatKey: order, Plate: "京A12345", Lot: id,
		Started: now.Add(-61 * time.Minute), Ended: now.Add(-time.Minute), Energy: 20_000, HasEnergy: true,
		Ask: charge.Ask{Method: charge.MethodTime, Minutes: 30}}
}

// push takes a charge and returns the outcome.
func (w *world) push(c *platform.Charge) charge.Outcome { return w.pushBy(w.t.Context(), c) }

func (w *world) pushBy(ctx context.Context, c *platform.Charge) charge.Outcome {
	var got charge.Outcome
	w.flow.Take(ctx, platform.Push{Platform: "telaidian", Path: "/zld/telaidian/x", Received: w.clock.Now()},
		platform.Account{ID: "main"}, platform.Message{Charge: c}, func(v platform.Verdict) platform.Reply {
			got = v.Outcome
			return platform.Reply{Status: 200, Body: []byte(v.Outcome)}
		})
	return got
}

// must pushes and checks that it was accepted, then returns the stored charge.
func (w *world) must(c *platform.Charge) *charge.Charge {
	w.t.Helper()
	if got := w.push(c); got != charge.OutcomeAccepted {
		w.t.Fatalf("push of %s: %s, want accepted", c.Order, got)
	}
	return w.charge(c.Order)
}

func (w *world) charge(order string) *charge.Charge {
	w.t.Helper()
	var c *charge.Charge
	err := w.store.Read(w.t.Context(), func(tx *store.Tx) (err error) {
		c, err = tx.ChargeByRepeat("telaidian", order, w.estate.Issuer(w.estate.account.ID, sdkLot))
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if c == nil {
		w.t.Fatalf("there is no charge %s", order)
	}
	return c
}

// want checks where a charge stands.
func (w *world) want(order string, s charge.State, r charge.Reason) *charge.Charge {
	w.t.Helper()
	c := w.charge(order)
	if c.State != s || c.Reason != r {
		w.t.Fatalf("charge %s is %s (%s), want %s (%s)", order, c.State, c.Reason, s, r)
	}
	return c
}

// settles waits until a charge is in a state: completions are stored by other goroutines.
func (w *world) settles(order string, s charge.State, r charge.Reason) *charge.Charge {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		c := w.charge(order)
		if c.State == s && c.Reason == r {
			return c
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("charge %s is %s (%s) after 10 s, want %s (%s)", order, c.State, c.Reason, s, r)
		}
		if err := w.store.Write(w.t.Context(), nil, func(*store.Tx) error { return nil }); err != nil { // one commit later
			w.t.Fatal(err)
		}
	}
}

func (w *world) enter(id charge.LotID, order string, ago time.Duration) {
	w.t.Helper()
	a, err := w.flow.Entered(w.t.Context(),
		lot.Entry{Lot: id, OrderID: order, Plate: "京A12345", Entered: w.clock.Now().Add(-ago)})
	if err != nil || a.State != 1 {
		w.t.Fatalf("entry %s: %+v, %v", order, a, err)
	}
}

func (w *world) leave(id charge.LotID, order string, reduced *lot.Reduced) {
	w.t.Helper()
	a, err := w.flow.Left(w.t.Context(),
		lot.Exit{Lot: id, OrderID: order, Plate: "京A12345", Left: w.clock.Now(), Reduced: reduced})
	if err != nil || a.State != 1 {
		w.t.Fatalf("exit %s: %+v, %v", order, a, err)
	}
}

// ledger adds up a charge's ledger.
func (w *world) ledger(order string) (grant, usage int64) {
	w.t.Helper()
	c := w.charge(order)
	err := w.store.Read(w.t.Context(), func(tx *store.Tx) error {
		rows, err := tx.LedgerOf(c.ID)
		for _, e := range rows {
			if e.Kind == charge.EntryGrant {
				grant += e.Minutes
			} else {
				usage += e.Minutes
			}
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return grant, usage
}

// put stores a line session of this node, as the line server does at a login.
func (w *world) put(id charge.LotID) {
	w.t.Helper()
	w.line.mu.Lock()
	w.line.here = true
	w.line.mu.Unlock()
	if _, err := w.store.PutLineSession(w.t.Context(),
		charge.LineSession{Lot: id, LocalID: "pc", Node: "test", ReceiveCloud: true, Since: w.clock.Now(),
			Beat: w.clock.Now()}); err != nil {
		w.t.Fatal(err)
	}
}

// openDoor lets every stored push pass: locks are the intake's, and tested with it.
type openDoor struct{}

// Reopen finds nothing wrong with a push.
func (openDoor) Reopen(charge.Push) (p platform.Push, a platform.Account, m platform.Message, err error) {
	return p, a, m, nil
}
