package charge

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Note is one sentence as a code and its arguments. Package words holds the text of each code in both languages;
// a producer names a code here and leaves the words to what prints them.
//
// The zero Note says nothing. In a store and in JSON a note is one line of text (MarshalText).
type Note struct {
	Code string // "rule.cap_left"; NoteOld for a sentence of a release that stored English
	Args []Arg
}

// NoteOld is the code of a stored sentence that no code is known for: its argument "text" is shown as it stands.
const NoteOld = "old"

// Arg is one argument of a note.
type Arg struct {
	Name  string
	Kind  ArgKind
	Value string // in the form that its kind stores
}

// ArgKind says how an argument is printed in a language.
type ArgKind string

// Kinds of arguments, and the form of each Value.
const (
	ArgText    ArgKind = "text"  // as it stands: a field's name, an address, a number of an order
	ArgCount   ArgKind = "n"     // a whole number
	ArgMinutes ArgKind = "min"   // whole minutes
	ArgMoney   ArgKind = "fen"   // fen
	ArgEnergy  ArgKind = "wh"    // watt-hours
	ArgSpan    ArgKind = "ms"    // a duration, in milliseconds
	ArgTime    ArgKind = "at"    // Unix milliseconds; printed at +08:00
	ArgPlate   ArgKind = "plate" // masked
	ArgLot     ArgKind = "lot"   // "union_id/park_id"
	ArgGrants  ArgKind = "give"  // reductions, "time:60+amount:500+free"
	ArgWord    ArgKind = "word"  // a code of a closed list, "charge_state:held"
	ArgNote    ArgKind = "note"  // another note: the cause
)

// Say makes a note.
func Say(code string, args ...Arg) Note { return Note{Code: code, Args: args} }

// Text is an argument that is printed as it stands.
func Text(name, value string) Arg { return Arg{name, ArgText, value} }

// Count is a whole number.
func Count[T ~int | ~int64](name string, n T) Arg {
	return Arg{name, ArgCount, strconv.FormatInt(int64(n), 10)}
}

// Mins is a number of whole minutes.
func Mins(name string, n int64) Arg { return Arg{name, ArgMinutes, strconv.FormatInt(n, 10)} }

// Money is an amount.
func Money(name string, v Fen) Arg { return Arg{name, ArgMoney, strconv.FormatInt(int64(v), 10)} }

// KWh is energy.
func KWh(name string, v Energy) Arg { return Arg{name, ArgEnergy, strconv.FormatInt(int64(v), 10)} }

// Span is a length of time.
func Span(name string, d time.Duration) Arg {
	return Arg{name, ArgSpan, strconv.FormatInt(d.Milliseconds(), 10)}
}

// When is a moment.
func When(name string, t time.Time) Arg {
	return Arg{name, ArgTime, strconv.FormatInt(t.UnixMilli(), 10)}
}

// Masked is a plate; only its masked form is kept.
func Masked(name string, p Plate) Arg { return Arg{name, ArgPlate, p.String()} }

// AtLot is a car park.
func AtLot(name string, id LotID) Arg { return Arg{name, ArgLot, id.String()} }

// Word is a code of a closed list: list as package words names it ("charge_state").
func Word[T ~string](name, list string, code T) Arg {
	return Arg{name, ArgWord, list + ":" + string(code)}
}

// Because is another note, printed inside this one.
func Because(name string, n Note) Arg { return Arg{name, ArgNote, n.String()} }

// Grants is one or more reductions: "60 minutes and 5.00 yuan".
func Grants(name string, list ...Reduction) Arg {
	var b strings.Builder
	for i, r := range list {
		if i > 0 {
			b.WriteByte('+')
		}
		b.WriteString(string(r.Method))
		switch r.Method {
		case MethodTime:
			b.WriteString(":" + strconv.FormatInt(r.Minutes, 10))
		case MethodAmount:
			b.WriteString(":" + strconv.FormatInt(int64(r.Amount), 10))
		}
	}
	return Arg{name, ArgGrants, b.String()}
}

// Reductions reads an argument of kind ArgGrants.
func (a Arg) Reductions() []Reduction {
	var list []Reduction
	for part := range strings.SplitSeq(a.Value, "+") {
		method, size, _ := strings.Cut(part, ":")
		r := Reduction{Method: Method(method)}
		n, _ := strconv.ParseInt(size, 10, 64)
		switch r.Method {
		case MethodTime:
			r.Minutes = n
		case MethodAmount:
			r.Amount = Fen(n)
		case "":
			continue
		}
		list = append(list, r)
	}
	return list
}

