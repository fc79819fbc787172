package charge

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Fen is an amount of money in fen, a hundredth of a yuan. It is written as a decimal string of yuan
// with two decimals ("17.85") wherever it leaves the process.
type Fen int64

// ErrAmount says that a text is no amount of yuan with at most two decimals.
var ErrAmount = errors.New("not an amount in yuan with at most two decimals")

// maxWhole bounds the whole part of any decimal we read, so that sums of many never overflow.
const maxWhole = 1_000_000_000

// ParseFen reads yuan as a decimal text ("5", "5.2", "5.25", "5.250", "5.25E0"). Decimals past the second must be
// zero: an amount that cannot be paid is an error (ErrAmount), never rounded.
func ParseFen(yuan string) (Fen, error) {
	n, err := parseDecimal(yuan, 2)
	if err != nil {
		return 0, fmt.Errorf("%q: %w", clip(yuan), ErrAmount)
	}
	return Fen(n), nil
}

// String returns yuan with two decimals.
func (f Fen) String() string {
	var room [24]byte
	return string(f.append(room[:0]))
}

// MarshalText writes yuan with two decimals, so that JSON shows money as a string.
func (f Fen) MarshalText() ([]byte, error) { return f.append(nil), nil }

func (f Fen) append(b []byte) []byte {
	if f < 0 {
		b, f = append(b, '-'), -f
	}
	b = strconv.AppendInt(b, int64(f/100), 10)
	return append(b, '.', byte('0'+f/10%10), byte('0'+f%10))
}

// UnmarshalText reads what MarshalText writes, and every other form ParseFen takes.
func (f *Fen) UnmarshalText(b []byte) error {
	v, err := ParseFen(string(b))
	if err == nil {
		*f = v
	}
	return err
}

// Energy is energy in watt-hours. It is written as kWh with at least two decimals ("25.50").
type Energy int64

// ParseEnergy reads kWh as a decimal text. Decimals past the third are cut off: meters tell more digits
// than anybody is charged by.
func ParseEnergy(kwh string) (Energy, error) {
	kwh = PlainNumber(strings.TrimSpace(kwh))
	whole, frac, found := strings.Cut(kwh, ".")
	if found && len(frac) > 3 {
		if strings.Trim(frac, "0123456789") != "" {
			return 0, fmt.Errorf("%q is not an energy in kWh", clip(kwh))
		}
		kwh = whole + "." + frac[:3]
	}
	n, err := parseDecimal(kwh, 3)
	if err != nil {
		return 0, fmt.Errorf("%q is not an energy in kWh", clip(kwh))
	}
	return Energy(n), nil
}

// String returns kWh with two decimals, or three where the third is not zero.
func (e Energy) String() string {
	b, _ := e.MarshalText()
	return string(b)
}

// MarshalText writes kWh as a decimal string.
func (e Energy) MarshalText() ([]byte, error) {
	var b []byte
	if e < 0 {
		b, e = append(b, '-'), -e
	}
	b = strconv.AppendInt(b, int64(e/1000), 10)
	b = append(b, '.', byte('0'+e/100%10), byte('0'+e/10%10))
	if e%10 != 0 {
		b = append(b, byte('0'+e%10))
	}
	return b, nil
}

// UnmarshalText reads what MarshalText writes.
func (e *Energy) UnmarshalText(b []byte) error {
	v, err := ParseEnergy(string(b))
	if err == nil {
		*e = v
	}
	return err
}

// ParseMinutes reads minutes written as a decimal ("30.00", "2.12") and rounds a started minute up: time taken off is
// whole minutes here.
func ParseMinutes(text string) (int64, error) {
	text = PlainNumber(strings.TrimSpace(text))
	whole, frac, _ := strings.Cut(text, ".")
	n, err := parseDecimal(whole, 0)
	if err != nil || strings.Trim(frac, "0123456789") != "" || len(frac) > 20 {
		return 0, fmt.Errorf("%q is not a number of minutes", clip(text))
	}
	if strings.Trim(frac, "0") != "" {
		if strings.HasPrefix(text, "-") {
			return n, nil
		}
		n++
	}
	return n, nil
}

// mostShift bounds the exponents of numbers: what lies beyond is out of range for everything that is read here.
const mostShift = 40

// PlainNumber writes a decimal number without its exponent: "1.5E+1" is "15", "0E-8" is "0". A text that is no such
// number, or has no exponent, is returned as it is.
func PlainNumber(text string) string {
	mantissa, exponent, found := strings.Cut(strings.ReplaceAll(text, "E", "e"), "e")
	if !found {
		return text
	}
	shift, err := strconv.Atoi(exponent)
	sign, digits := "", mantissa
	if strings.HasPrefix(digits, "-") || strings.HasPrefix(digits, "+") {
		sign, digits = digits[:1], digits[1:]
	}
	whole, frac, _ := strings.Cut(digits, ".")
	if err != nil || whole == "" || strings.Trim(whole+frac, "0123456789") != "" || len(digits) > mostShift ||
		max(shift, -shift) > mostShift {
		return text
	}
	all := whole + frac
	point := len(whole) + shift
	switch {
	case point <= 0:
		all, point = strings.Repeat("0", 1-point)+all, 1
	case point > len(all):
		all += strings.Repeat("0", point-len(all))
	}
	whole, frac = strings.TrimLeft(all[:point], "0"), strings.TrimRight(all[point:], "0")
	if whole == "" {
		whole = "0"
	}
	if frac != "" {
		frac = "." + frac
	}
	return sign + whole + frac
}

// parseDecimal reads a decimal text as an integer count of 10^-places.
func parseDecimal(text string, places int) (int64, error) {
	text = PlainNumber(strings.TrimSpace(text))
	digits := strings.TrimPrefix(strings.TrimPrefix(text, "+"), "-")
	whole, frac, _ := strings.Cut(digits, ".")
	if len(frac) > places {
		if strings.Trim(frac[places:], "0") != "" {
			return 0, errors.New("too many decimals")
		}
		frac = frac[:places]
	}
	frac += strings.Repeat("0", places-len(frac))
	if whole == "" || strings.Trim(whole+frac, "0123456789") != "" {
		return 0, errors.New("not a decimal")
	}
	w, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || w > maxWhole {
		return 0, errors.New("out of range")
	}
	n, err := strconv.ParseInt(whole+frac, 10, 64)
	if err != nil {
		return 0, err
	}
	if strings.HasPrefix(text, "-") {
		n = -n
	}
	return n, nil
}

// clip keeps error texts short when the input is not.
func clip(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
