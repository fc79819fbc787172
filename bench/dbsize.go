package bench

import (
	"errors"
	"path/filepath"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// DatabaseSize is what SQLite's one file holds; all zero on PostgreSQL.
type DatabaseSize struct{ Bytes, Rows, Entries float64 }

// since is what each of n charges has added.
func (d DatabaseSize) since(before DatabaseSize, n int) DatabaseSize {
	each := float64(max(n, 1))
	return DatabaseSize{(d.Bytes - before.Bytes) / each, (d.Rows - before.Rows) / each,
		(d.Entries - before.Entries) / each}
}

// stopAndMeasure stops a server and measures its database.
func (s *Server) stopAndMeasure() (d DatabaseSize, err error) {
	if err := s.Stop(); err != nil || s.cfg.Database != "" {
		return d, err
	}
	conn, err := sqlite.OpenConn(filepath.Join(s.Data, "chargestamp.db"), sqlite.OpenReadOnly)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	// Inner pages of a table hold no rows, inner pages of an index hold entries like its leaves.
	const sizes = `SELECT sum(pgsize), sum(CASE WHEN type = 'table' AND pagetype = 'leaf' THEN ncell END),
		sum(CASE WHEN type = 'index' THEN ncell END) FROM dbstat LEFT JOIN sqlite_schema s USING (name)`
	err = sqlitex.ExecuteTransient(conn, sizes, &sqlitex.ExecOptions{ResultFunc: func(row *sqlite.Stmt) error {
		d = DatabaseSize{row.ColumnFloat(0), row.ColumnFloat(1), row.ColumnFloat(2)}
		return nil
	}})
	return d, err
}
