package flow_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// TestModel plays everything that can happen to charges and stays in any order, on the real store, and checks
// after each step what must never break; see check. make soak plays more of longer ones.
func TestModel(t *testing.T) {
	unlessSet(t, "rapid.checks", "24")
	unlessSet(t, "rapid.steps", "60")
	open := onSQLite(t)
	rapid.Check(t, func(rt *rapid.T) { play(rt, open) })
}

// TestModelOnPostgres plays fewer cases of the same on the other engine.
func TestModelOnPostgres(t *testing.T) {
	place := storetest.SharedPostgres(t)
	open := func(cfg store.Config) (*store.Store, error) {
		cfg.URL = place(t).URL
		return store.Open(context.Background(), cfg)
	}
	unlessSet(t, "rapid.checks", "6")
	unlessSet(t, "rapid.steps", "60")
	rapid.Check(t, func(rt *rapid.T) { play(rt, open) })
}

// unlessSet sets a flag of rapid's for this test, where the command line leaves it alone.
func unlessSet(t *testing.T, name, value string) {
	f := flag.Lookup(name)
	if was := f.Value.String(); was == f.DefValue {
		t.Cleanup(func() { f.Value.Set(was) })
		f.Value.Set(value)
	}
}

func play(t *rapid.T, open func(store.Config) (*store.Store, error)) {
	m := newMachine(t, open)
	defer m.close()
	with := func(step func(*machine)) func(*rapid.T) {
		return func(t *rapid.T) {
			m.at(t)
			step(m)
			m.settle()
		}
	}
	actions := map[string]func(*rapid.T){"": with((*machine).check)}
	for name, a := range map[string]struct {
		weight int
		step   func(*machine)
	}{
		"push": {6, (*machine).pushNew}, "push again": {1, (*machine).pushAgain},
		"enter": {2, (*machine).enter}, "enter again": {1, (*machine).enterAgain},
		"leave": {1, (*machine).leave}, "lone exit": {1, (*machine).loneExit}, "use": {3, (*machine).use},
		"gate":   {1, (*machine).gate},
		"answer": {7, (*machine).answer}, "late ack": {1, (*machine).lateAck}, "sweep": {3, (*machine).sweep},
		"pass": {2, (*machine).pass}, "later": {3, (*machine).later}, "expire": {1, (*machine).expire},
		"void": {1, (*machine).void}, "redeliver": {2, (*machine).redeliver}, "bind": {1, (*machine).bind},
		"line": {1, (*machine).toggleLine}, "pause": {1, (*machine).pause}, "site": {1, (*machine).changeSite},
		"crash": {1, (*machine).restart}, "take over": {1, (*machine).takeOver},
	} {
		for i := range a.weight {
			actions[fmt.Sprint(name, " ", i)] = with(a.step)
		}
	}
	t.Repeat(actions)
}

// at makes rapid's present T that of the machine and its lots.
func (m *machine) at(t *rapid.T) {
	m.t = t
	for _, p := range m.lots {
		p.t = t
	}
}

func draw[T any](m *machine, what string, from []T) T {
	return rapid.SampledFrom(from).Draw(m.t, what)
}

func (m *machine) minutes(what string, from, to int) time.Duration {
	return time.Duration(rapid.IntRange(from, to).Draw(m.t, what)) * time.Minute
}

func (m *machine) name(kind string) string {
	m.next++
	return fmt.Sprintf("%s%d", kind, m.next)
}

// plate is mostly the one car, since what matters happens within a visit.
func (m *machine) plate() charge.Plate {
	return draw(m, "plate", []charge.Plate{"京A12345", "京A12345", "京A12345", "京A12346"})
}

// car is mostly a plate, and now and then a car of which the camera reads none.
func (m *machine) car(order string) charge.Plate {
	if !m.usual("plate read") {
		return charge.UnplatedBy(order)
	}
	return m.plate()
}

// number is mostly a new number of a stay, and now and then one that has been before.
func (m *machine) number() string {
	if len(m.stays) > 0 && !m.usual("new number") {
		return draw(m, "stay", m.stays).order
	}
	return m.name("s")
}

// inTime is mostly a time before now, and now and then one ahead of it, by a lot's wrong clock.
func (m *machine) inTime() time.Time {
	if !m.usual("clock right") {
		return m.clock.Now().Add(m.minutes("ahead", 1, 60))
	}
	return m.clock.Now().Add(-m.minutes("ago", 0, 150))
}

// usual draws true most of the time.
func (m *machine) usual(what string) bool { return rapid.IntRange(0, 9).Draw(m.t, what) < 9 }

