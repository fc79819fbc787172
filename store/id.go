package store

import (
	"context"
	"strings"
)

// newestIDs finds the greatest id of each table whose rows have ids of their own.
var newestIDs = statementOf("SELECT max(id) FROM " +
	strings.Join([]string{tablePush.name, tableCharge.name, tableStay.name,
		tableDelivery.name, tableJob.name, tableChange.name}, " UNION ALL SELECT max(id) FROM "))

// LastID returns the greatest id that is stored, 0 where there is none. The maker of ids passes it first
// (charge.IDs): the clock may have been set back since the last process ended.
func (s *Store) LastID(ctx context.Context) (last int64, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		return t.each(newestIDs, func(c *cells) error {
			id, _ := c.maybe()
			last = max(last, id)
			return c.failed()
		})
	})
	return last, err
}
