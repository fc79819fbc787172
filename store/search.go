package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
)

// Up to manyPlates plates that hold a part are looked up one by one; a part that more plates hold is so common
// that walking from the newest row finds a page of it soon.
const manyPlates = 2500

var (
	// Whether more than manyPlates begin or end with a part is known without reading them.
	manyFrom = statementOf("SELECT 1 FROM plate WHERE plate >= ? AND plate < ? ORDER BY plate LIMIT 1 OFFSET ?",
		tablePlate)
	manyTo = statementOf("SELECT 1 FROM plate WHERE rev >= ? AND rev < ? ORDER BY rev LIMIT 1 OFFSET ?", tablePlate)

	platesIndex = statementOf("SELECT plate FROM plate_part WHERE plate_part MATCH ? LIMIT ?")
	platesFresh = statementOf("SELECT plate FROM plate "+
		"WHERE id > coalesce((SELECT max(id) FROM plate_part_content), 0) AND plate LIKE ? LIMIT ?", tablePlate)
	// PostgreSQL is to plan it for each part anew: a plan for any part reads all plates.
	platesLike = statementOf("SELECT plate FROM plate WHERE plate LIKE ? LIMIT ?", tablePlate).unprepared()
)

// plates are those that are or hold a part: whole ones, those that begin or end with it, and from three characters
// on those that hold it anywhere.
type plates struct {
	part  string
	found []string
	many  bool // too many to look each up
}

func (t *Tx) platesOf(text string) (p plates, err error) {
	p.part = platePart(text)
	if p.found, p.many, err = t.platesWith(p.part); err != nil || p.many {
		return p, err
	}
	others, err := t.platesNamed(charge.Plate(p.part))
	for _, other := range others {
		p.found = append(p.found, other.Full())
	}
	return p, err
}

var (
	staysNamed = statementOf("SELECT DISTINCT plate, names FROM stay WHERE names <> '' AND names LIKE ? LIMIT ?",
		tableStay)
	chargesNamed = statementOf("SELECT DISTINCT plate, names FROM charge "+
		"WHERE names <> '' AND names LIKE ? LIMIT ?", tableCharge)
	staysCalled = statementOf("SELECT DISTINCT plate, names FROM stay "+
		"WHERE names <> '' AND plate = ? LIMIT ?", tableStay)
	chargesCalled = statementOf("SELECT DISTINCT plate, names FROM charge WHERE names <> '' AND plate = ? LIMIT ?",
		tableCharge)
)

// mostNamed bounds the cars of which one plate is said to be another name.
const mostNamed = 50

// platesNamed lists the other plates of a car that has several: a lot may keep it under one, a platform under another.
func (t *Tx) platesNamed(p charge.Plate) (found []charge.Plate, err error) {
	if whole, err := charge.ParsePlate(p.Full()); err != nil || whole != p || !p.CrossesBorder() {
		return nil, nil // a part of one, or none of several
	}
	for _, by := range []struct {
		q    *statement
		text string
	}{{staysNamed, namedBy(p)}, {chargesNamed, namedBy(p)}, {staysCalled, p.Full()}, {chargesCalled, p.Full()}} {
		if err := t.each(by.q, func(c *cells) error {
			main := charge.Plate(c.text())
			for _, plate := range namesIn(c.text()).With(main) {
				if plate != p && !slices.Contains(found, plate) {
					found = append(found, plate)
				}
			}
			return nil
		}, by.text, mostNamed); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// PlatesOf lists the other plates of a car, by what lots and platforms have said; none of nearly every car.
func (s *Store) PlatesOf(ctx context.Context, p charge.Plate) (others []charge.Plate, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		others, err = t.platesNamed(p)
		return err
	})
	return others, err
}

// narrow narrows a list to the plates. They are one parameter: a text with thousands takes longer to be
// understood than they do to be looked up.
func (p plates) narrow(f *filter, engine string) {
	switch {
	case p.many:
		f.where("plate LIKE ?", "%"+p.part+"%")
	case len(p.found) == 0:
		f.find("plate = ?", p.part)
	case len(p.found) == 1:
		f.find("plate = ?", p.found[0])
	case engine == "sqlite":
		list, _ := json.Marshal(p.found) // strings do not fail
		f.find("plate IN (SELECT value FROM json_each(?))", string(list))
	default: // which to plan takes no look at each plate
		f.find("plate IN (SELECT unnest(?::text[]))", p.found)
	}
}

// plateFilter narrows a list to the plates that are or hold a part.
func (t *Tx) plateFilter(f *filter, text string) error {
	p, err := t.platesOf(text)
	if err == nil {
		p.narrow(f, t.store.Engine())
	}
	return err
}

