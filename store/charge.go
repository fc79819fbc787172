package store

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

var (
	selectCharge         = tableCharge.selectByID().of("i")
	selectChargesOfStay  = tableCharge.selectWhere("stay = ? AND stay <> 0 ORDER BY received, id").of("i").byMark(markStay)
	selectChargesOfVisit = tableCharge.selectWhere("plate = ? AND " + sameLot + " AND received >= ? " +
		"ORDER BY received, id").of("tti").byMark(markPlate)
	// By the end of charges, and of all lots between two names. The index of visits finds the plate's.
	selectChargesOfPlate = tableCharge.selectWhere("plate = ? AND lot >= ? AND lot <= ? " +
		"AND CASE WHEN ended = 0 THEN received ELSE ended END >= ?" +
		" AND CASE WHEN ended = 0 THEN received ELSE ended END < ? ORDER BY received, id").of("tttii").byMark(markPlate)
	selectHeld = tableCharge.selectWhere("plate = ? AND lot = ? AND state = 'held' " +
		"ORDER BY received, id").of("tt").byMark(markPlate)
	selectHoldsOver      = tableCharge.selectWhere("state = 'held' AND hold_until <= ? ORDER BY hold_until LIMIT ?")
	selectChargesByOrder = tableCharge.selectWhere("order_no = ? AND order_no <> '' AND lot = ? " +
		"ORDER BY received DESC, id DESC LIMIT 20").of("tt")
	updateCharge = tableCharge.update(tableCharge.but("platform received "+outcome) + " " + outcome)
	// The index of charges with other plates holds few rows.
	selectVisitNamed = tableCharge.selectWhere("lot = ? AND names <> '' AND names LIKE ? AND received >= ? " +
		"ORDER BY received, id").of("tti")
	selectHeldNamed = tableCharge.selectWhere("lot = ? AND names <> '' AND names LIKE ? AND state = 'held' " +
		"ORDER BY received, id").of("tt")
	updateOutcome  = tableCharge.update(outcome)
	updateStanding = tableCharge.update(standing)
)

// sameLot compares the lot of rows that are found by their plate. PostgreSQL keeps a plan for each statement of a
// committer, and before it has counted the rows of a young table it takes the index of lots for as good as that of
// plates, and may read all that a lot has. Only =, which this is not, lets it do so.
const sameLot = "lot IS NOT DISTINCT FROM ?"

// standing is how far a charge has come, outcome what has become of it. Each is put alone where nothing else has
// changed: SQLite makes anew every index of a column that an update names, changed or not, PostgreSQL is sent less, and
// a decision is long to write.
const (
	standing = "state reason hold_until report updated gap"
	outcome  = "reduction decision usage " + standing
)

// Charge finds a charge by its id.
func (t *Tx) Charge(id int64) (*charge.Charge, error) {
	if c := t.recentCharge(id); c != nil {
		return c, nil
	}
	return first(t, selectCharge, t.scanCharge, id)
}

// AddCharge stores a charge that an issuer has numbered. It returns outbox.ErrRepeated where the repeat key is taken
// within the issuer.
func (t *Tx) AddCharge(c *charge.Charge, issuer string) error {
	row, err := chargeRows.row(c)
	if err != nil {
		return err
	}
	if t.bulk {
		return t.add(tableCharge, row...)
	}
	if err := t.addRepeat(c, issuer); err != nil {
		return err
	}
	if err := t.addPlate(c.Plate); err != nil {
		return err
	}
	if err := t.noteCharge(c); err != nil {
		return err
	}
	t.put(t.know(c))
	return t.add(tableCharge, row...)
}

// SetCharge puts everything but id, platform and receipt. It returns outbox.ErrRepeated for a taken repeat key.
func (t *Tx) SetCharge(c *charge.Charge) error {
	if err := t.moveRepeat(c); err != nil {
		return err
	}
	if err := t.addPlate(c.Plate); err != nil {
		return err
	}
	if err := t.noteOutcome(c); err != nil {
		return err
	}
	was, known := t.seen[c.ID]
	t.put(t.know(c))
	switch {
	case !known || !sameButOutcome(*was, *c):
		return setRow(t, chargeRows, updateCharge, c)
	case sameGrant(was, c):
		return setRow(t, chargeRows, updateStanding, c)
	}
	return setRow(t, chargeRows, updateOutcome, c)
}

// sameButOutcome reports whether two versions of a charge differ at most in what became of it.
func sameButOutcome(a, b charge.Charge) bool {
	if millis(a.StartedAt) != millis(b.StartedAt) || millis(a.EndedAt) != millis(b.EndedAt) ||
		millis(a.Received) != millis(b.Received) {
		return false
	}
	for _, c := range []*charge.Charge{&a, &b} {
		// the store keeps no more than milliseconds
		c.StartedAt, c.EndedAt, c.Received = time.Time{}, time.Time{}, time.Time{}
		c.State, c.Reason, c.Reduction, c.HoldUntil, c.Decision, c.Usage, c.Report, c.UpdatedAt = "", "", nil, time.Time{},
			nil, nil, "", time.Time{}
	}
	return a == b
}

