package charge

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plate is a number plate in one written form: upper case, half width, no separators ("京AD06088").
// Plate-less ids of car parks ("无牌1234", "62000F9") are plates too. It prints masked; use Full where the
// whole number is needed.
type Plate string

// Errors of ParsePlate.
var (
	// ErrPlate says that a text cannot be a plate or a plate-less id.
	ErrPlate = errors.New("not a number plate")
	// ErrUnplated says that a text says that the car has no plate, or none that was read. It is an ErrPlate.
	ErrUnplated = fmt.Errorf("%w: the car has none", ErrPlate)
	// ErrLookalike says that a text holds Greek or Cyrillic letters in the place of Latin ones. It is an ErrPlate.
	ErrLookalike = fmt.Errorf("%w: it holds Greek or Cyrillic letters that look like Latin ones", ErrPlate)
)

// Plates are short; car parks' plate-less ids reach into the teens.
const (
	plateMin   = 4
	plateMax   = 16
	plateNames = 4   // names of one car, as cameras join them with |
	plateBytes = 128 // of a whole text
)

// ParsePlate reads a plate as lots, platforms and people write it. Width and case are evened out. Dots, dashes,
// blanks, format and control characters are dropped, and so is a colour in front or behind ("蓝京A12345",
// "京A12345(绿)"). Of the plates of a car with several ("粤ZJ068澳|MX7742|ZM127") it returns the mainland's, which
// begins with a Chinese character, else the first. What is left holds letters, digits and Chinese characters, 4 to
// 16 of them: the documented samples hold nine-character plates and foreign forms, so nothing tighter is checked.
func ParsePlate(text string) (Plate, error) {
	p, _, err := ParseCar(text)
	return p, err
}

// ParseCar is ParsePlate that also returns the other plates of a car with several. What cannot be one of several
// (Plate.CrossesBorder) is left out of those.
func ParseCar(text string) (Plate, Names, error) {
	if len(text) > plateBytes {
		return "", "", ErrPlate
	}
	if text != "" && !strings.ContainsAny(text, "|｜") { // nearly every car
		p, err := parsePlate(text)
		return p, "", err
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '|' || r == '｜' })
	if len(parts) > plateNames {
		return "", "", ErrPlate
	}
	var plates []Plate
	failed := ErrPlate
	for _, part := range parts {
		p, err := parsePlate(part)
		switch {
		case err != nil:
			failed = err
		case !slices.Contains(plates, p):
			plates = append(plates, p)
		}
	}
	if len(plates) == 0 {
		return "", "", failed
	}
	main := plates[max(0, slices.IndexFunc(plates, mainland))]
	var others []string
	for _, p := range plates {
		if p != main && p.CrossesBorder() {
			others = append(others, string(p))
		}
	}
	return main, Names(strings.Join(others, "|")), nil
}

// Names are the other plates of a car that has several, joined by |; empty for almost all cars.
type Names string

// Plates lists them.
func (n Names) Plates() (all []Plate) {
	for name := range strings.SplitSeq(string(n), "|") {
		if name != "" {
			all = append(all, Plate(name))
		}
	}
	return all
}

// Has reports whether a plate is one of them.
func (n Names) Has(p Plate) bool { return slices.Contains(n.Plates(), p) }

// With lists a car's plates, its own first.
func (n Names) With(p Plate) []Plate { return append([]Plate{p}, n.Plates()...) }

// CrossesBorder reports whether a plate may be one of several of one car: one of Hong Kong, Macau or abroad, which
// begins with no Chinese character, or the mainland's of such a car, which begins with 粤Z.
func (p Plate) CrossesBorder() bool { return !mainland(p) || strings.HasPrefix(string(p), "粤Z") }

func mainland(p Plate) bool {
	r, _ := utf8.DecodeRuneInString(string(p))
	return unicode.Is(unicode.Han, r)
}

