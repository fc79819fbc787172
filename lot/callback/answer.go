package callback

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/calls"
	"github.com/chargestamp/chargestamp/outbound"
)

// try sends one order and reads the answer.
func (c *Channel) try(o lot.Order, at place) (lot.Result, calls.Verdict) {
	r, err := c.cfg.Client.Post(context.Background(), outbound.Request{
		URL: at.url, Type: contentType, Key: o.UUID, Body: o.Payload, Allow: at.allow,
	})
	now := c.cfg.Now()
	if err != nil {
		result, verdict := calls.Failure(err, now)
		if failed := (*outbound.Error)(nil); errors.As(err, &failed) && len(failed.Begun) > 0 {
			result.Detail = lot.TooLongNote(failed.Begun, plateOf(o.Payload))
		}
		return result, verdict
	}
	return read(r, o.Payload, now)
}

// read takes the answer for what it says. Its shape is not published for 5.14; the sibling callbacks answer
// {"state":1,"errmsg":"…"}. A success that cannot be read may be a yes.
func read(r outbound.Response, sent []byte, now time.Time) (lot.Result, calls.Verdict) {
	result := lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, At: now, Sent: true}
	switch {
	case r.Status >= 300 && r.Status < 400:
		result.Detail = charge.Say("answer.redirect", charge.Count("status", r.Status))
		return result, calls.Failed
	case r.Status < 200 || r.Status >= 400:
		result.Detail = charge.Say("answer.http", charge.Count("status", r.Status))
		return result, calls.Failed
	}
	answer, err := lot.ReadReply(r.Body)
	if err != nil {
		result.Detail, result.Unread = lot.UnreadNote(r.Body, plateOf(sent)), true
		return result, calls.Failed
	}
	said := answer.Text("errmsg")
	if said != "" {
		said = lot.Shown(said, plateOf(sent))
	}
	if answer.State() == lot.StateYes {
		result.Detail = answerNote("1", said)
		result.Result, result.Reason = charge.AttemptAcked, charge.ReasonOK
	} else {
		result.Detail = answerNote("0", said)
		result.Result, result.Reason = charge.AttemptRefused, charge.ReasonLotRefused
	}
	return result, calls.Answered
}

// answerNote is a lot's answer for the timeline, its own words quoted.
func answerNote(state, said string) charge.Note {
	if said != "" {
		return charge.Say("answer.said", charge.Text("state", state), charge.Text("said", said))
	}
	return charge.Say("answer.state", charge.Text("state", state))
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
