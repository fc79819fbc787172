package store

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

var (
	jobsByKind  = statementOf("SELECT kind, count(*), min(id) FROM job WHERE gave_up = 0 GROUP BY kind", tableJob)
	chargesHeld = statementOf("SELECT count(*) FROM charge WHERE state = 'held' AND "+realPlate, tableCharge)
	// The sizes of the database and of its log of unwritten pages; SQLite's are those of its files.
	postgresSize = statementOf("SELECT pg_database_size(current_database())")
)

// Waiting is what waits of one kind of job.
type Waiting struct {
	Kind   string // "line", "callback", "report" or "webhook"
	Count  int64
	Oldest time.Time // since when the oldest waits, whatever its next try
}

// Backlog is what the site has still to do, and how much it stores.
type Backlog struct {
	Jobs []Waiting
	Held int64 // charges that wait for their stay
	Size int64 // bytes of the database
	WAL  int64 // bytes of SQLite's write-ahead log; 0 on PostgreSQL
}

// Backlog counts what waits, of all nodes, as of now.
func (s *Store) Backlog(ctx context.Context) (b Backlog, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		err := t.each(jobsByKind, func(c *cells) error {
			w := Waiting{Kind: c.text(), Count: c.int()}
			w.Oldest = charge.IDTime(c.int()).UTC()
			b.Jobs = append(b.Jobs, w)
			return c.failed()
		})
		if err != nil {
			return err
		}
		if err := t.each(chargesHeld, func(c *cells) error { b.Held = c.int(); return c.failed() }); err != nil ||
			s.Engine() == "sqlite" {
			return err
		}
		return t.each(postgresSize, func(c *cells) error { b.Size = c.int(); return c.failed() })
	})
	if s.Engine() == "sqlite" {
		b.Size, b.WAL = fileSize(filepath.Join(s.cfg.DataDir, databaseFile)),
			fileSize(filepath.Join(s.cfg.DataDir, databaseFile+"-wal"))
	}
	return b, err
}

// fileSize is 0 for a file that is not there, as SQLite's log is after a checkpoint at the close.
func fileSize(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}