// platesWith lists the plates that hold a part, unless there are more than manyPlates.
func (t *Tx) platesWith(part string) (found []string, many bool, err error) {
	if utf8.RuneCountInString(part) < 3 {
		return []string{part}, false, nil
	}
	for _, end := range []struct {
		many *statement
		from string
	}{{manyFrom, part}, {manyTo, reverse(part)}} {
		if many, err = t.get(end.many, func(*cells) error { return nil }, end.from, end.from+"\U0010FFFF",
			manyPlates); many || err != nil {
			return nil, many, err
		}
	}
	type search struct {
		q    *statement
		text string
	}
	searches := []search{{platesLike, "%" + part + "%"}}
	if t.store.Engine() == "sqlite" { // the index follows the plates after a while: none is in both
		searches = []search{{platesIndex, `"` + part + `"`}, {platesFresh, "%" + part + "%"}}
	}
	for _, s := range searches {
		if err := t.each(s.q, func(c *cells) error {
			found = append(found, c.text())
			return nil
		}, s.text, manyPlates+1); err != nil {
			return nil, false, err
		}
		if len(found) > manyPlates {
			return nil, true, nil
		}
	}
	return found, false, nil
}

// platePart writes a part of a plate as plates are stored: upper case, without what separates. What no plate
// can hold, wildcards among it, is left out. Of several plates it is the first.
func platePart(text string) string {
	if p, names, err := charge.ParseCar(text); err == nil && names != "" {
		return p.Full()
	}
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

// nearLook bounds how many open stays of a lot are compared with a plate.
const nearLook = 500

// NearStays finds for each of some charges the open stays of its lot whose plate differs by one character, newest
// entry first. All lots are asked at once, and only for the plates: few are near.
func (s *Store) NearStays(ctx context.Context, charges []*charge.Charge) (near [][]*charge.Stay, err error) {
	var lots []any
	asked := make(map[charge.LotID]bool)
	for _, c := range charges {
		if !asked[c.Lot] {
			asked[c.Lot] = true
			lots = append(lots, c.Lot.String())
		}
	}
	if len(lots) == 0 {
		return nil, nil
	}
	err = s.Read(ctx, func(t *Tx) error {
		open, err := t.openPlates(lots)
		if err != nil {
			return err
		}
		near = make([][]*charge.Stay, len(charges))
		for i, c := range charges {
			for _, o := range open[c.Lot] {
				if !c.Plate.Near(o.plate) {
					continue
				}
				stay, err := t.Stay(o.id)
				if err != nil {
					return err
				}
				near[i] = append(near[i], stay)
			}
		}
		return nil
	})
	return near, err
}

// openPlate is the plate of an open stay.
type openPlate struct {
	id    int64
	plate charge.Plate
}

// openPlates lists who is in some lots, newest entry first.
func (t *Tx) openPlates(lots []any) (map[charge.LotID][]openPlate, error) {
	q := statementOf("SELECT id, lot, plate FROM (SELECT id, lot, plate, entered, row_number() OVER (PARTITION BY lot "+
		"ORDER BY entered DESC, id DESC) AS n "+
		"FROM stay WHERE open = 1 AND lot IN (?"+strings.Repeat(", ?",
		len(lots)-1)+")) s WHERE n <= ? ORDER BY lot, entered DESC, id DESC", tableStay)
	q.once = true
	open := make(map[charge.LotID][]openPlate)
	err := t.each(q, func(c *cells) error {
		id, lot := c.int(), lotOf(c)
		open[lot] = append(open[lot], openPlate{id, charge.Plate(c.text())})
		return c.failed()
	}, append(lots, nearLook)...)
	return open, err
}

// openLook is how many stays are asked about at once.
const openLook = 500

// OpenStays reports of some stays, by their ids, which are open.
func (s *Store) OpenStays(ctx context.Context, ids []int64) (map[int64]bool, error) {
	open := make(map[int64]bool)
	err := s.Read(ctx, func(t *Tx) error {
		for part := range slices.Chunk(ids, openLook) {
			args := make([]any, len(part))
			for i, id := range part {
				args[i] = id
			}
			q := statementOf("SELECT id FROM stay WHERE open = 1 AND id IN (?"+strings.Repeat(", ?", len(part)-1)+")", tableStay)
			q.once = true
			if err := t.each(q, func(c *cells) error {
				open[c.int()] = true
				return c.failed()
			}, args...); err != nil {
				return err
			}
		}
		return nil
	})
	return open, err
}
