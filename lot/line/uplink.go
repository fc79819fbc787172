package line

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/seal"
)

// What the published server says to what it does not take (ParkingOS, netty/SensorServerHandler).
const (
	sayNoService  = "未识别到service_name标记"
	sayNoSign     = "未识别到sign标记"
	sayNoToken    = "未识别到token标记"
	sayNoPark     = "未识别到park_id标记"
	sayBadToken   = "error:token无效"
	sayBadSign    = "error:签名错误"
	sayNoLot      = "error:云平台车场不存在"
	sayNoSuchLot  = "车场不存在"
	sayLoginFails = "error:登录失败"
	saySeen       = "数据已处理过..."
	sayFlood      = "request_over_times"
	sayBadData    = "data error"
	sayInvalid    = "数据无效"
	sayBusy       = "系统繁忙,请稍后重试" // ours: nothing was stored
)

// envelope is the outside of an uplink. Data is the text that is signed.
type envelope struct {
	service, sign, token string
	data                 []byte
}

func readEnvelope(frame []byte) (envelope, error) {
	members, err := seal.ReadObject(frame)
	if err != nil {
		return envelope{}, err
	}
	f := fields(members)
	return envelope{
		service: f.text("service_name"), sign: f.text("sign"), token: f.text("token"),
		data: []byte(f.any("data")),
	}, nil
}

// answer is what an uplink gets.
type answer struct {
	body    []byte
	silent  bool   // nothing at all, not even an empty frame
	closes  bool   // the line is closed behind it
	refused bool   // the uplink was not looked into
	after   func() // done once the answer is on its way
}

// uplink takes one uplink through the checks in the order in which the published server makes them. c is nil in
// HTTP mode.
func (s *Server) uplink(c *conn, remote string, frame []byte) answer {
	begun := s.cfg.Now()
	e, err := readEnvelope(frame)
	if err != nil {
		s.refuse(remote, "not_json")
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
		return s.refusal(remote, "bad_sign", sayBadSign)
	}
	if n.box != nil {
		n.beat.Store(begun.UnixMilli())
	}
	data, err := seal.ReadObject(e.data)
	u := uplink{envelope: e, session: n, fields: data}
	if !s.answersUs(u) && n.flood.over(begun, s.cfg.FloodPer10s) {
		return s.refusal(remote, "flood", sayFlood)
	}
	if err != nil {
		return s.refusal(remote, "bad_data", sayBadData)
	}
	a := s.dispatch(u)
	s.cfg.Metrics.Uplink(u.label(), s.cfg.Now().Sub(begun))
	return a
}

func (s *Server) refusal(remote, reason, say string) answer {
	s.refuse(remote, reason)
	return answer{body: text(failure{ErrMsg: say}), refused: true}
}

// signedBy checks S1 with each key that is valid now.
func (s *Server) signedBy(id charge.LotID, e envelope) bool {
	lot, vendor, ok := s.cfg.Directory.Lot(id)
	return ok && signed(e, keysOf(lot, vendor, s.cfg.Now()))
}

// keysOf lists the keys a line may sign with: the lot's own, then the vendor's, which SDK 4 is thought to sign
// with since its init has no ckey any more; each with the one it replaced while that is valid.
func keysOf(l charge.Lot, v charge.Vendor, now time.Time) []charge.Secret {
	keys := []charge.Secret{l.Ckey, "", v.Ukey, ""}
	if now.Before(l.OldCkey.Until) {
		keys[1] = l.OldCkey.Key
	}
	if now.Before(v.OldUkey.Until) {
		keys[3] = v.OldUkey.Key
	}
	return slices.DeleteFunc(keys, func(k charge.Secret) bool { return k == "" })
}

// signed checks over the bytes that came and, failing that, over their compact re-print, which is what the
// published server hashes.
func signed(e envelope, keys []charge.Secret) bool {
	if signedAs(e.data, e.sign, keys) {
		return true
	}
	compact, err := seal.CompactJSON(e.data)
	return err == nil && !bytes.Equal(compact, e.data) && signedAs(compact, e.sign, keys)
}

func signedAs(data []byte, sign string, keys []charge.Secret) bool {
	for _, k := range keys {
		if seal.Equal(seal.S1(data, k), sign) {
			return true
		}
	}
	return false
}

// uplink is an uplink whose sender is known.
type uplink struct {
	envelope
	session *session
	fields  fields
}

// Service names; HTTP mode has its own for entry and exit.
const (
	serviceLogin     = "login"
	serviceLogout    = "logout"
	serviceIn        = "in_park"
	serviceInHTTP    = "inpark"
	serviceOut       = "out_park"
	serviceOutHTTP   = "outpark"
	serviceOrder     = "upload_order"
	serviceUsage     = "upload_duration_info"
	serviceInPark    = "query_inpark"
	serviceNotice    = "pay_notice"
	serviceQuery     = "query_price"
	servicePass      = "pass_through"
	serviceUncounted = "other"
)

func (s *Server) dispatch(u uplink) answer {
	ctx, cancel := context.WithTimeout(s.ctx, handleWait)
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
		s.replied(ctx, u)
		return answer{}
	case serviceLogout:
		s.end(u.session)
		return answer{body: text(reply{State: 1, ServiceName: u.service})}
	}
	// The published server answers what it has no use for with an empty frame.
	return answer{}
}

// handleWait bounds what the rest of the gateway may take for one uplink.
const handleWait = 30 * time.Second

// label is the service for metrics, from a closed list.
func (u uplink) label() string {
	switch u.service {
	case serviceIn, serviceOut, serviceOrder, serviceUsage, serviceInPark, serviceNotice, serviceQuery, servicePass,
		serviceLogout:
		return u.service
	case serviceInHTTP:
		return serviceIn
	case serviceOutHTTP:
		return serviceOut
	}
	return serviceUncounted
}

// failure is a refusal that names no message.
type failure struct {
	State  int    `json:"state"`
	ErrMsg string `json:"errmsg"`
}

// reply is the answer to an uplink that is not about an order.
type reply struct {
	State       int    `json:"state"`
	ServiceName string `json:"service_name"`
	ErrMsg      string `json:"errmsg,omitempty"`
}

// text writes compact JSON without the escapes that are only for HTML.
func text(v any) []byte {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	if err := w.Encode(v); err != nil {
		panic(err) // only types of this package come here, and all of them can be written
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
