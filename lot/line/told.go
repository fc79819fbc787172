package line

import (
	"cmp"
	"context"

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
	e := u.fields.Entry(u.session.lot, s.cfg.Now())
	var a lot.Answer
	var err error
	if u.fields.Err() == nil {
		a, err = s.cfg.Events.Entered(ctx, e)
	}
	return s.ordered(u, a, err)
}

// left is 2.2, and 2.3: the whole order after the fact, in the same fields.
func (s *Server) left(ctx context.Context, u uplink) answer {
	e := u.fields.Exit(u.session.lot, s.cfg.Now())
	var a lot.Answer
	var err error
	if u.fields.Err() == nil {
		a, err = s.cfg.Events.Left(ctx, e)
	}
	return s.ordered(u, a, err)
}

// busy answers an uplink of which nothing was stored. It names neither service nor order: the vendor's SDK forgets
// an order on any answer that names both, and sends it again without.
func busy() answer { return answer{body: seal.PrintJSON(failure{ErrMsg: sayBusy})} }

// payType is what the answer to an exit repeats: the vendor's SDK repeats an exit for ever whose answer has none.
func (u uplink) payType() string {
	if u.label() != serviceOut {
		return ""
	}
	told := u.fields.Text("pay_type")
	if u.service == serviceOutHTTP && u.session.conn != nil {
		return cmp.Or(told, "free") // the book's word for what is not known
	}
	return told
}

// ordered answers an uplink about an order, once it is stored, and copies it to the lot's other machines.
func (s *Server) ordered(u uplink, a lot.Answer, err error) answer {
	if a = s.judged(u, a, err, sayTakenOrder); a.ErrMsg == sayBusy {
		return busy()
	}
	if a.State != 1 && a.ErrMsg != sayInvalid {
		a.ErrMsg = clipTo(sayInvalid+": "+a.ErrMsg, maxErrMsg)
	}
	r := orderReply{
		State: a.State, OrderID: u.fields.Text("order_id"), ServiceName: u.service, ErrMsg: a.ErrMsg,
	}
	r.PayType = u.payType()
	out := answer{body: seal.PrintJSON(r)}
	if a.State != 1 {
		return out
	}
	s.resends.taken(u.resendKey(), u.said())
	if u.label() != serviceOrder {
		out.after = func() { s.copyToOthers(u) }
	}
	return out
}

// copyToOthers sends the lot's machines that want copies what came in or went out: flat, with the service name. What
// a PC reports on both its links is copied once, as the cloud link reports it, and to one link of each other PC.
func (s *Server) copyToOthers(u uplink) {
	if u.session.link == charge.LinkBolink && s.sessions.twin(u.session, charge.LinkCloud) {
		return
	}
	var message []byte
	told := map[string]bool{u.session.localID: true}
	for _, n := range s.sessions.of(u.session.route, charge.LinkCloud) {
		if told[n.localID] || !n.copies() {
			continue
		}
		if message == nil {
			message = flat(u)
		}
		if told[n.localID] = true; len(message) > downlinkMost || !s.enqueue(n, &downlink{rank: rankCopy, message: message}) {
			s.refuse(n.remote, "copy_dropped")
		}
	}
}

// flat is an uplink's data with its service name as the last member.
func flat(u uplink) []byte {
	message, err := seal.CompactJSON(u.data)
	if err != nil || u.fields.Text("service_name") != "" {
		return message
	}
	message = append(message[:len(message)-1], `,"service_name":"`...)
	return append(append(message, u.label()...), `"}`...)
}

// used is 2.34.
func (s *Server) used(ctx context.Context, u uplink) answer {
	usage := u.fields.Usage(u.session.lot, s.cfg.Now())
	usage.OrderID = u.fields.ID("order_id")
	var a lot.Answer
	var err error
	if u.fields.Err() == nil {
		a, err = s.cfg.Events.Used(ctx, usage)
	}
	if a = s.judged(u, a, err, sayTakenUsage); a.ErrMsg == sayBusy {
		return busy()
	}
	return answer{body: seal.PrintJSON(reply{State: a.State, ServiceName: u.service, ErrMsg: a.ErrMsg})}
}

// judged turns an error, or data that cannot be used, into the lot's words, and sets the documented text of success.
func (s *Server) judged(u uplink, a lot.Answer, err error, success string) lot.Answer {
	switch {
	case u.fields.Err() != nil:
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
	plate := u.fields.Plate()
	var stays []charge.Stay
	var err error
	if u.fields.Err() == nil {
		stays, err = s.cfg.Events.InPark(ctx, u.session.lot, plate)
	}
	a := s.judged(u, lot.Answer{State: 1}, err, "")
	r := inParkReply{State: a.State, ServiceName: u.service, ErrMsg: a.ErrMsg, Data: make([]inParkEntry, len(stays))}
	for i, st := range stays {
		r.Data[i] = inParkEntry{
			LocalID: st.Lot.Park, InTime: st.Entered.Unix(), CarNumber: st.Plate.Wire(), OrderID: st.OrderID,
		}
	}
	return answer{body: seal.PrintJSON(r)}
}
