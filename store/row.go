package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
)

// cells reads one row from left to right. Values are int64, string, []byte or nil on both engines.
type cells struct {
	vals []any
	next int
	err  error
}

// failed is the first cell that did not hold what was asked for.
func (c *cells) failed() error { return c.err }

func (c *cells) value() any {
	v := c.vals[c.next]
	c.next++
	return v
}

func (c *cells) int() int64 {
	v := c.value()
	n, ok := v.(int64)
	if !ok && v != nil {
		c.fail("a number", v)
	}
	return n
}

// maybe reads a number that may be null.
func (c *cells) maybe() (int64, bool) {
	null := c.vals[c.next] == nil
	return c.int(), !null
}

func (c *cells) text() string {
	v := c.value()
	if b, ok := v.([]byte); ok && isPacked(b) {
		return string(c.unpacked(b))
	}
	s, ok := v.(string)
	if !ok && v != nil {
		c.fail("text", v)
	}
	return s
}

func (c *cells) bytes() []byte {
	v := c.value()
	b, ok := v.([]byte)
	if !ok && v != nil {
		c.fail("bytes", v)
	}
	if ok && b == nil {
		b = []byte{} // SQLite's driver returns nil for no bytes and for null alike
	}
	return b
}

// packed reads bytes that SQLite may keep packed.
func (c *cells) packed() []byte { return c.unpacked(c.bytes()) }

func (c *cells) unpacked(b []byte) []byte {
	v, err := unpack(b)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("store: column %d: %w", c.next, err)
	}
	return v
}

func (c *cells) bool() bool { return c.int() != 0 }

// time reads epoch milliseconds as UTC; 0 is the zero time.
func (c *cells) time() time.Time { return fromMillis(c.int()) }

// json reads a JSON text into v; an empty text leaves it.
func (c *cells) json(v any) {
	text := c.text()
	if text == "" {
		return
	}
	if err := json.Unmarshal([]byte(text), v); err != nil && c.err == nil {
		c.err = fmt.Errorf("store: column %d holds bad JSON: %w", c.next, err)
	}
}

func (c *cells) fail(want string, got any) {
	if c.err == nil {
		c.err = fmt.Errorf("store: column %d holds %T, not %s", c.next, got, want)
	}
}

// pointer reads JSON into a new value; nil for an empty text.
func pointer[T any](c *cells) *T {
	if c.vals[c.next] == "" || c.vals[c.next] == nil {
		c.next++
		return nil
	}
	v := new(T)
	c.json(v)
	return v
}

// millis is a time as stored; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// encode writes JSON; a nil pointer becomes an empty text.
func encode[T any](v *T) (string, error) {
	if v == nil {
		return "", nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("store: cannot be written as JSON: %w", err)
	}
	return string(b), nil
}

// clean makes parameters that both engines can hold: text is valid UTF-8 without NUL (PostgreSQL takes no
// other), and no bytes are null.
func clean(args []any) {
	for i, a := range args {
		switch v := a.(type) {
		case string:
			if !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
				args[i] = strings.ReplaceAll(strings.ToValidUTF8(v, "\uFFFD"), "\x00", "\uFFFD")
			}
		case []byte:
			if v == nil {
				args[i] = []byte{}
			}
		case int:
			args[i] = int64(v)
		}
	}
}

// jsonText is for values that always encode.
func jsonText(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// names writes the other plates of a car so that namedBy finds each whole: "|MX7742|ZM127|".
func names(n charge.Names) string {
	if n == "" {
		return ""
	}
	return "|" + string(n) + "|"
}

// namedBy is what names is LIKE where a plate is one of them.
func namedBy(p charge.Plate) string { return "%|" + p.Full() + "|%" }

// namesIn reads what names has written.
func namesIn(text string) charge.Names { return charge.Names(strings.Trim(text, "|")) }

// deref makes a scanner of values of a scanner of pointers.
func deref[T any](scan func(*cells) (*T, error)) func(*cells) (T, error) {
	return func(c *cells) (v T, err error) {
		p, err := scan(c)
		if p != nil {
			v = *p
		}
		return v, err
	}
}

// lotOf reads a lot as stored.
func lotOf(c *cells) charge.LotID {
	var l charge.LotID
	text := c.text()
	if err := l.UnmarshalText([]byte(text)); err != nil && c.err == nil {
		c.err = fmt.Errorf("store: column %d: %w", c.next, err)
	}
	return l
}

// ledgerNote reads what an entry says. Earlier releases wrote one of a few English words into the ledger, which is
// append-only.
func ledgerNote(text string) charge.Note {
	if code, old := oldLedgerNotes[text]; old {
		return charge.Say(code)
	}
	return charge.ParseNote(text)
}

var oldLedgerNotes = map[string]string{
	"granted":                            "ledger.granted",
	"not delivered":                      "ledger.not_delivered",
	"refused by the lot":                 "ledger.lot_refused",
	"acknowledged after it was given up": "ledger.late_ack",
	"given up while a try was under way that may have been applied": "ledger.perhaps_applied",
	"voided":                       "ledger.voided",
	"corrected by a later message": "ledger.corrected",
	"told by exit":                 "ledger.usage_exit",
	"told by told":                 "ledger.usage_told",
	"told by ledger":               "ledger.usage_ledger",
}
