package line

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/seal"
)

// What success is called in the SDK book.
const (
	sayTakenOrder = "send success!" // 2.1, 2.2
	sayTakenUsage = "上传成功"          // 2.34
)

// orderReply answers 2.1, 2.2 and 2.3.
type orderReply struct {
	State       int    `json:"state"`
	OrderID     string `json:"order_id"`
	ServiceName string `json:"service_name"`
	ErrMsg      string `json:"errmsg"`
	PayType     string `json:"pay_type,omitempty"`
}

// entered is 2.1.
func (s *Server) entered(ctx context.Context, u uplink) answer {
	e, err := readEntry(u)
	var a lot.Answer
	if err == nil {
		a, err = s.cfg.Events.Entered(ctx, e)
	}
	return s.ordered(u, a, err)
}

// left is 2.2, and 2.3: the whole order after the fact, in the same fields.
func (s *Server) left(ctx context.Context, u uplink) answer {
	e, err := readExit(u)
	var a lot.Answer
	if err == nil {
		a, err = s.cfg.Events.Left(ctx, e)
	}
	return s.ordered(u, a, err)
}

// ordered answers an uplink about an order, once it is stored, and copies it to the lot's other machines.
func (s *Server) ordered(u uplink, a lot.Answer, err error) answer {
	a = s.judged(u, a, err, sayTakenOrder)
	if a.State != 1 && a.ErrMsg != sayInvalid && a.ErrMsg != sayBusy {
		a.ErrMsg = clipTo(sayInvalid+": "+a.ErrMsg, maxErrMsg)
	}
	r := orderReply{
		State: a.State, OrderID: u.fields.text("order_id"), ServiceName: u.service, ErrMsg: a.ErrMsg,
	}
	if u.label() == serviceOut {
		r.PayType = u.fields.text("pay_type")
	}
	out := answer{body: text(r)}
	if a.State != 1 {
		return out
	}
	s.resends.taken(u.resendKey())
	if u.label() != serviceOrder {
		out.after = func() { s.copyToOthers(u) }
	}
	return out
}

// copyToOthers tells the lot's machines that want copies what came in or went out: flat, with the service name.
func (s *Server) copyToOthers(u uplink) {
	var message []byte
	until := s.cfg.Now().Add(s.cfg.OfflineAfter)
	for _, n := range s.sessions.of(u.session.lot) {
		if n == u.session || !n.copies() {
			continue
		}
		if message == nil {
			message = flat(u)
		}
		n.send(message, until)
	}
}

// flat is an uplink's data with its service name as the last member.
func flat(u uplink) []byte {
	message, err := seal.CompactJSON(u.data)
	if err != nil || u.fields.text("service_name") != "" {
		return message
	}
	message = append(message[:len(message)-1], `,"service_name":"`...)
	return append(append(message, u.label()...), `"}`...)
}

// used is 2.34.
func (s *Server) used(ctx context.Context, u uplink) answer {
	usage, err := readUsage(u)
	var a lot.Answer
	if err == nil {
		a, err = s.cfg.Events.Used(ctx, usage)
	}
	a = s.judged(u, a, err, sayTakenUsage)
	return answer{body: text(reply{State: a.State, ServiceName: u.service, ErrMsg: a.ErrMsg})}
}

// judged turns an error into the lot's words, and gives success its documented text.
func (s *Server) judged(u uplink, a lot.Answer, err error, success string) lot.Answer {
	switch {
	case errors.Is(err, errField), errors.Is(err, charge.ErrPlate):
		s.refuse(u.session.remote, "bad_field")
		return lot.Answer{ErrMsg: sayInvalid}
	case err != nil:
		s.refuse(u.session.remote, "not_stored")
		s.log.Error("uplink was not stored", "lot", u.session.lot.String(), "service", u.label(), "error", err)
		return lot.Answer{ErrMsg: sayBusy}
	case a.State == 1 && a.ErrMsg == "":
		a.ErrMsg = success
	case a.State != 1:
		s.refuse(u.session.remote, refusedAs(u.label()))
		a.ErrMsg = clipTo(cmp.Or(a.ErrMsg, sayInvalid), maxErrMsg)
	}
	return a
}

// maxErrMsg is the book's limit on errmsg, in characters.
const maxErrMsg = 48

// refusedAs is the reason for metrics why something that made sense by itself was not taken: it does not fit what
// is known.
func refusedAs(service string) string {
	switch service {
	case serviceIn:
		return "entry_refused"
	case serviceUsage:
		return "usage_refused"
	}
	return "exit_refused"
}

// inParkReply answers 2.20.
type inParkReply struct {
	State       int           `json:"state"`
	ServiceName string        `json:"service_name"`
	ErrMsg      string        `json:"errmsg,omitempty"`
	Data        []inParkEntry `json:"data"`
}

// inParkEntry is one open stay. The book does not say what local_id is here; we name the lot the stay is in.
type inParkEntry struct {
	LocalID   string `json:"local_id"`
	InTime    int64  `json:"in_time"`
	CarNumber string `json:"car_number"`
	OrderID   string `json:"order_id"`
}

