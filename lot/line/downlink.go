package line

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/seal"
)

// Errors of questions to a lot.
var (
	ErrOffLine  = errors.New("the lot has no line here that takes this")
	ErrNoAnswer = errors.New("the lot did not answer")
	ErrRefused  = errors.New("the lot refused")
	ErrTooLong  = fmt.Errorf("the message has more than %d bytes, which the vendor's SDK cannot read", downlinkMost)
)

// Here reports whether a line of the lot that takes reductions is on this node and has room for one.
func (s *Server) Here(id charge.LotID) bool {
	n := s.pick(id, charge.LinkCloud, takesCloud)
	return n != nil && n.lane.hasRoom()
}

func takesCloud(n *session) bool  { return n.cloud }
func takesPrices(n *session) bool { return n.cloud && n.prices }

// linkOf is the link of a PC with two that a reduction goes to: 3.36 is the vendor's message, 3.25 the cloud's.
func linkOf(m charge.Message) charge.Link {
	if m == charge.Message336 {
		return charge.LinkBolink
	}
	return charge.LinkCloud
}

// Deliver tries one order; see lot.Channel. One session gets it, never two at once: after a silence the next try
// goes to another machine of the lot where there is one. done runs on a goroutine of its own.
func (s *Server) Deliver(o lot.Order, done func(lot.Result)) { s.deliver(o, done, nil) }

// deliver is Deliver to another session than one that turned out to be full or closed.
func (s *Server) deliver(o lot.Order, done func(lot.Result), not *session) {
	offLine := func(why charge.Note) {
		s.finish(done, lot.Result{Result: charge.AttemptOffLine, Reason: charge.ReasonLineOff, Detail: why})
	}
	choose := func() *session {
		return s.pick(o.Lot, linkOf(o.Message), func(n *session) bool { return n != not && n.cloud })
	}
	n := choose()
	switch {
	case n == nil && not == nil:
		offLine(charge.Say("delivery.line_gone"))
		return
	case n == nil:
		offLine(charge.Say(string(unsent)))
		return
	case len(o.Payload) > downlinkMost:
		s.finish(done, lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError,
			Detail: charge.Say("delivery.too_long", charge.Count("most", downlinkMost))})
		return
	}
	w := s.waitFor(o, done, n, offLine)
	if !s.asks.add(w) {
		s.finish(done, lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError,
			Detail: charge.Say("delivery.under_way")})
		return
	}
	d := &downlink{rank: rankReduction, tries: o.Tries, age: o.Delivery, message: o.Payload, wait: w, wanted: o.Wanted,
		since: s.cfg.Now()}
	if !n.lane.add(d) {
		if s.asks.unsent(w) {
			offLine(charge.Say(string(unsent)))
		}
		return
	}
	// The PC's other link may have come up since, and have taken over what waited here before this did.
	if better := choose(); better != nil && better != n && better.localID == n.localID {
		s.move(n)
		return
	}
	s.advance(n)
}

// waitFor is what an order's answer is waited for by, once it is handed to a session.
func (s *Server) waitFor(o lot.Order, done func(lot.Result), n *session, offLine func(charge.Note)) *wait {
	w := &wait{key: askKey{o.Lot, serviceNotice, o.UUID}, session: n}
	w.done = []func(*lot.Fields, silence){func(f *lot.Fields, why silence) {
		switch why {
		case unsent:
			s.deliver(o, done, n)
			return
		case moved:
			s.deliver(o, done, nil)
			return
		case unwanted:
			offLine(charge.Say(string(why)))
			return
		}
		r := s.result(f, why)
		if r.SentAt = w.sentAt; !r.SentAt.IsZero() {
			s.cfg.Metrics.Delivered(r.Result, r.At.Sub(r.SentAt))
		}
		done(r)
	}}
	return w
}

// finish is done now, on a goroutine of its own.
func (s *Server) finish(done func(lot.Result), r lot.Result) {
	r.At = s.cfg.Now()
	s.cfg.Machine.Go(func() { done(r) })
}

