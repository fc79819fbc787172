package store

import (
	"errors"
	"fmt"
	"io"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

// Tx is what can be seen and changed in one transaction. Lookups that find nothing give nil and no error. What
// a Tx returns belongs to the caller; nothing is stored until it is put back. It is used by one goroutine and
// not after its function has returned.
type Tx struct {
	link     link
	store    *Store
	readOnly bool
	bulk     bool                      // repeat keys, plates and days are seen to at the end
	plates   []string                  // new ones, remembered once they are committed
	seen     map[int64]*charge.Charge  // charges as this transaction has them; never changed
	sent     map[int64]charge.Delivery // deliveries as this transaction has them
	marks    map[charge.LotID]charge.LotMarks

	recent        *recent // nil where others write too, and in a read
	putCharges    []*charge.Charge
	putDeliveries []*charge.Delivery
}

// get passes the first row of a query to scan, if there is one.
func (t *Tx) get(q *statement, scan func(*cells) error, args ...any) (found bool, err error) {
	err = t.link.query(q, args, func(row *cells) error {
		found = true
		if err := scan(row); err != nil {
			return err
		}
		return io.EOF
	})
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return found, err
}

// each passes every row of a query to scan.
func (t *Tx) each(q *statement, scan func(*cells) error, args ...any) error {
	return t.link.query(q, args, scan)
}

// first reads the first row of a query; nil where there is none.
func first[T any](t *Tx, q *statement, scan func(*cells) (*T, error), args ...any) (*T, error) {
	var v *T
	_, err := t.get(q, func(row *cells) (err error) {
		v, err = scan(row)
		return err
	}, args...)
	return v, err
}

// list reads all rows of a query.
func list[T any](t *Tx, q *statement, scan func(*cells) (T, error), args ...any) ([]T, error) {
	var all []T
	err := t.each(q, func(row *cells) error {
		v, err := scan(row)
		all = append(all, v)
		return err
	}, args...)
	return all, err
}

// one changes the row whose id is the last parameter, or says that there is none.
func (t *Tx) one(q *statement, args ...any) error {
	err := t.link.put(q, args, 1)
	if errors.Is(err, errMissed) {
		return fmt.Errorf("store: %s %d is not there", q.by.name, args[len(args)-1])
	}
	return err
}

// add inserts one row; a taken key is outbox.ErrRepeated.
func (t *Tx) add(into *table, args ...any) error {
	err := t.link.put(into.insert, args, 1)
	if errors.Is(err, errMissed) {
		return fmt.Errorf("%s: %w", into.name, outbox.ErrRepeated)
	}
	return err
}
