package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

var (
	selectStay        = tableStay.selectByID().of("i")
	selectStayByOrder = tableStay.selectWhere("lot = ? AND order_id = ? ORDER BY open DESC, entered DESC, " +
		"id DESC LIMIT 1").of("tt").byMark(markOrder)
	selectOrderStays = tableStay.selectWhere("lot = ? AND order_id = ? ORDER BY entered DESC, " +
		"id DESC LIMIT 50").of("tt").byMark(markOrder)
	selectStaysOf = tableStay.selectWhere("plate = ? AND " + sameLot + " AND ends > ? " +
		"ORDER BY ends DESC LIMIT 50").of("tti").byMark(markVisit)
	updateStay = tableStay.update(tableStay.but("lot"))
	// The index of stays with other plates holds few rows.
	selectStaysNamed = tableStay.selectWhere("lot = ? AND names <> '' AND names LIKE ? AND ends > ? " +
		"ORDER BY ends DESC LIMIT 50").of("tti")
)

// Stay finds a stay by its id.
func (t *Tx) Stay(id int64) (*charge.Stay, error) { return first(t, selectStay, scanStay, id) }

// StayByOrder finds a stay by its lot's number: of several the open one, or else the one entered last.
func (t *Tx) StayByOrder(lot charge.LotID, orderID string) (*charge.Stay, error) {
	return first(t, selectStayByOrder, scanStay, lot.String(), orderID)
}

// StaysByOrder lists the stays that a lot's number has had, newest entry first, at most 50.
func (t *Tx) StaysByOrder(lot charge.LotID, orderID string) ([]*charge.Stay, error) {
	return list(t, selectOrderStays, scanStay, lot.String(), orderID)
}

// StaysOf lists the stays in a lot of the car with a plate, whichever of its plates that is, that are open or ended
// after since, newest entry first; at most 50 under the plate itself, of more those that ended last.
func (t *Tx) StaysOf(v charge.VisitKey, since time.Time) ([]*charge.Stay, error) {
	stays, err := list(t, selectStaysOf, scanStay, staysOfArgs(v, since)...)
	if err == nil && v.Plate.CrossesBorder() {
		var named []*charge.Stay
		named, err = list(t, selectStaysNamed, scanStay, v.Lot.String(), namedBy(v.Plate), millis(since))
		stays = append(stays, named...)
	}
	slices.SortFunc(stays, func(a, b *charge.Stay) int {
		return cmp.Or(b.Entered.Compare(a.Entered),
			cmp.Compare(b.ID, a.ID))
	})
	return stays, err
}

func staysOfArgs(v charge.VisitKey, since time.Time) []any {
	return []any{v.Plate.Full(), v.Lot.String(), millis(since)}
}

// AddStay stores a new stay.
func (t *Tx) AddStay(s *charge.Stay) error {
	if err := t.addPlate(s.Plate); err != nil {
		return err
	}
	return addRow(t, stayRows, s)
}

// SetStay puts everything but id and lot.
func (t *Tx) SetStay(s *charge.Stay) error {
	if err := t.addPlate(s.Plate); err != nil {
		return err
	}
	return setRow(t, stayRows, updateStay, s)
}

func scanStay(c *cells) (*charge.Stay, error) {
	s, err := stayRows.scan(c)
	if len(s.Settlement) == 0 {
		s.Settlement = nil
	}
	return s, err
}
