package store

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Up to manyPlates plates that hold a part are looked up one by one; a part that more plates hold is so common
// that walking from the newest row finds a page of it soon.
const manyPlates = 2500

var (
	platesFrom  = statementOf("SELECT plate FROM plate WHERE plate >= ? AND plate < ? ORDER BY plate LIMIT ?", tablePlate)
	platesTo    = statementOf("SELECT plate FROM plate WHERE rev >= ? AND rev < ? ORDER BY rev LIMIT ?", tablePlate)
	platesIndex = statementOf("SELECT plate FROM plate_part WHERE plate_part MATCH ? LIMIT ?")
	platesFresh = statementOf("SELECT plate FROM plate WHERE id > coalesce((SELECT max(id) FROM plate_part_content), 0) AND plate LIKE ? LIMIT ?", tablePlate)
	platesLike  = statementOf("SELECT plate FROM plate WHERE plate LIKE ? LIMIT ?", tablePlate)
)

// plateFilter narrows to the plates that are or hold a part: whole ones, those that begin or end with it, and
// from three characters on those that hold it anywhere.
func (t *Tx) plateFilter(f *filter, part string) error {
	part = platePart(part)
	found, err := t.platesWith(part)
	if err != nil {
		return err
	}
	switch {
	case len(found) > manyPlates:
		f.where("plate LIKE ?", "%"+part+"%")
	case len(found) == 0:
		f.find("plate = ?", part)
	default:
		f.find("plate IN (?"+strings.Repeat(", ?", len(found)-1)+")", words(found)...)
	}
	return nil
}

// platesWith lists the plates that hold a part; more than manyPlates of them are cut short.
func (t *Tx) platesWith(part string) ([]string, error) {
	if utf8.RuneCountInString(part) < 3 {
		return []string{part}, nil
	}
	seen := make(map[string]bool)
	var found []string
	add := func(c *cells) error {
		if p := c.text(); !seen[p] {
			seen[p] = true
			found = append(found, p)
		}
		return nil
	}
	searches := []struct {
		q    *statement
		args []any
	}{
		{platesFrom, []any{part, part + "\U0010FFFF", manyPlates + 1}},
		{platesTo, []any{reverse(part), reverse(part) + "\U0010FFFF", manyPlates + 1}},
	}
	if t.store.Engine() == "sqlite" {
		searches = append(searches, struct {
			q    *statement
			args []any
		}{platesIndex, []any{`"` + part + `"`, manyPlates + 1}}, struct {
			q    *statement
			args []any
		}{platesFresh, []any{"%" + part + "%", manyPlates + 1}})
	} else {
		searches = append(searches, struct {
			q    *statement
			args []any
		}{platesLike, []any{"%" + part + "%", manyPlates + 1}})
	}
	for _, s := range searches {
		if err := t.each(s.q, add, s.args...); err != nil {
			return nil, err
		}
		if len(found) > manyPlates {
			break
		}
	}
	return found, nil
}

// platePart writes a part of a plate as plates are stored: upper case, without what separates. What no plate
// can hold, wildcards among it, is left out.
func platePart(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '!'+0xFEE0 && r <= '~'+0xFEE0 {
			r -= 0xFEE0
		}
		r = unicode.ToUpper(r)
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || unicode.Is(unicode.Han, r) {
			return r
		}
		return -1
	}, text)
}
