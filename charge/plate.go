package charge

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plate is a number plate in one written form: upper case, half width, no separators ("京AD06088").
// Plate-less ids of car parks ("无牌1234", "62000F9") are plates too. It prints masked; use Full where the
// whole number is needed.
type Plate string

// ErrPlate says that a text cannot be a plate or a plate-less id.
var ErrPlate = errors.New("not a number plate")

// Plates are short; car parks' plate-less ids reach into the teens.
const (
	plateMin = 4
	plateMax = 16
)

// ParsePlate normalises width, case and separators. It refuses (ErrPlate) what holds anything but letters,
// digits and Chinese characters, or is shorter than 4 or longer than 16 of them: the documented samples
// hold nine-character plates and foreign forms, so nothing tighter is checked.
func ParsePlate(text string) (Plate, error) {
	if len(text) > 128 {
		return "", ErrPlate
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= '!'+0xFEE0 && r <= '~'+0xFEE0: // full-width ASCII
			r -= 0xFEE0
		case r == 0x3000: // ideographic space
			r = ' '
		}
		if unicode.IsSpace(r) || strings.ContainsRune("-·•.・‧_", r) {
			continue
		}
		r = unicode.ToUpper(r)
		if !(r >= '0' && r <= '9') && !(r >= 'A' && r <= 'Z') && !unicode.Is(unicode.Han, r) {
			return "", ErrPlate
		}
		b.WriteRune(r)
	}
	p := b.String()
	if n := utf8.RuneCountInString(p); n < plateMin || n > plateMax {
		return "", ErrPlate
	}
	return Plate(p), nil
}

// Full is the whole plate, for wires and stores; never for logs.
func (p Plate) Full() string { return string(p) }

// String masks all but the first two characters and the last two ("京A***88").
func (p Plate) String() string {
	r := []rune(string(p))
	if len(r) == 0 {
		return ""
	}
	if len(r) < 6 {
		return string(r[:1]) + "***"
	}
	return string(r[:2]) + "***" + string(r[len(r)-2:])
}

// Temporary reports whether a plate is a temporary one (临), or a car park's stand-in for a car without a plate:
// "无牌1234", or digits and letters that begin with a digit ("62000F9"), which no plate does.
func (p Plate) Temporary() bool {
	text := string(p)
	if strings.Contains(text, "临") || strings.Contains(text, "无牌") {
		return true
	}
	han := strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	return !han && text != "" && text[0] >= '0' && text[0] <= '9'
}

// Near reports whether two plates differ by exactly one character put in, left out or changed: a camera's
// usual mistake. Such pairs are proposed to support and never applied by themselves.
func (p Plate) Near(q Plate) bool {
	a, b := []rune(string(p)), []rune(string(q))
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || p == q {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return string(a[i+1:]) == string(b[i+1:])
	}
	return string(a[i:]) == string(b[i+1:])
}
