package line

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// loginReply answers a login.
type loginReply struct {
	State       int    `json:"state"`
	Token       string `json:"token,omitempty"`
	ErrMsg      string `json:"errmsg,omitempty"`
	ServiceName string `json:"service_name"`
}

// login makes a session. What fails is answered and, on TCP, closed, with one exception that is the published
// server's: an unknown park_id that is no number is answered only.
func (s *Server) login(c *conn, remote string, e envelope) answer {
	f, err := lot.ReadFields(e.data)
	if err != nil {
		return s.refusal(remote, "bad_data", sayBadData)
	}
	park := f.Text("park_id")
	if park == "" {
		a := s.refusal(remote, "no_park", sayNoPark)
		a.closes = true
		return a
	}
	id, err := charge.ParseLotID(f.Text("union_id") + "/" + park)
	if err != nil {
		return s.loginFails(remote, "unknown_lot", sayNoLot)
	}
	l, v, found := s.cfg.Directory.Lot(id)
	switch {
	case !found && strings.Trim(park, "0123456789") != "":
		return s.refusal(remote, "unknown_lot", sayNoSuchLot)
	case !found:
		return s.loginFails(remote, "unknown_lot", sayNoLot)
	case !signed(e, keysOf(l, v, s.cfg.Now())):
		return s.loginFails(remote, "bad_sign", sayBadSign)
	case !lot.KindOf(l.Kind).OnLine:
		return s.loginFails(remote, "not_an_sdk_lot", sayLoginFails)
	case len(f.Text("local_id")) > maxLocalID:
		return s.loginFails(remote, "bad_local_id", sayLoginFails)
	case !s.logins.allow(id, s.cfg.Now()):
		return s.loginFails(remote, "too_many_logins", sayLoginFails)
	}
	n := s.newSession(c, remote, id, f)
	if !s.begin(n) {
		return s.loginFails(remote, "too_many_machines", sayLoginFails)
	}
	return answer{body: text(loginReply{State: 1, Token: n.token, ServiceName: serviceLogin})}
}

// maxLocalID is the book's 196 characters, in UTF-8.
const maxLocalID = 3 * 196

func (s *Server) loginFails(remote, reason, say string) answer {
	s.refuse(remote, reason)
	return answer{body: text(loginReply{ErrMsg: say, ServiceName: serviceLogin}), closes: true}
}

func (s *Server) newSession(c *conn, remote string, id charge.LotID, f *lot.Fields) *session {
	now := s.cfg.Now()
	n := &session{
		lot: id, localID: f.Text("local_id"), token: s.newToken(), remote: remote, since: now,
		cloud: true, prices: true, conn: c,
	}
	if params, err := lot.ReadFields([]byte(f.Raw("set_params"))); err == nil {
		n.cloud = params.Text("receive_cloud") != "0"
		n.prices = params.Text("prepay_query") != "0"
	}
	if c == nil {
		n.box = &mailbox{}
	}
	n.beat.Store(now.UnixMilli())
	return n
}

// begin puts a session in force: the one it replaces ends, and so does the connection's earlier one. A replaced
// session's socket stays open, as the published server leaves it; only its token is dead.
func (s *Server) begin(n *session) bool {
	replaced, ok := s.sessions.add(n)
	if !ok {
		return false
	}
	if n.conn != nil {
		if before := n.conn.session.Swap(n); before != nil && before != replaced {
			s.end(before)
		}
		s.loggedIn(n.conn)
	}
	if replaced != nil {
		s.ended(replaced)
	}
	s.book.began(n)
	if replaced != nil {
		s.book.left(replaced) // its row is n's by then, unless n ends before it is stored
	}
	return true
}

// end ends a session for good.
func (s *Server) end(n *session) {
	if s.sessions.remove(n) {
		s.ended(n)
		s.book.left(n)
	}
}

// ended cleans up behind a session that no token finds any more.
func (s *Server) ended(n *session) {
	n.ended.Store(true)
	if n.box != nil {
		n.box.shut()
	}
	if c := n.conn; c != nil && c.session.CompareAndSwap(n, nil) {
		s.loggedOut(c)
	}
	s.asks.dropped(n)
}

// randomToken is 32 lower-case hex digits, as the published server's UUID without dashes.
func randomToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Recheck has sessions looked up in the SessionBook, those of one lot or with a zero id all of them: the lot may
// have logged in on another node, and left a line here whose far end is gone without a word.
func (s *Server) Recheck(id charge.LotID) {
	if id.IsZero() || len(s.sessions.of(id)) > 0 {
		s.book.doubt(id)
	}
}

// takenElsewhere ends a session whose lot has logged in on another node. Its socket is closed: should there be two
// machines of one name, each must notice.
func (s *Server) takenElsewhere(n *session) {
	s.end(n)
	if n.conn != nil {
		n.conn.close("taken_elsewhere")
	}
}

// beat answers a heartbeat, as the server of 2018 does: not without login, which it reports as false.
func (s *Server) beat(c *conn) bool {
	n := c.session.Load()
	if n == nil || n.ended.Load() {
		return false
	}
	n.beat.Store(s.cfg.Now().UnixMilli())
	c.send(beatAnswer)
	return true
}
