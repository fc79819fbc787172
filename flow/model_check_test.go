package flow_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// check holds what must never break.
func (m *machine) check() {
	m.wrong.mu.Lock()
	wrong := slices.Clone(m.wrong.list)
	m.wrong.mu.Unlock()
	for _, w := range wrong {
		m.t.Error(w)
	}
	all := m.charges()
	for _, c := range all {
		m.checkLedger(c)
		m.checkDeliveries(c)
		m.checkReport(c)
	}
	for _, visit := range visitsOf(all) {
		m.checkVisit(visit)
	}
	m.checkPlates(all)
	m.checkStays(all)
	if m.steps++; m.steps%8 == 0 {
		m.verify()
	}
	if m.t.Failed() {
		m.t.Fatal(m.shot())
	}
}

func (m *machine) verify() {
	r, err := m.store.Verify(context.Background())
	if err != nil {
		m.t.Fatal(err)
	}
	for _, c := range r.Checks {
		if !c.OK && c.Name != "integrity" { // of the file, which is the store's own affair
			m.t.Errorf("verify %s: %s", c.Name, c.Detail)
		}
	}
}

func (m *machine) charges() []*charge.Charge {
	page, err := m.store.Charges(context.Background(), charge.ChargeFilter{Limit: 500})
	if err != nil {
		m.t.Fatal(err)
	}
	slices.SortFunc(page.Items, func(a, b *charge.Charge) int { return int(a.ID - b.ID) })
	return page.Items
}

func (m *machine) read(fn func(tx *store.Tx) error) {
	if err := m.store.Read(context.Background(), fn); err != nil {
		m.t.Fatal(err)
	}
}

// checkLedger adds a charge's entries up: the grant while it counts, the usage while it is used, nothing else.
func (m *machine) checkLedger(c *charge.Charge) {
	var have, want charge.Sums
	m.read(func(tx *store.Tx) error {
		entries, err := tx.LedgerOf(c.ID)
		for _, e := range entries {
			if e.Kind == charge.EntryGrant {
				have.GrantMinutes, have.GrantAmount = have.GrantMinutes+e.Minutes, have.GrantAmount+e.Amount
			} else {
				have.UsageMinutes, have.UsageAmount = have.UsageMinutes+e.Minutes, have.UsageAmount+e.Amount
			}
		}
		return err
	})
	if c.State.Granting() {
		if c.Reduction == nil {
			m.t.Errorf("charge %d is %s without a reduction", c.ID, c.State)
			return
		}
		want.GrantMinutes, want.GrantAmount = c.Reduction.Minutes, c.Reduction.Amount
	}
	if c.State == charge.StateUsed {
		want.UsageMinutes, want.UsageAmount = c.Usage.Minutes, c.Usage.Yuan()
	}
	if have != want {
		m.t.Errorf("charge %d is %s, its ledger has %+v, not %+v", c.ID, c.State, have, want)
	}
}

// checkDeliveries: one delivery at most may take effect, what a lot has applied counts, there is a job for exactly
// what is still to be tried, and an acknowledgement is noted once however often it comes.
func (m *machine) checkDeliveries(c *charge.Charge) {
	var all []*charge.Delivery
	m.read(func(tx *store.Tx) (err error) {
		if all, err = tx.DeliveriesOf(c.ID); err != nil {
			return err
		}
		for _, d := range all {
			j, err := tx.Job(d.ID)
			if err != nil {
				return err
			}
			if pending := d.State == charge.DeliveryDue || d.State == charge.DeliveryLeased ||
				d.State == charge.DeliverySent; pending != (j != nil) {
				m.t.Errorf("delivery %d of charge %d is %s, its job %+v", d.ID, c.ID, d.State, j)
			}
			tries, err := tx.Attempts(d)
			if err != nil {
				return err
			}
			acks := 0
			for _, a := range tries {
				if a.Result == charge.AttemptAcked {
					acks++
				}
			}
			if acks > 1 {
				m.t.Errorf("delivery %d of charge %d was acknowledged %d times: %+v", d.ID, c.ID, acks, tries)
			}
		}
		return nil
	})
	effective, applied := 0, 0
	for _, d := range all {
		switch d.State {
		case charge.DeliveryRefused, charge.DeliveryGaveUp, charge.DeliveryVoided:
		default:
			effective++
		}
		if d.Channel != charge.ChannelLedger && m.hasApplied(d) {
			applied++
		}
	}
	switch {
	case effective > 1, applied > 1:
		m.t.Errorf("charge %d (%s) has %d deliveries that may take effect, %d that did", c.ID, c.State, effective, applied)
	case c.State.Granting() && effective == 0:
		m.t.Errorf("charge %d is %s and nothing delivers it", c.ID, c.State)
	case !c.State.Granting() && c.State != charge.StateVoided && applied > 0:
		m.t.Errorf("a lot has applied charge %d, which is %s (%s)", c.ID, c.State, c.Reason)
	case !c.State.Granting() && effective > 0:
		m.t.Errorf("charge %d is %s, yet a delivery may take effect", c.ID, c.State)
	}
}