// result reads the answer to 3.25 or 3.36. The book's page on it breaks off before the reply; its sisters echo
// the uuid, with a state or without one.
func (s *Server) result(f *lot.Fields, why silence) lot.Result {
	at := s.cfg.Now()
	if why != answered {
		return lot.Result{Result: charge.AttemptTimeout, Reason: charge.ReasonNoAnswer, Detail: charge.Say(string(why)),
			At: at}
	}
	switch state := f.State(); {
	case state == lot.StateYes:
		return lot.Result{Result: charge.AttemptAcked, Reason: charge.ReasonOK, Detail: answerNote("1", f), At: at}
	case state == lot.StateNo:
		return lot.Result{Result: charge.AttemptRefused, Reason: charge.ReasonLotRefused, Detail: answerNote("0", f), At: at}
	case !f.HasState():
		return lot.Result{Result: charge.AttemptAcked, Reason: charge.ReasonOK, Detail: answerNote("", f), At: at}
	}
	return lot.Result{
		Result: charge.AttemptError, Reason: charge.ReasonLotError, Sent: true,
		Detail: answerNote(clip(f.Text("state")), f), At: at,
	}
}

// replied takes a lot's answer to a downlink. An acknowledgement that no caller waits for is handed to flow, which
// knows whether the lot was ever sent such a message.
func (s *Server) replied(ctx context.Context, u uplink) {
	if k, ok := s.asked(u); ok {
		if w := s.asks.settle(k); w != nil {
			s.asks.answer(w, u.fields, answered)
			s.settled(w, u.session)
			return
		}
	}
	uuid := u.fields.Text("uuid")
	if u.service != serviceNotice || uuid == "" || len(uuid) > maxUUID {
		s.refuse(u.session.remote, "answer_to_nothing")
		return
	}
	u.session.lane.answered(nil)
	switch err := s.cfg.Events.Acked(ctx, u.session.lot, uuid, s.result(u.fields, answered)); {
	case errors.Is(err, lot.ErrNeverSent):
		s.refuse(u.session.remote, "answer_to_nothing")
	case err != nil:
		s.log.Error("late acknowledgement was not stored", "lot", u.session.lot.String(), "uuid", clip(uuid), "error", err)
	}
}

// asked finds what an uplink answers.
func (s *Server) asked(u uplink) (askKey, bool) {
	k := askKey{lot: u.session.route, service: u.service}
	switch u.service {
	case serviceNotice, servicePass:
		k.id = u.fields.Text("uuid")
	case serviceQuery:
		k.id = u.fields.Text("query_order_no")
		if k.id == "" || !s.asks.has(k) {
			k.id = u.fields.Text("order_id")
		}
	default:
		return k, false
	}
	return k, s.asks.has(k)
}

// answersUs reports whether an uplink answers a downlink of ours, late or twice maybe: such ones do not count as a
// flood.
func (s *Server) answersUs(u uplink) bool {
	switch u.service {
	case serviceNotice, servicePass, serviceQuery:
		k, _ := s.asked(u)
		return s.asks.ours(k)
	}
	return false
}

// ask sends a question to a session, in its turn, and waits for the answer.
func (s *Server) ask(ctx context.Context, n *session, r rank, k askKey, message []byte) (*lot.Fields, error) {
	if len(message) > downlinkMost {
		return nil, fmt.Errorf("lot %s: %w", k.lot, ErrTooLong)
	}
	type heard struct {
		f   *lot.Fields
		why silence
	}
	hear := make(chan heard, 1)
	w := &wait{key: k, session: n}
	w.done = []func(*lot.Fields, silence){func(f *lot.Fields, why silence) { hear <- heard{f, why} }}
	d := &downlink{rank: r, message: message, wait: w, wanted: func() bool { return ctx.Err() == nil }}
	if s.asks.addOrJoin(w) && !s.enqueue(n, d) && s.asks.unsent(w) {
		s.asks.answer(w, nil, unsent)
	}
	select {
	case h := <-hear:
		switch h.why {
		case answered:
			return h.f, nil
		case unsent, unwanted:
			return nil, fmt.Errorf("lot %s: %w: %s", k.lot, ErrOffLine, h.why)
		}
		return nil, fmt.Errorf("lot %s: %w: %s", k.lot, ErrNoAnswer, h.why)
	case <-ctx.Done():
		return nil, fmt.Errorf("lot %s: %w", k.lot, ctx.Err())
	}
}

