package store

import (
	"strconv"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
)

// spot is where a row stands in a list: its time and its id.
type spot struct{ at, id int64 }

// cursor is where a page of a list begins: behind a row, or before it and going back. The zero cursor is the list's
// beginning.
type cursor struct {
	spot
	set    bool
	back   bool
	oldest bool // the list begins with its oldest row
}

// backward stands before the cursors that lead back.
const backward = "-"

// String writes a cursor as it is handed out; empty for the beginning.
func (c cursor) String() string {
	if !c.set {
		return ""
	}
	text := strconv.FormatInt(c.at, 36) + "." + strconv.FormatInt(c.id, 36)
	if c.back {
		return backward + text
	}
	return text
}

func parseCursor(text string) (c cursor, err error) {
	if text == "" {
		return c, nil
	}
	text, c.back = strings.CutPrefix(text, backward)
	first, second, ok := strings.Cut(text, ".")
	at, err1 := strconv.ParseInt(first, 36, 64)
	id, err2 := strconv.ParseInt(second, 36, 64)
	if !ok || err1 != nil || err2 != nil || at < 0 || id < 0 {
		return c, charge.ErrCursor
	}
	c.spot, c.set = spot{at, id}, true
	return c, nil
}

// falls reports whether rows are read from newer to older ones.
func (c cursor) falls() bool { return c.back == c.oldest }

// order is the order in which rows are read from the cursor on, with a prefix for each column.
func (c cursor) order(newest string) func(prefix string) string {
	way := ""
	if c.falls() {
		way = " DESC"
	}
	return func(prefix string) string { return " ORDER BY " + prefix + newest + way + ", " + prefix + "id" + way }
}

// around returns the cursors of the pages before and after one that was read from this cursor on. more says that rows
// were left behind its end.
func (c cursor) around(rows []spot, more bool) (prev, next string) {
	// Of a page without rows the other way leads to the row that this cursor was made of.
	first, last := spot{c.at, c.id - 1}, spot{c.at, c.id + 1}
	if c.oldest {
		first, last = last, first
	}
	if len(rows) > 0 {
		first, last = rows[0], rows[len(rows)-1]
	}
	if c.set && !c.back || more && c.back {
		prev = cursor{spot: first, set: true, back: true}.String()
	}
	if more && !c.back || c.back {
		next = cursor{spot: last, set: true}.String()
	}
	return prev, next
}
