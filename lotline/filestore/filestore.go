// Package filestore keeps what a lotline.Client must not lose in one SQLite file. A program that brings a store of its
// own does not import it, and has no SQLite inside.
package filestore

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// rememberFor is how long the uuid of a taken reduction is remembered. Repetitions end within days.
const rememberFor = 90 * 24 * time.Hour

// File is a lotline.Store.
type File struct{ db *sql.DB }

const schema = `
CREATE TABLE IF NOT EXISTS uplink (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	service TEXT NOT NULL,
	order_id TEXT NOT NULL,
	data TEXT NOT NULL,
	at INTEGER NOT NULL, -- Unix seconds
	later INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS uplink_later ON uplink (later, id);
CREATE TABLE IF NOT EXISTS reduction (
	uuid TEXT PRIMARY KEY,
	at INTEGER NOT NULL
) WITHOUT ROWID;
UPDATE uplink SET later = 1;
`

// Open opens a file, or makes it where it is missing; its folder must be there. Reductions that were taken more than 90
// days ago are forgotten.
func Open(path string) (*File, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("filestore: %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if _, err = db.Exec(schema); err == nil {
		_, err = db.Exec(`DELETE FROM reduction WHERE at < ?`, time.Now().Add(-rememberFor).Unix())
	}
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("filestore: %s: %w", path, err)
	}
	return &File{db}, nil
}

// Add keeps an uplink that is on its way.
func (f *File) Add(service, order string, data []byte, now time.Time) (int64, error) {
	r, err := f.db.Exec(`INSERT INTO uplink (service, order_id, data, at) VALUES (?, ?, ?, ?)`,
		service, order, string(data), now.Unix())
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

// Later says that an uplink could not be sent now.
func (f *File) Later(id int64) error {
	_, err := f.db.Exec(`UPDATE uplink SET later = 1 WHERE id = ?`, id)
	return err
}

// Remove deletes an uplink.
func (f *File) Remove(id int64) error {
	_, err := f.db.Exec(`DELETE FROM uplink WHERE id = ?`, id)
	return err
}

// Next returns the oldest uplink that is for later; id 0 for none.
func (f *File) Next() (id int64, service, order string, data []byte, err error) {
	err = f.db.QueryRow(`SELECT id, service, order_id, CAST(data AS BLOB) FROM uplink
		WHERE later = 1 ORDER BY id LIMIT 1`).Scan(&id, &service, &order, &data)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, service, order, data, err
}

// Waits reports whether an uplink about an order is for later.
func (f *File) Waits(order string) (found bool, err error) {
	err = f.db.QueryRow(`SELECT EXISTS (SELECT 1 FROM uplink WHERE later = 1 AND order_id = ?)`, order).Scan(&found)
	return found, err
}

// Count returns how many uplinks are kept.
func (f *File) Count() (n int, err error) {
	err = f.db.QueryRow(`SELECT COUNT(*) FROM uplink`).Scan(&n)
	return n, err
}

// Taken reports whether a reduction was taken.
func (f *File) Taken(uuid string) (found bool, err error) {
	err = f.db.QueryRow(`SELECT EXISTS (SELECT 1 FROM reduction WHERE uuid = ?)`, uuid).Scan(&found)
	return found, err
}

// Take remembers that a reduction was taken.
func (f *File) Take(uuid string, now time.Time) error {
	_, err := f.db.Exec(`INSERT INTO reduction (uuid, at) VALUES (?, ?) ON CONFLICT DO NOTHING`, uuid, now.Unix())
	return err
}

// Close closes the file.
func (f *File) Close() error { return f.db.Close() }
