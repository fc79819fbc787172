package profile

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// maxFields bounds the fields of a form; the longest push that is known has 24.
const maxFields = 256

// ReadFields reads a push's body: a JSON object, or a form. Which one it is the body itself says, so that no
// header changes what is read. Errors are *Refusal with outcome bad_body.
func ReadFields(body []byte) ([]seal.Field, error) {
	var room [32]seal.Field
	fields, err := readFields(body, room[:0])
	if err != nil {
		return nil, platform.Refuse(platform.StepBody, charge.OutcomeBadBody, err.Error())
	}
	return fields, nil
}

func readFields(body []byte, room []seal.Field) ([]seal.Field, error) {
	start := bytes.TrimLeft(body, " \t\r\n")
	switch {
	case len(start) == 0:
		return nil, errors.New("the body is empty")
	case start[0] == '{':
		return seal.ReadObjectInto(body, room)
	case bytes.IndexByte(start, '=') < 0:
		return nil, errors.New("the body is neither a JSON object nor a form")
	}
	return readForm(string(body), room)
}

// readForm reads name=value pairs in their order. A name that occurs twice is refused for the reason
// seal.ReadObject gives.
func readForm(body string, fields []seal.Field) ([]seal.Field, error) {
	had := map[string]bool{}
	for pair := range strings.SplitSeq(strings.TrimSpace(body), "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		switch {
		case nameErr != nil || valueErr != nil || !utf8.ValidString(name+value):
			return nil, errors.New("the form is not URL-encoded UTF-8")
		case had[name]:
			return nil, errors.New("the form holds a name for the second time")
		case len(fields) == maxFields:
			return nil, errors.New("the form holds too many fields")
		}
		had[name] = true
		fields = append(fields, seal.Field{Name: name, Text: value, Kind: seal.String})
	}
	return fields, nil
}
