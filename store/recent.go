package store

import (
	"github.com/chargestamp/chargestamp/charge"
)

// recent keeps the charges that are on their way, and their deliveries, as the writes of this store have left them:
// what became of a delivery is known a few milliseconds after it was stored, and need not be read back. Only SQLite
// has one, where nobody else writes. It belongs to the committer's goroutine.
type recent struct {
	charges    generations[int64, *charge.Charge]
	deliveries generations[int64, *charge.Delivery]
}

// recentLen bounds each generation of what is kept. Lots that are off line fill it; what is forgotten is read.
const recentLen = 8192

func newRecent() *recent {
	r := new(recent)
	r.charges.most, r.deliveries.most = recentLen, recentLen
	return r
}

// keep takes what a write has put, before the next one looks. What has come to its end is kept no longer.
func (r *recent) keep(charges []*charge.Charge, deliveries []*charge.Delivery) {
	for _, c := range charges {
		r.charges.drop(c.ID)
		if c.State == charge.StateSending {
			r.charges.set(c.ID, c)
		}
	}
	for _, d := range deliveries {
		r.deliveries.drop(d.ID)
		switch d.State {
		case charge.DeliveryDue, charge.DeliveryLeased, charge.DeliverySent:
			r.deliveries.set(d.ID, d)
		}
	}
}

// clear forgets everything: nobody knows what of it a failed commit has undone.
func (r *recent) clear() {
	r.charges.clear()
	r.deliveries.clear()
}
