package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/store"
)

// park is a car park's own machine: what it has applied, whatever the gateway believes.
type park struct {
	id      charge.LotID
	kind    charge.LotKind
	repeats charge.Repeats
	line    *node             // where its line really is; nil while it has none
	clock   time.Duration     // how far its clock is ahead
	seen    map[string][]byte // the bytes of each reduction, by uuid
	applied map[string]charge.Reduction
	order   []string                 // uuids in the order in which they were applied
	inside  map[charge.Plate]*stayed // the last visit of each car
	refused map[string]bool
	flights map[string][]*flight // by uuid
	numbers int                  // of its stays
}

// flight is one try on its way.
type flight struct {
	park     *park
	node     *node
	uuid     string
	copies   int  // that have not arrived
	answered bool // the gateway's node has been given a result
	unsent   bool // it turned out never to have left
}

func newPark(l charge.Lot) *park {
	return &park{id: l.ID, kind: l.Kind, repeats: l.Repeats, seen: map[string][]byte{},
		applied: map[string]charge.Reduction{}, refused: map[string]bool{}, flights: map[string][]*flight{},
		inside: map[charge.Plate]*stayed{}}
}

// How long the gateway waits for a lot's answer.
var answerWait = map[charge.DeliveryChannel]time.Duration{
	charge.ChannelLine: 7 * time.Second, charge.ChannelCallback: 5 * time.Second,
}

// carry takes a message from a node to its lot, or loses, repeats, delays it and its answer.
func (w *world) carry(n *node, channel charge.DeliveryChannel, o lot.Order, done func(lot.Result)) {
	p := w.parks[o.Lot]
	c := w.checkSending(p, o)
	again := len(p.flights[o.UUID]) > 0
	f := &flight{park: p, node: n, uuid: o.UUID}
	p.flights[o.UUID] = append(p.flights[o.UUID], f)
	w.note("%s sends %s to %s", n.name, w.name(o.UUID), p.id.Park)
	finish := func(after time.Duration, r lot.Result) {
		w.after(after, func() {
			if f.answered || n.dead {
				return
			}
			f.answered, f.unsent = true, !mayBeThere(r)
			w.note("%s hears of %s: %s", n.name, w.name(o.UUID), r.Result)
			w.stage.begin(n, "answer", func() {
				r.At = n.now()
				done(r)
			})
		})
	}
	silence := lot.Result{Result: charge.AttemptTimeout, Reason: charge.ReasonNoAnswer, Sent: true}
	way := w.between(20*time.Millisecond, 2*time.Second)
	arrive := func(after time.Duration, answers bool) {
		f.copies++
		w.after(after, func() {
			f.copies--
			r := w.apply(p, o)
			if answers {
				finish(w.between(20*time.Millisecond, time.Second), r)
			}
		})
	}
	if channel == charge.ChannelLine && p.line != n {
		w.fault("line held by another node")
		finish(answerWait[channel], silence)
		return
	}
	defer finish(answerWait[channel], silence)
	if w.calm {
		arrive(way, true)
		return
	}
	if again && c != nil && w.chance(30) && w.hurry(p.inside[c.Plate]) {
		w.fault("car leaves while a second try does not")
		finish(w.between(3*time.Second, answerWait[channel]), neverSent(channel))
		return
	}
	switch w.below(20) {
	default:
		arrive(way, true)
	case 0:
		w.fault("message lost")
	case 1, 2:
		w.fault("answer lost")
		arrive(way, false)
	case 3:
		w.fault("message delayed")
		w.lateArrival(p, f, o, w.between(8*time.Second, 10*time.Minute), channel)
	case 4:
		w.fault("message doubled")
		arrive(way, true)
		w.lateArrival(p, f, o, way+w.between(time.Second, time.Minute), channel)
	case 5:
		w.fault("lot refuses")
		if _, had := p.applied[o.UUID]; !had {
			p.refused[o.UUID] = true
		}
		arrive(way, true)
	case 6:
		w.fault("not sent")
		finish(w.between(20*time.Millisecond, answerWait[channel]), neverSent(charge.ChannelCallback))
	case 7:
		if channel == charge.ChannelLine {
			w.fault("line off")
			finish(way, neverSent(channel))
			return
		}
		w.fault("answer unreadable")
		arrive(way, false)
		finish(way+time.Second, lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, Sent: true,
			Unread: true})
	case 8:
		w.fault("connection cut behind the message")
		if w.chance(50) {
			arrive(way, false)
		}
		finish(way+2*time.Second, lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, Sent: true})
	}
}

