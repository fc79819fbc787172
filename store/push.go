package store

import "github.com/chargestamp/chargestamp/charge"

var (
	selectPush   = tablePush.selectWhere("id = ?")
	selectPushes = tablePush.selectWhere("charge = ? AND charge <> 0 ORDER BY id LIMIT 100").byMark(markCharge)
	countRefused = statementOf("INSERT INTO refused_count (platform, account, day, n) VALUES (?, ?, ?, 1) "+
		"ON CONFLICT (day, platform, account) DO UPDATE SET n = refused_count.n + 1 RETURNING n", tableRefused).changing()
)

// AddPush appends the record of a request.
func (t *Tx) AddPush(p charge.Push) error {
	return addRow(t, pushRows, &p)
}

// Push finds the record of a request.
func (t *Tx) Push(id int64) (*charge.Push, error) { return first(t, selectPush, scanPush, id) }

// PushesOf lists the pushes that made or met a charge, oldest first, at most 100.
func (t *Tx) PushesOf(chargeID int64) ([]charge.Push, error) {
	return list(t, selectPushes, deref(scanPush), chargeID)
}

// CountRefused adds one to the refused pushes of an account ("" for none) and platform on a day and returns the
// new count.
func (t *Tx) CountRefused(platform, account, day string) (n int64, err error) {
	_, err = t.get(countRefused, func(row *cells) error {
		n = row.int()
		return nil
	}, platform, account, day)
	return n, err
}

func scanPush(c *cells) (*charge.Push, error) { return pushRows.scan(c) }
