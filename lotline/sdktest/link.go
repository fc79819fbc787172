package sdktest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/lotline"
)

// readBytes is one read of the SDK. What does not end in it is lost.
const readBytes = 4096

// beatsMissed is how many heartbeats may go unanswered before both links are logged in again.
const beatsMissed = 3

// errRefused is a login that was answered with another state than 1.
var errRefused = errors.New("refused")

// link is one connection.
type link struct {
	sdk   *SDK
	name  Link
	nc    net.Conn
	token string
	done  chan struct{}
	once  sync.Once

	mu     sync.Mutex // writes, and what follows
	missed int        // heartbeats without an answer
}

// envelope is an uplink.
type envelope struct {
	Service string          `json:"service_name"`
	Sign    string          `json:"sign"`
	Token   string          `json:"token,omitempty"`
	Data    json.RawMessage `json:"data"`
}

// open connects and logs in.
func (s *SDK) open(ctx context.Context, name Link) (*link, error) {
	nc, err := s.dial(ctx, name)
	if err != nil {
		return nil, err
	}
	l := &link{sdk: s, name: name, nc: nc, done: make(chan struct{})}
	if err := l.login(); err != nil {
		l.close()
		return nil, err
	}
	s.count(func(c *Counts) { c.Logins[name]++ })
	return l, nil
}

// loginData is data of a login; the cloud link names no vendor and sets nothing.
type loginData struct {
	UnionID string          `json:"union_id,omitempty"`
	ParkID  string          `json:"park_id"`
	LocalID string          `json:"local_id"`
	Set     json.RawMessage `json:"set_params,omitempty"`
}

func (l *link) login() error {
	d := loginData{ParkID: l.sdk.cfg.ParkID, LocalID: l.sdk.localID}
	if l.name == Bolink {
		d.UnionID, d.Set = l.sdk.cfg.UnionID, json.RawMessage(l.sdk.cfg.SetParams)
	}
	if err := l.uplink("login", plain(d)); err != nil {
		return err
	}
	if err := l.nc.SetReadDeadline(time.Now().Add(l.sdk.cfg.Times.LoginWait)); err != nil {
		return err
	}
	buf := make([]byte, readBytes)
	n, err := l.nc.Read(buf)
	if err != nil {
		return fmt.Errorf("no answer to the login: %w", err)
	}
	var a struct {
		State  int    `json:"state"`
		Token  string `json:"token"`
		ErrMsg string `json:"errmsg"`
	}
	if err := json.Unmarshal(bytes.TrimSpace(buf[:n]), &a); err != nil {
		l.sdk.count(func(c *Counts) { c.Torn++ })
		return fmt.Errorf("parse %s jsonLoginBackData error! %q", l.name, buf[:n])
	}
	if a.State != 1 || a.Token == "" {
		return fmt.Errorf("%w: %s", errRefused, a.ErrMsg)
	}
	l.token = a.Token
	return l.nc.SetReadDeadline(time.Time{})
}

// uplink signs data with the link's key and sends it.
func (l *link) uplink(service string, data []byte) error {
	key := l.sdk.cfg.Ukey
	if l.name == Cloud {
		key = l.sdk.cfg.Ckey
	}
	return l.write(plain(envelope{service, lotline.Sign(data, key), l.token, data}))
}

func (l *link) write(frame []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.nc.Write(append(frame, '\n'))
	return err
}

func (l *link) close() {
	l.once.Do(func() {
		close(l.done)
		_ = l.nc.Close()
	})
}

// broken has both links logged in again.
func (l *link) broken() {
	l.close()
	select {
	case l.sdk.lost <- l:
	case <-l.sdk.ctx.Done():
	}
}

// read takes one read at a time, and puts none together.
func (l *link) read() {
	buf := make([]byte, readBytes)
	for {
		n, err := l.nc.Read(buf)
		if err != nil {
			l.broken()
			return
		}
		for _, piece := range bytes.FieldsFunc(buf[:n], func(r rune) bool { return r == '\r' || r == '\n' }) {
			l.hear(bytes.Clone(piece))
		}
	}
}

// heard is what any message from the gateway may say.
type heard struct {
	Service string          `json:"service_name"`
	OrderID string          `json:"order_id"`
	State   json.RawMessage `json:"state"`
	PayType json.RawMessage `json:"pay_type"`
}

func (l *link) hear(piece []byte) {
	if string(piece) == "0x12" {
		l.mu.Lock()
		l.missed = 0
		l.mu.Unlock()
		return
	}
	var m heard
	if err := json.Unmarshal(piece, &m); err != nil {
		l.sdk.count(func(c *Counts) { c.Torn++ })
		return
	}
	switch {
	case m.Service == "":
		l.sdk.count(func(c *Counts) { c.Ignored++ })
	case m.State != nil && l.sdk.answered(l.name, m):
	case l.sdk.cfg.Receive != nil:
		l.sdk.running.Go(func() { l.sdk.cfg.Receive(piece) })
	}
}

// beat asks for signs of life.
func (l *link) beat() {
	t := time.NewTimer(l.sdk.cfg.Times.FirstBeat)
	defer t.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-t.C:
		}
		l.mu.Lock()
		missed := l.missed
		l.missed++
		l.mu.Unlock()
		if missed >= beatsMissed || l.write([]byte("0x11")) != nil {
			l.broken()
			return
		}
		t.Reset(l.sdk.cfg.Times.Beat)
	}
}

// plain is compact JSON without the escapes that are only for HTML.
func plain(v any) []byte {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	if err := w.Encode(v); err != nil {
		panic(err) // only types of this package and the fee software's JSON come here
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