// neverSent is the result of a try whose message did not leave.
func neverSent(channel charge.DeliveryChannel) lot.Result {
	if channel == charge.ChannelLine {
		return lot.Result{Result: charge.AttemptOffLine, Reason: charge.ReasonLineOff}
	}
	return lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError}
}

// mayBeThere reports whether a result leaves open that the message has reached the lot.
func mayBeThere(r lot.Result) bool {
	switch r.Result {
	case charge.AttemptAcked, charge.AttemptRefused, charge.AttemptTimeout:
		return true
	}
	return r.Sent
}

// lateArrival is a copy that comes when it is waited for no more. A line answers it all the same.
func (w *world) lateArrival(p *park, f *flight, o lot.Order, after time.Duration, channel charge.DeliveryChannel) {
	f.copies++
	w.after(after, func() {
		f.copies--
		r := w.apply(p, o)
		n := w.someNode()
		if channel != charge.ChannelLine || n == nil || r.Result != charge.AttemptAcked {
			return
		}
		w.note("%s hears late of %s", n.name, w.name(o.UUID))
		w.stage.begin(n, "late answer", func() {
			r.At = n.now()
			if err := n.flow.Acked(context.Background(), p.id, o.UUID, r); errors.Is(err, lot.ErrNeverSent) {
				w.wrongf("the acknowledgement of %s was of nothing that was sent", o.UUID)
			}
		})
	})
}

// apply lets a lot take a message: each reduction once, and what it has refused never.
func (w *world) apply(p *park, o lot.Order) lot.Result {
	if p.refused[o.UUID] {
		return lot.Result{Result: charge.AttemptRefused, Reason: charge.ReasonLotRefused, Sent: true}
	}
	if _, had := p.applied[o.UUID]; !had {
		r, err := readMessage(p.kind, o.Payload)
		if err != nil {
			w.wrongf("%s cannot read %s: %v", p.id, o.Payload, err)
		}
		p.applied[o.UUID] = r
		p.order = append(p.order, o.UUID)
		w.book.touch(o.Delivery)
	}
	w.note("%s has %s", p.id.Park, w.name(o.UUID))
	return lot.Result{Result: charge.AttemptAcked, Reason: charge.ReasonOK, Sent: true}
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
	if kind == charge.KindSDK {
		err = json.Unmarshal(payload, &m)
	} else {
		var sealed struct {
			Data message `json:"data"`
		}
		err = json.Unmarshal(payload, &sealed)
		m = sealed.Data
		if signed, wrong := lot.ReadSigned(payload); wrong != nil || !signed.By("a-key-of-the-simulator") {
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

// checkSending holds what must be true when bytes leave: they are stored with the decision that they carry out, they
// are the same as ever, a lot that may hear of nothing twice does not, and what takes the place of an older message
// waits for its answer. It returns the charge.
func (w *world) checkSending(p *park, o lot.Order) (c *charge.Charge) {
	if was, sent := p.seen[o.UUID]; sent && !bytes.Equal(was, o.Payload) {
		w.wrongf("reduction %s was sent as %s and then as %s", o.UUID, was, o.Payload)
	}
	p.seen[o.UUID] = o.Payload
	for _, f := range p.flights[o.UUID] {
		if p.repeats == charge.RepeatsUnsafe && !f.unsent && !w.book.resolved[o.UUID] {
			w.wrongf("reduction %s was sent twice to %s, which may hear of nothing twice", o.UUID, p.id)
		}
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
		if c, err = tx.Charge(dl.Charge); err == nil && (c == nil || c.Decision == nil) {
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
	return c
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
				if !f.answered && !f.node.dead {
					w.wrongf("charge %d is sent while charge %d waits for the answer of %s", c.ID, g.Charge, p.id)
				}
			}
		}
	}
	return nil
}

// connect brings a lot's line up on a node. Another node that held it does not hear of that.
func (w *world) connect(p *park, n *node) {
	p.line = n
	n.lines[p.id] = true
	w.note("%s has its line on %s", p.id.Park, n.name)
	n.w.stage.begin(n, "login", func() {
		for try := 0; try < 20; try++ {
			if err := (storage{w, n}).putSession(p.id, n.now()); err == nil {
				break
			}
			w.sleep(time.Second)
		}
		n.flow.LineUp(p.id)
		w.stir()
	})
}

// linked is flow.Config's Linked.
func (w *world) linked(id charge.LotID) bool {
	p := w.parks[id]
	return p != nil && p.line != nil
}
