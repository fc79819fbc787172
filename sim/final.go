package sim

import (
	"context"
	"slices"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/store"
)

// checkEnd holds what must be true when everything has come to rest: the store agrees with itself and with the book,
// and every charge is in a state that its history explains.
func (w *world) checkEnd() {
	w.checkAccepted()
	r, err := w.disk.store.Verify(background)
	if err != nil {
		w.wrongf("verify: %v", err)
	}
	for _, c := range r.Checks {
		if !c.OK {
			w.wrongf("verify %s: %s", c.Name, c.Detail)
		}
	}
	var all []found
	w.read(func(tx *store.Tx) (err error) {
		all, err = w.lookAt(tx, sortedIDs(w.book.histories))
		return err
	})
	for _, f := range all {
		w.checkCharge(f)
		w.checkStored(f.History)
		w.explain(f.History)
		c := f.Charge
		w.note("charge %s of %s %s: %s (%s) %+v, used %+v, report %s", w.name(itoa(c.ID)), c.Account, c.Order,
			c.State, c.Reason, c.Reduction, c.Usage, c.Report)
	}
	w.checkStatement(all)
}

// explain holds that there is a reason for a charge's state in its history.
func (w *world) explain(h *charge.History) {
	c := h.Charge
	var results []charge.AttemptResult
	for _, d := range h.Deliveries {
		for _, a := range h.Attempts[d.ID] {
			results = append(results, a.Result)
		}
	}
	had := func(r ...charge.AttemptResult) bool {
		return slices.ContainsFunc(results, func(x charge.AttemptResult) bool { return slices.Contains(r, x) })
	}
	said := slices.ContainsFunc(h.Events, func(e charge.Event) bool { return e.Actor != "" })
	switch c.State {
	case charge.StateHeld, charge.StateSending:
		w.wrongf("charge %d is %s (%s) although nothing is under way", c.ID, c.State, c.Reason)
	case charge.StateDelivered, charge.StateUsed:
		if !had(charge.AttemptAcked, charge.AttemptPosted) && !said && c.Usage == nil {
			w.wrongf("charge %d is %s, and nobody has said yes: %v", c.ID, c.State, results)
		}
	case charge.StateRefused:
		if !had(charge.AttemptRefused) {
			w.wrongf("charge %d is refused, and no lot has said no: %v", c.ID, results)
		}
	case charge.StateUnknown:
		// An exit ends a try that is under way, and what came of it may be lost with its node.
		ended := h.Stay != nil || w.book.underWay[c.ID]
		if len(results) > 0 && !had(charge.AttemptTimeout, charge.AttemptError) && !ended {
			w.wrongf("charge %d is unknown, and every try was answered: %v", c.ID, results)
		}
	}
	if c.Decision == nil {
		w.wrongf("charge %d has no decision", c.ID)
	}
	if c.State != charge.StateHeld && c.UpdatedAt.IsZero() {
		w.wrongf("charge %d says not since when it is %s", c.ID, c.State)
	}
}

// checkStatement compares the statement with the sum of the charges.
func (w *world) checkStatement(all []found) {
	type key struct {
		day, platform string
		lot           charge.LotID
	}
	want := map[key]charge.StatementRow{}
	for _, h := range all {
		c := h.Charge
		k := key{c.Received.In(charge.Shanghai).Format("2006-01-02"), c.Platform, c.Lot}
		row := want[k]
		row.Charges++
		if c.State.Granting() && c.Reduction != nil {
			row.GrantedMinutes, row.GrantedAmount = row.GrantedMinutes+c.Reduction.Minutes, row.GrantedAmount+c.Reduction.Amount
		}
		if c.State == charge.StateUsed && c.Usage != nil {
			row.UsedMinutes, row.UsedAmount = row.UsedMinutes+c.Usage.Minutes, row.UsedAmount+c.Usage.Yuan()
		}
		want[k] = row
	}
	rows, err := w.disk.store.Statement(background, charge.StatementFilter{From: "2026-01-01", To: "2027-01-01"})
	if err != nil {
		w.wrongf("statement: %v", err)
	}
	for _, r := range rows {
		k := key{r.Day, r.Platform, r.Lot}
		said := charge.StatementRow{Charges: r.Charges, GrantedMinutes: r.GrantedMinutes, GrantedAmount: r.GrantedAmount,
			UsedMinutes: r.UsedMinutes, UsedAmount: r.UsedAmount}
		if said != want[k] {
			w.wrongf("the statement says %+v, its charges come to %+v", said, want[k])
		}
		delete(want, k)
	}
	for k := range want {
		w.wrongf("the statement leaves out %+v", k)
	}
}

// resolve has support ask the lot whether it has a reduction, once no copy of it is on its way any more, and say so.
func (w *world) resolve(ctx context.Context, n *node, id int64, action flow.Action) (flow.Effect, error) {
	h := w.book.histories[id]
	if h == nil || len(h.Deliveries) == 0 || h.Charge.State != charge.StateUnknown {
		return flow.Effect{}, nil
	}
	dl := h.Deliveries[len(h.Deliveries)-1]
	p := w.parks[dl.Lot]
	if p.copies[dl.UUID] > 0 {
		return flow.Effect{}, nil
	}
	_, has := p.applied[dl.UUID]
	if !has {
		w.book.resolved[dl.UUID] = true
	}
	return n.flow.Resolve(ctx, id, has, action)
}

// openOrder is the number of an open stay of a charge's plate, or of any in its lot; empty where there is none.
func (w *world) openOrder(id int64) (order string) {
	h := w.book.histories[id]
	if h == nil {
		return ""
	}
	w.read(func(tx *store.Tx) error {
		stays, err := tx.StaysOf(charge.VisitKey{Lot: h.Charge.Lot, Plate: h.Charge.Plate}, w.now())
		for _, s := range stays {
			if s.Open {
				order = s.OrderID
			}
		}
		return err
	})
	return order
}
