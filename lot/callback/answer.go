package callback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbound"
	"github.com/chargestamp/chargestamp/seal"
)

// verdict is what a try says about the lot, for its breaker.
type verdict int

const (
	untried  verdict = iota // says nothing about the lot
	failed                  // no answer, or none that makes sense
	answered                // yes or no
)

var errStopped = errors.New("the gateway is stopping")

// notSent is the result of a try that never left.
func notSent(err error, at time.Time) lot.Result {
	return lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, Detail: "not sent: " + err.Error(), At: at}
}

// try sends one order and reads the answer.
func (c *Channel) try(w waiting) (lot.Result, verdict) {
	if now := c.cfg.Now(); now.Sub(w.since) > queueWait {
		return notSent(fmt.Errorf("the lot is too slow, the order waited %s for its turn", now.Sub(w.since).Round(time.Second)), now), untried
	}
	r, err := c.cfg.Client.Post(context.Background(), outbound.Request{
		URL: w.place.url, Type: contentType, Key: w.order.UUID, Body: w.order.Payload, Allow: w.place.allow,
	})
	now := c.cfg.Now()
	if err != nil {
		return failure(err, now)
	}
	return read(r, w.order.Payload, now)
}

// failure tells a request that left without an answer from one that did not leave.
func failure(err error, now time.Time) (lot.Result, verdict) {
	if refused := (*outbound.Refused)(nil); errors.As(err, &refused) {
		return notSent(refused, now), untried
	}
	sent := (*outbound.Error)(nil)
	switch {
	case !errors.As(err, &sent) || !sent.Sent:
		return notSent(err, now), failed
	case sent.NoAnswer:
		return lot.Result{Result: charge.AttemptTimeout, Reason: charge.ReasonNoAnswer, Detail: err.Error(), At: now, Sent: true}, failed
	}
	return lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, Detail: err.Error(), At: now, Sent: true}, failed
}

// read takes the answer for what it says. Its shape is not published for 5.14; the sibling callbacks answer
// {"state":1,"errmsg":"…"}.
func read(r outbound.Response, sent []byte, now time.Time) (lot.Result, verdict) {
	result := lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, At: now, Sent: true}
	switch {
	case r.Status >= 300 && r.Status < 400:
		result.Detail = fmt.Sprintf("answered with HTTP %d: redirects are not followed, the callback address must be the final one", r.Status)
		return result, failed
	case r.Status < 200 || r.Status >= 400:
		result.Detail = fmt.Sprintf("answered with HTTP %d %s", r.Status, http.StatusText(r.Status))
		return result, failed
	}
	state, errmsg, ok := readState(r.Body)
	switch {
	case ok && state == "1":
		return lot.Result{Result: charge.AttemptAcked, Reason: charge.ReasonOK, Detail: presentable(errmsg, sent), At: now, Sent: true}, answered
	case ok && state == "0":
		return lot.Result{Result: charge.AttemptRefused, Reason: charge.ReasonLotRefused, Detail: presentable(errmsg, sent), At: now, Sent: true}, answered
	}
	result.Detail = "the answer is not {\"state\":0|1,\"errmsg\":…}"
	return result, failed
}

// readState finds state and errmsg in an answer.
func readState(body []byte) (state, errmsg string, ok bool) {
	var room [8]seal.Field
	fields, err := seal.ReadObjectInto(body, room[:0])
	if err != nil {
		return "", "", false
	}
	for _, f := range fields {
		switch {
		case f.Name == "state" && (f.Kind == seal.Number || f.Kind == seal.String):
			state, ok = f.Text, true
		case f.Name == "errmsg" && f.Kind == seal.String:
			errmsg = f.Text
		}
	}
	return state, errmsg, ok
}

// mostDetail bounds what is kept of a lot's own words, in characters.
const mostDetail = 200

// presentable makes a lot's words fit for a timeline: short, on one line, the plate of the notice masked.
func presentable(errmsg string, sent []byte) string {
	if errmsg == "" {
		return ""
	}
	var body struct {
		Data struct {
			CarNumber charge.Plate `json:"car_number"`
		} `json:"data"`
	}
	if err := json.Unmarshal(sent, &body); err == nil && body.Data.CarNumber != "" {
		errmsg = strings.ReplaceAll(errmsg, body.Data.CarNumber.Full(), body.Data.CarNumber.String())
	}
	errmsg = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, errmsg)
	if r := []rune(errmsg); len(r) > mostDetail {
		errmsg = string(r[:mostDetail]) + "…"
	}
	return errmsg
}
