package app

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/all"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// issuerSite is a site of two issuers: flow on a real store, with an estate as apply makes one.
type issuerSite struct {
	t       testing.TB
	catalog *estate.Catalog
	state   *estate.State
	store   *store.Store
	flow    *flow.Flow
	now     time.Time
}

// farLine is a way to lots whose lines are all down: what is sent waits.
type farLine struct{}

func (farLine) Compose(lot.Notice) ([]byte, error) { return []byte("{}"), nil }
func (farLine) Here(charge.LotID) bool             { return false }
func (farLine) Deliver(_ lot.Order, done func(lot.Result)) {
	done(lot.Result{Result: charge.AttemptOffLine, Reason: charge.ReasonLineOff})
}

// deaf hears nothing.
type deaf struct{}

func (deaf) Pushed(string, charge.Outcome)                                 {}
func (deaf) Moved(charge.State, charge.Reason)                             {}
func (deaf) Tried(charge.DeliveryChannel, charge.AttemptResult)            {}
func (deaf) Delivered(charge.LotID, charge.DeliveryChannel, time.Duration) {}
func (deaf) StrayAck(charge.LotID)                                         {}
func (deaf) Posted(string, bool)                                           {}

// issuerNow is the time of all that the issuers push.
func issuerNow() time.Time { return time.Date(2026, 3, 3, 2, 0, 0, 0, time.UTC) }

func newIssuerSite(t testing.TB, s *store.Store, ids *charge.IDs) *issuerSite {
	w := &issuerSite{t: t, catalog: catalogOf(all.Builtin(), nil), store: s, now: issuerNow()}
	w.flow = flow.New(flow.Config{
		Storage: storage{s}, Estate: func() flow.Estate { return &view{State: w.state} },
		Dialect:  func(string) (platform.Dialect, bool) { return nil, false },
		Channels: map[charge.DeliveryChannel]lot.Channel{charge.ChannelLine: farLine{}, charge.ChannelCallback: farLine{}},
		Observer: deaf{}, IDs: ids, Node: "test", Now: issuerNow, Logger: slog.New(slog.DiscardHandler),
	}, s)
	return w
}

