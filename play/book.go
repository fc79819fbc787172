package play

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Applied is one reduction in a lot's own book: what came, how often, what was done with it, and what was
// taken off for it at the exit.
type Applied struct {
	ID      string         `json:"id"`       // uuid of 3.25 and 3.36, Idempotency-Key of 5.14, order_id of a 4G stay
	Charge  string         `json:"charge"`   // start_charge_seq; empty where the message has none
	OrderID string         `json:"order_id"` // the stay; empty where no car was found
	Plate   string         `json:"plate"`
	Message charge.Message `json:"message"`
	FormID  int            `json:"plat_form_id,omitempty"` // 5.14 only
	Method  charge.Method  `json:"method"`
	Minutes int64          `json:"minutes"`
	Amount  charge.Fen     `json:"amount"`
	Heard   int            `json:"heard"`   // how often the message came
	Applied int            `json:"applied"` // how often it took effect
	At      time.Time      `json:"at"`      // first heard
	Acked   time.Time      `json:"acked"`   // last acknowledged; zero while never

	Left        time.Time  `json:"left"` // zero while the car is in
	UsedMinutes int64      `json:"used_minutes"`
	UsedAmount  charge.Fen `json:"used_amount"`
	Told        bool       `json:"told"` // the usage came in a message of its own (2.34, 3.11)
}

// Book is a lot's own book. It is readable over HTTP, so that others compare over another connection than
// the one that reported the server. Safe for concurrent use.
type Book struct {
	mu      sync.Mutex
	rows    []*Applied
	byID    map[string]*Applied
	changed chan struct{} // closed and replaced at every change
}

// NewBook makes an empty book.
func NewBook() *Book {
	return &Book{byID: map[string]*Applied{}, changed: make(chan struct{})}
}

// Rows returns a copy of the rows, oldest first.
func (b *Book) Rows() []Applied {
	b.mu.Lock()
	defer b.mu.Unlock()
	rows := make([]Applied, len(b.rows))
	for i, r := range b.rows {
		rows[i] = *r
	}
	return rows
}

// ofStay returns the rows that took effect in one stay.
func (b *Book) ofStay(order string) []Applied {
	b.mu.Lock()
	defer b.mu.Unlock()
	var rows []Applied
	for _, r := range b.rows {
		if r.OrderID == order && r.Applied > 0 {
			rows = append(rows, *r)
		}
	}
	return rows
}

// Wait returns the first row that fits, now or once it is there.
func (b *Book) Wait(ctx context.Context, fits func(Applied) bool) (Applied, error) {
	for {
		b.mu.Lock()
		changed := b.changed
		b.mu.Unlock()
		for _, r := range b.Rows() {
			if fits(r) {
				return r, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Applied{}, fmt.Errorf("waiting for the lot's book: %w", context.Cause(ctx))
		}
	}
}

// edit finds or makes the row of an id and changes it; fresh says whether it was made.
func (b *Book) edit(id string, change func(row *Applied, fresh bool)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	row, have := b.byID[id]
	if !have {
		row = &Applied{ID: id}
		b.byID[id] = row
		b.rows = append(b.rows, row)
	}
	change(row, !have)
	close(b.changed)
	b.changed = make(chan struct{})
}

// ServeHTTP answers GET /book with the rows as a JSON array.
func (b *Book) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/book" || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	// A reader that has gone away is its own affair.
	_ = json.NewEncoder(w).Encode(b.Rows())
}

// ReadBook reads a lot's book from its listener ("http://127.0.0.1:9999").
func ReadBook(ctx context.Context, base string) ([]Applied, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/book", nil)
	if err != nil {
		return nil, err
	}
	resp, err := plainClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("reading a lot's book: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reading a lot's book: %s", resp.Status)
	}
	var rows []Applied
	if err := json.NewDecoder(resp.Body).Decode(&rows); err != nil {
		return nil, fmt.Errorf("reading a lot's book: %w", err)
	}
	return rows, nil
}

// stall is a small HTTP listener of a player. The zero value is closed.
type stall struct {
	server *http.Server
	url    string
	gone   chan struct{}
}

// open serves a handler at an address; port 0 takes a free one.
func (s *stall) open(addr string, h http.Handler) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	s.server = &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	s.url = "http://" + l.Addr().String()
	s.gone = make(chan struct{})
	go func() {
		defer close(s.gone)
		_ = s.server.Serve(l) // http.ErrServerClosed is the only way it ends
	}()
	return nil
}

// closeWait is how long answers that are on their way may take.
const closeWait = 500 * time.Millisecond

// close takes no more and lets answers out: one that was cut off would come to a later lot at the same address, as
// its message is repeated. Connections that wait longer are cut.
func (s *stall) close() error {
	if s.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.server.Close()
	}
	<-s.gone
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
