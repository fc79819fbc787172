package sim

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot/callback"
	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/outbound"
)

// poster is the way from a node to lots that are called over HTTP: those of other clouds, and those of a coupon
// system.
type poster struct{ n *node }

var (
	_ callback.Client = poster{}
	_ coupon.Client   = poster{}
)

// postWait is how long a caller waits for an answer.
const postWait = 5 * time.Second

// addressOf is where a lot is called.
func addressOf(id charge.LotID) string { return "https://" + id.Park + ".example" }

// Post takes a request to its lot, or loses, repeats, delays it and its answer.
func (c poster) Post(_ context.Context, r outbound.Request) (outbound.Response, error) {
	w := c.n.w
	at, err := url.Parse(r.URL)
	if err != nil {
		return outbound.Response{}, err
	}
	p := w.parks[lotOf(strings.TrimSuffix(at.Host, ".example"))]
	if r.Key == "" {
		return w.lookUp(r)
	}
	if !w.calm && w.chance(5) {
		w.fault("not sent")
		w.sleep(w.between(20*time.Millisecond, postWait))
		return outbound.Response{}, &outbound.Error{Err: errors.New("no connection")}
	}
	f := w.sent(c.n, p, r.Key)
	if f == nil {
		return outbound.Response{}, &outbound.Error{Err: errors.New("no such order")}
	}
	return w.post(p, f, r)
}

// answers of lots that are called.
var (
	errCut      = &outbound.Error{Sent: true, Err: errors.New("the connection was cut")}
	errNoAnswer = &outbound.Error{Sent: true, NoAnswer: true, Err: errors.New("no answer")}
)

// post is a request that has left.
func (w *world) post(p *park, f *flight, r outbound.Request) (outbound.Response, error) {
	way := w.between(20*time.Millisecond, 2*time.Second)
	state := ""
	arrive := func() {
		p.copies[f.uuid]++
		w.after(way, func() {
			p.copies[f.uuid]--
			state = w.apply(p, f.uuid, r.Body)
		})
	}
	said := func() (outbound.Response, error) {
		arrive()
		w.sleep(way + w.between(20*time.Millisecond, time.Second))
		return outbound.Response{Status: 200, Body: answerOf(p.kind, state)}, nil
	}
	silence := func() (outbound.Response, error) {
		w.sleep(postWait)
		return outbound.Response{}, errNoAnswer
	}
	if w.calm {
		return said()
	}
	switch w.below(20) {
	case 0:
		w.fault("message lost")
		return silence()
	case 1, 2:
		w.fault("answer lost")
		arrive()
		return silence()
	case 3:
		w.fault("message delayed")
		w.lateArrival(p, f.uuid, r.Body, w.between(8*time.Second, 10*time.Minute), nil)
		return silence()
	case 4:
		w.fault("message doubled")
		w.lateArrival(p, f.uuid, r.Body, way+w.between(time.Second, time.Minute), nil)
	case 5:
		w.fault("lot refuses")
		w.refuse(p, f.uuid)
	case 6:
		w.fault("answer unreadable")
		arrive()
		w.sleep(way + time.Second)
		return outbound.Response{Status: pick(w, 200, 200, 502), Body: []byte("<html>busy</html>")}, nil
	case 7:
		w.fault("connection cut behind the message")
		if w.chance(50) {
			arrive()
		}
		w.sleep(way + 2*time.Second)
		return outbound.Response{}, errCut
	}
	return said()
}

// answerOf writes what a lot says, as its cloud does.
func answerOf(kind charge.LotKind, state string) []byte {
	if kind != charge.KindCoupon {
		return []byte(`{"state":` + state + `,"errmsg":""}`)
	}
	if state == stateNo {
		return []byte(`{"returnCode":"T","isSuccess":"1"}`)
	}
	return []byte(`{"returnCode":"T","isSuccess":"0"}`)
}

// lookUp is the question for a stay that a coupon system wants to hear first.
func (w *world) lookUp(r outbound.Request) (outbound.Response, error) {
	w.sleep(w.between(20*time.Millisecond, time.Second))
	if !w.calm && w.chance(5) {
		w.fault("question before a coupon lost")
		return outbound.Response{}, errNoAnswer
	}
	var asked struct {
		Plate string `json:"carNum"`
	}
	if err := json.Unmarshal(r.Body, &asked); err != nil {
		w.wrongf("a coupon system cannot read %s: %v", r.Body, err)
	}
	body, err := json.Marshal(map[string]string{"returnCode": "T", "isSuccess": "0", "carNum": asked.Plate,
		"tradeId": "t-" + asked.Plate, "accountId": "a-1"})
	return outbound.Response{Status: 200, Body: body}, err
}