func (m *machine) pushNew() {
	now := m.clock.Now()
	order := m.name("o")
	c := platform.Charge{Order: order, RepeatKey: order, Plate: m.plate(), Lot: draw(m, "lot", m.focus), Energy: 9000,
		HasEnergy: true}
	c.Ended = now.Add(-m.minutes("ended", 0, 30))
	c.Started = c.Ended.Add(-m.minutes("charged", 0, 60))
	if !m.usual("times") {
		c.Started, c.Ended = time.Time{}, time.Time{}
	}
	account := draw(m, "account", []string{"teld", "xj"})
	if account == "xj" && rapid.Bool().Draw(m.t, "form A") {
		c.Order, c.Repeat, c.Started, c.Ended = "", platform.RepeatVisit, time.Time{}, time.Time{}
		c.RepeatKey = "window"
	}
	c.Ask = m.ask()
	m.orders = append(m.orders, pushed{account, c})
	m.push(account, c)
}

func (m *machine) ask() charge.Ask {
	switch rapid.IntRange(0, 11).Draw(m.t, "method") {
	case 0, 3, 4:
		return charge.Ask{Method: charge.MethodAmount, Amount: charge.Fen(100 * rapid.IntRange(1, 12).Draw(m.t, "yuan"))}
	case 1:
		return charge.Ask{Method: charge.MethodFree}
	case 2:
		return charge.Ask{Method: charge.MethodLotDecides}
	}
	return charge.Ask{Method: charge.MethodTime, Minutes: int64(rapid.IntRange(0, 8).Draw(m.t, "quarters") * 15)}
}

// pushAgain says a known order again, perhaps with other content.
func (m *machine) pushAgain() {
	if len(m.orders) == 0 {
		return
	}
	p := draw(m, "order", m.orders)
	if rapid.Bool().Draw(m.t, "changed") {
		p.charge.Ask = m.ask()
		p.charge.Plate = m.plate()
	}
	m.push(p.account, p.charge)
}

func (m *machine) push(account string, c platform.Charge) {
	var got charge.Outcome
	m.flow.Take(context.Background(), platform.Push{Platform: modelAccounts[account], Path: "/x", Received: m.clock.Now()},
		platform.Account{ID: account}, platform.Message{Charge: &c}, func(v platform.Verdict) platform.Reply {
			got = v.Outcome
			return platform.Reply{Status: 200}
		})
	if l := m.estate.lots[c.Lot]; got != charge.OutcomeAccepted && got != charge.OutcomeDuplicate &&
		!(l.Off && got == charge.OutcomeUnknownLot) {
		m.t.Fatalf("a push was answered %s", got)
	}
}

func (m *machine) enter() {
	e := entered{lot: draw(m, "lot", m.focus), order: m.number()}
	e.plate = m.car(e.order)
	m.stays = append(m.stays, e)
	m.tellEntry(e, m.inTime())
}

// enterAgain repeats or corrects an entry.
func (m *machine) enterAgain() {
	if len(m.stays) == 0 {
		return
	}
	e := draw(m, "stay", m.stays)
	e.plate = m.car(e.order)
	m.tellEntry(e, m.inTime())
}

func (m *machine) tellEntry(e entered, at time.Time) {
	if a, err := m.flow.Entered(context.Background(),
		lot.Entry{Lot: e.lot, OrderID: e.order, Plate: e.plate, Entered: at}); err != nil || a.State != 1 {
		m.t.Fatalf("entry: %+v, %v", a, err)
	}
}

func (m *machine) reduced() *lot.Reduced {
	switch rapid.IntRange(0, 4).Draw(m.t, "named") {
	case 0:
		return &lot.Reduced{Amount: charge.Fen(100 * rapid.IntRange(0, 20).Draw(m.t, "yuan")), Told: "x"}
	case 1:
		return &lot.Reduced{Minutes: int64(rapid.IntRange(0, 200).Draw(m.t, "minutes")), Told: "x"}
	}
	return nil
}

