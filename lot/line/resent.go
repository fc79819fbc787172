package line

import (
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/seal"
)

// resent reports whether an entry or exit was taken before, and what it gets.
func (s *Server) resent(n *session, e envelope) (answer, bool) {
	u := uplink{envelope: e, session: n}
	switch u.label() {
	case serviceIn, serviceOut, serviceOrder:
	default:
		return answer{}, false
	}
	fields, err := lot.ReadFields(e.data)
	if err != nil {
		return answer{}, false
	}
	u.fields = fields
	if !s.resends.seen(u.resendKey(), u.said()) {
		return answer{}, false
	}
	return answer{session: n, body: seal.PrintJSON(resentReply{
		ErrMsg: saySeen, ServiceName: u.service,
		OrderID: u.fields.Text("order_id"), CarNumber: u.fields.Text("car_number"), PayType: u.payType(),
	})}, true
}

// resentReply answers an uplink that was taken before.
type resentReply struct {
	State       int    `json:"state"`
	ErrMsg      string `json:"errmsg"`
	ServiceName string `json:"service_name"`
	OrderID     string `json:"order_id,omitempty"`
	CarNumber   string `json:"car_number,omitempty"`
	PayType     string `json:"pay_type,omitempty"`
}
