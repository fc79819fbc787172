package store

import (
	"context"
	"time"
)

var databaseClock = statementOf("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")

// DatabaseTime reads the clock that all nodes of a site share, to a microsecond, and how far it may be off: half
// the way to the database and back. On SQLite it is this machine's.
func (s *Store) DatabaseTime(ctx context.Context) (now time.Time, off time.Duration, err error) {
	if s.Engine() == "sqlite" {
		return time.Now(), 0, nil
	}
	err = s.Read(ctx, func(t *Tx) error {
		asked := time.Now()
		_, err := t.get(databaseClock, func(c *cells) error {
			now = time.UnixMicro(c.int())
			return c.failed()
		})
		off = time.Since(asked) / 2
		return err
	})
	return now.Add(off), off, err
}