// passMessage is 3.22.
type passMessage struct {
	ServiceName string `json:"service_name"`
	ParkID      string `json:"park_id"`
	UUID        string `json:"uuid"`
	Data        string `json:"data"`
}

// PassThrough hands data, a text that the lot's fee software understands, to a lot and returns what it answers
// (3.22): the text of data, which may be empty. The lot has 7 seconds (AckWait) from the sending.
func (s *Server) PassThrough(ctx context.Context, id charge.LotID, data []byte) ([]byte, error) {
	n := s.pick(id, charge.LinkCloud, takesCloud)
	if n == nil {
		return nil, fmt.Errorf("lot %s: %w", id, ErrOffLine)
	}
	m := passMessage{ServiceName: servicePass, ParkID: id.Park, UUID: s.newToken(), Data: string(data)}
	f, err := s.ask(ctx, n, rankPass, askKey{id, servicePass, m.UUID}, seal.PrintJSON(m))
	if err != nil {
		return nil, err
	}
	if f.State() == lot.StateNo {
		return nil, fmt.Errorf("lot %s: %w: %s", id, ErrRefused, clip(f.Text("errmsg")))
	}
	return []byte(f.Raw("data")), nil
}

// priceMessage is 3.1 for a car that is inside.
type priceMessage struct {
	ServiceName string `json:"service_name"`
	ParkID      string `json:"park_id"`
	PayScene    int    `json:"pay_scene"`
	CarNumber   string `json:"car_number"`
	OrderID     string `json:"order_id"`
}

// exitPriceMessage is 3.1 for whichever car stands at an exit.
type exitPriceMessage struct {
	ServiceName  string `json:"service_name"`
	ParkID       string `json:"park_id"`
	PayScene     int    `json:"pay_scene"`
	OutChannelID string `json:"out_channel_id"`
	QueryOrderNo string `json:"query_order_no"`
}

// sceneExit is pay_scene at an exit; inside it is 0.
const sceneExit = 1

// QueryPrice asks a lot for the price of a stay that is still inside (3.1, pay_scene 0).
func (s *Server) QueryPrice(ctx context.Context, stay charge.Stay) (lot.Price, error) {
	m := priceMessage{
		ServiceName: serviceQuery, ParkID: stay.Lot.Park, CarNumber: stay.Plate.Wire(), OrderID: stay.OrderID,
	}
	return s.askPrice(ctx, s.pick(stay.Lot, charge.LinkBolink, takesPrices), askKey{stay.Lot, serviceQuery, stay.OrderID},
		seal.PrintJSON(m))
}

// QueryExitPrice asks what the car at an exit channel has to pay (3.1, pay_scene 1). Only the machine that manages
// the channel is asked.
func (s *Server) QueryExitPrice(ctx context.Context, id charge.LotID, channel string) (lot.Price, error) {
	n := s.pick(id, charge.LinkBolink,
		func(n *session) bool { return takesPrices(n) && slices.Contains(Channels(n.localID), channel) })
	m := exitPriceMessage{
		ServiceName: serviceQuery, ParkID: id.Park, PayScene: sceneExit, OutChannelID: channel, QueryOrderNo: s.newToken(),
	}
	return s.askPrice(ctx, n, askKey{id, serviceQuery, m.QueryOrderNo}, seal.PrintJSON(m))
}

func (s *Server) askPrice(ctx context.Context, n *session, k askKey, message []byte) (lot.Price, error) {
	if n == nil {
		return lot.Price{}, fmt.Errorf("lot %s: %w", k.lot, ErrOffLine)
	}
	f, err := s.ask(ctx, n, rankQuestion, k, message)
	if err != nil {
		return lot.Price{}, err
	}
	if f.State() != lot.StateYes {
		return lot.Price{}, fmt.Errorf("lot %s: %w: %s", k.lot, ErrRefused, clip(f.Text("errmsg")))
	}
	p := f.Price(s.cfg.Now())
	if err := f.Err(); err != nil {
		return lot.Price{}, fmt.Errorf("lot %s answered the price query: %w", k.lot, err)
	}
	return p, nil
}
