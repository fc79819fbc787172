package lotline

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

var (
	errOffLine  = errors.New("lotline: off line")
	errNoAnswer = errors.New("lotline: no answer")
)

// line is one connection.
type line struct {
	c     *Client
	nc    net.Conn
	in    *bufio.Reader
	token string
	done  chan struct{}
	once  sync.Once

	writing sync.Mutex
	beats   chan struct{}  // one for each heartbeat that was answered
	asks    chan *question // what is to be asked next
	answers chan []byte    // what may be the answer to it
	work    chan func()    // callbacks, one at a time
}

// question is an uplink that wants its answer. One is under way at a time: failures do not say what they are
// about.
type question struct {
	service string
	data    []byte
	answer  chan []byte // closed without one where none came
}

// downlinksWaiting is how many downlinks may wait for the lot's software; what is beyond comes again.
const downlinksWaiting = 100

func newLine(c *Client, nc net.Conn) *line {
	return &line{
		c: c, nc: nc, in: bufio.NewReaderSize(nc, 1024), done: make(chan struct{}), beats: make(chan struct{}, 1),
		asks: make(chan *question), answers: make(chan []byte, 1), work: make(chan func(), downlinksWaiting),
	}
}

func (l *line) close() {
	l.once.Do(func() {
		close(l.done)
		_ = l.nc.Close()
	})
}

// frameMost bounds one message of the cloud.
const frameMost = 1 << 20

var errTooLong = fmt.Errorf("lotline: the cloud sent more than %d bytes without the end of a message", frameMost)

// frame reads one message: LF, text, CR; blank ones are skipped.
func (l *line) frame() ([]byte, error) {
	for {
		raw, err := l.read()
		if err != nil {
			return nil, err
		}
		if err := l.c.gate.wait(l.done); err != nil {
			return nil, err
		}
		if raw = bytes.TrimSpace(raw); len(raw) > 0 {
			return raw, nil
		}
	}
}

// read returns everything up to the next CR.
func (l *line) read() (raw []byte, err error) {
	for {
		part, err := l.in.ReadSlice('\r')
		raw = append(raw, part...)
		switch {
		case len(raw) > frameMost:
			return nil, errTooLong
		case !errors.Is(err, bufio.ErrBufferFull):
			return raw, err
		}
	}
}

// write sends one frame.
func (l *line) write(frame []byte) error {
	if err := l.c.gate.wait(l.done); err != nil {
		return err
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	if err := l.nc.SetWriteDeadline(time.Now().Add(l.c.cfg.AnswerWait)); err != nil {
		return err
	}
	_, err := l.nc.Write(append(frame, '\n'))
	if err != nil {
		l.close()
	}
	return err
}

// uplink sends data in its signed envelope. The sign is over the very bytes that are sent.
func (l *line) uplink(service string, data []byte) error {
	return l.write(text(struct {
		Service string          `json:"service_name"`
		Sign    string          `json:"sign"`
		Token   string          `json:"token,omitempty"`
		Data    json.RawMessage `json:"data"`
	}{service, Sign(data, l.c.cfg.Key), l.token, data}))
}

// message is what any message may say.
type message struct {
	Service string      `json:"service_name"`
	State   json.Number `json:"state"`
	ErrMsg  string      `json:"errmsg"`
	Token   string      `json:"token"`
	UUID    string      `json:"uuid"`
}

func (l *line) login() error {
	c := l.c.cfg
	data := struct {
		UnionID string     `json:"union_id"`
		ParkID  string     `json:"park_id"`
		LocalID string     `json:"local_id,omitempty"`
		Set     *setParams `json:"set_params,omitempty"`
	}{UnionID: c.UnionID, ParkID: c.ParkID, LocalID: c.LocalID}
	if c.NoDownlinks || c.NoPrices {
		data.Set = &setParams{}
		if c.NoDownlinks {
			data.Set.ReceiveCloud = "0"
		}
		if c.NoPrices {
			data.Set.PrepayQuery = new(int)
		}
	}
	if err := l.uplink(serviceLogin, text(data)); err != nil {
		return err
	}
	if err := l.nc.SetReadDeadline(time.Now().Add(c.AnswerWait)); err != nil {
		return err
	}
	raw, err := l.frame()
	if err != nil {
		return fmt.Errorf("lotline: waiting for the login: %w", err)
	}
	var m message
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("lotline: the answer to the login is not JSON: %w", err)
	}
	if m.State != "1" || m.Token == "" {
		return fmt.Errorf("lotline: lot %s/%s: %w: %s", c.UnionID, c.ParkID, ErrLogin, m.ErrMsg)
	}
	l.token = m.Token
	return l.nc.SetReadDeadline(time.Time{})
}

type setParams struct {
	ReceiveCloud string `json:"receive_cloud,omitempty"`
	PrepayQuery  *int   `json:"prepay_query,omitempty"`
}

// serve is a logged-in line until it breaks.
func (l *line) serve() error {
	var running sync.WaitGroup
	defer running.Wait()
	defer l.close()
	running.Go(l.beat)
	running.Go(l.send)
	running.Go(l.callBack)
	for {
		raw, err := l.frame()
		if err != nil {
			return err
		}
		l.hear(raw)
	}
}

