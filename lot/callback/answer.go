package callback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbound"
)

// verdict is what a try says about the lot, for its breaker.
type verdict int

const (
	untried  verdict = iota // says nothing about the lot
	failed                  // no answer, or none that makes sense
	answered                // yes or no
)

var errStopped = charge.NewFault(charge.Say("delivery.stopping"), "the gateway is stopping")

// notSent is the result of a try that never left.
func notSent(err error, at time.Time) lot.Result {
	return lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, Detail: charge.Say("delivery.not_sent", charge.Because("cause", charge.Cause(err))), At: at}
}

// try sends one order and reads the answer.
func (c *Channel) try(w waiting) (lot.Result, verdict) {
	if now := c.cfg.Now(); now.Sub(w.since) > queueWait {
		return notSent(tooSlow(now.Sub(w.since).Round(time.Second)), now), untried
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
		return lot.Result{Result: charge.AttemptTimeout, Reason: charge.ReasonNoAnswer, Detail: charge.Cause(err), At: now, Sent: true}, failed
	}
	return lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, Detail: charge.Cause(err), At: now, Sent: true,
		Unread: errors.Is(err, outbound.ErrTooLong)}, failed
}

// read takes the answer for what it says. Its shape is not published for 5.14; the sibling callbacks answer
// {"state":1,"errmsg":"…"}. A success that cannot be read may be a yes.
func read(r outbound.Response, sent []byte, now time.Time) (lot.Result, verdict) {
	result := lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, At: now, Sent: true}
	switch {
	case r.Status >= 300 && r.Status < 400:
		result.Detail = charge.Say("answer.redirect", charge.Count("status", r.Status))
		return result, failed
	case r.Status < 200 || r.Status >= 400:
		result.Detail = charge.Say("answer.http", charge.Count("status", r.Status))
		return result, failed
	}
	plate := plateOf(sent)
	answer, err := lot.ReadReply(r.Body)
	if err != nil {
		result.Detail, result.Unread = lot.UnreadNote(r.Body, plate), true
		return result, failed
	}
	said := lot.Shown(answer.Text("errmsg"), plate)
	if answer.State() == lot.StateYes {
		result.Detail = answerNote("1", said)
		result.Result, result.Reason = charge.AttemptAcked, charge.ReasonOK
	} else {
		result.Detail = answerNote("0", said)
		result.Result, result.Reason = charge.AttemptRefused, charge.ReasonLotRefused
	}
	return result, answered
}

// answerNote is a lot's answer for the timeline, its own words quoted.
func answerNote(state, said string) charge.Note {
	if said != "" {
		return charge.Say("answer.said", charge.Text("state", state), charge.Text("said", said))
	}
	return charge.Say("answer.state", charge.Text("state", state))
}

func tooSlow(waited time.Duration) error {
	return charge.NewFault(charge.Say("delivery.too_slow", charge.Span("waited", waited)),
		fmt.Sprintf("the lot is too slow, the order waited %s for its turn", waited))
}

// plateOf is the plate of a notice or a question.
func plateOf(sent []byte) charge.Plate {
	var body struct {
		Data struct {
			CarNumber charge.Plate `json:"car_number"`
		} `json:"data"`
	}
	if err := json.Unmarshal(sent, &body); err != nil {
		return ""
	}
	return body.Data.CarNumber
}
