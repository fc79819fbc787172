package lot

import (
	"bytes"
	"errors"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/seal"
)

// States of a lot's answer.
const (
	StateYes = "1"
	StateNo  = "0"
)

// ErrUnread says that an answer holds no state that can be read.
var ErrUnread = errors.New(`the answer is not {"state":0|1,"errmsg":…}`)

// ReadReply reads what a lot answers to 5.14, 5.1, 3.25 and 3.1, in any form that Open takes but a list, and inside one
// other object. Nothing of it is signed: member names count in any case, and bytes that no JSON may hold count as
// blanks. The error is ErrUnread.
func ReadReply(body []byte) (*Fields, error) {
	text, _ := Plain(body)
	if bytes.HasPrefix(trim(text), []byte("[")) {
		return nil, ErrUnread // a list may be of anything
	}
	text, _, err := Open(body)
	if err != nil {
		return nil, ErrUnread
	}
	if f := stated(printable(text)); f != nil {
		return f, nil
	}
	return nil, ErrUnread
}

// printable puts blanks in the place of control characters, and of bytes that are no UTF-8.
func printable(text []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, bytes.ToValidUTF8(text, []byte(" ")))
}

// stated returns the object that holds a state: the text itself, or the one object in it that does, with the members
// around that.
func stated(text []byte) *Fields {
	f, err := readLower(text)
	if err != nil {
		return nil
	}
	switch {
	case f.State() != "":
		return f
	case f.HasState():
		return nil
	}
	var found *Fields
	for _, m := range f.list {
		if m.Kind != seal.Composite && m.Kind != seal.String {
			continue
		}
		if in, err := readLower([]byte(m.Text)); err == nil && in.State() != "" {
			if found != nil {
				return nil // two that say something: none is believed
			}
			found = in
		}
	}
	if found == nil {
		return nil
	}
	for _, m := range f.list {
		if found.Raw(m.Name) == "" {
			found.list = append(found.list, m)
		}
	}
	return found
}

// readLower reads an object with its names in small letters; two names that are alike then are refused.
func readLower(object []byte) (*Fields, error) {
	list, err := seal.ReadObject(object)
	if err != nil {
		return nil, err
	}
	had := map[string]bool{}
	for i := range list {
		list[i].Name = strings.ToLower(list[i].Name)
		if had[list[i].Name] {
			return nil, seal.ErrJSON
		}
		had[list[i].Name] = true
	}
	return &Fields{list: list}, nil
}

// State is the member state as lots write it: StateYes for 1, "1", 1.0, 1e0, １, true, "yes", "ok", "success", StateNo
// for their opposites. It is empty where the member is missing or says anything else.
func (f *Fields) State() string {
	text := strings.ToLower(strings.TrimSpace(width.Narrow.String(f.anyCase("state"))))
	switch wholeNumber(text) {
	case "1", "true", "yes", "y", "ok", "success":
		return StateYes
	case "0", "false", "no", "n", "fail", "failed":
		return StateNo
	}
	return ""
}

// HasState reports whether there is a member state that says something.
func (f *Fields) HasState() bool { return f.anyCase("state") != "" }

// anyCase is Text of a member whose name may be written in capitals.
func (f *Fields) anyCase(name string) string {
	for _, m := range f.list {
		if strings.EqualFold(m.Name, name) && m.Kind != seal.Composite {
			return m.Text
		}
	}
	return ""
}

// mostShown bounds what is shown of a lot's own words, in characters.
const mostShown = 200

// Shown makes a lot's words fit for a timeline: on one line, at most 200 characters, the plate masked.
func Shown(text string, plate charge.Plate) string {
	if plate != "" {
		text = strings.ReplaceAll(text, plate.Full(), plate.String())
	}
	text = strings.ToValidUTF8(text, "?")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, text)
	if r := []rune(text); len(r) > mostShown {
		return string(r[:mostShown]) + "…"
	}
	return text
}

// UnreadNote is Unread for the timeline.
func UnreadNote(body []byte, plate charge.Plate) charge.Note {
	text, encoding := Plain(body)
	if len(bytes.TrimSpace(text)) == 0 {
		return charge.Say("answer.empty")
	}
	return charge.Say("answer.unread", EncodingNote(encoding),
		charge.Text("answer", Shown(string(text), plate)))
}

// EncodingNote is the argument "encoding" of a note: an encoding that Plain names.
func EncodingNote(encoding string) charge.Arg {
	if !Readable(encoding) {
		return charge.Because("encoding", charge.Say("encoding.unknown"))
	}
	return charge.Text("encoding", encoding)
}

// TooLongNote describes how an answer begins that is too long to be read.
func TooLongNote(begun []byte, plate charge.Plate) charge.Note {
	text, encoding := Plain(begun)
	return charge.Say("answer.too_long", EncodingNote(encoding),
		charge.Text("answer", Shown(string(text), plate)))
}

// Unread describes an answer that cannot be read: how it begins, and how it is written.
func Unread(body []byte, plate charge.Plate) string {
	text, encoding := Plain(body)
	if len(bytes.TrimSpace(text)) == 0 {
		return ErrUnread.Error() + "; it is empty"
	}
	return ErrUnread.Error() + " but (" + encoding + "): " + Shown(string(text), plate)
}
