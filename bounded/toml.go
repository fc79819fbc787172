package bounded

import (
	"bytes"
	"fmt"
)

// MostProfile is how many bytes a TOML profile may have; the longest built-in one is a tenth of it.
const MostProfile = 64 << 10

// TOML checks the size and the nesting of a TOML document in one pass over its bytes. The error is an *Error.
func TOML(src []byte) error {
	if len(src) > MostProfile {
		return &Error{1, fmt.Sprintf("a profile has at most %d bytes", MostProfile)}
	}
	depth := 0
	for at := 0; at < len(src); at++ {
		switch c := src[at]; c {
		case '#':
			end := bytes.IndexByte(src[at:], '\n')
			if end < 0 {
				return nil
			}
			at += end
		case '"', '\'':
			at = endOfString(src, at)
		case '[', '{':
			if depth++; depth > mostNesting {
				return &Error{1 + bytes.Count(src[:at], []byte("\n")), "nested too deeply"}
			}
		case ']', '}':
			depth = max(0, depth-1)
		}
	}
	return nil
}

// endOfString is where the string ends that begins at a place: at its last quote, or at the document's end.
func endOfString(src []byte, at int) int {
	quote := src[at : at+1]
	if three := bytes.Repeat(quote, 3); bytes.HasPrefix(src[at:], three) {
		quote = three
	}
	for i := at + len(quote); i < len(src); i++ {
		switch {
		case src[i] == '\\' && quote[0] == '"':
			i++
		case bytes.HasPrefix(src[i:], quote):
			return i + len(quote) - 1
		case src[i] == '\n' && len(quote) == 1:
			return i // a string of one line that does not end is the parser's to complain of
		}
	}
	return len(src)
}
