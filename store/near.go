package store

import (
	"context"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
)

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
	q := statementOf("SELECT id, lot, plate FROM (SELECT id, lot, plate, entered, row_number() OVER (PARTITION BY lot ORDER BY entered DESC, id DESC) AS n "+
		"FROM stay WHERE open = 1 AND lot IN (?"+strings.Repeat(", ?", len(lots)-1)+")) s WHERE n <= ? ORDER BY lot, entered DESC, id DESC", tableStay)
	q.once = true
	open := make(map[charge.LotID][]openPlate)
	err := t.each(q, func(c *cells) error {
		id, lot := c.int(), lotOf(c)
		open[lot] = append(open[lot], openPlate{id, charge.Plate(c.text())})
		return c.failed()
	}, append(lots, nearLook)...)
	return open, err
}
