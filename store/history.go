package store

import (
	"errors"

	"github.com/chargestamp/chargestamp/charge"
)

// pushesOf is selectPushes, for many charges at once.
var pushesOf = tablePush.selectWhere("charge = ? AND charge <> 0 ORDER BY id LIMIT 100").of("i").byMark(markCharge)

// Histories reads some charges with all that hangs on them, in the order of their ids; nil stands for one that is
// not there. On PostgreSQL they cost as many round trips as one charge.
func (t *Tx) Histories(ids []int64) ([]*charge.History, error) {
	of := make(map[int64]*charge.History, len(ids))
	err := t.askAll(selectCharge, ids, func(id int64, row *cells) error {
		c, err := t.scanCharge(row)
		of[id] = &charge.History{Charge: c}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(t.matched(of), t.hangsOn(of, ids), t.tries(of)); err != nil {
		return nil, err
	}
	all := make([]*charge.History, len(ids))
	for i, id := range ids {
		all[i] = of[id]
	}
	return all, nil
}

// Sendings returns some charges with their stays and deliveries and nothing else.
func (t *Tx) Sendings(charges []*charge.Charge) ([]*charge.History, error) {
	of := make(map[int64]*charge.History, len(charges))
	ids, all := make([]int64, len(charges)), make([]*charge.History, len(charges))
	for i, c := range charges {
		ids[i], all[i] = c.ID, &charge.History{Charge: c}
		of[c.ID] = all[i]
	}
	return all, errors.Join(t.matched(of), t.sendings(of, ids))
}

// matched reads the stays of charges.
func (t *Tx) matched(of map[int64]*charge.History) error {
	var stays []int64
	inStay := make(map[int64][]*charge.History)
	for _, h := range of {
		if id := h.Charge.StayID; id != 0 {
			if inStay[id] == nil {
				stays = append(stays, id)
			}
			inStay[id] = append(inStay[id], h)
		}
	}
	return t.askAll(selectStay, stays, func(id int64, row *cells) error {
		s, err := scanStay(row)
		for _, h := range inStay[id] {
			h.Stay = s
		}
		return err
	})
}

// sendings reads the deliveries of charges.
func (t *Tx) sendings(of map[int64]*charge.History, ids []int64) error {
	return t.askAll(selectDeliveriesOf, ids, func(id int64, row *cells) error {
		d, err := scanDelivery(row)
		if h := of[id]; h != nil {
			h.Deliveries = append(h.Deliveries, d)
		}
		return err
	})
}

// hangsOn reads what names its charge.
func (t *Tx) hangsOn(of map[int64]*charge.History, ids []int64) error {
	for _, ask := range []struct {
		q    *statement
		scan func(h *charge.History, row *cells) error
	}{
		{pushesOf, func(h *charge.History, row *cells) error {
			p, err := scanPush(row)
			h.Pushes = append(h.Pushes, *p)
			return err
		}},
		{selectEvents, func(h *charge.History, row *cells) error {
			e, err := scanEvent(row)
			h.Events = append(h.Events, e)
			return err
		}},
		{selectDecisions, func(h *charge.History, row *cells) error {
			d, err := scanDecision(row)
			h.Earlier = append(h.Earlier, d)
			return err
		}},
		{selectLedger, func(h *charge.History, row *cells) error {
			e, err := scanLedger(row)
			h.Ledger = append(h.Ledger, *e)
			return err
		}},
	} {
		if err := t.askAll(ask.q, ids, func(id int64, row *cells) error {
			if h := of[id]; h != nil {
				return ask.scan(h, row)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return t.sendings(of, ids)
}

// tries reads the attempts of deliveries.
func (t *Tx) tries(of map[int64]*charge.History) error {
	var deliveries []int64
	for _, h := range of {
		for _, d := range h.Deliveries {
			if d.First.N == 0 || d.Attempts > 1 {
				deliveries = append(deliveries, d.ID)
			}
		}
	}
	attempts := make(map[int64][]charge.Attempt)
	err := t.askAll(selectAttempts, deliveries, func(id int64, row *cells) error {
		a, err := scanAttempt(row)
		attempts[id] = append(attempts[id], *a)
		return err
	})
	for _, h := range of {
		h.Attempts = make(map[int64][]charge.Attempt)
		for _, d := range h.Deliveries {
			h.Attempts[d.ID] = withFirst(d, attempts[d.ID])
		}
	}
	return err
}

// askAll asks what a query says of one id of many ids at once, where that saves round trips.
func (t *Tx) askAll(q *statement, ids []int64, scan func(id int64, row *cells) error) error {
	if t.readOnly && t.store.engine.far() && len(ids) > 1 {
		many := &statement{dollars: q.ofEach(), touches: q.touches}
		return t.each(many, func(row *cells) error { return scan(ids[row.int()-1], row) }, ids)
	}
	for _, id := range ids {
		if err := t.each(q, func(row *cells) error { return scan(id, row) }, id); err != nil {
			return err
		}
	}
	return nil
}
