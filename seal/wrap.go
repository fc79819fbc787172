package seal

import (
	"bytes"
	"net/url"
	"strings"
)

// MostWraps bounds how often one message may be wrapped.
const MostWraps = 3

const blanks = " \t\r\n" // of JSON

// Unwrap takes off one of the wrappings that some senders put around JSON and that no signature covers: a JSON string,
// an array of one, or a form whose only name or only value it is. What is none of them is not ok.
func Unwrap(text []byte) (inner []byte, ok bool) {
	text = bytes.Trim(text, blanks)
	if len(text) == 0 {
		return nil, false
	}
	if text[0] == '{' { // bare, or the only name in a form, not escaped
		if !bytes.HasSuffix(text, []byte("}=")) {
			return nil, false
		}
		return text[:len(text)-1], true
	}
	said := string(text)
	switch said[0] {
	case '"':
		f, is := only(said)
		return []byte(f.Text), is && f.Kind == String
	case '[':
		f, is := only(said)
		if !is {
			return nil, false
		}
		one := strings.Trim(f.Text[1:len(f.Text)-1], blanks)
		_, is = only(one)
		return []byte(one), is
	}
	return fromForm(said)
}

// only reads a text that is one JSON value.
func only(text string) (Field, bool) {
	fields, err := readObject(`{"_":`+text+`}`, nil)
	if err != nil || len(fields) != 1 {
		return Field{}, false
	}
	return fields[0], true
}

// fromForm takes an object out of a form of one pair, escaped or as it is.
func fromForm(text string) ([]byte, bool) {
	name, value, _ := strings.Cut(text, "=")
	if _, bare := only(value); bare && strings.HasPrefix(value, "{") {
		return []byte(value), true
	}
	if !strings.Contains(text, "%") && !strings.HasPrefix(value, "{") || strings.Contains(text, "&") {
		return nil, false
	}
	if value == "" {
		value = name
	}
	plain, err := url.QueryUnescape(value)
	return []byte(plain), err == nil && strings.HasPrefix(plain, "{")
}
