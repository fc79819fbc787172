package sim

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/store"
)

var background = context.Background()

// checkMove holds the table of transitions.
func (w *world) checkMove(m move) {
	if m.from == m.to {
		return
	}
	if !slices.ContainsFunc(flow.Transitions(), func(x flow.Transition) bool { return x.From == m.from && x.To == m.to }) {
		w.wrongf("charge %d went from %q to %q, which no transition allows", m.id, m.from, m.to)
	}
	w.note("charge %s is %s", w.name(itoa(m.id)), m.to)
}

// taken notes that a platform was answered that its order is taken, and holds that it is.
func (w *world) taken(o *order, c platform.Charge) {
	o.yes = true
	w.checkOrder(o)
}

// checkOrder holds that an order whose platform has heard yes is stored, is the same charge as ever, and is of the
// account that pushed it.
func (w *world) checkOrder(o *order) {
	if o.undated {
		return
	}
	w.read(func(tx *store.Tx) error {
		c, err := tx.ChargeByRepeat(o.account.Platform, o.number, w.site.Issuer(o.account.ID, o.lot))
		switch {
		case err != nil:
			return err
		case c == nil:
			w.wrongf("order %s of %s was answered as taken and is not there", o.number, o.account.ID)
		case o.charge != 0 && o.charge != c.ID:
			w.wrongf("order %s of %s is charge %d and was %d", o.number, o.account.ID, c.ID, o.charge)
		case c.Account != o.account.ID || !o.plates[c.Plate]:
			w.wrongf("order %s of %s is a charge of %s for a plate that was never pushed with it", o.number, o.account.ID,
				c.Account)
		default:
			o.charge = c.ID
		}
		return nil
	})
}

// checkAccepted is checkOrder of all.
func (w *world) checkAccepted() {
	for _, o := range w.book.orders {
		if o.yes {
			w.checkOrder(o)
		}
	}
}

func (w *world) read(fn func(tx *store.Tx) error) {
	if err := w.disk.store.Read(background, fn); err != nil {
		w.wrongf("the store cannot be read: %v", err)
	}
}

// readEvery is after how many steps that change a charge the changed ones are read from the store.
const readEvery = 16

// check looks at what something has happened to since the last step.
func (w *world) check() {
	b := w.book
	if len(b.dirty) == 0 && len(b.touched) == 0 {
		return
	}
	for _, id := range b.touched {
		of, stored := b.chargeOf[id]
		if !stored {
			w.wrongf("a lot has applied delivery %d, which is not stored", id)
			continue
		}
		b.dirty[of] = true
	}
	b.touched = b.touched[:0]
	ids := sortedIDs(b.dirty)
	clear(b.dirty)
	for _, id := range ids {
		h := b.histories[id]
		if h == nil || h.Charge == nil {
			w.wrongf("charge %d has a delivery and was never put", id)
			continue
		}
		b.unread[id] = true
		w.checkCharge(b.found(h))
		w.checkVisit(b.visitOf(h.Charge))
		w.checkPlate(h.Charge)
	}
	if b.changes++; b.changes%readEvery == 0 {
		w.readBack()
	} else {
		w.read(func(*store.Tx) error { return nil }) // has the tables written now, not when a real clock says so
	}
}

// readBack looks at what the store has of the charges that have changed since the last time.
func (w *world) readBack() {
	ids := sortedIDs(w.book.unread)
	clear(w.book.unread)
	w.read(func(tx *store.Tx) error {
		all, err := w.lookAt(tx, ids)
		for _, f := range all {
			w.checkCharge(f)
			w.checkStored(f.History)
		}
		return err
	})
	if err := w.disk.tidy(); err != nil {
		w.wrongf("the database's log: %v", err)
	}
}

// checkStored holds that a charge is stored as it was put.
func (w *world) checkStored(h *charge.History) {
	if put, is := outline(w.book.histories[h.Charge.ID]), outline(h); put != is {
		w.wrongf("charge %d is stored as %s, and was put as %s", h.Charge.ID, is, put)
	}
}

