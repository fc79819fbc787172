package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/platform"
)

// visit plays one visit of one car: it comes, charges, leaves, and its lot reports it, not always in this order.
func (w *world) visit() {
	id := w.site.focus[w.below(len(w.site.focus))]
	p := w.parks[id]
	s := &stayed{park: p, plate: w.plate(), order: p.number(w), entered: w.now()}
	s.left = s.entered.Add(w.between(10*time.Minute, 4*time.Hour))
	if !w.chance(12) && p.kind != charge.KindCoupon {
		w.after(w.lateness(), func() { w.tellEntry(s) })
	}
	p.inside[s.plate] = s
	for range w.below(3) + w.below(2) {
		s.orders = append(s.orders, w.chargeIn(s))
	}
	w.pushAll(s.orders)
	if len(s.orders) > 0 && w.chance(30) { // the driver pulls the plug and goes: while the reduction is under way
		s.left = s.orders[len(s.orders)-1].ended.Add(w.between(0, 90*time.Second))
	}
	if p.kind == charge.Kind4G {
		w.after(s.left.Sub(w.now())-time.Minute, func() { w.quote(s, "t"+s.order+itoa(int64(w.below(1000)))) })
	}
	w.after(s.left.Sub(w.now())+w.lateness(), func() { w.depart(s) })
}

// depart has a car leave, once.
func (w *world) depart(s *stayed) {
	if !s.gone {
		s.gone = true
		if s.park.kind == charge.KindCoupon {
			return // its system reports no cars
		}
		w.leave(s, w.reduced(), func() { w.tellUsage(s) })
	}
}

// hurry has a car leave within a second, where it can: it is inside and has been charged.
func (w *world) hurry(s *stayed) bool {
	if s == nil || s.gone || slices.ContainsFunc(s.orders, func(o *order) bool { return o.ended.After(w.now()) }) {
		return false
	}
	s.left = w.now()
	w.after(w.between(0, time.Second), func() { w.depart(s) })
	return true
}

// plate is one of a few cars, so that they come again.
func (w *world) plate() charge.Plate {
	return charge.Plate(fmt.Sprintf("京A%05d", 10_000+w.below(4+w.opts.Visits/25)))
}

// number is the next number of a lot's stays. Some lots begin again from the first.
func (p *park) number(w *world) string {
	p.numbers++
	if w.chance(15) && p.numbers > 3 {
		return fmt.Sprint("s", 1+w.below(p.numbers))
	}
	return fmt.Sprint("s", p.numbers)
}

// lateness is how long after the fact it is reported.
func (w *world) lateness() time.Duration {
	switch w.below(20) {
	case 0:
		return w.between(10*time.Minute, 3*time.Hour)
	case 1, 2:
		return w.between(time.Minute, 10*time.Minute)
	}
	return w.between(0, 20*time.Second)
}

func (w *world) tellEntry(s *stayed) {
	if w.chance(6) { // the camera has misread the plate, and somebody corrects it
		w.enter(s, w.plate())
		w.after(w.between(time.Minute, 20*time.Minute), func() { w.enter(s, s.plate) })
		return
	}
	w.enter(s, s.plate)
}

// pushAll has platforms push the charges of a stay, each when it has ended, or all at once: they were held back.
func (w *world) pushAll(orders []*order) {
	if len(orders) > 1 && w.chance(25) {
		w.count("charges of a stay pushed at once")
		last := slices.MaxFunc(orders, func(a, b *order) int { return a.ended.Compare(b.ended) })
		late := w.lateness()
		for _, o := range orders {
			w.after(last.ended.Sub(w.now())+late+w.between(0, 2*time.Second), func() { w.push(o, o.content) })
		}
		return
	}
	for _, o := range orders {
		w.after(o.ended.Sub(w.now())+w.lateness(), func() { w.push(o, o.content) })
	}
}

// chargeIn has a car charge in its stay.
func (w *world) chargeIn(s *stayed) *order {
	a := accounts[w.below(len(accounts))]
	span := s.left.Sub(s.entered)
	from := s.entered.Add(w.between(0, span/2))
	to := from.Add(w.between(time.Minute, span/2))
	c := platform.Charge{Plate: s.plate, Lot: s.park.id, Started: from.Truncate(time.Second),
		Ended: to.Truncate(time.Second), Energy: charge.Energy(1000 * w.below(60)), HasEnergy: true, Ask: w.ask()}
	w.orders[a.ID]++
	number := fmt.Sprint("o", w.orders[a.ID]) // alike at each account
	o := &order{account: a, number: number, plates: map[charge.Plate]bool{}, lot: c.Lot, ended: to}
	switch {
	case a.Platform == "xiaoju" && w.chance(40):
		o.undated, o.number = true, ""
		c.Repeat, c.RepeatKey, c.Started, c.Ended = platform.RepeatVisit, "window", time.Time{}, time.Time{}
	case w.chance(5):
		c.Started, c.Ended = time.Time{}, time.Time{}
	}
	if !o.undated {
		c.Order, c.RepeatKey = o.number, o.number
	}
	o.content = c
	w.book.orders = append(w.book.orders, o)
	if w.chance(6) {
		w.fault("order repeated with other content")
		changed := c
		changed.Ask = w.ask()
		if w.chance(30) {
			changed.Plate = w.plate()
		}
		w.after(to.Sub(w.now())+w.between(0, time.Hour), func() { w.push(o, changed) })
	}
	return o
}

// ask is what a push asks for.
func (w *world) ask() charge.Ask {
	switch w.below(12) {
	case 0, 1, 2:
		return charge.Ask{Method: charge.MethodAmount, Amount: charge.Fen(100 * (1 + w.below(12)))}
	case 3:
		return charge.Ask{Method: charge.MethodFree}
	case 4:
		return charge.Ask{Method: charge.MethodLotDecides}
	}
	return charge.Ask{Method: charge.MethodTime, Minutes: int64(15 * w.below(9))}
}

// reduced is what an exit names, mostly nothing.
func (w *world) reduced() *lot.Reduced {
	switch w.below(5) {
	case 0:
		return &lot.Reduced{Amount: charge.Fen(100 * w.below(20)), Told: "x"}
	case 1:
		return &lot.Reduced{Minutes: int64(w.below(200)), Told: "x"}
	}
	return nil
}

// tellUsage has a lot tell, after an exit, what it took off for charges: at times more than it was given.
func (w *world) tellUsage(s *stayed) {
	if s.park.kind == charge.Kind4G {
		return
	}
	for _, o := range s.orders {
		if o.undated || !w.chance(60) {
			continue
		}
		r := charge.Reduction{Method: charge.MethodTime, Minutes: int64(w.below(70))}
		if w.chance(40) {
			r = charge.Reduction{Method: charge.MethodAmount, Amount: charge.Fen(100 * w.below(10))}
		}
		w.after(w.between(0, 2*time.Minute), func() { w.use(s, o, r) })
	}
}
