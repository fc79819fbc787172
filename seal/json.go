package seal

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrJSON is wrapped by every error about a text that is not the JSON it should be.
var ErrJSON = errors.New("not the JSON that was expected")

// Fault is what is wrong with a JSON text. People read it by its code, which package words holds a text for; Error is
// for logs.
type Fault struct {
	code      string
	arg, text string // the only argument that its text has: at (bytes before it), most, or name
}

// Coded returns the code of a note, and its argument by name and value.
func (f *Fault) Coded() (code, arg, value string) { return f.code, f.arg, f.text }

// Error returns code and argument.
func (f *Fault) Error() string {
	return ErrJSON.Error() + ": " + f.code + " " + f.arg + " " + f.text
}

// Unwrap returns ErrJSON.
func (f *Fault) Unwrap() error { return ErrJSON }

// maxDepth bounds how deep JSON may be nested, so that no one spends our stack.
const maxDepth = 32

// Kind is the kind of a JSON value.
type Kind uint8

// Kinds. A composite is an object or an array.
const (
	Null Kind = iota
	String
	Number
	Bool
	Composite
)

// Field is one member of an object, or one field of a form. Text is a string's value with its escapes
// resolved, and the text as it stood of everything else: a number keeps its digits (12.50, 1e3), a composite its
// blanks. The text of null is empty.
type Field struct {
	Name string
	Text string
	Kind Kind
}

// ReadObject reads one JSON object, its members in the order they were written. It refuses (ErrJSON) what is
// not JSON to the letter, nesting deeper than 32, invalid UTF-8, and a member name that occurs twice: a reader
// that takes the first and one that takes the last would see two different messages under one signature.
func ReadObject(body []byte) ([]Field, error) {
	return readObject(string(body), nil)
}

// ReadObjectInto is ReadObject with room to append to, for callers that count allocations.
func ReadObjectInto(body []byte, fields []Field) ([]Field, error) {
	return readObject(string(body), fields)
}

// MostMembers bounds the members of an object, so that no work over them grows with what a stranger sends; the longest
// message that is known has 24.
const MostMembers = 256