func (m *machine) leave() {
	if len(m.stays) == 0 {
		return
	}
	e := draw(m, "stay", m.stays)
	at := m.clock.Now().Add(-m.minutes("ago", -1, 10))
	if !m.usual("clock right") {
		at = m.inTime()
	}
	if k := m.estate.lots[e.lot].Kind; k == charge.Kind4G {
		x := lot.Exit{Lot: e.lot, OrderID: e.order, Plate: e.plate, Left: at,
			Total: charge.Fen(100 * rapid.IntRange(0, 9).Draw(m.t, "took")), HasTotal: true}
		q, err := m.flow.Exit(context.Background(), x)
		if err != nil {
			m.t.Fatal(err)
		}
		if again, err := m.flow.Exit(context.Background(), x); err != nil || again.State != q.State ||
			again.Price != q.Price || again.DerateMoney != q.DerateMoney {
			m.t.Fatalf("the exit was answered %+v and then %+v, %v", q, again, err)
		}
		if q.DerateMoney > q.Total || q.Price < 0 || q.DerateMoney < 0 {
			m.t.Fatalf("exit %+v", q)
		}
		return
	}
	if _, err := m.flow.Left(context.Background(),
		lot.Exit{Lot: e.lot, OrderID: e.order, Plate: e.plate, Left: at, Reduced: m.reduced()}); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) loneExit() {
	e := entered{draw(m, "lot", m.focus), m.name("s"), m.plate()}
	m.stays = append(m.stays, e)
	x := lot.Exit{Lot: e.lot, OrderID: e.order, Plate: e.plate, Left: m.clock.Now().Add(-m.minutes("ago", 0, 30)),
		Reduced: m.reduced()}
	if rapid.Bool().Draw(m.t, "in_time") {
		x.Entered = x.Left.Add(-m.minutes("stayed", 0, 200))
	}
	if m.estate.lots[e.lot].Kind == charge.Kind4G {
		if q, err := m.flow.Exit(context.Background(), x); err != nil || q.State != 0 {
			m.t.Fatalf("exit without a stay: %+v, %v", q, err)
		}
		return
	}
	if a, err := m.flow.Left(context.Background(), x); err != nil || a.State != 1 {
		m.t.Fatalf("lone exit: %+v, %v", a, err)
	}
}

// use reports a usage as a lot would, at times an absurd one.
func (m *machine) use() {
	if len(m.orders) == 0 {
		return
	}
	p := draw(m, "order", m.orders)
	u := lot.Usage{Lot: p.charge.Lot, Plate: p.charge.Plate, Order: p.charge.Order, Left: m.clock.Now(), Method: 1,
		Platform: draw(m, "platform", []string{"", "telaidian", "xiaoju"})}
	if rapid.Bool().Draw(m.t, "yuan") {
		u.Method, u.Amount = 2, charge.Fen(100*rapid.IntRange(0, 10).Draw(m.t, "amount"))
		u.Told = u.Amount.String()
	} else {
		u.Minutes = int64(rapid.IntRange(0, 70).Draw(m.t, "minutes"))
		u.Told = fmt.Sprint(u.Minutes)
	}
	for range 2 {
		if _, err := m.flow.Used(context.Background(), u); err != nil {
			m.t.Fatal(err)
		}
	}
}

// answer ends a flight in one of the ways there are; the lot may apply what it does not answer.
func (m *machine) answer() {
	var open []*flight
	for _, kind := range []outbox.Kind{outbox.KindLine, outbox.KindCallback} {
		for _, f := range m.lots[kind].flights {
			if f.answer != nil {
				open = append(open, f)
			}
		}
	}
	if len(open) == 0 {
		return
	}
	f := open[rapid.IntRange(0, len(open)-1).Draw(m.t, "flight")]
	p := f.lots
	r := lot.Result{Result: charge.AttemptTimeout, Reason: charge.ReasonNoAnswer, At: m.clock.Now(), Sent: true}
	switch rapid.IntRange(0, 7).Draw(m.t, "result") {
	case 0, 1, 2:
		if p.apply(f.order) {
			r.Result, r.Reason = charge.AttemptAcked, charge.ReasonOK
		}
	case 3:
		p.apply(f.order)
	case 4: // lost
	case 5:
		if _, had := p.applied[f.order.UUID]; !had {
			p.refused[f.order.UUID] = true
			r.Result, r.Reason = charge.AttemptRefused, charge.ReasonLotRefused
		}
	case 6:
		r.Result, r.Reason, r.Sent = charge.AttemptError, charge.ReasonLotError, false
	case 7:
		r.Result, r.Reason, r.Sent = charge.AttemptOffLine, charge.ReasonLineOff, false
	}
	done := f.answer
	f.answer = nil
	done(r)
}

// lateAck is an answer to something sent before, or to nothing at all.
func (m *machine) lateAck() {
	p := m.lots[outbox.KindLine]
	uuid := "00000000000000000000000000000000"
	if len(p.order) > 0 {
		uuid = draw(m, "uuid", p.order)
	}
	r := lot.Result{Result: charge.AttemptAcked, Reason: charge.ReasonOK, At: m.clock.Now()}
	if err := m.flow.Acked(context.Background(), sdkLot, uuid, r); err != nil && !errors.Is(err, lot.ErrNeverSent) {
		m.t.Fatal(err)
	}
}

