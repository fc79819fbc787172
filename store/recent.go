package store

import (
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/cache"
	"github.com/chargestamp/chargestamp/charge"
)

// recent keeps the charges that are on their way, and their deliveries, as the writes of this store have left them:
// what became of a delivery is known a few milliseconds after it was stored, and need not be read back. Only SQLite
// has one, where no other process writes. It belongs to the committer's goroutine.
type recent struct {
	charges    cache.Map[int64, *charge.Charge]
	deliveries cache.Map[int64, *charge.Delivery]
}

// recentLen bounds each generation of what is kept. Lots that are off line fill it; what is forgotten is read.
const recentLen = 8192

func newRecent() *recent {
	r := new(recent)
	r.charges.Most, r.deliveries.Most = recentLen, recentLen
	return r
}

// keep takes what a write has put, before the next one looks. What has come to its end is kept no longer.
func (r *recent) keep(charges []*charge.Charge, deliveries []*charge.Delivery) {
	for _, c := range charges {
		r.charges.Drop(c.ID)
		if c.State == charge.StateSending {
			r.charges.Set(c.ID, c)
		}
	}
	for _, d := range deliveries {
		r.deliveries.Drop(d.ID)
		switch d.State {
		case charge.DeliveryDue, charge.DeliveryLeased, charge.DeliverySent:
			r.deliveries.Set(d.ID, d)
		}
	}
}

// clear forgets everything: it is not known what of it a failed commit has undone.
func (r *recent) clear() {
	r.charges.Clear()
	r.deliveries.Clear()
}

// know remembers a charge as it stands in the store, times in whole milliseconds, and returns that copy, which is never
// changed.
func (t *Tx) know(c *charge.Charge) *charge.Charge {
	own := ownCharge(c)
	for _, at := range []*time.Time{&own.StartedAt, &own.EndedAt, &own.Received, &own.HoldUntil, &own.UpdatedAt} {
		*at = fromMillis(millis(*at))
	}
	t.see(own)
	return own
}

func (t *Tx) see(c *charge.Charge) {
	if t.seen == nil {
		t.seen = make(map[int64]*charge.Charge)
	}
	t.seen[c.ID] = c
}

// recentCharge returns a charge as it would be read, where that is known.
func (t *Tx) recentCharge(id int64) *charge.Charge {
	if t.recent == nil {
		return nil
	}
	if slices.ContainsFunc(t.putCharges, func(c *charge.Charge) bool { return c.ID == id }) {
		return nil // this transaction has changed it
	}
	c, ok := t.recent.charges.Get(id)
	if !ok {
		return nil
	}
	t.see(c)
	return ownCharge(c)
}

// put remembers for recent a charge as it would be read, which is never changed any more.
func (t *Tx) put(c *charge.Charge) {
	if t.recent != nil && !t.bulk {
		t.putCharges = append(t.putCharges, c)
	}
}

// ownCharge copies a charge with all that it points to.
func ownCharge(c *charge.Charge) *charge.Charge {
	own := *c
	own.Reduction, own.Usage, own.Decision = ownValue(c.Reduction), ownValue(c.Usage), ownValue(c.Decision)
	if own.Decision != nil {
		own.Decision.Granted = slices.Clone(own.Decision.Granted)
	}
	return &own
}

func ownValue[T any](v *T) *T {
	if v == nil {
		return nil
	}
	own := *v
	return &own
}