// outline is what two copies of a charge have in common.
func outline(h *charge.History) string {
	c := h.Charge
	b := fmt.Appendf(nil, "%s %s %s of stay %d, granted %+v, report %s", c.Plate, c.State, c.Reason, c.StayID,
		reductionOf(c), c.Report)
	if u := c.Usage; u != nil {
		b = fmt.Appendf(b, ", used %d min %d fen", u.Minutes, u.Yuan())
	}
	byID := func(a, b charge.LedgerEntry) int { return cmp.Compare(a.ID, b.ID) }
	for _, e := range slices.SortedFunc(slices.Values(h.Ledger), byID) {
		b = fmt.Appendf(b, ", %s %d min %d fen", e.Kind, e.Minutes, e.Amount)
	}
	for _, d := range h.Deliveries {
		b = fmt.Appendf(b, ", delivery %d %s", d.ID, d.State)
		for _, a := range h.Attempts[d.ID] {
			b = fmt.Appendf(b, " %s", a.Result)
		}
	}
	return string(b)
}

func reductionOf(c *charge.Charge) charge.Reduction {
	if c.Reduction == nil {
		return charge.Reduction{}
	}
	return *c.Reduction
}

// found is a charge with the jobs of its deliveries and of its report.
type found struct {
	*charge.History
	jobs map[int64]*outbox.Job
}

func (w *world) lookAt(tx *store.Tx, ids []int64) (all []found, err error) {
	histories, err := tx.Histories(ids)
	for i, h := range histories {
		if h == nil {
			w.wrongf("charge %d was committed and is not there", ids[i])
			continue
		}
		f := found{h, map[int64]*outbox.Job{}}
		for _, id := range append(deliveryIDs(h), h.Charge.ID) {
			if f.jobs[id], err = tx.Job(id); err != nil {
				return nil, err
			}
		}
		all = append(all, f)
	}
	return all, err
}

func deliveryIDs(h *charge.History) (ids []int64) {
	for _, d := range h.Deliveries {
		ids = append(ids, d.ID)
	}
	return ids
}

// checkCharge holds what is true of a charge by itself.
func (w *world) checkCharge(f found) {
	w.checkLedger(f.History)
	w.checkDeliveries(f)
	w.checkReport(f.Charge, f.jobs[f.Charge.ID])
}

// checkLedger adds a charge's entries up: the grant while it counts, the usage while it is used, nothing else.
func (w *world) checkLedger(h *charge.History) {
	c := h.Charge
	var have, want charge.Sums
	for _, e := range h.Ledger {
		if e.Kind == charge.EntryGrant {
			have.GrantMinutes, have.GrantAmount = have.GrantMinutes+e.Minutes, have.GrantAmount+e.Amount
		} else {
			have.UsageMinutes, have.UsageAmount = have.UsageMinutes+e.Minutes, have.UsageAmount+e.Amount
		}
	}
	if c.State.Granting() {
		if c.Reduction == nil {
			w.wrongf("charge %d is %s without a reduction", c.ID, c.State)
			return
		}
		want.GrantMinutes, want.GrantAmount = c.Reduction.Minutes, c.Reduction.Amount
	}
	if c.State == charge.StateUsed {
		want.UsageMinutes, want.UsageAmount = c.Usage.Minutes, c.Usage.Yuan()
	}
	if have != want {
		w.wrongf("charge %d is %s, its ledger has %+v, not %+v", c.ID, c.State, have, want)
	}
}

func pending(s charge.DeliveryState) bool {
	return s == charge.DeliveryDue || s == charge.DeliveryLeased || s == charge.DeliverySent
}

// checkDeliveries: one delivery at most may take effect, what a lot has applied counts, there is a job for exactly
// what is still to be tried, and an acknowledgement is noted once however often it comes.
func (w *world) checkDeliveries(h found) {
	c := h.Charge
	effective, applied := 0, 0
	for _, d := range h.Deliveries {
		if j := h.jobs[d.ID]; pending(d.State) != (j != nil) {
			w.wrongf("delivery %d of charge %d is %s, its job %+v", d.ID, c.ID, d.State, j)
		}
		acks := 0
		for _, a := range h.Attempts[d.ID] {
			if a.Result == charge.AttemptAcked {
				acks++
			}
		}
		if acks > 1 {
			w.wrongf("delivery %d of charge %d was acknowledged %d times", d.ID, c.ID, acks)
		}
		switch d.State {
		case charge.DeliveryRefused, charge.DeliveryGaveUp, charge.DeliveryVoided:
		default:
			effective++
		}
		if w.hasApplied(d) {
			applied++
		}
	}
	switch {
	case effective > 1, applied > 1:
		w.wrongf("charge %d (%s) has %d deliveries that may take effect, %d that did", c.ID, c.State, effective, applied)
	case c.State.Granting() && effective == 0:
		w.wrongf("charge %d is %s and nothing delivers it", c.ID, c.State)
	case !c.State.Granting() && c.State != charge.StateVoided && applied > 0:
		w.wrongf("a lot has applied charge %d, which is %s (%s)", c.ID, c.State, c.Reason)
	case !c.State.Granting() && effective > 0:
		w.wrongf("charge %d is %s, yet a delivery may take effect", c.ID, c.State)
	}
}

