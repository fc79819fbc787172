package lotline

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// keeper keeps what must survive a broken line and a restart: uplinks that the cloud has not taken yet, and the
// uuids of reductions that were taken. An uplink is either on its way right now or for later; after a restart
// all are for later.
type keeper interface {
	add(service, order string, data []byte, now time.Time) (int64, error)
	later(id int64) error
	remove(id int64) error
	// next returns the oldest uplink that is for later; id 0 for none.
	next() (kept, error)
	// waits reports whether something about an order is for later.
	waits(order string) (bool, error)
	count() (int, error)
	taken(uuid string) (bool, error)
	take(uuid string, now time.Time) error
	close() error
}

// kept is an uplink that waits.
type kept struct {
	id      int64
	service string
	order   string
	data    []byte
}

// rememberFor is how long the uuid of a taken reduction is remembered. Repetitions end within days.
const rememberFor = 90 * 24 * time.Hour

// file keeps in SQLite.
type file struct{ db *sql.DB }

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

func openFile(path string, now time.Time) (*file, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("lotline: store %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if _, err = db.Exec(schema); err == nil {
		_, err = db.Exec(`DELETE FROM reduction WHERE at < ?`, now.Add(-rememberFor).Unix())
	}
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("lotline: store %s: %w", path, err)
	}
	return &file{db}, nil
}

func (f *file) add(service, order string, data []byte, now time.Time) (int64, error) {
	r, err := f.db.Exec(`INSERT INTO uplink (service, order_id, data, at) VALUES (?, ?, ?, ?)`,
		service, order, string(data), now.Unix())
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

func (f *file) later(id int64) error {
	_, err := f.db.Exec(`UPDATE uplink SET later = 1 WHERE id = ?`, id)
	return err
}

func (f *file) remove(id int64) error {
	_, err := f.db.Exec(`DELETE FROM uplink WHERE id = ?`, id)
	return err
}

func (f *file) next() (k kept, err error) {
	var data string
	err = f.db.QueryRow(`SELECT id, service, order_id, data FROM uplink WHERE later = 1 ORDER BY id LIMIT 1`).
		Scan(&k.id, &k.service, &k.order, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return kept{}, nil
	}
	k.data = []byte(data)
	return k, err
}

func (f *file) waits(order string) (found bool, err error) {
	err = f.db.QueryRow(`SELECT EXISTS (SELECT 1 FROM uplink WHERE later = 1 AND order_id = ?)`, order).Scan(&found)
	return found, err
}

func (f *file) count() (n int, err error) {
	err = f.db.QueryRow(`SELECT COUNT(*) FROM uplink`).Scan(&n)
	return n, err
}

func (f *file) taken(uuid string) (found bool, err error) {
	err = f.db.QueryRow(`SELECT EXISTS (SELECT 1 FROM reduction WHERE uuid = ?)`, uuid).Scan(&found)
	return found, err
}

func (f *file) take(uuid string, now time.Time) error {
	_, err := f.db.Exec(`INSERT INTO reduction (uuid, at) VALUES (?, ?) ON CONFLICT DO NOTHING`, uuid, now.Unix())
	return err
}

func (f *file) close() error { return f.db.Close() }

// memory keeps for as long as the process lives: for simulators.
type memory struct {
	mu    sync.Mutex
	last  int64
	byID  map[int64]kept
	queue []int64 // for later, in order
	uuids map[string]bool
}

func newMemory() *memory { return &memory{byID: make(map[int64]kept), uuids: make(map[string]bool)} }

func (m *memory) add(service, order string, data []byte, _ time.Time) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last++
	m.byID[m.last] = kept{m.last, service, order, data}
	return m.last, nil
}

func (m *memory) later(id int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = append(m.queue, id)
	return nil
}

func (m *memory) remove(id int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.byID, id)
	return nil
}

func (m *memory) next() (kept, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.queue) > 0 {
		if k, ok := m.byID[m.queue[0]]; ok {
			return k, nil
		}
		m.queue = m.queue[1:]
	}
	return kept{}, nil
}

func (m *memory) waits(order string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range m.queue {
		if k, ok := m.byID[id]; ok && k.order == order {
			return true, nil
		}
	}
	return false, nil
}

func (m *memory) count() (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.byID), nil
}

func (m *memory) taken(uuid string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.uuids[uuid], nil
}

func (m *memory) take(uuid string, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.uuids[uuid] = true
	return nil
}

func (m *memory) close() error { return nil }
