package sim

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/seal"
)

// pc is the fee computer of an SDK lot. It reads and repeats by the rules of the vendor's SDK before 4.0: two links,
// or the cloud link alone as later ones have; reads that are not put together; a login whose first read must be its
// answer and nothing else; what is not answered goes out again at every full minute.
type pc struct {
	w       *world
	park    *park
	wants   []charge.Link
	links   map[charge.Link]*link
	round   int // of logins
	stored  []*said
	resends bool // a full minute is put down
}

// link is one connection of a PC.
type link struct {
	pc     *pc
	name   charge.Link
	wire   *wire
	token  string // empty before the login's answer
	missed int    // heartbeats without an answer
	gone   bool
}

// Times of the vendor's SDK. It beats every ten seconds; here every minute, as nothing but the number of steps depends
// on it.
const (
	sdkReads   = 4096
	sdkAgain   = 5500 * time.Millisecond
	sdkLogin   = 8 * time.Second
	sdkBeat    = time.Minute
	sdkMissed  = 3
	sdkLocalID = "02fc00000001_2000_dll01_channels_A1"
)

func newPC(w *world, p *park) *pc {
	return &pc{w: w, park: p, links: map[charge.Link]*link{},
		wants: pick(w, []charge.Link{charge.LinkCloud}, []charge.Link{charge.LinkBolink, charge.LinkCloud})}
}

// up reports whether a link is logged in that reductions can come by.
func (m *pc) up() bool {
	l := m.links[charge.LinkCloud]
	return l != nil && l.token != ""
}

// holder is the node that has the line; nil where none has.
func (m *pc) holder() *node {
	if !m.up() {
		return nil
	}
	return m.links[charge.LinkCloud].wire.n
}

// logIn opens the links, mostly all to one node.
func (m *pc) logIn(n *node) {
	m.hangUp()
	if n == nil {
		m.later(sdkAgain)
		return
	}
	for _, name := range m.wants {
		l := &link{pc: m, name: name}
		l.wire = m.w.dial(n, l)
		m.links[name] = l
		data := map[string]any{"park_id": m.park.id.Park, "local_id": sdkLocalID}
		if name == charge.LinkBolink || len(m.wants) == 1 {
			data["union_id"] = m.park.id.Union
		}
		l.say("login", data)
		if other := m.w.someNode(); m.w.chance(15) {
			n = other
		}
	}
	round := m.round
	m.w.after(sdkLogin, func() {
		for _, l := range m.links {
			if m.round == round && l.token == "" {
				m.broken()
			}
		}
	})
}

// hangUp closes what is open. Nothing of an earlier round happens behind it.
func (m *pc) hangUp() {
	m.round++
	for _, name := range m.wants {
		if l := m.links[name]; l != nil {
			l.gone = true
			l.wire.end(m.w.between(time.Millisecond, time.Second))
		}
	}
	clear(m.links)
}

// broken closes both links and logs in again.
func (m *pc) broken() {
	m.hangUp()
	m.later(sdkAgain)
}

// vanish leaves the links without a word: the node believes to hold them until its time limit, or this, is over.
func (m *pc) vanish(noticed time.Duration) {
	for _, name := range m.wants {
		if l := m.links[name]; l != nil {
			l.gone, l.wire.dumb = true, true
			l.wire.end(noticed)
		}
	}
	clear(m.links)
	m.round++
}

// nodeGone has a PC notice, soon or by its heartbeats, that a node has died.
func (m *pc) nodeGone(n *node) {
	for _, name := range m.wants {
		if l := m.links[name]; l != nil && l.wire.n == n {
			l.wire.lost(m.w.between(time.Millisecond, time.Minute))
		}
	}
}

// later logs in after a while.
func (m *pc) later(after time.Duration) {
	round := m.round
	m.w.after(after, func() {
		if m.round == round {
			m.logIn(m.w.someNode())
		}
	})
}

// say signs and sends an uplink.
func (l *link) say(service string, data any) {
	body, err := json.Marshal(data)
	if err != nil {
		l.pc.w.wrongf("%v", err)
	}
	key := charge.Secret(keyOfLot)
	if l.name == charge.LinkBolink {
		key = keyOfVendor
	}
	frame, err := json.Marshal(struct {
		Service string          `json:"service_name"`
		Sign    string          `json:"sign"`
		Token   string          `json:"token,omitempty"`
		Data    json.RawMessage `json:"data"`
	}{service, seal.S1(body, key), l.token, body})
	if err != nil {
		l.pc.w.wrongf("%v", err)
	}
	l.wire.send(append(frame, '\n'))
}

