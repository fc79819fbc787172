package line

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/seal"
)

// uplink takes one uplink through the checks in the order in which the published server makes them. c is nil in
// HTTP mode.
func (s *Server) uplink(c *conn, remote string, frame []byte) answer {
	begun := s.cfg.Now()
	e, err := readEnvelope(frame)
	if err != nil {
		s.refuse(remote, unreadAs(frame))
		return answer{silent: true, refused: true}
	}
	n := s.sessions.find(e.token)
	if n != nil {
		if a, seen := s.resent(n, e); seen {
			s.refuse(remote, "resent")
			return a
		}
	}
	switch {
	case e.service == "":
		return s.refusal(remote, "no_service", sayNoService)
	case e.sign == "":
		return s.refusal(remote, "no_sign", sayNoSign)
	case e.service == serviceLogin:
		return s.login(c, remote, e)
	case e.token == "":
		return s.refusal(remote, "no_token", sayNoToken)
	case n == nil:
		return s.refusal(remote, "bad_token", sayBadToken)
	case !s.signedBy(n.lot, e):
		a := s.refusal(remote, "bad_sign", sayBadSign)
		a.guessed = &n.lot
		return a
	}
	if n.box != nil {
		n.beat.Store(begun.UnixMilli())
	}
	fields, err := lot.ReadFields(e.data)
	u := uplink{envelope: e, session: n, fields: fields}
	if !s.answersUs(u.unwrapped()) && n.flood.Over(begun, floodSpan, s.cfg.FloodPer10s) {
		return s.refusal(remote, "flood", sayFlood)
	}
	if err != nil {
		return s.refusal(remote, "bad_data", sayBadData)
	}
	a := s.dispatch(u)
	a.session = n
	s.warn(u)
	s.cfg.Metrics.Uplink(u.label(), s.cfg.Now().Sub(begun))
	return a
}

// unwrapped is an answer whose state stands one object further in, with that object's members beside its own.
func (u uplink) unwrapped() uplink {
	if u.fields == nil || u.fields.HasState() {
		return u
	}
	if f, err := lot.ReadReply(u.data); err == nil {
		u.fields = f
	}
	return u
}

// unreadAs is the reason for metrics why a frame could not be read.
func unreadAs(frame []byte) string {
	if _, encoding := lot.Plain(frame); !lot.Readable(encoding) {
		return "not_utf8"
	}
	return "not_json"
}

// signedBy checks S1 with each key that is valid now.
func (s *Server) signedBy(id charge.LotID, e envelope) bool {
	l, vendor, ok := s.cfg.Directory.Lot(id)
	if !ok {
		return false
	}
	_, good := linkOfSigner(e, l, vendor, s.cfg.Now())
	return good
}

func (s *Server) dispatch(u uplink) answer {
	ctx, cancel := s.cfg.Machine.Within(s.ctx, handleWait)
	defer cancel()
	switch u.service {
	case serviceIn, serviceInHTTP:
		return s.entered(ctx, u)
	case serviceOut, serviceOutHTTP, serviceOrder:
		return s.left(ctx, u)
	case serviceUsage:
		return s.used(ctx, u)
	case serviceInPark:
		return s.inPark(ctx, u)
	case serviceNotice, serviceQuery, servicePass:
		s.replied(ctx, u.unwrapped())
		return answer{}
	case serviceLogout:
		s.end(u.session)
		return answer{body: seal.PrintJSON(reply{State: 1, ServiceName: u.service})}
	}
	// The published server answers what it has no use for with an empty frame.
	return answer{}
}

// handleWait bounds what the rest of the gateway may take for one uplink.
const handleWait = 30 * time.Second
