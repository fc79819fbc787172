package sim

import (
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
)

// book is what the simulator knows by itself, beside the gateway: what was answered, what was put, what the far ends
// have. The gateway's store is compared with it.
type book struct {
	orders   []*order
	told     map[string]platform.Used // what each platform has last heard, by account and order
	charges  map[int64]charge.State   // as each was last put, by what was committed
	dirty    map[int64]bool           // charges that something has happened to since they were last looked at
	touched  []int64                  // deliveries that a lot has applied since
	jobs     map[int64]outbox.Job
	held     map[int64]time.Time
	resolved map[string]bool // reductions of which support has said that the lot has them not
	underWay map[int64]bool  // charges of which a try was under way when they became unknown
	// Charges as they were put, see puts.go.
	histories map[int64]*charge.History
	tries     map[int64][]charge.Attempt // of each delivery, later than its first
	chargeOf  map[int64]int64            // each delivery's charge
	byPlate   map[charge.Plate][]int64
	byStay    map[int64][]int64
	unread    map[int64]bool // charges that have changed since they were last read from the store
	changes   int            // steps that have changed any
}

func newBook() *book {
	return &book{told: map[string]platform.Used{}, charges: map[int64]charge.State{}, dirty: map[int64]bool{},
		jobs: map[int64]outbox.Job{}, held: map[int64]time.Time{}, resolved: map[string]bool{}, underWay: map[int64]bool{},
		histories: map[int64]*charge.History{}, tries: map[int64][]charge.Attempt{}, chargeOf: map[int64]int64{},
		byPlate: map[charge.Plate][]int64{}, byStay: map[int64][]int64{}, unread: map[int64]bool{}}
}

// touch says that a lot has applied a delivery.
func (b *book) touch(delivery int64) { b.touched = append(b.touched, delivery) }

// commit takes down what a transaction has put, and reports what it may not have done.
func (b *book) commit(w *world, d *draft) {
	for _, id := range d.dirty {
		b.dirty[id] = true
	}
	for _, m := range d.moves {
		if m.to == charge.StateUnknown && m.from != m.to {
			b.underWay[m.id] = sending(b.history(m.id))
		}
	}
	for _, put := range d.puts {
		put(b)
	}
	for _, m := range d.moves {
		w.checkMove(m)
		b.dirty[m.id] = true
		b.charges[m.id] = m.to
	}
	for id, until := range d.held {
		if until.IsZero() {
			delete(b.held, id)
		} else {
			b.held[id] = until
		}
	}
	for id, j := range d.jobs {
		b.jobs[id] = j
	}
	for _, id := range d.ended {
		delete(b.jobs, id)
	}
	for id, j := range b.jobs {
		for _, route := range d.woken {
			if j.Route == route.String() && (j.Lease == "" || !j.LeaseUntil.After(d.wokenAt)) && j.DueAt.After(d.wokenAt) {
				j.DueAt, j.Lease, j.LeaseUntil = d.wokenAt, "", time.Time{}
				b.jobs[id] = j
			}
		}
	}
	for _, id := range d.renewed {
		if j, ok := b.jobs[id]; ok && j.Lease == d.renewedBy {
			j.LeaseUntil = d.renewedTo
			b.jobs[id] = j
		}
	}
}

// sending reports whether a try of a charge is under way.
func sending(h *charge.History) bool {
	return slices.ContainsFunc(h.Deliveries, func(d *charge.Delivery) bool {
		return d.State == charge.DeliveryLeased || d.State == charge.DeliverySent
	})
}

// ready is when a job may be claimed.
func ready(j outbox.Job) time.Time {
	if j.Lease != "" && j.LeaseUntil.After(j.DueAt) {
		return j.LeaseUntil
	}
	return j.DueAt
}

// soonest is when the first job or hold wants to be looked at; ok is false where nothing waits.
func (b *book) soonest() (at time.Time, ok bool) {
	take := func(t time.Time) {
		if !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	for _, j := range b.jobs {
		take(ready(j))
	}
	for _, until := range b.held {
		take(until)
	}
	return at, ok
}

// waits reports whether anything waits by its kind.
func (b *book) waits(kind outbox.Kind, now time.Time) bool {
	for _, j := range b.jobs {
		if j.Kind == kind && !ready(j).After(now) {
			return true
		}
	}
	return false
}

// holdsOver reports whether a hold has ended.
func (b *book) holdsOver(now time.Time) bool {
	for _, until := range b.held {
		if !until.After(now) {
			return true
		}
	}
	return false
}