func (w *world) hasApplied(d *charge.Delivery) bool {
	p := w.parks[d.Lot]
	if p == nil || d.Channel == charge.ChannelLedger {
		return false
	}
	_, ok := p.applied[d.UUID]
	return ok
}

// checkReport: a report has a job as long as it is to be made, and what the platform heard last is the usage.
func (w *world) checkReport(c *charge.Charge, j *outbox.Job) {
	if owed := c.Report == charge.ReportDue || c.Report == charge.ReportSent; owed != (j != nil) {
		w.wrongf("the report of charge %d is %s, its job %+v", c.ID, c.Report, j)
	}
	if c.Report != charge.ReportDone || c.State != charge.StateUsed || c.Order == "" {
		return
	}
	u := w.book.told[c.Account+" "+c.Order]
	minutes := u.Minutes == fmt.Sprint(c.Usage.Minutes) || u.Minutes == c.Usage.Told
	yuan := u.Yuan == c.Usage.Amount.String() || u.Yuan == c.Usage.Told
	if u.Method == 1 && !minutes || u.Method == 2 && !yuan {
		w.wrongf("the platform heard %+v of charge %d, whose usage is %+v", u, c.ID, c.Usage)
	}
}

// visitOf lists the charges that count in one stay with a charge, or in one visit where there is none.
func (b *book) visitOf(c *charge.Charge) []*charge.Charge {
	var all []*charge.Charge
	switch {
	case c.StayID != 0:
		for _, id := range b.byStay[c.StayID] {
			all = append(all, b.histories[id].Charge)
		}
	case c.Decision != nil && !c.Decision.VisitFrom.IsZero():
		for _, id := range b.byPlate[c.Plate] {
			o := b.histories[id].Charge
			if o.StayID == 0 && o.Lot == c.Lot && o.Decision != nil && o.Decision.VisitFrom.Equal(c.Decision.VisitFrom) {
				all = append(all, o)
			}
		}
	}
	return all
}

// checkVisit: no visit was granted more than the rules that decided in it allow, and its lot has applied no more.
func (w *world) checkVisit(visit []*charge.Charge) {
	if len(visit) == 0 {
		return
	}
	v := addUp(visit)
	if v.adopted > 1 {
		return // two visits that a late entry made one
	}
	switch {
	case v.capMinutes && v.sum.Minutes > v.mostMinutes, v.capAmount && v.sum.Amount > v.mostAmount:
		w.wrongf("a visit was granted %+v above its caps of %d min, %s yuan", v.sum, v.mostMinutes, v.mostAmount)
	case v.best && (v.sum.Minutes > v.wanted.Minutes || v.sum.Amount > v.wanted.Amount):
		w.wrongf("a visit was granted %+v, the best single grant was %+v", v.sum, v.wanted)
	case v.first && v.grants > 1:
		w.wrongf("a visit was granted %d times, and only the first counts", v.grants)
	}
	has, voided := w.lotHas(visit)
	if !voided && v.adopted == 0 && (has.Minutes > v.sum.Minutes || has.Amount > v.sum.Amount) {
		w.wrongf("the lot has %+v of a visit that was granted %+v: charges %v", has, v.sum, idsOf(visit))
	}
}

func idsOf(visit []*charge.Charge) (ids []int64) {
	for _, c := range visit {
		ids = append(ids, c.ID)
	}
	return ids
}

// visited is what the charges of one visit come to.
type visited struct {
	sum, wanted     charge.Reduction
	mostMinutes     int64
	mostAmount      charge.Fen
	capMinutes      bool // every rule that granted has such a cap
	capAmount       bool
	best, first     bool // every rule that granted combines so
	grants, adopted int
}

