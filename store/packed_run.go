package store

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math"
)

// Signatures, tokens and ciphertexts stand in a request as hex or Base64: long runs of characters that hold half or
// three quarters of a byte each. A packed value holds the bytes of such runs, and the text around them, the rest.
// The bytes lie beside the rest, since they do not get shorter; those that are text themselves lie in their place in
// it.
type run struct {
	kind byte
	gap  int // of the rest before it
	size int // its bytes
}

const (
	runLower  byte = iota // hex
	runUpper              // hex
	runBase64             // with the padding that its length asks for
	runText               // Base64 of text
	runKinds
)

const (
	leastHex    = 16 // characters of a run; fewer gain nothing
	leastBase64 = 40 // words of a path have no more
)

// Classes of characters.
const (
	classDigit byte = 1 << iota
	classLower      // a to f
	classUpper      // A to F
	classOther      // what else Base64 has
)

var classes = func() (all [256]byte) {
	for c := range all {
		switch b := byte(c); {
		case '0' <= b && b <= '9':
			all[c] = classDigit
		case 'a' <= b && b <= 'f':
			all[c] = classLower
		case 'A' <= b && b <= 'F':
			all[c] = classUpper
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', b == '+', b == '/':
			all[c] = classOther
		}
	}
	return all
}()

var strictBase64 = base64.StdEncoding.Strict()

// cut is a text with its runs taken out.
type cut struct {
	runs   []run
	beside []byte // the bytes of runs, but for those that are text
	rest   []byte
}

// take takes the runs out of a text; what c held before is gone.
func (c *cut) take(text []byte) {
	c.runs, c.beside, c.rest = c.runs[:0], c.beside[:0], c.rest[:0]
	kept := 0 // up to where the text is in c
	for i := 0; i < len(text); i++ {
		class := classes[text[i]]
		if class == 0 {
			continue
		}
		end := i + 1
		for ; end < len(text) && classes[text[end]] != 0; end++ {
			class |= classes[text[end]]
		}
		if n := end - i; n >= leastHex && class&classOther == 0 || n >= leastBase64 {
			if size := c.takeRun(text[kept:i], text[i:], n, class); size > 0 {
				kept = i + size
				end = kept
			}
		}
		i = end - 1
	}
	c.rest = append(c.rest, text[kept:]...)
}

// isHex reports whether the text was nothing but one run of lower hex.
func (c *cut) isHex() bool { return len(c.runs) == 1 && c.runs[0].kind == runLower && len(c.rest) == 0 }

// takeRun adds what stands before a run of n characters, and the run; it returns the run's characters, 0 where it is
// none.
func (c *cut) takeRun(before, from []byte, n int, class byte) int {
	r := run{gap: len(before)}
	switch class | classDigit {
	case classDigit, classDigit | classLower:
		r.kind = runLower
	case classDigit | classUpper:
		r.kind = runUpper
	default:
		return c.takeBase64(before, from, n)
	}
	n &^= 1
	r.size = n / 2
	c.beside, _ = hex.AppendDecode(c.beside, from[:n]) // of nothing but digits
	c.runs, c.rest = append(c.runs, r), append(c.rest, before...)
	return n
}

// takeBase64 is takeRun of Base64.
func (c *cut) takeBase64(before, from []byte, n int) int {
	if n < leastBase64 {
		return 0
	}
	for n%4 != 0 && n < len(from) && from[n] == '=' {
		n++
	}
	n &^= 3
	begin := len(c.beside)
	beside, err := strictBase64.AppendDecode(c.beside, from[:n])
	if err != nil {
		return 0
	}
	raw := beside[begin:]
	r := run{kind: runBase64, gap: len(before), size: len(raw)}
	c.rest = append(c.rest, before...)
	if isText(raw) {
		r.kind = runText
		c.rest, beside = append(c.rest, raw...), beside[:begin]
	}
	c.runs, c.beside = append(c.runs, r), beside
	return n
}

// isText guesses by its beginning whether bytes are text.
func isText(b []byte) bool {
	for _, c := range b[:min(len(b), 16)] {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// append writes the runs, and the bytes beside the rest.
func (c *cut) append(to []byte) []byte {
	for _, r := range c.runs {
		to = binary.AppendUvarint(to, uint64(r.gap)*uint64(runKinds)+uint64(r.kind))
		to = binary.AppendUvarint(to, uint64(r.size))
	}
	return append(to, c.beside...)
}

// readRuns reads what append has written, behind the number of runs where there may be more than one, and returns what
// stands behind it.
func readRuns(b []byte, one bool) (c cut, behind []byte, ok bool) {
	d := decoder{rest: b}
	left, beside := uint64(1), uint64(0)
	if !one {
		left = d.uvarint()
	}
	for ; left > 0 && !d.failed; left-- {
		place, size := d.uvarint(), d.uvarint()
		r := run{kind: byte(place % uint64(runKinds)), gap: int(place / uint64(runKinds)), size: int(size)}
		if place > math.MaxInt32 || size > math.MaxInt32 {
			d.failed = true
		}
		if r.kind != runText {
			beside += size
		}
		c.runs = append(c.runs, r)
	}
	c.beside = d.take(beside)
	return c, d.rest, !d.failed
}

// join puts the runs back into the rest.
func (c *cut) join() (text []byte, ok bool) {
	rest, beside := decoder{rest: c.rest}, decoder{rest: c.beside}
	for _, r := range c.runs {
		text = append(text, rest.take(uint64(r.gap))...)
		switch r.kind {
		case runLower:
			text = hex.AppendEncode(text, beside.take(uint64(r.size)))
		case runUpper:
			begin := len(text)
			text = hex.AppendEncode(text, beside.take(uint64(r.size)))
			upper(text[begin:])
		case runBase64:
			text = strictBase64.AppendEncode(text, beside.take(uint64(r.size)))
		case runText:
			text = strictBase64.AppendEncode(text, rest.take(uint64(r.size)))
		}
	}
	return append(text, rest.rest...), !rest.failed && !beside.failed
}

func upper(digits []byte) {
	for i, c := range digits {
		if c >= 'a' {
			digits[i] = c - ('a' - 'A')
		}
	}
}
