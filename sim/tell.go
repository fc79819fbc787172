package sim

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/platform"
)

// errand is something that a platform or a lot says until it is heard: again where the request or its answer is lost,
// or where the gateway is busy.
type errand struct {
	what string
	most int           // tries before a far end loses patience; in the calm there is no such end
	wait time.Duration // for an answer
	say  func(n *node) (heard bool)
	then func() // once the far end knows that it was heard
}

func (w *world) send(e errand) {
	w.errands++
	w.try(e, 1)
}

func (w *world) try(e errand, tries int) {
	again := func(after time.Duration) {
		if tries >= e.most && !w.calm {
			w.fault("far end lost patience")
			w.errands--
			return
		}
		w.after(after, func() { w.try(e, tries+1) })
	}
	n := w.someNode()
	if n == nil || !w.calm && w.chance(4) {
		again(w.between(time.Second, 30*time.Second)) // it never arrived
		return
	}
	over := false // the far end has its answer, or waits no longer
	w.stage.begin(n, e.what, func() {
		heard := e.say(n)
		switch {
		case over:
			w.fault("answer came too late")
		case !heard:
			over = true
			again(w.between(time.Second, 20*time.Second))
		case !w.calm && w.chance(5):
			w.fault("answer to " + e.what + " lost")
		default:
			over = true
			w.errands--
			if e.then != nil {
				e.then()
			}
			if !w.calm && w.chance(4) { // an honest far end that says it again
				w.fault(e.what + " repeated")
				w.errands++
				w.after(w.between(time.Second, time.Hour), func() { w.try(errand{e.what, 1, e.wait, e.say, nil}, 1) })
			}
		}
	})
	w.after(e.wait, func() {
		if !over {
			over = true
			again(w.between(time.Second, 20*time.Second))
		}
	})
}

// order is what one platform has pushed as one order, with each content that it has had.
type order struct {
	account charge.Account
	number  string
	plates  map[charge.Plate]bool
	lot     charge.LotID
	ended   time.Time
	undated bool
	content platform.Charge // as it is pushed first
	yes     bool            // an answer has said that it was taken
	charge  int64
}

// push has a platform tell a charge.
func (w *world) push(o *order, c platform.Charge) {
	o.plates[c.Plate] = true
	w.send(errand{what: "push", most: 12, wait: 10 * time.Second, say: func(n *node) bool {
		var got charge.Outcome
		n.flow.Take(context.Background(), platform.Push{Platform: o.account.Platform, Path: "/x", Received: n.now()},
			platform.Account{ID: o.account.ID}, platform.Message{Charge: &c}, func(v platform.Verdict) platform.Reply {
				got = v.Outcome
				return platform.Reply{Status: 200, Body: []byte(v.Outcome)}
			})
		w.note("push %s %s at %s: %s", o.account.ID, o.number, n.name, got)
		switch got {
		case charge.OutcomeAccepted, charge.OutcomeDuplicate:
			w.taken(o, c)
			return true
		case charge.OutcomeBusy:
			w.count("busy answers")
			return false
		case charge.OutcomeLotOff:
			return true
		}
		w.wrongf("the push of %s was answered %q", o.number, got)
		return true
	}})
}

// stayed is a visit of a car as its lot has it.
type stayed struct {
	park    *park
	order   string
	plate   charge.Plate
	entered time.Time
	left    time.Time
	orders  []*order // of its charges
	gone    bool     // its lot has been asked to report its exit
}

// by is a time by the lot's own clock.
func (s *stayed) by(t time.Time) time.Time { return t.Add(s.park.clock).Truncate(time.Second) }

// enter has a lot tell an entry, perhaps with a plate that its camera has misread.
func (w *world) enter(s *stayed, plate charge.Plate) {
	e := lot.Entry{Lot: s.park.id, OrderID: s.order, Plate: plate, Entered: s.by(s.entered)}
	if s.park.pc != nil {
		s.park.pc.enter(e)
		return
	}
	w.send(errand{what: "entry", most: 20, wait: 10 * time.Second, say: func(n *node) bool {
		a, err := n.flow.Entered(context.Background(), e)
		w.note("entry %s %s: %d", s.park.id.Park, s.order, a.State)
		return err == nil
	}})
}

// leave has a lot tell an exit; then is what it says afterwards.
func (w *world) leave(s *stayed, reduced *lot.Reduced, then func()) {
	x := lot.Exit{Lot: s.park.id, OrderID: s.order, Plate: s.plate, Left: s.by(s.left), Reduced: reduced}
	if w.chance(50) {
		x.Entered = s.by(s.entered)
	}
	if s.park.kind == charge.Kind4G {
		x.Total, x.HasTotal = charge.Fen(100*w.below(10)), true
	}
	if s.park.pc != nil {
		s.park.pc.leave(x, then)
		return
	}
	var first *ledger.Quote
	w.send(errand{what: "exit", most: 20, wait: 10 * time.Second, then: then, say: func(n *node) bool {
		if s.park.kind != charge.Kind4G {
			a, err := n.flow.Left(context.Background(), x)
			w.note("exit %s %s: %d", s.park.id.Park, s.order, a.State)
			return err == nil
		}
		q, err := n.flow.Exit(context.Background(), x)
		if err != nil {
			return false
		}
		w.note("exit %s %s: %d, %d of %d fen", s.park.id.Park, s.order, q.State, q.Price, q.Total)
		switch {
		case q.State == 1 && (q.Price < 0 || q.DerateMoney < 0 || q.DerateMoney > q.Total):
			w.wrongf("the exit of %s was priced %+v", s.order, q)
		case first != nil && first.State == 1 && (q.State != 1 || q.Price != first.Price || q.Total != first.Total):
			w.wrongf("the exit of %s was answered %+v and then %+v", s.order, *first, q)
		}
		if first == nil {
			first = &q
		}
		return true
	}})
}

// quote has a gate ask for a price and take the money for it.
func (w *world) quote(s *stayed, trade string) {
	at := s.by(w.now())
	w.send(errand{what: "quote", most: 2, wait: 5 * time.Second, say: func(n *node) bool {
		q, err := n.flow.Quote(context.Background(), ledger.QuoteQuestion{Lot: s.park.id, OrderID: s.order, At: at})
		if err != nil || q.State != 1 {
			return err == nil
		}
		w.note("quote %s %s: %d of %d fen", s.park.id.Park, s.order, q.Price, q.Total)
		paid := ledger.Payment{Lot: s.park.id, OrderID: s.order, Amount: q.Price, TradeNo: trade, At: at}
		_, err = n.flow.Paid(context.Background(), paid)
		return err == nil
	}})
}

// use has a lot tell what it took off for a charge.
func (w *world) use(s *stayed, o *order, r charge.Reduction) {
	u := lot.Usage{Lot: s.park.id, Plate: s.plate, Order: o.number, Left: s.by(s.left), Method: 1, Minutes: r.Minutes}
	if r.Method == charge.MethodAmount {
		u.Method, u.Amount = 2, r.Amount
		u.Told = u.Amount.String()
	} else {
		u.Told = itoa(u.Minutes)
	}
	if s.park.pc != nil {
		s.park.pc.use(u, s.order)
		return
	}
	w.send(errand{what: "usage", most: 10, wait: 10 * time.Second, say: func(n *node) bool {
		a, err := n.flow.Used(context.Background(), u)
		w.note("usage %s %s: %d", s.park.id.Park, o.number, a.State)
		return err == nil
	}})
}
