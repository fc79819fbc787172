package cec

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

// envelope is the five fields of a request, as texts. TimeStamp and Seq may have come as numbers: their digits
// are what was signed.
type envelope struct {
	operator, data, timeStamp, seq, sig string
}

// envelope reads a body. Names are taken in any case. Where the platform's seal is the cipher alone, Data may come
// without the rest, and the body may be nothing but its base64.
// What Claim has read is not read again.
func (d *dialect) envelope(p platform.Push) (*envelope, error) {
	if e, ok := p.Parsed.(*envelope); ok {
		return e, nil
	}
	cipherOnly := d.profile.Seal == SealCipher
	body, _ := profile.Unwrapped(p.Body, platform.Push{})
	if cipherOnly {
		if text := bytes.TrimSpace(body); len(text) > 0 && text[0] != '{' {
			return &envelope{data: string(text)}, nil
		}
	}
	var room [8]seal.Field
	fields, err := seal.ReadObjectInto(body, room[:0])
	switch {
	case err != nil && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")):
		return nil, profile.BadBody(p, charge.Say("body.no_object"))
	case err != nil:
		return nil, profile.BadBody(p, charge.Cause(err))
	}
	e := &envelope{}
	for _, f := range fields {
		to := e.field(f.Name)
		if to == nil {
			continue
		}
		if *to != "" {
			return nil, badBody(charge.Say("body.twice", charge.Text("field", f.Name)))
		}
		if f.Kind == seal.String || f.Kind == seal.Number {
			*to = f.Text
		}
	}
	switch missing := e.missing(); {
	case cipherOnly && e.data != "", missing == "", missing == "Sig" && d.profile.Seal == SealSignedOrLocked:
		return e, nil
	default:
		return nil, badBody(charge.Say("field.missing", charge.Text("field", missing)))
	}
}

// field finds a field of the envelope by its name.
func (e *envelope) field(name string) *string {
	switch {
	case strings.EqualFold(name, "OperatorID"):
		return &e.operator
	case strings.EqualFold(name, "Data"):
		return &e.data
	case strings.EqualFold(name, "TimeStamp"):
		return &e.timeStamp
	case strings.EqualFold(name, "Seq"):
		return &e.seq
	case strings.EqualFold(name, "Sig"):
		return &e.sig
	}
	return nil
}

// missing names the first of the five fields that is not there.
func (e *envelope) missing() string {
	switch "" {
	case e.operator:
		return "OperatorID"
	case e.data:
		return "Data"
	case e.timeStamp:
		return "TimeStamp"
	case e.seq:
		return "Seq"
	case e.sig:
		return "Sig"
	}
	return ""
}

// canonical is what is signed: the received texts, joined without names or separators.
func (e *envelope) canonical() []byte {
	text := make([]byte, 0, len(e.operator)+len(e.data)+len(e.timeStamp)+len(e.seq))
	text = append(text, e.operator...)
	text = append(text, e.data...)
	text = append(text, e.timeStamp...)
	return append(text, e.seq...)
}

// errData is the one error of an envelope that does not open.
var errData = profile.Wrong(charge.Say("push.data_differs"))

// open decrypts Data. Some encoders break base64 into lines; the signature is over the text with its breaks.
func (e *envelope) open(k platform.Keys) ([]byte, error) {
	sealed, err := base64.StdEncoding.Strict().DecodeString(unbroken(e.data))
	if err != nil {
		return nil, errData
	}
	plain, err := seal.DecryptCBC(k[keyData], k[keyIV], charge.Secret(sealed))
	if errors.Is(err, seal.ErrKey) {
		return nil, profile.Wrong(charge.Say("push.data_keys_bad"))
	}
	if err != nil {
		return nil, errData
	}
	return plain, nil
}

// unbroken takes the blanks out of base64.
func unbroken(text string) string {
	if !strings.ContainsAny(text, " \t\r\n") {
		return text
	}
	return strings.Join(strings.Fields(text), "")
}

func badBody(why charge.Note) *platform.Refusal {
	return platform.Refuse(platform.StepBody, charge.OutcomeBadBody, why)
}
