package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
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
		b = []byte{} // SQLite's driver gives nil for no bytes and for null alike
	}
	return b
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

// encode writes JSON; a nil pointer gives an empty text.
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