func (m *machine) hasApplied(d *charge.Delivery) bool {
	p := m.lots[outbox.Kind(d.Channel)]
	_, ok := p.applied[d.UUID]
	return ok
}

// checkReport: a report has a job as long as it is to be sent, and what was reported last is the usage.
func (m *machine) checkReport(c *charge.Charge) {
	var j *outbox.Job
	m.read(func(tx *store.Tx) (err error) {
		j, err = tx.Job(c.ID)
		return err
	})
	if owed := c.Report == charge.ReportDue || c.Report == charge.ReportSent; owed != (j != nil) {
		m.t.Errorf("the report of charge %d is %s, its job %+v", c.ID, c.Report, j)
	}
	if c.Report != charge.ReportDone || c.State != charge.StateUsed || c.Order == "" {
		return
	}
	if u := m.heard(c.Platform + " " + c.Order); u.Method == 1 && u.Minutes != fmt.Sprint(c.Usage.Minutes) &&
		u.Minutes != c.Usage.Told ||
		u.Method == 2 && u.Yuan != c.Usage.Amount.String() && u.Yuan != c.Usage.Told {
		m.t.Errorf("the platform was told %+v of charge %d, whose usage is %+v", u, c.ID, c.Usage)
	}
}

// visitsOf groups the charges that count by stay, or by visit where there is none.
func visitsOf(all []*charge.Charge) map[string][]*charge.Charge {
	visits := map[string][]*charge.Charge{}
	for _, c := range all {
		switch {
		case c.StayID != 0:
			key := fmt.Sprint("stay ", c.StayID)
			visits[key] = append(visits[key], c)
		case c.Decision != nil && !c.Decision.VisitFrom.IsZero():
			key := fmt.Sprint("visit ", c.Lot, c.Plate, c.Decision.VisitFrom)
			visits[key] = append(visits[key], c)
		}
	}
	return visits
}

