package seal

import (
	"strings"
)

// CompactJSON prints JSON again the way the published server code of the open interface does before it hashes it: no
// blanks, escapes resolved, members in their order, null members left out, numbers as they were written. The errors
// wrap ErrJSON.
func CompactJSON(text []byte) ([]byte, error) { return compactJSON(scanner{text: string(text)}) }

// FilledJSON is CompactJSON without the members that are an empty string.
func FilledJSON(text []byte) ([]byte, error) {
	return compactJSON(scanner{text: string(text), filled: true})
}

func compactJSON(s scanner) ([]byte, error) {
	s.blanks()
	out, err := s.compact(make([]byte, 0, len(s.text)), 0)
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// compact walks a value and prints it again.
func (s *scanner) compact(out []byte, depth int) ([]byte, error) {
	if s.at == len(s.text) {
		return nil, s.fail("json.no_value")
	}
	first := true
	comma := func() {
		if !first {
			out = append(out, ',')
		}
		first = false
	}
	switch s.text[s.at] {
	case '{':
		out = append(out, '{')
		err := s.object(depth, func(name string, from int) error {
			if strings.HasPrefix(s.text[from:], "null") || s.filled && strings.HasPrefix(s.text[from:], `""`) {
				_, _, err := s.value(depth + 1)
				return err
			}
			comma()
			out = append(appendString(out, name), ':')
			var err error
			out, err = s.compact(out, depth+1)
			return err
		})
		return append(out, '}'), err
	case '[':
		out = append(out, '[')
		err := s.array(depth, func() error {
			comma()
			var err error
			out, err = s.compact(out, depth+1)
			return err
		})
		return append(out, ']'), err
	}
	kind, text, err := s.value(depth)
	if err != nil {
		return nil, err
	}
	if kind == String {
		return appendString(out, text), nil
	}
	return append(out, text...), nil
}

// appendString prints a string with the fewest escapes: quote, backslash and control characters.
func appendString(out []byte, text string) []byte {
	const digits = "0123456789ABCDEF"
	out = append(out, '"')
	for i := range len(text) {
		switch c := text[i]; c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\b':
			out = append(out, `\b`...)
		case '\f':
			out = append(out, `\f`...)
		case '\n':
			out = append(out, `\n`...)
		case '\r':
			out = append(out, `\r`...)
		case '\t':
			out = append(out, `\t`...)
		default:
			if c < ' ' {
				out = append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			} else {
				out = append(out, c)
			}
		}
	}
	return append(out, '"')
}