// sameGrant reports whether two versions of a charge agree in what was decided and what was used.
func sameGrant(a, b *charge.Charge) bool {
	return sameValue(a.Reduction, b.Reduction) && sameValue(a.Usage, b.Usage) && reflect.DeepEqual(a.Decision, b.Decision)
}

func sameValue[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// ChargesOfStay lists the charges matched to a stay, oldest first.
func (t *Tx) ChargesOfStay(stayID int64) ([]*charge.Charge, error) {
	return list(t, selectChargesOfStay, t.scanCharge, stayID)
}

// ChargesOfVisit lists the charges in a lot of the car with a plate, whichever of those that a push names that is,
// received since a time, oldest first.
func (t *Tx) ChargesOfVisit(v charge.VisitKey, since time.Time) ([]*charge.Charge, error) {
	all, err := list(t, selectChargesOfVisit, t.scanCharge, v.Plate.Full(), v.Lot.String(), millis(since))
	if err != nil || !v.Plate.CrossesBorder() {
		return all, err
	}
	return t.withNamed(all, selectVisitNamed, v.Lot.String(), namedBy(v.Plate), millis(since))
}

// withNamed adds the charges that name a car by another plate, in the order of their receipt.
func (t *Tx) withNamed(all []*charge.Charge, q *statement, args ...any) ([]*charge.Charge, error) {
	named, err := list(t, q, t.scanCharge, args...)
	if len(named) > 0 {
		all = append(all, named...)
		slices.SortFunc(all, func(a, b *charge.Charge) int {
			return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.ID, b.ID))
		})
	}
	return all, err
}

// ChargesOfPlate lists the charges of a plate that pushes place in a lot, or in all lots of a vendor, and that ended,
// or came where no end is known, from one time inclusive to another exclusive; in the order of their receipt.
func (t *Tx) ChargesOfPlate(p charge.Plate, id charge.LotID, reach charge.Reach, from, to time.Time) ([]*charge.Charge,
	error) {
	first, last := id.String(), id.String()
	if reach == charge.ReachVendor {
		first, last = id.Union+"/", id.Union+"0" // the next character after the slash
	}
	return list(t, selectChargesOfPlate, t.scanCharge, p.Full(), first, last, millis(from), millis(to))
}

// HeldCharges lists the held charges in a lot of the car with a plate, as ChargesOfVisit does.
func (t *Tx) HeldCharges(v charge.VisitKey) ([]*charge.Charge, error) {
	all, err := list(t, selectHeld, t.scanCharge, v.Plate.Full(), v.Lot.String())
	if err != nil || !v.Plate.CrossesBorder() {
		return all, err
	}
	return t.withNamed(all, selectHeldNamed, v.Lot.String(), namedBy(v.Plate))
}

// HoldsOver lists held charges whose deadline has passed, the longest over first, at most limit.
func (t *Tx) HoldsOver(now time.Time, limit int) ([]*charge.Charge, error) {
	return list(t, selectHoldsOver, t.scanCharge, millis(now), limit)
}

// ChargesByOrder lists the charges of a lot with a platform order number, the newest first: platforms number
// apart from each other. Where there is none it finds the one whose id of ours stands in for a missing number.
func (t *Tx) ChargesByOrder(lot charge.LotID, order string) ([]*charge.Charge, error) {
	all, err := list(t, selectChargesByOrder, t.scanCharge, order, lot.String())
	if len(all) > 0 || err != nil {
		return all, err
	}
	id, err := strconv.ParseInt(order, 10, 64)
	if err != nil {
		return nil, nil
	}
	c, err := t.Charge(id)
	if c == nil || c.Lot != lot || c.Order != "" {
		return nil, err
	}
	return []*charge.Charge{c}, nil
}

// addPlate makes a plate known to the search by a part of it.
func (t *Tx) addPlate(p charge.Plate) error {
	plate := p.Full()
	if plate == "" || t.bulk || t.store.plates.has(plate, t.store.cfg.Clock()) {
		return nil
	}
	t.plates = append(t.plates, plate)
	return t.link.put(tablePlate.insert, []any{plate, reverse(plate)}, -1)
}

// scanCharge reads a charge and remembers it: SetCharge may have to move its repeat key, and puts no more than has
// changed.
func (t *Tx) scanCharge(c *cells) (*charge.Charge, error) {
	v, err := scanCharge(c)
	if err == nil && !t.readOnly {
		t.know(v)
	}
	return v, err
}