// beat asks for a sign of life. Two without answer break the line: a dead one must not look alive.
func (l *line) beat() {
	tick := time.NewTicker(l.c.cfg.Beat)
	defer tick.Stop()
	missed := 0
	for {
		select {
		case <-tick.C:
			if missed++; missed > 2 || l.write([]byte("0x11")) != nil {
				l.close()
				return
			}
		case <-l.beats:
			missed = 0
		case <-l.done:
			return
		}
	}
}

// ask sends an uplink and waits for its answer.
func (l *line) ask(ctx context.Context, service string, data []byte) ([]byte, error) {
	q := &question{service: service, data: data, answer: make(chan []byte, 1)}
	select {
	case l.asks <- q:
	case <-l.done:
		return nil, errOffLine
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if raw, ok := <-q.answer; ok {
		return raw, nil
	}
	return nil, errNoAnswer
}

// send sends uplinks one after the other: those that are asked for as they come, and those that were kept at the
// pace of Drain.
func (l *line) send() {
	pace := time.NewTimer(l.c.cfg.Drain)
	defer pace.Stop()
	for {
		select {
		case q := <-l.asks:
			if raw := l.exchange(q.service, q.data); raw != nil {
				q.answer <- raw
			}
			close(q.answer)
		case <-pace.C:
			if l.sendKept() {
				pace.Reset(l.c.cfg.Drain)
			}
		case <-l.c.kept:
			pace.Reset(l.c.cfg.Drain)
		case <-l.done:
			return
		}
	}
}

// sendKept sends the oldest uplink that waits. One whose answer is not final stays and is tried again. It reports
// whether there was one.
func (l *line) sendKept() bool {
	id, service, order, data, err := l.c.keep.Next()
	if err != nil || id == 0 {
		l.logStore(err)
		return err != nil
	}
	raw := l.exchange(service, data)
	if raw == nil {
		return true
	}
	a, final := readAnswer(raw)
	if !final {
		return true
	}
	l.logStore(l.c.keep.Remove(id))
	if f := l.c.cfg.OnAnswer; f != nil {
		f(service, order, a)
	}
	return true
}

func (l *line) logStore(err error) {
	if err != nil {
		l.c.cfg.Logger.Error("the line's store failed", "error", err)
	}
}

// exchange sends an uplink and returns its answer, nil for none. No answer at all breaks the line: a new login is
// the way to find out whether the cloud still knows us.
func (l *line) exchange(service string, data []byte) []byte {
	select {
	case <-l.answers: // of an earlier uplink, too late
	default:
	}
	if l.uplink(service, data) != nil {
		return nil
	}
	wait := time.NewTimer(l.c.cfg.AnswerWait)
	defer wait.Stop()
	for {
		select {
		case raw := <-l.answers:
			var m message
			if json.Unmarshal(raw, &m) == nil && (m.Service == "" || m.Service == service) {
				return raw
			}
		case <-wait.C:
			l.close()
			return nil
		case <-l.done:
			return nil
		}
	}
}

// sayBadToken begins what the published server says to a token it does not know.
const sayBadToken = "error:token"

// readAnswer reads the answer to an uplink. It is final where the cloud has made up its mind about this message:
// a failure that names no service is about token, sign or rate, and a cloud that is busy has stored nothing.
func readAnswer(raw []byte) (a Answer, final bool) {
	var m message
	if err := json.Unmarshal(raw, &m); err != nil {
		return Answer{}, false
	}
	a.ErrMsg = m.ErrMsg
	if m.State == "1" || m.State == "2" {
		a.State = 1
	}
	return a, m.Service != "" && !strings.HasPrefix(m.ErrMsg, "系统繁忙")
}

// hear takes a message that came.
func (l *line) hear(raw []byte) {
	if bytes.Equal(raw, []byte("0x12")) {
		select {
		case l.beats <- struct{}{}:
		default:
		}
		return
	}
	var m message
	if err := json.Unmarshal(raw, &m); err != nil {
		l.c.cfg.Logger.Warn("the cloud sent a message that is not JSON", "bytes", len(raw))
		return
	}
	switch {
	case m.Service == serviceNotice && m.UUID != "":
		l.later(func() { l.reduce(raw) })
	case m.Service == serviceQuery && m.State == "":
		l.later(func() { l.price(raw) })
	case m.Service == servicePass && m.State == "":
		l.later(func() { l.pass(raw) })
	case m.Service == "" && strings.HasPrefix(m.ErrMsg, sayBadToken):
		// Somebody else has logged in as this machine, or the cloud has forgotten us. It may be the answer to an
		// acknowledgement, which no caller waits for; without a new login we would hear of no reduction.
		l.close()
	case m.State != "":
		select {
		case l.answers <- raw:
		default:
		}
	default:
		l.later(func() { l.other(m.Service, raw) })
	}
}

// later has a callback called in its turn.
func (l *line) later(f func()) {
	select {
	case l.work <- f:
	default:
		l.c.cfg.Logger.Warn("too many messages wait for the lot's software; one was dropped and is sent again")
	}
}

// callBack calls back, one at a time, until the line is down.
func (l *line) callBack() {
	for {
		select {
		case f := <-l.work:
			f()
		case <-l.done:
			return
		}
	}
}