// apply merges a document into the site's estate.
func (w *issuerSite) apply(format string, args ...any) {
	w.t.Helper()
	doc, err := estate.Parse("site.yaml", fmt.Appendf([]byte("version: 1\n"), format, args...), nil, nil)
	if err == nil {
		w.state, _, err = w.catalog.Merge(w.state, doc)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// keysOf writes the keys of an account; operator distinguishes accounts of different operators.
func (w *issuerSite) keysOf(id, operator string) string {
	p := w.catalog.Platforms[id]
	var keys []string
	for _, k := range p.Keys {
		value := strings.Repeat("k", max(k.Bytes, 12))
		if k.Name == p.Operator {
			value = operator
		}
		keys = append(keys, fmt.Sprintf("%s: %q", k.Name, value))
	}
	return "{" + strings.Join(keys, ", ") + "}"
}

// account writes an account of a platform.
func (w *issuerSite) account(id, name, scope, operator, more string) string {
	keys := ""
	if len(w.catalog.Platforms[id].Keys) > 0 {
		keys = "keys: " + w.keysOf(id, operator) + ", "
	}
	return fmt.Sprintf("  - {account: %s, platform: %s, scope: %q, %sallow_from: [\"192.0.2.0/24\"]%s}\n", name, id, scope,
		keys, more)
}

// binding writes a binding with a rule that the platform takes.
func (w *issuerSite) binding(id, account, lot string) string {
	p, rule := w.catalog.Platforms[id], ""
	if p.Default == nil {
		rule = `, rule: {grant: fixed, minutes: 30}`
	}
	for _, g := range p.Grants {
		if g == "fixed_amount" || g == "amount" && p.Default == nil {
			rule = `, rule: {grant: fixed, amount: "5.00"}`
		}
	}
	chargers := ""
	switch found := strings.ReplaceAll(account+lot, "/", "-"); {
	case p.ByCharger:
		chargers = fmt.Sprintf(", chargers: [%q]", found)
	case p.ByStation:
		chargers = fmt.Sprintf(", stations: [%q]", found)
	}
	return fmt.Sprintf("  - {account: %s, lot: %q, mode: live%s%s}\n", account, lot, rule, chargers)
}

// found sets the site up: two issuers of a platform, the first with two lots.
func (w *issuerSite) found(id string) (first, second issuing) {
	kind, tariff := "sdk", `, stays: required`
	if len(w.catalog.Platforms[id].Kinds) == 1 {
		kind, tariff = "4g", `, tariff: {unit_minutes: 60, unit_price: "5.00"}`
	}
	w.apply(`vendors:
  - {union_id: "1", name: one, ukey: "ukey-of-vendor-1", open_interface: true}
  - {union_id: "2", name: two, ukey: "ukey-of-vendor-2", open_interface: true}
lots:
  - {lot: "1/1", name: a, kind: %[1]s, ckey: "ckey-of-lot-1-1"%[2]s}
  - {lot: "1/2", name: b, kind: %[1]s, ckey: "ckey-of-lot-1-2"%[2]s}
  - {lot: "2/1", name: c, kind: %[1]s, ckey: "ckey-of-lot-2-1"%[2]s}
`, kind, tariff)
	w.apply("accounts:\n%s%sbindings:\n%s%s%s", w.account(id, "one", "1", "OPERATOR-ONE", ""),
		w.account(id, "two", "2", "OPERATOR-TWO", ""),
		w.binding(id, "one", "1/1"), w.binding(id, "one", "1/2"), w.binding(id, "two", "2/1"))
	return issuing{w, id, "one", lotNamed("1/1")}, issuing{w, id, "two", lotNamed("2/1")}
}

func lotNamed(text string) (l charge.LotID) {
	if err := l.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return l
}

// issuing is an account of a platform that pushes for a lot.
type issuing struct {
	*issuerSite
	platform, account string
	lot               charge.LotID
}

// push pushes an order for a plate and returns the outcome and the charge that came of it, as it is stored.
func (i issuing) push(order string, plate charge.Plate) (charge.Outcome, *charge.Charge) {
	i.t.Helper()
	var got charge.Outcome
	i.flow.Take(i.t.Context(), platform.Push{Platform: i.platform, Path: "/x", Received: i.now},
		platform.Account{ID: i.account},
		platform.Message{Charge: &platform.Charge{Order: order, RepeatKey: order, Plate: plate, Lot: i.lot,
			Started: i.now.Add(-2 * time.Hour), Ended: i.now.Add(-time.Minute),
			Ask: charge.Ask{Method: charge.MethodTime, Minutes: 30}}},
		func(v platform.Verdict) platform.Reply {
			got = v.Outcome
			return platform.Reply{Status: 200}
		})
	page, err := i.store.Pushes(i.t.Context(), charge.PushFilter{Platform: i.platform, Limit: 1})
	if err != nil || len(page.Items) != 1 {
		i.t.Fatalf("the push is not recorded: %v", err)
	}
	return got, i.read(page.Items[0].Charge)
}

func (w *issuerSite) read(id int64) (c *charge.Charge) {
	w.t.Helper()
	if err := w.store.Read(w.t.Context(), func(tx *store.Tx) (err error) {
		c, err = tx.Charge(id)
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// enter lets a car in.
func (i issuing) enter(plate charge.Plate) {
	i.t.Helper()
	a, err := i.flow.Entered(i.t.Context(),
		lot.Entry{Lot: i.lot, OrderID: "stay-" + plate.Full(), Plate: plate, Entered: i.now.Add(-3 * time.Hour)})
	if err != nil || a.State != 1 {
		i.t.Fatalf("entry: %+v, %v", a, err)
	}
}

// history is all that is stored of a charge.
func (w *issuerSite) history(id int64) (h *charge.History) {
	w.t.Helper()
	if err := w.store.Read(w.t.Context(), func(tx *store.Tx) error {
		all, err := tx.Histories([]int64{id})
		if err == nil {
			h = all[0]
		}
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return h
}

// TestAnOrderNumberCountsWithinItsIssuer plays two issuers that give the same numbers, on every platform: what one
// pushes does nothing to the charge of the other, and its own stays a repeat under a new name and with turned keys.
func TestAnOrderNumberCountsWithinItsIssuer(t *testing.T) {
	places := map[string]storetest.Place{"SQLite": storetest.SQLite,
		"PostgreSQL": storetest.SharedPostgres(t)}
	for engine, place := range places {
		t.Run(engine, func(t *testing.T) {
			cfg := place(t)
			cfg.Node = "test"
			s := storetest.Open(t, cfg)
			ids := charge.NewIDs(1, issuerNow)
			for n, d := range all.Builtin() {
				t.Run(d.Info().ID, func(t *testing.T) { playIssuers(newIssuerSite(t, s, ids), n, d.Info()) })
			}
		})
	}
}

// playIssuers plays the issuers of the nth platform.
func playIssuers(w *issuerSite, n int, info platform.Info) {
	t, id := w.t, info.ID
	one, two := w.found(id)
	order := func(i int) string { return fmt.Sprintf("%s-%d", id, i) }
	plate := func(car int) charge.Plate { return charge.Plate(fmt.Sprintf("京A%05d", n*100+car)) }
	accepted := func(what string, got charge.Outcome, c *charge.Charge, by issuing, p charge.Plate) {
		t.Helper()
		if got != charge.OutcomeAccepted || c == nil || c.Plate != p || c.Lot != by.lot {
			t.Errorf("%s: %s, %+v; want a charge of its own", what, got, c)
		}
	}
	untouched := func(what string, was *charge.History) {
		t.Helper()
		now := w.history(was.Charge.ID)
		if now.Charge.Plate != was.Charge.Plate || now.Charge.Lot != was.Charge.Lot || now.Charge.State != was.Charge.State ||
			len(now.Events) != len(was.Events) || len(now.Pushes) != len(was.Pushes) || len(now.Ledger) != len(was.Ledger) {
			t.Errorf("%s: another issuer's charge has changed", what)
		}
	}

	// Held: the car is not known to be in. The other issuer's push takes nothing over.
	got, first := one.push(order(1), plate(1))
	accepted("the first issuer", got, first, one, plate(1))
	if first.State != charge.StateHeld {
		t.Fatalf("the first charge is %s, want held", first.State)
	}
	before := w.history(first.ID)
	got, second := two.push(order(1), plate(2))
	accepted("the same number of another issuer, held", got, second, two, plate(2))
	untouched("held", before)

	// Decided: what was granted stays, and both cars get theirs.
	one.enter(plate(1))
	two.enter(plate(2))
	for _, c := range []*charge.Charge{first, second} {
		if now := w.read(c.ID); now.State != charge.StateSending && now.State != charge.StateDelivered {
			t.Errorf("charge in %s is %s (%s), want it granted", now.Lot, now.State, now.Reason)
		}
	}
	before = w.history(first.ID)
	if got, again := two.push(order(1), plate(3)); got != charge.OutcomeDuplicate || again.ID != second.ID {
		t.Errorf("the other issuer's own repeat: %s of %d, want a duplicate of %d", got, again.ID, second.ID)
	}
	untouched("delivered", before)

	// Another lot: the same issuer unless the lot is the issuer.
	elsewhere := one
	elsewhere.lot = lotNamed("1/2")
	got, third := elsewhere.push(order(1), plate(4))
	if info.Issuer == charge.IssuerLot {
		accepted("another lot's number", got, third, elsewhere, plate(4))
	} else if got != charge.OutcomeDuplicate || third.ID != first.ID {
		t.Errorf("the number for another lot of the issuer: %s, want a duplicate", got)
	}

	// Turned keys.
	if len(w.catalog.Platforms[id].Keys) > 0 {
		w.apply("accounts:\n  - {account: one, keys: %s, old_keys: {%s: \"%s\", until: \"2027-01-01T00:00:00+08:00\"}, "+
			"platform: %s}\n",
			strings.ReplaceAll(w.keysOf(id, "OPERATOR-NEW"), "k\"", "n\""), w.catalog.Platforms[id].Keys[0].Name,
			strings.Repeat("k", max(w.catalog.Platforms[id].Keys[0].Bytes, 12)), id)
	} else {
		w.apply("vendors:\n  - {union_id: \"1\", ukey: \"ukey-turned-of-1\"}\nlots:\n  - {lot: \"1/1\", ckey: " +
			"\"ckey-turned-of-1\"}\n")
	}
	if got, again := one.push(order(1), plate(1)); got != charge.OutcomeDuplicate || again.ID != first.ID {
		t.Errorf("with turned keys: %s, want a duplicate", got)
	}

	// A new name.
	w.apply("accounts:\n  - {account: one, platform: %s, state: off}\n%sbindings:\n%s", id,
		w.account(id, "renamed", "1", "OPERATOR-OTHER", ", formerly: [one]"),
		strings.NewReplacer("chargers: [\"renamed", "chargers: [\"new", "stations: [\"renamed", "stations: [\"new").
			Replace(w.binding(id, "renamed", "1/1")))
	renamed := one
	renamed.account = "renamed"
	if got, again := renamed.push(order(1), plate(1)); got != charge.OutcomeDuplicate || again.ID != first.ID {
		t.Errorf("under a new name: %s, want a duplicate", got)
	}
	if got, own := renamed.push(order(2), plate(5)); got != charge.OutcomeAccepted {
		t.Errorf("a new order under a new name: %s, %+v", got, own)
	}
}

// TestIssuersInterleaved pushes the numbers of two issuers in any order: what each gets is what it would get alone.
func TestIssuersInterleaved(t *testing.T) {
	places := map[string]storetest.Place{"SQLite": storetest.SQLite,
		"PostgreSQL": storetest.SharedPostgres(t)}
	for engine, place := range places {
		t.Run(engine, func(t *testing.T) {
			cfg := place(t)
			cfg.Node = "test"
			s := storetest.Open(t, cfg)
			round, ids := 0, charge.NewIDs(1, issuerNow)
			rapid.Check(t, func(rt *rapid.T) {
				round++
				id := rapid.SampledFrom(all.Builtin()).Draw(rt, "platform").Info().ID
				w := newIssuerSite(t, s, ids)
				one, two := w.found(id)
				both := []issuing{one, two}
				alone := []map[string]charge.Outcome{{}, {}}
				for range rapid.IntRange(1, 12).Draw(rt, "pushes") {
					who := rapid.IntRange(0, 1).Draw(rt, "issuer")
					order := fmt.Sprintf("%d-%d", round, rapid.IntRange(1, 3).Draw(rt, "order"))
					plate := charge.Plate(fmt.Sprintf("京B%d%04d", who, rapid.IntRange(0, 1).Draw(rt, "car")))
					want := charge.OutcomeDuplicate
					if alone[who][order] == "" {
						want = charge.OutcomeAccepted
					}
					alone[who][order] = want
					got, c := both[who].push(order, plate)
					if got != want || c == nil || c.Lot != both[who].lot || c.Account != both[who].account || c.Order != order {
						rt.Fatalf("issuer %d, order %s: %s, %+v; alone it would hear %s", who, order, got, c, want)
					}
				}
			})
		})
	}
}