// IsZero reports whether nothing is said.
func (n Note) IsZero() bool { return n.Code == "" }

// Arg returns the argument of a name; the zero Arg where there is none.
func (n Note) Arg(name string) Arg {
	for _, a := range n.Args {
		if a.Name == name {
			return a
		}
	}
	return Arg{}
}

// String is the stored form: "#rule.cap_left cap=min:120 left=min:15", values escaped as in a URL's query; an old
// sentence is itself, the zero Note is empty.
func (n Note) String() string {
	switch n.Code {
	case "":
		return ""
	case NoteOld:
		return n.Arg("text").Value
	}
	b := make([]byte, 0, 64)
	b = append(append(b, '#'), n.Code...)
	for _, a := range n.Args {
		b = append(append(append(b, ' '), a.Name...), '=')
		b = append(append(b, a.Kind...), ':')
		b = append(b, url.QueryEscape(a.Value)...)
	}
	return string(b)
}

// MarshalText writes String.
func (n Note) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what MarshalText writes; any other text is an old sentence.
func (n *Note) UnmarshalText(b []byte) error {
	*n = ParseNote(string(b))
	return nil
}

var errNote = errors.New("not a note")

// ParseNote reads the stored form. Any other text is an old sentence (NoteOld).
func ParseNote(text string) Note {
	if text == "" {
		return Note{}
	}
	if n, err := parseNote(text); err == nil {
		return n
	}
	return Say(NoteOld, Text("text", text))
}

func parseNote(text string) (Note, error) {
	text, marked := strings.CutPrefix(text, "#")
	code, rest, _ := strings.Cut(text, " ")
	if !marked || code == "" {
		return Note{}, errNote
	}
	n := Note{Code: code}
	for rest != "" {
		var word string
		word, rest, _ = strings.Cut(rest, " ")
		name, value, named := strings.Cut(word, "=")
		kind, value, kinded := strings.Cut(value, ":")
		value, err := url.QueryUnescape(value)
		if !named || !kinded || err != nil {
			return Note{}, errNote
		}
		n.Args = append(n.Args, Arg{name, ArgKind(kind), value})
	}
	return n, nil
}

// Notes are several sentences in their order.
type Notes []Note

// And returns the notes with others behind them; what says nothing is left out.
func (list Notes) And(more ...Note) Notes {
	out := list[:len(list):len(list)]
	for _, n := range more {
		if !n.IsZero() {
			out = append(out, n)
		}
	}
	return out
}

// String is the stored form: one note a line.
func (list Notes) String() string {
	var b strings.Builder
	for i, n := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(n.String())
	}
	return b.String()
}

// MarshalText writes String.
func (list Notes) MarshalText() ([]byte, error) { return []byte(list.String()), nil }

// UnmarshalText reads what MarshalText writes; other text is one old sentence.
func (list *Notes) UnmarshalText(b []byte) error {
	*list = ParseNotes(string(b))
	return nil
}

// ParseNotes reads the stored form. Other text is one old sentence.
func ParseNotes(text string) Notes {
	if text == "" {
		return nil
	}
	if !strings.HasPrefix(text, "#") {
		return Notes{ParseNote(text)}
	}
	var out Notes
	for line := range strings.SplitSeq(text, "\n") {
		out = append(out, ParseNote(line))
	}
	return out
}

// Fault is an error whose cause people read.
type Fault struct {
	note Note
	text string
}

// NewFault makes an error: a note for people, a text for logs.
func NewFault(n Note, text string) error { return &Fault{n, text} }

// Error returns the text for logs.
func (f *Fault) Error() string { return f.text }

// Note returns the text for people.
func (f *Fault) Note() Note { return f.note }

// Cause is what people read of an error: the note of the error in it that has one, or the code that it names (of a
// package that knows no notes), else its own text.
func Cause(err error) Note {
	var noted interface{ Note() Note }
	var coded interface {
		Coded() (code, arg, value string)
	}
	switch {
	case err == nil:
		return Note{}
	case errors.As(err, &noted):
		return noted.Note()
	case errors.As(err, &coded):
		code, arg, value := coded.Coded()
		return Say(code, Text(arg, value))
	}
	return Say("cause.other", Text("text", err.Error()))
}
