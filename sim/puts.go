package sim

import (
	"slices"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

// What transactions put of charges is taken down as it was put, once they are committed. After each step the book is
// checked by that; now and then it is compared with what the store has.

// AddLedger implements flow.Tx.
func (t watched) AddLedger(e charge.LedgerEntry) error {
	t.d.put(func(b *book) {
		h := b.history(e.Charge)
		h.Ledger = append(h.Ledger, e)
	})
	return t.Tx.AddLedger(e)
}

// AddAttempt implements flow.Tx.
func (t watched) AddAttempt(a charge.Attempt) error {
	t.d.put(func(b *book) {
		b.tries[a.Delivery] = append(b.tries[a.Delivery], a)
		if of := b.chargeOf[a.Delivery]; of != 0 {
			b.listTries(b.history(of), a.Delivery)
		}
	})
	return t.Tx.AddAttempt(a)
}

// put takes down what a transaction puts, to be done once it is committed.
func (d *draft) put(do func(b *book)) { d.puts = append(d.puts, do) }

// putCharge takes a charge down as it is now.
func (d *draft) putCharge(c *charge.Charge) {
	as := *c
	as.Reduction, as.Decision, as.Usage = copied(c.Reduction), copied(c.Decision), copied(c.Usage)
	d.put(func(b *book) {
		h := b.history(as.ID)
		b.index(h.Charge, &as)
		h.Charge = &as
	})
}

// putDelivery takes a delivery down as it is now.
func (d *draft) putDelivery(dl *charge.Delivery) {
	as := *dl
	d.put(func(b *book) {
		h := b.history(as.Charge)
		i := slices.IndexFunc(h.Deliveries, func(o *charge.Delivery) bool { return o.ID == as.ID })
		if i < 0 {
			i, h.Deliveries = len(h.Deliveries), append(h.Deliveries, nil)
		}
		h.Deliveries[i] = &as
		b.chargeOf[as.ID] = as.Charge
		b.listTries(h, as.ID)
	})
}

func copied[T any](of *T) *T {
	if of == nil {
		return nil
	}
	as := *of
	return &as
}

// history is what is known of a charge; its Charge is nil before it was put.
func (b *book) history(id int64) *charge.History {
	h := b.histories[id]
	if h == nil {
		h = &charge.History{Attempts: map[int64][]charge.Attempt{}}
		b.histories[id] = h
	}
	return h
}

// listTries lists all tries of a delivery, the first among them.
func (b *book) listTries(h *charge.History, delivery int64) {
	i := slices.IndexFunc(h.Deliveries, func(o *charge.Delivery) bool { return o.ID == delivery })
	if i >= 0 && h.Deliveries[i].First.N != 0 {
		h.Attempts[delivery] = append([]charge.Attempt{h.Deliveries[i].First}, b.tries[delivery]...)
		return
	}
	h.Attempts[delivery] = b.tries[delivery]
}

// index notes by what a charge is found. was is nil where it is new.
func (b *book) index(was, is *charge.Charge) {
	if was == nil || was.Plate != is.Plate {
		if was != nil {
			b.byPlate[was.Plate] = without(b.byPlate[was.Plate], is.ID)
		}
		b.byPlate[is.Plate] = append(b.byPlate[is.Plate], is.ID)
		slices.Sort(b.byPlate[is.Plate])
	}
	if was != nil && was.StayID != is.StayID {
		b.byStay[was.StayID] = without(b.byStay[was.StayID], is.ID)
	}
	if is.StayID != 0 && !slices.Contains(b.byStay[is.StayID], is.ID) {
		b.byStay[is.StayID] = append(b.byStay[is.StayID], is.ID)
		slices.Sort(b.byStay[is.StayID])
	}
}

func without(ids []int64, id int64) []int64 {
	return slices.DeleteFunc(ids, func(o int64) bool { return o == id })
}

// found is a charge as it was put, with its jobs.
func (b *book) found(h *charge.History) found {
	f := found{h, map[int64]*outbox.Job{}}
	for _, id := range append(deliveryIDs(h), h.Charge.ID) {
		if j, ok := b.jobs[id]; ok {
			f.jobs[id] = &j
		}
	}
	return f
}