// checkVisit: no visit was granted more than the rules that decided in it allow, and its lot has applied no more.
func (m *machine) checkVisit(visit []*charge.Charge) {
	var sum, most, usedUp charge.Reduction
	limitMinutes, limitAmount := int64(0), charge.Fen(0)
	capMinutes, capAmount, best, first, grants, adopted, replaced := true, true, true, true, 0, 0, false
	l := m.estate.lots[visit[0].Lot]
	for _, c := range visit {
		if c.Decision == nil {
			continue
		}
		r := c.Decision.Rule
		most.Minutes, most.Amount = max(most.Minutes, c.Decision.Wanted.Minutes), max(most.Amount, c.Decision.Wanted.Amount)
		if c.Decision.Wanted.Method == charge.MethodFree { // under a cap, of the stay or of the day, it is the cap
			most.Minutes = max(most.Minutes, r.CapMinutes, r.PerDay.Minutes)
			most.Amount = max(most.Amount, r.CapAmount, r.PerDay.Amount)
		}
		if !c.State.Granting() {
			continue
		}
		grants++
		if c.StayID != 0 && !c.Decision.VisitFrom.IsZero() {
			adopted++
		}
		sum.Minutes, sum.Amount = sum.Minutes+c.Reduction.Minutes, sum.Amount+c.Reduction.Amount
		if c.Usage != nil && c.Usage.Source != charge.UsageExit {
			usedUp.Minutes, usedUp.Amount = usedUp.Minutes+c.Usage.Minutes, usedUp.Amount+c.Usage.Amount
		}
		limitMinutes, limitAmount = max(limitMinutes, r.CapMinutes), max(limitAmount, r.CapAmount)
		capMinutes, capAmount = capMinutes && r.CapMinutes > 0, capAmount && r.CapAmount > 0
		best, first = best && r.Combine == charge.CombineBest, first && r.Combine == charge.CombineFirst
		replaced = replaced || c.Decision.Send != *c.Reduction
	}
	if adopted > 1 {
		return // two visits that a late entry made one
	}
	switch {
	case capMinutes && sum.Minutes > limitMinutes, capAmount && sum.Amount > limitAmount:
		m.t.Errorf("a visit was granted %+v above its caps of %d min, %s yuan", sum, limitMinutes, limitAmount)
	case best && (sum.Minutes > most.Minutes || sum.Amount > most.Amount):
		m.t.Errorf("a visit was granted %+v, the best single grant was %+v", sum, most)
	case first && grants > 1:
		m.t.Errorf("a visit was granted %d times, and only the first counts", grants)
	}
	if applied, voided := m.lotHas(visit, l.Repeats); !voided && adopted == 0 &&
		(applied.Minutes > sum.Minutes || applied.Amount > sum.Amount) {
		m.t.Errorf("the lot has %+v of a visit that was granted %+v", applied, sum)
	}
}

// checkPlates: over all stays no plate was granted more on one day than per_day, and nothing in two stays within lock.
func (m *machine) checkPlates(all []*charge.Charge) {
	day := map[string]charge.Reduction{}
	times := map[string]int64{}
	var granting []*charge.Charge
	for _, c := range all {
		if !c.State.Granting() || c.Reduction == nil || c.Decision == nil {
			continue
		}
		granting = append(granting, c)
		limit := c.Decision.Rule.PerDay
		key := fmt.Sprint(c.Plate.Full(), c.Lot.Union, c.At().In(charge.Shanghai).Format("2006-01-02"))
		if limit.Per != charge.ReachVendor {
			key += c.Lot.String()
		}
		sum := day[key]
		sum.Minutes, sum.Amount = sum.Minutes+c.Reduction.Minutes, sum.Amount+c.Reduction.Amount
		day[key] = sum
		times[key]++
		if limit.Times > 0 && times[key] > limit.Times || limit.Minutes > 0 && sum.Minutes > limit.Minutes ||
			limit.Amount > 0 && sum.Amount > limit.Amount {
			m.t.Errorf("%s was granted %d times %+v, more than %+v", key, times[key], sum, limit)
		}
	}
	for i, a := range granting {
		for _, b := range granting[:i] {
			lock := a.Decision.Rule.Lock
			apart := a.At().Sub(b.At()).Abs()
			if a.Plate == b.Plate && lock.Per.Covers(a.Lot, b.Lot) && apart < time.Duration(lock.Seconds)*time.Second &&
				!maybeOneVisit(a, b) {
				m.t.Errorf("charges %d and %d were granted in two stays, their ends %s apart", a.ID, b.ID, apart)
			}
		}
	}
}

