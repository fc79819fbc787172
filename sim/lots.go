package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/line"
	"github.com/chargestamp/chargestamp/store"
)

// park is a car park's own machine: what it has applied, whatever the gateway believes.
type park struct {
	id      charge.LotID
	kind    charge.LotKind
	repeats charge.Repeats
	pc      *pc                  // of an SDK lot
	clock   time.Duration        // how far its clock is ahead
	orders  map[string]lot.Order // what nodes were given to send, by uuid
	seen    map[string][]byte    // the bytes of each reduction, by uuid
	applied map[string]charge.Reduction
	order   []string                 // uuids in the order in which they were applied
	inside  map[charge.Plate]*stayed // the last visit of each car
	refused map[string]bool
	flights map[string][]*flight // by uuid
	copies  map[string]int       // messages that have left and not arrived, by uuid
	numbers int                  // of its stays
}

// flight is one try whose bytes have left.
type flight struct {
	node     *node
	uuid     string
	answered bool // the node waits no longer
}

func newPark(w *world, l charge.Lot) *park {
	p := &park{id: l.ID, kind: l.Kind, repeats: l.Repeats, orders: map[string]lot.Order{}, seen: map[string][]byte{},
		applied: map[string]charge.Reduction{}, refused: map[string]bool{}, flights: map[string][]*flight{},
		inside: map[charge.Plate]*stayed{}, copies: map[string]int{}}
	if p.kind == charge.KindSDK {
		p.pc = newPC(w, p)
	}
	return p
}

// A lot's answer to a reduction.
const (
	stateYes = "1"
	stateNo  = "0"
)

// way is a channel into lots: the real one, between flow and the world's network.
type way struct {
	n    *node
	real func(charge.LotID) lot.Channel
}

func (c way) Compose(n lot.Notice) ([]byte, error) { return c.real(n.Lot).Compose(n) }

func (c way) Here(id charge.LotID) bool { return c.real(id).Here(id) }

// Deliver hands an order to the real channel. A car may leave just while a second try of its reduction does not.
func (c way) Deliver(o lot.Order, done func(lot.Result)) {
	w, p := c.n.w, c.n.w.parks[o.Lot]
	p.orders[o.UUID] = o
	if !w.calm && len(p.flights[o.UUID]) > 0 && w.chance(30) && w.hurry(w.insideOf(p, o)) {
		w.fault("car leaves while a second try does not")
		w.after(w.between(3*time.Second, 7*time.Second), func() {
			w.stage.begin(c.n, "answer", func() { done(neverSent(p.kind, c.n.now())) })
		})
		return
	}
	c.real(o.Lot).Deliver(o, func(r lot.Result) {
		w.note("%s is done with %s: %s", c.n.name, w.name(o.UUID), r.Result)
		for _, f := range p.flights[o.UUID] {
			f.answered = f.answered || f.node == c.n
		}
		done(r)
	})
}

// insideOf is the visit of the car that an order is for; nil where its lot has none.
func (w *world) insideOf(p *park, o lot.Order) (s *stayed) {
	w.read(func(tx *store.Tx) error {
		dl, err := tx.Delivery(o.Delivery)
		if err != nil || dl == nil {
			return err
		}
		c, err := tx.Charge(dl.Charge)
		if c != nil {
			s = p.inside[c.Plate]
		}
		return err
	})
	return s
}

// neverSent is the result of a try whose message did not leave.
func neverSent(kind charge.LotKind, at time.Time) lot.Result {
	if kind == charge.KindSDK {
		return lot.Result{Result: charge.AttemptOffLine, Reason: charge.ReasonLineOff, At: at}
	}
	return lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, At: at}
}

// leaveByLine looks at what a node writes to a PC: reductions leave.
func (w *world) leaveByLine(c *wire, out []byte) {
	for _, message := range frames(out) {
		var m heard
		if json.Unmarshal(message, &m) != nil || m.Service != "pay_notice" {
			continue
		}
		p := c.link.pc.park
		if o := p.orders[m.UUID]; !bytes.Equal(o.Payload, message) {
			w.wrongf("reduction %s leaves as %s, and was handed over as %s", m.UUID, message, o.Payload)
			continue
		}
		w.sent(c.n, p, m.UUID)
		p.copies[m.UUID]++
		w.after(wayDown, func() { p.copies[m.UUID]-- })
	}
}

// sent notes that the bytes of a reduction leave a node, and holds what must be true then.
func (w *world) sent(n *node, p *park, uuid string) *flight {
	o, given := p.orders[uuid]
	if !given {
		w.wrongf("reduction %s leaves to %s, which flow has not asked for", uuid, p.id)
		return nil
	}
	w.note("%s sends %s to %s", n.name, w.name(uuid), p.id.Park)
	w.spring(n)
	w.checkSending(p, o)
	f := &flight{node: n, uuid: uuid}
	p.flights[uuid] = append(p.flights[uuid], f)
	wait := postWait
	if p.kind == charge.KindSDK {
		wait = line.DefaultAckWait
	}
	w.after(wait, func() { f.answered = true })
	return f
}

// lateArrival is a copy that comes when it is waited for no more. then hears the lot's answer.
func (w *world) lateArrival(p *park, uuid string, message []byte, after time.Duration, then func(state string)) {
	p.copies[uuid]++
	w.after(after, func() {
		p.copies[uuid]--
		state := w.apply(p, uuid, message)
		if then != nil {
			then(state)
		}
	})
}

// refuse has a lot refuse a reduction that it has not applied.
func (w *world) refuse(p *park, uuid string) {
	if _, had := p.applied[uuid]; !had {
		p.refused[uuid] = true
	}
}