// inPark is 2.20: where is this plate inside?
func (s *Server) inPark(ctx context.Context, u uplink) answer {
	plate, err := u.fields.plate()
	var stays []charge.Stay
	if err == nil {
		stays, err = s.cfg.Events.InPark(ctx, u.session.lot, plate)
	}
	a := s.judged(u, lot.Answer{State: 1}, err, "")
	r := inParkReply{State: a.State, ServiceName: u.service, ErrMsg: a.ErrMsg, Data: make([]inParkEntry, len(stays))}
	for i, st := range stays {
		r.Data[i] = inParkEntry{
			LocalID: st.Lot.Park, InTime: st.Entered.Unix(), CarNumber: st.Plate.Full(), OrderID: st.OrderID,
		}
	}
	return answer{body: text(r)}
}

func readEntry(u uplink) (e lot.Entry, err error) {
	e.Lot, e.Channel = u.session.lot, u.fields.text("in_channel_id")
	if e.OrderID, err = u.fields.id("order_id"); err != nil {
		return e, err
	}
	if e.Plate, err = u.fields.plate(); err != nil {
		return e, err
	}
	e.Entered, err = u.fields.when("in_time")
	return e, err
}

func readExit(u uplink) (e lot.Exit, err error) {
	e.Lot = u.session.lot
	if e.OrderID, err = u.fields.id("order_id"); err != nil {
		return e, err
	}
	if e.Plate, err = u.fields.plate(); err != nil {
		return e, err
	}
	if e.Left, err = u.fields.when("out_time"); err != nil {
		return e, err
	}
	if u.fields.text("in_time") != "" {
		if e.Entered, err = u.fields.when("in_time"); err != nil {
			return e, err
		}
		if e.Left.Before(e.Entered) {
			return e, fmt.Errorf("out_time is before in_time: %w", errField)
		}
	}
	if e.Total, e.HasTotal, err = u.fields.yuan("total"); err != nil {
		return e, err
	}
	e.Reduced, err = readReduced(u.fields)
	return e, err
}

// readReduced reads what an exit says was taken off. reduce_amount is the book's field; derate_duration is told
// by lots that answer price queries with it.
func readReduced(f fields) (*lot.Reduced, error) {
	amount, hasAmount, err := f.yuan("reduce_amount")
	if err != nil {
		return nil, err
	}
	minutes, hasMinutes, err := f.minutes("derate_duration")
	if err != nil {
		return nil, err
	}
	switch {
	case hasMinutes && (!hasAmount || amount == 0):
		return &lot.Reduced{Minutes: minutes, Told: f.text("derate_duration")}, nil
	case hasAmount:
		return &lot.Reduced{Amount: amount, Minutes: minutes, Told: f.text("reduce_amount")}, nil
	}
	return nil, nil
}

// Ways in which 2.34 says a charge was counted.
const (
	usedTime   = "1"
	usedAmount = "2"
	usedLot    = "3"
)

func readUsage(u uplink) (g lot.Usage, err error) {
	g.Lot = u.session.lot
	if g.OrderID, err = u.fields.id("order_id"); err != nil {
		return g, err
	}
	if g.Plate, err = u.fields.plate(); err != nil {
		return g, err
	}
	if g.Order, err = u.fields.id("start_charge_seq"); err != nil {
		return g, err
	}
	if g.Left, err = u.fields.when("out_time"); err != nil {
		return g, err
	}
	return readUsed(g, u.fields)
}

// readUsed reads minutes and yuan: the one that the method asks for must be there.
func readUsed(g lot.Usage, f fields) (lot.Usage, error) {
	minutes, hasMinutes, err := f.minutes("duration")
	if err != nil {
		return g, err
	}
	amount, hasAmount, err := f.yuan("reduce_amount")
	if err != nil {
		return g, err
	}
	g.Minutes, g.Amount = minutes, amount
	switch method := f.text("calculation_method"); {
	case method == usedTime && hasMinutes:
		g.Method, g.Told, g.Amount = 1, f.text("duration"), 0
	case method == usedAmount && hasAmount:
		g.Method, g.Told, g.Minutes = 2, f.text("reduce_amount"), 0
	case method == usedLot && hasMinutes:
		g.Method, g.Told = 3, f.text("duration")
	case method == usedLot:
		g.Method, g.Told = 3, f.text("reduce_amount")
	default:
		return g, errField
	}
	return g, nil
}

func (u uplink) resendKey() resendKey {
	return resendKey{
		sign:  u.session.lot.String() + " " + u.sign,
		order: u.session.token + " " + u.label() + " " + u.fields.text("order_id"),
	}
}

// resent reports whether an entry or exit was taken before, and what it gets.
func (s *Server) resent(n *session, e envelope) (answer, bool) {
	u := uplink{envelope: e, session: n}
	switch u.label() {
	case serviceIn, serviceOut, serviceOrder:
	default:
		return answer{}, false
	}
	data, err := seal.ReadObject(e.data)
	if err != nil {
		return answer{}, false
	}
	u.fields = data
	if !s.resends.seen(u.resendKey()) {
		return answer{}, false
	}
	return answer{body: text(resentReply{
		ErrMsg: saySeen, ServiceName: u.service,
		OrderID: u.fields.text("order_id"), CarNumber: u.fields.text("car_number"),
	})}, true
}

// resentReply answers an uplink that was taken before.
type resentReply struct {
	State       int    `json:"state"`
	ErrMsg      string `json:"errmsg"`
	ServiceName string `json:"service_name"`
	OrderID     string `json:"order_id,omitempty"`
	CarNumber   string `json:"car_number,omitempty"`
}