func parsePlate(text string) (Plate, error) {
	if text != "" && (strings.Trim(text, fillers) == "" || strings.EqualFold(strings.TrimSpace(text), "N/A")) {
		return "", ErrUnplated
	}
	p, err := normal(text)
	if err != nil {
		return "", err
	}
	first, _ := utf8.DecodeRuneInString(p)
	last, _ := utf8.DecodeLastRuneInString(p)
	if strings.ContainsRune("无没未空车临识UN0", first) && unplated.MatchString(p) {
		return "", ErrUnplated
	}
	if strings.ContainsRune("渐黄蓝绿白黑", first) || strings.ContainsRune("黄蓝绿白黑色牌", last) {
		if m := coloured.FindStringSubmatch(p); m != nil {
			p = m[1]
		}
	}
	if n := utf8.RuneCountInString(p); n < plateMin || n > plateMax {
		return "", ErrPlate
	}
	return Plate(p), nil
}

// normal drops from a text what only stands between the characters of a plate.
func normal(text string) (string, error) {
	var b strings.Builder
	for _, r := range text {
		if r >= '!'+0xFEE0 && r <= '~'+0xFEE0 { // full-width ASCII
			r -= 0xFEE0
		}
		if between(r) {
			continue
		}
		r = unicode.ToUpper(r)
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', unicode.Is(unicode.Han, r):
			b.WriteRune(r)
		case unicode.In(r, unicode.Cyrillic, unicode.Greek):
			return "", ErrLookalike
		default:
			return "", ErrPlate
		}
	}
	return b.String(), nil
}

// between reports whether a character means nothing in a plate: blanks, dashes, brackets, control and format
// characters (a zero-width space, marks of direction), variation selectors, and the dots that people and cameras
// write.
func between(r rune) bool {
	const dots = ".·•‧∙⋅●○◦․・･。｡˙¸∘⚫"
	return unicode.IsSpace(r) || r == '\u2212' || strings.ContainsRune(dots, r) ||
		unicode.In(r, unicode.Cf, unicode.Cc, unicode.Pd, unicode.Pc, unicode.Ps, unicode.Pe, unicode.Variation_Selector)
}

// coloured is a plate with its colour in front or behind.
var coloured = func() *regexp.Regexp {
	const colour = `(?:渐变绿|黄绿双拼|黄绿|蓝|黄|绿|白|黑)(?:色|牌)?`
	const number = `[\p{Han}][A-Z][0-9A-Z\p{Han}]{3,}?`
	return regexp.MustCompile(`^(?:` + colour + `)?(` + number + `)(?:` + colour + `)?$`)
}()

// fillers are what stands alone where there is no plate: "-", "***", "????".
const fillers = " -–—_*?？/."

// unplated lists how lots and cameras write that a car has no plate, or none that could be read; a number of one or
// two digits behind it counts cars and names none. docs/lots/README.md prints the list.
var unplated = regexp.MustCompile(`^(?:(?:无|无牌|无牌车|无车牌|无牌照|无号牌|未识别|未识别车牌|无法识别|未知|未知车牌|未上牌|空|车牌|临时车|` +
	`没有车牌|没牌|车牌未识别|未识别到车牌|未检测到车牌|识别失败|无法识别车牌|` +
	`UNLICENSED|UNLICENCED|UNPLATED|UNRECOGNIZED|NOPLATE|UNKNOWN|NONE|NULL|NIL|NA|NOTRECOGNIZED|UNREAD)[0-9]{0,2}|0{3,})$`)

// unplatedMark begins the plate of a car without one. No written plate holds a colon.
const unplatedMark = "无牌:"

// UnplatedBy is what a car without a plate is known by in a lot: its order. It matches no plate and no other order.
func UnplatedBy(order string) Plate { return Plate(unplatedMark + order) }

// Unplated reports whether the car has no plate and is found by its order only.
func (p Plate) Unplated() bool { return strings.HasPrefix(string(p), unplatedMark) }

// Wire is the plate as a lot is asked about it: of a car without one, the words for that.
func (p Plate) Wire() string {
	if p.Unplated() {
		return "无牌车"
	}
	return string(p)
}

// Full is the whole plate, for wires and stores; never for logs.
func (p Plate) Full() string { return string(p) }

// String masks all but the first two characters and the last two ("京A***88"). A car without a plate has nothing
// to mask.
func (p Plate) String() string {
	if p.Unplated() {
		return "无牌车"
	}
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
	if len(b)-len(a) > 1 || p == q || p.Unplated() || q.Unplated() {
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