// apply lets a lot take a message: each reduction once, and what it has refused never. It returns its answer.
func (w *world) apply(p *park, uuid string, message []byte) (state string) {
	if p.refused[uuid] {
		return stateNo
	}
	if _, had := p.applied[uuid]; !had {
		r, err := readMessage(p.kind, message)
		if err != nil {
			w.wrongf("%s cannot read %s: %v", p.id, message, err)
		}
		p.applied[uuid] = r
		p.order = append(p.order, uuid)
		w.book.touch(p.orders[uuid].Delivery)
	}
	w.note("%s has %s", p.id.Park, w.name(uuid))
	return stateYes
}

// message is what 3.25 and 5.14 have in common, as a lot reads it.
type message struct {
	Method   int    `json:"calculation_method"`
	Duration int64  `json:"duration"`
	Yuan     string `json:"reduce_amount"`
}

// readMessage reads what a lot is to take off, as its own software would.
func readMessage(kind charge.LotKind, payload []byte) (r charge.Reduction, err error) {
	var m message
	switch kind {
	case charge.KindCoupon:
		return readCoupon(payload)
	case charge.KindSDK:
		err = json.Unmarshal(payload, &m)
	default:
		var sealed struct {
			Data message `json:"data"`
		}
		err = json.Unmarshal(payload, &sealed)
		m = sealed.Data
		if signed, wrong := lot.ReadSigned(payload); wrong != nil || !signed.By(keyOfVendor) {
			return r, fmt.Errorf("the signature does not fit (%w)", wrong)
		}
	}
	if err != nil {
		return r, err
	}
	switch m.Method {
	case 0:
		r.Method = charge.MethodFree
	case 1:
		r.Method, r.Minutes = charge.MethodTime, m.Duration
	case 2:
		r.Method = charge.MethodAmount
		r.Amount, err = charge.ParseFen(m.Yuan)
	case 3:
		r.Method = charge.MethodLotDecides
	}
	return r, err
}

// readCoupon reads what a coupon of 停简单 takes off.
func readCoupon(payload []byte) (r charge.Reduction, err error) {
	var sent struct {
		List string `json:"detailList"`
	}
	if err := json.Unmarshal(payload, &sent); err != nil {
		return r, err
	}
	var list []struct {
		Type    string `json:"couponType"`
		Minutes string `json:"minutes"`
		Yuan    string `json:"amount"`
	}
	if err := json.Unmarshal([]byte(sent.List), &list); err != nil || len(list) != 1 {
		return r, fmt.Errorf("the list is %q (%w)", sent.List, err)
	}
	switch list[0].Type {
	case "0":
		r.Method = charge.MethodAmount
		r.Amount, err = charge.ParseFen(list[0].Yuan)
	case "1":
		r.Method = charge.MethodTime
		r.Minutes, err = strconv.ParseInt(list[0].Minutes, 10, 64)
	case "2":
		r.Method = charge.MethodFree
	}
	return r, err
}

// checkSending holds what must be true when bytes leave: they are stored with the decision that they carry out, they
// are the same as ever, a lot that may hear of nothing twice does not, and what takes the place of an older message
// waits for its answer.
func (w *world) checkSending(p *park, o lot.Order) {
	if was, sent := p.seen[o.UUID]; sent && !bytes.Equal(was, o.Payload) {
		w.wrongf("reduction %s was sent as %s and then as %s", o.UUID, was, o.Payload)
	}
	p.seen[o.UUID] = o.Payload
	if len(p.flights[o.UUID]) > 0 && p.repeats == charge.RepeatsUnsafe && !w.book.resolved[o.UUID] {
		w.wrongf("reduction %s was sent twice to %s, which may hear of nothing twice", o.UUID, p.id)
	}
	err := w.disk.store.Read(context.Background(), func(tx *store.Tx) error {
		dl, err := tx.Delivery(o.Delivery)
		if err != nil {
			return err
		}
		if dl == nil || dl.UUID != o.UUID || !bytes.Equal(dl.Payload, o.Payload) {
			w.wrongf("what is sent as %s is not what is stored: %+v", o.UUID, dl)
			return nil
		}
		c, err := tx.Charge(dl.Charge)
		if err == nil && (c == nil || c.Decision == nil) {
			w.wrongf("reduction %s leaves without a stored decision", o.UUID)
			return nil
		}
		if err == nil && p.repeats == charge.RepeatsReplace {
			err = w.checkTurn(tx, p, c)
		}
		return err
	})
	if err != nil {
		w.wrongf("what is sent cannot be read back: %v", err)
	}
}

// checkTurn holds that no message of a visit is under way to a lot in which the one that leaves now takes its place.
func (w *world) checkTurn(tx *store.Tx, p *park, c *charge.Charge) error {
	for _, g := range c.Decision.Granted {
		older, err := tx.DeliveriesOf(g.Charge)
		if err != nil {
			return err
		}
		for _, d := range older {
			for _, f := range p.flights[d.UUID] {
				ended, err := f.ended(tx, d)
				if err != nil {
					return err
				}
				if !f.answered && !f.node.dead && !ended {
					w.wrongf("charge %d is sent while charge %d waits for the answer of %s", c.ID, g.Charge, p.id)
				}
			}
		}
	}
	return nil
}

// ended reports whether a try has ended for the gateway though its node still waits: the car has left, or the node has
// lost its lease, as when its clock jumps, and was taken for stopped. A node that holds the lease still tries.
func (f *flight) ended(tx *store.Tx, d *charge.Delivery) (bool, error) {
	j, err := tx.Job(d.ID)
	if err != nil || j != nil && j.Lease == f.node.name {
		return false, err
	}
	tries, err := tx.Attempts(d)
	return d.State == charge.DeliveryUnknown || slices.ContainsFunc(tries, func(a charge.Attempt) bool {
		return a.Detail.Code == "delivery.node_stopped"
	}), err
}