// lost is the end of a connection as its PC sees it.
func (l *link) lost() {
	if !l.gone {
		l.pc.broken()
	}
}

// read takes what one read brings, and puts nothing together.
func (l *link) read(all []byte) {
	for len(all) > 0 && !l.gone {
		part := all[:min(len(all), sdkReads)]
		all = all[len(part):]
		if l.token == "" {
			l.readLogin(part)
			continue
		}
		for _, piece := range frames(part) {
			l.hear(piece)
		}
	}
}

// readLogin takes the first read: the answer and nothing else.
func (l *link) readLogin(part []byte) {
	var a struct {
		State int    `json:"state"`
		Token string `json:"token"`
	}
	if json.Unmarshal(bytes.TrimSpace(part), &a) != nil || a.State != 1 || a.Token == "" {
		l.pc.w.count("failed logins")
		l.pc.broken()
		return
	}
	l.token = a.Token
	l.pc.w.count("logins")
	l.pc.w.note("%s has its %s link on %s", l.pc.park.id.Park, l.name, l.wire.n.name)
	l.beat()
}

// beat asks for a sign of life now and then.
func (l *link) beat() {
	l.pc.w.after(sdkBeat, func() {
		if l.gone || l.wire.dumb {
			return
		}
		if l.missed++; l.missed > sdkMissed {
			l.pc.broken()
			return
		}
		l.wire.send([]byte("0x11\n"))
		l.beat()
	})
}

// heard is what any message from the gateway may say.
type heard struct {
	Service string          `json:"service_name"`
	OrderID string          `json:"order_id"`
	UUID    string          `json:"uuid"`
	State   json.RawMessage `json:"state"`
	PayType string          `json:"pay_type"`
}

func (l *link) hear(piece []byte) {
	w := l.pc.w
	if string(piece) == "0x12" {
		l.missed = 0
		return
	}
	var m heard
	switch {
	case json.Unmarshal(piece, &m) != nil:
		w.count("torn reads")
	case m.Service == "pay_notice" && m.State == nil:
		l.reduced(m.UUID, bytes.Clone(piece))
	case m.Service != "" && m.State != nil:
		l.pc.answered(l.name, m)
	}
}

// reduced takes a reduction and answers it, or not, or late, or again and again.
func (l *link) reduced(uuid string, message []byte) {
	w, p := l.pc.w, l.pc.park
	answer := func(after time.Duration, state string) {
		w.after(after, func() { l.pc.acknowledge(l, uuid, state) })
	}
	soon := w.between(20*time.Millisecond, time.Second)
	apply := func() string { return w.apply(p, uuid, message) }
	if w.calm {
		answer(soon, apply())
		return
	}
	switch w.below(20) {
	default:
		answer(soon, apply())
	case 0:
		w.fault("message lost")
	case 1, 2:
		w.fault("answer lost")
		apply()
	case 3:
		w.fault("message delayed")
		w.lateArrival(p, uuid, message, w.between(8*time.Second, 10*time.Minute), func(state string) { answer(0, state) })
	case 4:
		w.fault("answer repeated")
		for range 2 + w.below(3) {
			answer(w.between(20*time.Millisecond, time.Minute), apply())
		}
	case 5:
		w.fault("lot refuses")
		w.refuse(p, uuid)
		answer(soon, apply())
	case 6:
		w.fault("answer unreadable")
		apply()
		answer(soon, "7")
	case 7:
		w.fault("connection cut behind the message")
		if w.chance(50) {
			apply()
		}
		l.pc.broken()
	}
}

// acknowledge answers on the link that a reduction came by, or on the one that took its place.
func (m *pc) acknowledge(by *link, uuid, state string) {
	l := m.links[by.name]
	if l == nil || l.token == "" {
		return
	}
	m.w.note("%s answers %s of %s", m.park.id.Park, state, m.w.name(uuid))
	l.say("pay_notice", map[string]any{"uuid": uuid, "state": json.RawMessage(state)})
}