// sweep claims what is due, as the runner does.
func (m *machine) sweep() {
	now := m.clock.Now()
	for _, kind := range []outbox.Kind{outbox.KindLine, outbox.KindCallback, outbox.KindReport} {
		jobs, err := m.store.ClaimJobs(context.Background(), "test", kind, now, now.Add(outbox.DefaultLease), 100)
		if err != nil {
			m.t.Fatal(err)
		}
		for _, j := range jobs {
			m.flow.TakeUp(j)
		}
	}
}

// later sweeps when everything that was put off is due.
func (m *machine) later() {
	m.clock.pass(301 * time.Second)
	m.sweep()
}

// takeOver is a crash and what follows it: the leases end, and the work is taken up.
func (m *machine) takeOver() {
	m.restart()
	m.clock.pass(outbox.DefaultLease)
	m.sweep()
}

func (m *machine) toggleLine() {
	p := m.lots[outbox.KindLine]
	p.mu.Lock()
	p.down = !p.down
	up := !p.down
	p.mu.Unlock()
	if up {
		m.flow.LineUp(sdkLot)
	}
}

func (m *machine) pass() {
	m.clock.pass(time.Duration(draw(m, "seconds",
		[]int{-600, 1, 11, 31, 61, 600, 3600, 3 * 3600, 13 * 3600})) * time.Second)
}

func (m *machine) expire() { m.flow.ExpireHolds(context.Background()) }

func (m *machine) pause() {
	act := m.flow.Pause
	if rapid.Bool().Draw(m.t, "resume") {
		act = m.flow.Resume
	}
	id := draw(m, "lot", m.focus)
	if _, err := act(context.Background(), id, m.action()); err != nil && !m.estate.lots[id].Off {
		m.t.Fatal(err)
	}
}

func (m *machine) action() flow.Action {
	return flow.Action{Actor: "model", Reason: "play", DryRun: !m.usual("in earnest")}
}

func (m *machine) void() { m.act(m.flow.Void) }

func (m *machine) redeliver() { m.act(m.flow.Redeliver) }

func (m *machine) bind() {
	if len(m.stays) == 0 {
		return
	}
	order := draw(m, "stay", m.stays).order
	m.act(func(ctx context.Context, id int64, a flow.Action) (flow.Effect, error) {
		m.bound[id] = true
		return m.flow.Bind(ctx, id, order, a)
	})
}

func (m *machine) act(do func(context.Context, int64, flow.Action) (flow.Effect, error)) {
	all := m.charges()
	if len(all) == 0 {
		return
	}
	c, a := all[rapid.IntRange(0, len(all)-1).Draw(m.t, "charge")], m.action()
	before := m.shot()
	e, err := do(context.Background(), c.ID, a)
	if err != nil && !m.estate.lots[c.Lot].Off {
		m.t.Fatal(err)
	}
	if (a.DryRun || !e.Allowed) && before != m.shot() {
		m.t.Fatalf("%q (allowed %t, dry run %t) changed something", e.Note.Code, e.Allowed, a.DryRun)
	}
}

// changeSite switches bindings and lots, and whether the platform takes reports.
func (m *machine) changeSite() {
	m.estate.mu.Lock()
	defer m.estate.mu.Unlock()
	id := draw(m, "lot", m.focus)
	switch rapid.IntRange(0, 3).Draw(m.t, "change") {
	case 0:
		m.deaf = !m.deaf
	case 1:
		l := m.estate.lots[id]
		l.Off = !l.Off
		m.estate.lots[id] = l
	default:
		key := draw(m, "account", []string{"teld", "xj"}) + "@" + id.String()
		b := m.estate.bindings[key]
		b.Mode = draw(m, "mode", []charge.BindingMode{charge.ModeLive, charge.ModeLive, charge.ModeShadow, charge.ModeOff})
		m.estate.bindings[key] = b
	}
}

// gate asks for a price, pays, and asks again.
func (m *machine) gate() {
	now := m.clock.Now()
	for _, s := range m.stays {
		if m.estate.lots[s.lot].Kind != charge.Kind4G {
			continue
		}
		ask := ledger.QuoteQuestion{Lot: s.lot, OrderID: s.order, At: now}
		before := m.shot()
		q, err := m.flow.Quote(context.Background(), ask)
		if err != nil {
			m.t.Fatal(err)
		}
		if m.shot() != before {
			m.t.Fatal("a quote moved something")
		}
		if q.State != 1 || !rapid.Bool().Draw(m.t, "pay") {
			continue
		}
		for range 2 {
			if _, err := m.flow.Paid(context.Background(),
				ledger.Payment{Lot: s.lot, OrderID: s.order, Amount: q.Price, TradeNo: m.name("t"), At: now}); err != nil {
				m.t.Fatal(err)
			}
			m.next-- // sent twice
		}
		m.next++
	}
}