func readObject(text string, fields []Field) ([]Field, error) {
	s := scanner{text: text}
	s.blanks()
	err := s.object(0, func(name string, from int) error {
		if len(fields) == MostMembers {
			return &Fault{"json.members", "most", strconv.Itoa(MostMembers)}
		}
		kind, value, err := s.value(1)
		if err != nil {
			return err
		}
		switch kind {
		case Null:
			value = ""
		case Composite:
			value = s.text[from:s.at]
		}
		fields = append(fields, Field{Name: name, Text: value, Kind: kind})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := s.end(); err != nil {
		return nil, err
	}
	return fields, nil
}

// RawMember returns the bytes of a top-level member's value as they stand in the object: what a platform signed
// that signs text. The errors wrap ErrJSON.
func RawMember(object []byte, name string) ([]byte, error) {
	var from, to int
	s := scanner{text: string(object)}
	s.blanks()
	err := s.object(0, func(member string, at int) error {
		_, _, err := s.value(1)
		if member == name {
			from, to = at, s.at
		}
		return err
	})
	if err == nil {
		err = s.end()
	}
	if err == nil && to == 0 {
		err = &Fault{"json.no_member", "name", name}
	}
	if err != nil {
		return nil, err
	}
	return object[from:to:to], nil
}

// scanner walks a JSON text. It is strict: what RFC 8259 does not allow is an error.
type scanner struct {
	text   string
	at     int
	filled bool // compact leaves out empty strings too
}

// fail says what is wrong where the scanner stands. Whatever is missing at the end of a text, the text is cut off.
func (s *scanner) fail(code string) error {
	if s.at >= len(s.text) && code != "json.not_utf8" {
		code = "json.cut"
	}
	return &Fault{code, "at", strconv.Itoa(min(s.at, len(s.text)))}
}

func (s *scanner) blanks() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// next takes the byte c if it comes next.
func (s *scanner) next(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) end() error {
	s.blanks()
	if s.at != len(s.text) {
		return s.fail("json.behind")
	}
	return nil
}

// names knows which member names an object has had.
type names struct {
	few  [24]string
	n    int
	many map[string]struct{}
}

func (n *names) add(name string) (again bool) {
	for _, had := range n.few[:min(n.n, len(n.few))] {
		if had == name {
			return true
		}
	}
	if n.n < len(n.few) {
		n.few[n.n] = name
		n.n++
		return false
	}
	if n.many == nil {
		n.many = make(map[string]struct{})
	}
	_, again = n.many[name]
	n.many[name] = struct{}{}
	return again
}

// object walks an object and calls member with each name, standing before its value, which starts at from.
func (s *scanner) object(depth int, member func(name string, from int) error) error {
	if depth > maxDepth {
		return s.fail("json.deep")
	}
	if !s.next('{') {
		return s.fail("json.no_object")
	}
	s.blanks()
	if s.next('}') {
		return nil
	}
	var had names
	for {
		name, err := s.str()
		if err != nil {
			return err
		}
		if had.add(name) {
			return s.fail("json.twice")
		}
		s.blanks()
		if !s.next(':') {
			return s.fail("json.no_colon")
		}
		s.blanks()
		if err := member(name, s.at); err != nil {
			return err
		}
		s.blanks()
		if s.next('}') {
			return nil
		}
		if !s.next(',') {
			return s.fail("json.no_comma")
		}
		s.blanks()
	}
}

// array walks an array and calls element standing before each value.
func (s *scanner) array(depth int, element func() error) error {
	if depth > maxDepth {
		return s.fail("json.deep")
	}
	s.at++ // '['
	s.blanks()
	if s.next(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		s.blanks()
		if s.next(']') {
			return nil
		}
		if !s.next(',') {
			return s.fail("json.no_comma")
		}
		s.blanks()
	}
}

// value walks any value. text is the value of a string and the text of a number, a bool or null.
func (s *scanner) value(depth int) (kind Kind, text string, err error) {
	if s.at == len(s.text) {
		return Null, "", s.fail("json.no_value")
	}
	switch c := s.text[s.at]; c {
	case '{':
		return Composite, "", s.object(depth, func(string, int) error {
			_, _, err := s.value(depth + 1)
			return err
		})
	case '[':
		return Composite, "", s.array(depth, func() error {
			_, _, err := s.value(depth + 1)
			return err
		})
	case '"':
		text, err = s.str()
		return String, text, err
	case 't':
		return s.word("true", Bool)
	case 'f':
		return s.word("false", Bool)
	case 'n':
		return s.word("null", Null)
	default:
		text, err = s.number()
		return Number, text, err
	}
}

func (s *scanner) word(word string, kind Kind) (Kind, string, error) {
	if !strings.HasPrefix(s.text[s.at:], word) {
		return Null, "", s.fail("json.no_value")
	}
	s.at += len(word)
	return kind, word, nil
}

// number takes -? int frac? exp?, as RFC 8259 has it.
func (s *scanner) number() (string, error) {
	from := s.at
	s.next('-')
	if !s.next('0') && !s.digits() {
		return "", s.fail("json.no_value")
	}
	if s.next('.') && !s.digits() {
		return "", s.fail("json.no_digit")
	}
	if s.next('e') || s.next('E') {
		if !s.next('+') {
			s.next('-')
		}
		if !s.digits() {
			return "", s.fail("json.no_digit")
		}
	}
	return s.text[from:s.at], nil
}

func (s *scanner) digits() (some bool) {
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
		some = true
	}
	return some
}

// str takes a string. One without escapes is a part of the text and costs nothing.
func (s *scanner) str() (string, error) {
	if !s.next('"') {
		return "", s.fail("json.no_name")
	}
	from := s.at
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			plain := s.text[from:s.at]
			if !utf8.ValidString(plain) {
				return "", s.fail("json.not_utf8")
			}
			s.at++
			return plain, nil
		case c == '\\':
			return s.escaped(from)
		case c < ' ':
			return "", s.fail("json.control")
		}
	}
	return "", s.fail("json.cut")
}

// escaped goes on with a string whose first escape is next.
func (s *scanner) escaped(from int) (string, error) {
	b := make([]byte, 0, 2*(s.at-from)+32)
	b = append(b, s.text[from:s.at]...)
	for s.at < len(s.text) {
		c := s.text[s.at]
		s.at++
		switch {
		case c == '"':
			if !utf8.Valid(b) {
				return "", s.fail("json.not_utf8")
			}
			return string(b), nil
		case c < ' ':
			return "", s.fail("json.control")
		case c != '\\':
			b = append(b, c)
			continue
		}
		r, err := s.escape()
		if err != nil {
			return "", err
		}
		b = utf8.AppendRune(b, r)
	}
	return "", s.fail("json.cut")
}

// escape takes what follows a backslash. Half of a surrogate pair is refused.
func (s *scanner) escape() (rune, error) {
	if s.at == len(s.text) {
		return 0, s.fail("json.cut")
	}
	c := s.text[s.at]
	s.at++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		r, ok := s.hex4()
		if ok && utf16.IsSurrogate(r) {
			ok = strings.HasPrefix(s.text[s.at:], `\u`)
			if ok {
				s.at += 2
				var low rune
				low, ok = s.hex4()
				r = utf16.DecodeRune(r, low)
				ok = ok && r != utf8.RuneError
			}
		}
		if ok {
			return r, nil
		}
	}
	return 0, s.fail("json.bad_escape")
}

func (s *scanner) hex4() (rune, bool) {
	if len(s.text)-s.at < 4 {
		s.at = len(s.text)
		return 0, false
	}
	n, err := strconv.ParseUint(s.text[s.at:s.at+4], 16, 16)
	s.at += 4
	return rune(n), err == nil
}