func addUp(visit []*charge.Charge) visited {
	v := visited{capMinutes: true, capAmount: true, best: true, first: true}
	for _, c := range visit {
		if c.Decision == nil {
			continue
		}
		r := c.Decision.Rule
		v.want(c.Decision.Wanted.Minutes, c.Decision.Wanted.Amount)
		if c.Decision.Wanted.Method == charge.MethodFree { // under a cap it is the cap
			v.want(max(r.CapMinutes, r.PerDay.Minutes), max(r.CapAmount, r.PerDay.Amount))
		}
		if !c.State.Granting() || c.Reduction == nil {
			continue
		}
		v.grants++
		if c.StayID != 0 && !c.Decision.VisitFrom.IsZero() {
			v.adopted++
		}
		v.sum.Minutes, v.sum.Amount = v.sum.Minutes+c.Reduction.Minutes, v.sum.Amount+c.Reduction.Amount
		v.mostMinutes, v.mostAmount = max(v.mostMinutes, r.CapMinutes), max(v.mostAmount, r.CapAmount)
		v.capMinutes, v.capAmount = v.capMinutes && r.CapMinutes > 0, v.capAmount && r.CapAmount > 0
		v.best, v.first = v.best && r.Combine == charge.CombineBest, v.first && r.Combine == charge.CombineFirst
	}
	return v
}

func (v *visited) want(minutes int64, amount charge.Fen) {
	v.wanted.Minutes, v.wanted.Amount = max(v.wanted.Minutes, minutes), max(v.wanted.Amount, amount)
}

// lotHas adds up what lots have applied for a visit; voided says that a grant in it was taken back, of which lots
// hear nothing.
func (w *world) lotHas(visit []*charge.Charge) (has charge.Reduction, voided bool) {
	uuids := map[string]bool{}
	for _, c := range visit {
		voided = voided || c.State == charge.StateVoided
		for _, d := range w.book.histories[c.ID].Deliveries {
			uuids[d.UUID] = true
		}
	}
	for _, p := range w.parksInOrder() {
		for _, uuid := range p.order {
			if !uuids[uuid] {
				continue
			}
			if p.repeats == charge.RepeatsReplace {
				has = charge.Reduction{}
			}
			r := p.applied[uuid]
			has.Minutes, has.Amount = has.Minutes+r.Minutes, has.Amount+r.Amount
		}
	}
	return has, voided
}

// checkPlate: over all stays the plate of a charge was granted no more on one day than per_day, and nothing in two
// stays within lock.
func (w *world) checkPlate(c *charge.Charge) {
	if !grants(c) {
		return
	}
	rule := c.Decision.Rule
	var sum charge.Reduction
	var times int64
	day := c.At().In(charge.Shanghai).Format(time.DateOnly)
	for _, id := range w.book.byPlate[c.Plate] {
		o := w.book.histories[id].Charge
		if !grants(o) {
			continue
		}
		if rule.PerDay.Per.Covers(c.Lot, o.Lot) && o.At().In(charge.Shanghai).Format(time.DateOnly) == day {
			sum.Minutes, sum.Amount = sum.Minutes+o.Reduction.Minutes, sum.Amount+o.Reduction.Amount
			times++
		}
		apart := c.At().Sub(o.At()).Abs()
		locks := rule.Lock.Per.Covers(c.Lot, o.Lot) && apart < time.Duration(rule.Lock.Seconds)*time.Second
		if o.ID != c.ID && locks && !maybeOneVisit(c, o) {
			w.wrongf("charges %d and %d were granted in two stays, their ends %s apart", c.ID, o.ID, apart)
		}
	}
	limit := rule.PerDay
	above := over(times, limit.Times) || over(sum.Minutes, limit.Minutes) || over(int64(sum.Amount), int64(limit.Amount))
	if above {
		w.wrongf("the plate of charge %d was granted %d times %+v on one day, more than %+v", c.ID, times, sum, limit)
	}
}

// over reports whether something is above a limit; 0 is none.
func over(n, limit int64) bool { return limit > 0 && n > limit }

func grants(c *charge.Charge) bool {
	return c.State.Granting() && c.Reduction != nil && c.Decision != nil
}

// maybeOneVisit reports whether two charges count in one stay, or were decided in one visit before their stays came.
func maybeOneVisit(a, b *charge.Charge) bool {
	return a.StayID != 0 && a.StayID == b.StayID ||
		a.Lot == b.Lot && !a.Decision.VisitFrom.IsZero() && a.Decision.VisitFrom.Equal(b.Decision.VisitFrom)
}