// checkStays: of one number and of one plate one stay is open in a lot; nothing lies ahead of its receipt; a stay
// that an exit has ended changes no more; and a car without a plate is found by its order alone.
func (m *machine) checkStays(all []*charge.Charge) {
	if now := m.clock.Now(); now.After(m.latest) {
		m.latest = now
	}
	page, err := m.store.Stays(context.Background(), charge.StayFilter{Limit: 500})
	if err != nil {
		m.t.Fatal(err)
	}
	open := map[string]int64{}
	unplated := map[int64]bool{}
	for _, s := range page.Items {
		if s.Entered.After(m.latest) || s.Left.After(m.latest) {
			m.t.Errorf("stay %d lasts from %s to %s, received by %s", s.ID, s.Entered, s.Left, m.latest)
		}
		for _, key := range []string{s.Lot.String() + " number " + s.OrderID, s.Lot.String() + " plate " + s.Plate.Full()} {
			if s.Open && open[key] != 0 {
				m.t.Errorf("stays %d and %d of one %s are open", open[key], s.ID, key)
			} else if s.Open {
				open[key] = s.ID
			}
		}
		if was := m.left[s.ID]; was != nil && (was.Plate != s.Plate || !was.Entered.Equal(s.Entered) ||
			!was.Left.Equal(s.Left) || s.Open) {
			m.t.Errorf("stay %d ended as %+v and is %+v", s.ID, was, s)
		}
		if s.Closed == charge.ClosedByExit {
			m.left[s.ID] = s
		}
		unplated[s.ID] = s.Plate.Unplated()
	}
	for _, c := range all {
		if unplated[c.StayID] && !m.bound[c.ID] {
			m.t.Errorf("charge %d of %s is matched to stay %d of a car without a plate", c.ID, c.Plate.Full(), c.StayID)
		}
	}
}

// maybeOneVisit reports whether two charges count in one stay, or were decided in one visit before their stays came.
func maybeOneVisit(a, b *charge.Charge) bool {
	return a.StayID != 0 && a.StayID == b.StayID ||
		a.Lot == b.Lot && !a.Decision.VisitFrom.IsZero() && a.Decision.VisitFrom.Equal(b.Decision.VisitFrom)
}

// lotHas adds up what a lot has applied for a visit; voided says that a grant in it was taken back, of which lots
// cannot be known.
func (m *machine) lotHas(visit []*charge.Charge, repeats charge.Repeats) (has charge.Reduction, voided bool) {
	uuids := map[string]bool{}
	for _, c := range visit {
		voided = voided || c.State == charge.StateVoided
		m.read(func(tx *store.Tx) error {
			all, err := tx.DeliveriesOf(c.ID)
			for _, d := range all {
				uuids[d.UUID] = true
			}
			return err
		})
	}
	for _, p := range m.lots {
		for _, uuid := range p.order {
			if !uuids[uuid] {
				continue
			}
			n := p.applied[uuid]
			if repeats == charge.RepeatsReplace {
				has = charge.Reduction{}
			}
			has.Minutes, has.Amount = has.Minutes+n.Reduction.Minutes, has.Amount+n.Reduction.Amount
		}
	}
	return has, voided
}

// shot prints everything there is about charges and stays, to compare and to read.
func (m *machine) shot() string {
	var b strings.Builder
	for _, c := range m.charges() {
		fmt.Fprintf(&b, "charge %d %s %q %s %s: %s (%s) %+v stay %d report %s usage %+v\n", c.ID, c.Platform, c.Order, c.Lot,
			c.Plate.Full(),
			c.State, c.Reason, c.Reduction, c.StayID, c.Report, c.Usage)
		if d := c.Decision; d != nil {
			fmt.Fprintf(&b, "  decided %s: %s of visit %s after %+v: %s\n", d.At, d.Rule.Combine, d.VisitFrom, d.Granted,
				d.Notes)
		}
		m.read(func(tx *store.Tx) error {
			all, err := tx.DeliveriesOf(c.ID)
			for _, d := range all {
				tries, _ := tx.Attempts(d)
				fmt.Fprintf(&b, "  delivery %d %s %s %+v\n", d.ID, d.UUID, d.State, tries)
			}
			return err
		})
	}
	stays, err := m.store.Stays(context.Background(), charge.StayFilter{Limit: 500})
	if err != nil {
		m.t.Fatal(err)
	}
	for _, s := range stays.Items {
		fmt.Fprintf(&b, "stay %d %s %s %s %s-%s open %t (%s) paid %s\n", s.ID, s.Lot, s.OrderID, s.Plate.Full(), s.Entered,
			s.Left, s.Open, s.Closed, s.Paid)
	}
	return b.String()
}
