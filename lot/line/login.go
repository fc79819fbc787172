package line

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/seal"
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
	ask := &asking{remote: remote, union: f.Text("union_id"), park: f.Text("park_id"), localID: f.Text("local_id")}
	if ask.park == "" {
		a := s.refusal(remote, "no_park", sayNoPark)
		a.closes = true
		return a
	}
	var who caller
	var refused *answer
	if ask.union == "" {
		who, refused = s.byKey(ask, e)
	} else {
		who, refused = s.byName(ask, e)
	}
	switch {
	case refused != nil:
		return *refused
	case len(ask.localID) > maxLocalID:
		return s.loginFails(ask, "bad_local_id", sayLoginFails)
	case !s.logins.Load().Allow(who.lot, s.cfg.Now()):
		return s.loginFails(ask, "too_many_logins", sayLoginFails)
	}
	n := s.newSession(c, remote, who, f)
	if !s.begin(n) {
		return s.loginFails(ask, "too_many_machines", sayLoginFails)
	}
	return answer{body: seal.PrintJSON(loginReply{State: 1, Token: n.token, ServiceName: serviceLogin})}
}

// asking is a login as it came; nothing of it is believed.
type asking struct {
	remote, union, park, localID string
	lots                         []charge.LotID // that are there and may be meant
}

// caller is who logs in.
type caller struct {
	lot  charge.LotID
	link charge.Link
}

// byName finds the lot that a login names.
func (s *Server) byName(ask *asking, e envelope) (who caller, refused *answer) {
	id, err := charge.ParseLotID(ask.union + "/" + ask.park)
	if err != nil {
		return who, s.noLogin(ask, "unknown_lot", sayNoLot)
	}
	l, v, found := s.cfg.Directory.Lot(id)
	if !found {
		return who, s.noLot(ask)
	}
	ask.lots = []charge.LotID{id}
	link, good := linkOfSigner(e, l, v, s.cfg.Now())
	switch {
	case !good:
		a := s.noLogin(ask, "bad_sign", sayBadSign)
		a.guessed = &id
		return who, a
	case !lot.KindOf(l.Kind).OnLine:
		return who, s.noLogin(ask, "not_an_sdk_lot", sayLoginFails)
	}
	return caller{id, link}, nil
}

// byKey finds the lot of a login that names no vendor, which is how the cloud link of the SDK before 4.0 logs in: of
// all lots of that park_id the one whose ckey signs. None and two are both a wrong sign, and who guesses is stopped.
func (s *Server) byKey(ask *asking, e envelope) (who caller, refused *answer) {
	now := s.cfg.Now()
	if s.guesses.tooMany(ask.remote, ask.park, now) {
		return who, s.noLogin(ask, "too_many_logins", sayLoginFails)
	}
	var signers []charge.LotID
	for _, id := range s.cfg.Directory.Park(ask.park) {
		l, _, ok := s.cfg.Directory.Lot(id)
		if !ok || !lot.KindOf(l.Kind).OnLine {
			continue
		}
		if ask.lots = append(ask.lots, id); signed(e, cloudKeys(l, now)) {
			signers = append(signers, id)
		}
	}
	if len(signers) == 1 {
		return caller{signers[0], charge.LinkCloud}, nil
	}
	s.guesses.failed(ask.remote, ask.park, now)
	if len(ask.lots) == 0 {
		return who, s.noLot(ask)
	}
	return who, s.noLogin(ask, "bad_sign", sayBadSign)
}

// noLot answers a login of a lot that is not there.
func (s *Server) noLot(ask *asking) *answer {
	if strings.Trim(ask.park, "0123456789") == "" {
		return s.noLogin(ask, "unknown_lot", sayNoLot)
	}
	s.refusedLogin(ask, "unknown_lot")
	return &answer{body: seal.PrintJSON(failure{ErrMsg: sayNoSuchLot}), refused: true}
}

func (s *Server) noLogin(ask *asking, reason, say string) *answer {
	a := s.loginFails(ask, reason, say)
	return &a
}

// maxLocalID is the book's 196 characters, in UTF-8.
const maxLocalID = 3 * 196

func (s *Server) loginFails(ask *asking, reason, say string) answer {
	s.refusedLogin(ask, reason)
	return answer{body: seal.PrintJSON(loginReply{ErrMsg: say, ServiceName: serviceLogin}), closes: true}
}

// mostMeant bounds the lots of one park_id that a refused login is kept for.
const mostMeant = 8

// refusedLogin counts a refused login, logs it with what it named, and keeps it for the lots that it may mean: once in
// ten seconds for each lot and reason.
func (s *Server) refusedLogin(ask *asking, reason string) {
	s.cfg.Metrics.Refused(reason)
	now := s.cfg.Now()
	key := "" // who is no lot of ours shares a line
	if len(ask.lots) > 0 {
		key = ask.union + "/" + ask.park
	}
	n := s.noLogins.Allow(key+" "+reason, now)
	if n == 0 {
		return
	}
	localID := clipTo(ask.localID, maxUUID)
	s.log.Warn("line login refused", "reason", reason, "lot", clipTo(ask.union+"/"+ask.park, maxUUID), "local_id", localID,
		"remote", ask.remote,
		"count", n)
	if s.cfg.LoginRefused == nil {
		return
	}
	for _, id := range ask.lots[:min(len(ask.lots), mostMeant)] {
		s.cfg.LoginRefused(id, charge.RefusedLogin{At: now, Reason: reason, Remote: ask.remote, LocalID: localID})
	}
}

func (s *Server) newSession(c *conn, remote string, who caller, f *lot.Fields) *session {
	now := s.cfg.Now()
	n := &session{
		lot: who.lot, route: routeOf(who.lot, f.Text("local_id")), localID: f.Text("local_id"), link: who.link,
		token: s.newToken(), remote: remote, since: now, number: s.loginCount.Add(1),
		cloud: true, prices: true, conn: c,
	}
	if params, err := lot.ReadFields([]byte(f.Raw("set_params"))); err == nil {
		n.cloud = params.Text("receive_cloud") != "0"
		n.prices = params.Text("prepay_query") != "0"
	}
	if c == nil {
		n.box = &mailbox{}
		n.lane.apart = true
	} else {
		n.lane.quiet = now.Add(loginQuiet)
	}
	n.beat.Store(now.UnixMilli())
	return n
}

// routeOf is whose downlinks a machine gets. One whose local_id begins with certify is a certification run's: it gets
// what the run makes and nothing else, and the lot's machines get nothing of that.
func routeOf(id charge.LotID, localID string) charge.LotID {
	if strings.HasPrefix(localID, "certify") {
		return id.Trial()
	}
	return id
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
	s.regroup(n)
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
	n.lane.end()
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
	if id.IsZero() || s.sessions.has(id) {
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
