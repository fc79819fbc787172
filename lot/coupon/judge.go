package coupon

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbound"
)

// Judged is what an answer of a target means, for those who have kept one.
type Judged struct {
	Target  string      `json:"target"`
	Call    string      `json:"call"`
	Code    string      `json:"code"`
	Outcome string      `json:"outcome"` // taken, repeated, refused, later, unknown, unread
	Reason  string      `json:"reason,omitempty"`
	Said    string      `json:"said"`
	Stands  bool        `json:"stands"` // the answer is a yes
	Note    charge.Note `json:"-"`
}

// Next says what the gateway does after such an answer.
func (j Judged) Next() string {
	switch outcome(j.Outcome) {
	case outcomeTaken, outcomeRepeated:
		return "The gateway takes it for a yes."
	case outcomeRefused:
		return "The gateway takes it for a no: nothing is sent again."
	case outcomeAgain:
		return "The gateway sends the same coupon again: it is known by its number."
	case outcomeLater:
		return "The gateway tries the same again by its schedule."
	}
	return "The gateway leaves it unknown and sends nothing again by itself. " +
		"Where the system's paper has the code, add it to the profile."
}

// Judge reads a kept answer, a raw HTTP response or its body alone, to one of the target's calls.
func (t *Target) Judge(call string, kept []byte) (Judged, error) {
	for _, c := range t.Calls() {
		if c.Name != call {
			continue
		}
		r, err := keptAnswer(kept)
		if err != nil {
			return Judged{}, err
		}
		a := c.Answer.read(r, nil)
		return Judged{Target: t.ID, Call: call, Code: a.code, Outcome: string(a.outcome), Reason: string(a.why), Said: a.text,
			Stands: a.outcome == outcomeTaken || a.outcome == outcomeRepeated, Note: a.note(r, "")}, nil
	}
	return Judged{}, fmt.Errorf("%s has no call %s", t.ID, call)
}

func keptAnswer(kept []byte) (outbound.Response, error) {
	if !bytes.HasPrefix(kept, []byte("HTTP/")) {
		return outbound.Response{Status: http.StatusOK, Body: bytes.TrimSpace(kept)}, nil
	}
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(kept))), nil)
	if err != nil {
		return outbound.Response{}, fmt.Errorf("the kept answer is not an HTTP response: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return outbound.Response{Status: resp.StatusCode, Body: bytes.TrimSpace(body)}, err
}
