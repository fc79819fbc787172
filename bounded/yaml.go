// Package bounded reads what people hand in, files and YAML documents, within limits that hold before any parser sees
// a byte: a YAML parser builds its whole tree first, and its memory grows with the square of the nesting.
package bounded

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"
)

// MostDocument is how many bytes an estate, configuration or keys document may have.
const MostDocument = 4 << 20

// mostNesting is deeper than any document of ours goes; mostIndent is the widest indentation, in columns. Anchors,
// aliases and tags are bounded by mostMarks: a parser's work grows with the square of their number.
const (
	mostNesting = 16
	mostIndent  = 256
	mostMarks   = 1000
)

// Error is a document beyond a limit. Its text quotes nothing of the document, which may hold secrets.
type Error struct {
	Line    int
	Problem string
}

// Error returns line and problem.
func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Problem) }

// LineOf returns the line that an error of this package names, or 1.
func LineOf(err error) int {
	if bad := (*Error)(nil); errors.As(err, &bad) {
		return bad.Line
	}
	return 1
}

// YAML checks the size, the nesting and the marks of a YAML document in one pass over its bytes. The error is an
// *Error.
func YAML(src []byte) error {
	if len(src) > MostDocument {
		return &Error{1, fmt.Sprintf("the document has more than %d bytes", MostDocument)}
	}
	s := scanner{}
	number := 0
	for line := range bytes.Lines(src) {
		number++
		if !s.line(line) {
			return &Error{number, "nested too deeply"}
		}
		if s.marks > mostMarks {
			return &Error{number, fmt.Sprintf("more than %d anchors, aliases and tags: words that begin with &, * or !",
				mostMarks)}
		}
	}
	return nil
}

// DecodeYAML reads a document into v, for documents that hold secrets: the error is an *Error that names a line and
// quotes nothing.
func DecodeYAML(src []byte, v any) error {
	if err := YAML(src); err != nil {
		return err
	}
	err := yaml.Unmarshal(src, v)
	if err == nil {
		return nil
	}
	line := 1
	if at := (interface{ GetToken() *token.Token })(nil); errors.As(err, &at) && at.GetToken() != nil {
		line = at.GetToken().Position.Line
	}
	return &Error{line,
		"cannot be read as YAML: quotes, brackets or indentation do not fit, or a value is of another kind"}
}

// scanner counts nesting. Brackets inside quotes do not count as long as it is certain what stands in quotes; from
// the first line on that leaves a doubt, such as a quote that goes on over lines, every bracket counts.
type scanner struct {
	depth    int // open brackets
	marks    int // anchors, aliases and tags
	doubtful bool
}

// line reports whether the nesting is within bounds after one more line.
func (s *scanner) line(line []byte) bool {
	text := bytes.TrimLeft(line, " \t")
	if len(line)-len(text) > mostIndent || indicators(text) > mostNesting {
		return false
	}
	s.doubtful = s.doubtful || bytes.IndexByte(text, '\\') >= 0 ||
		bytes.Count(text, []byte(`"`))%2 != 0 || bytes.Count(text, []byte(`'`))%2 != 0
	var quote byte
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && !s.doubtful && i > 0 && opens(text[:i]):
			quote = c
		case (c == '[' || c == '{') && (s.depth > 0 || !plain(text, i)):
			if s.depth++; s.depth > mostNesting {
				return false
			}
		case c == ']' || c == '}':
			s.depth = max(0, s.depth-1)
		case (c == '&' || c == '*' || c == '!') && text[0] != '#' && (i == 0 || !wordByte(text[i-1])):
			s.marks++
		}
	}
	return true
}

// indicators counts the list and key indicators ("- - ? -") that a line begins with, each a level of its own.
func indicators(text []byte) int {
	n := 0
	for len(text) > 1 && (text[0] == '-' || text[0] == '?' || text[0] == ':') && (text[1] == ' ' || text[1] == '\t') {
		n++
		text = bytes.TrimLeft(text[1:], " \t")
	}
	return n
}

// opens reports whether a quote after before begins a quoted text, by what stands in front of it.
func opens(before []byte) bool {
	bare := bytes.TrimRight(before, " \t")
	if len(bare) == 0 {
		return false
	}
	switch bare[len(bare)-1] {
	case '[', '{', ',':
		return true
	case ':', '-':
		return len(bare) < len(before)
	}
	return false
}

// plain reports whether the bracket at i is a letter of a plain text, as in "name: A[1": it follows a letter, and the
// line has no anchor, alias or tag, whose names end at a bracket.
func plain(text []byte, i int) bool {
	if i == 0 || bytes.ContainsAny(text, "&*!") {
		return false
	}
	return wordByte(text[i-1])
}

// wordByte reports a letter, a digit or a part of a character beyond ASCII.
func wordByte(c byte) bool {
	return c >= utf8.RuneSelf || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
