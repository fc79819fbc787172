package lotline

import (
	"sync"
	"time"
)

// Store keeps what must survive a broken line and a restart: uplinks that the cloud has not taken yet, and the uuids of
// reductions that were taken. An uplink is either on its way right now or for later; when a store is opened again, all
// are for later. Package filestore keeps in an SQLite file; a store of your own keeps wherever your software does.
// Methods are called from several goroutines. What they return must be on the disk.
type Store interface {
	// Add keeps an uplink that is on its way, and returns its number, which is greater than those before.
	Add(service, order string, data []byte, now time.Time) (id int64, err error)
	// Later says that an uplink could not be sent now.
	Later(id int64) error
	// Remove deletes an uplink that the cloud has taken.
	Remove(id int64) error
	// Next returns the oldest uplink that is for later; id 0 for none.
	Next() (id int64, service, order string, data []byte, err error)
	// Waits reports whether an uplink about an order is for later.
	Waits(order string) (bool, error)
	// Count returns how many uplinks are kept.
	Count() (int, error)
	// Taken reports whether a reduction was taken.
	Taken(uuid string) (bool, error)
	// Take remembers that a reduction was taken, for 90 days at least. That it is remembered already is no error.
	Take(uuid string, now time.Time) error
	// Close is called once, by Client.Close.
	Close() error
}

// memory is a Store for as long as the process lives: for simulators.
type memory struct {
	mu    sync.Mutex
	last  int64
	byID  map[int64]uplink
	queue []int64 // for later, in order
	uuids map[string]bool
}

// uplink is one that is kept.
type uplink struct {
	service, order string
	data           []byte
}

func newMemory() *memory { return &memory{byID: make(map[int64]uplink), uuids: make(map[string]bool)} }

func (m *memory) Add(service, order string, data []byte, _ time.Time) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last++
	m.byID[m.last] = uplink{service, order, data}
	return m.last, nil
}

func (m *memory) Later(id int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = append(m.queue, id)
	return nil
}

func (m *memory) Remove(id int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.byID, id)
	return nil
}

func (m *memory) Next() (id int64, service, order string, data []byte, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.queue) > 0 {
		if u, ok := m.byID[m.queue[0]]; ok {
			return m.queue[0], u.service, u.order, u.data, nil
		}
		m.queue = m.queue[1:]
	}
	return 0, "", "", nil, nil
}

func (m *memory) Waits(order string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range m.queue {
		if u, ok := m.byID[id]; ok && u.order == order {
			return true, nil
		}
	}
	return false, nil
}

func (m *memory) Count() (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.byID), nil
}

func (m *memory) Taken(uuid string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.uuids[uuid], nil
}

func (m *memory) Take(uuid string, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.uuids[uuid] = true
	return nil
}

func (m *memory) Close() error { return nil }
