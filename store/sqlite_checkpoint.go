package store

import "time"

const (
	checkpointEvery = 100 * time.Millisecond
	checkpointPages = 6000 // that the log is ahead of the file
)

// checkpoint moves what the log holds into the database file, beside the committer. SQLite would do it within a
// commit, every 10000 pages, and pushes would wait for tens of milliseconds; so only the last few pages are left to
// that, which also begins the log anew.
func (e *sqliteEngine) checkpoint(c *sqliteConn) {
	defer c.close()
	look := statementOf("PRAGMA wal_checkpoint(NOOP)")
	move := statementOf("PRAGMA wal_checkpoint(PASSIVE)")
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	var written int64
	for {
		select {
		case <-e.store.closing:
			return
		case <-tick.C:
		}
		if now := e.store.batches.Load(); now == written {
			continue
		} else {
			written = now
		}
		var ahead int64
		err := c.query(look, nil, func(row *cells) error {
			row.int() // busy
			written := row.int()
			ahead = written - row.int()
			return row.failed()
		})
		if err == nil && ahead >= checkpointPages {
			err = c.query(move, nil, func(*cells) error { return nil })
		}
		if fatalSQLite(err) {
			e.store.fail(err)
			return
		}
		c.sunk = nil // busy: the next time
	}
}
