//go:build soak

package store_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// lie is what the way to PostgreSQL does to a message.
type lie int

const (
	honest      lie = iota
	cutQuestion     // half of what is asked arrives, then the connection ends
	cutAnswer       // it was done, and the connection ends before the answer
	mutedCommit     // it was committed, and the connection ends before the answer
	lateError       // it was committed, and the server says that it is being shut down
	wrongCount      // one row more or less was changed than was said
	lies            // how many there are
)

// liar stands between a store and PostgreSQL, whose protocol it reads.
type liar struct {
	to     string // the server's socket
	listen net.Listener
	on     atomic.Bool
	told   [lies]atomic.Int64
	wait   sync.WaitGroup
	luck   func(n int) int
}

// newLiar listens, and returns where: the URL of a database behind it.
func newLiar(t *testing.T, direct string) (*liar, string) {
	t.Helper()
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{luck: rand.IntN}
	q := u.Query()
	l.to = filepath.Join(q.Get("host"), ".s.PGSQL.5432")
	if l.listen, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(l.listen.Addr().String())
	q.Set("host", host)
	q.Set("port", port)
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	l.wait.Go(func() {
		for {
			c, err := l.listen.Accept()
			if err != nil {
				return
			}
			l.wait.Go(func() { l.join(c) })
		}
	})
	t.Cleanup(func() {
		l.listen.Close()
		l.wait.Wait()
	})
	return l, u.String()
}

// join carries what both sides say until one ends, or a lie ends it.
func (l *liar) join(client net.Conn) {
	server, err := net.Dial("unix", l.to)
	if err != nil {
		client.Close()
		return
	}
	end := sync.OnceFunc(func() {
		client.Close()
		server.Close()
	})
	l.wait.Go(func() {
		defer end()
		l.questions(server, client)
	})
	defer end()
	l.answers(client, server)
}

// tell draws whether a lie happens now, one time in so many.
func (l *liar) tell(which lie, oneIn int) bool {
	if !l.on.Load() || l.luck(oneIn) > 0 {
		return false
	}
	l.told[which].Add(1)
	return true
}

func (l *liar) questions(server io.Writer, client io.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if l.tell(cutQuestion, 100) {
			_, _ = server.Write(buf[:n/2])
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// answers hands on one message after the other: a letter, a length that counts itself, and a body.
func (l *liar) answers(client io.Writer, server io.Reader) {
	for {
		head := make([]byte, 5)
		if _, err := io.ReadFull(server, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(server, body); err != nil {
			return
		}
		tag := ""
		if head[0] == 'C' {
			tag = string(bytes.TrimRight(body, "\x00"))
		}
		switch {
		case tag == "COMMIT" && l.tell(mutedCommit, 25), l.tell(cutAnswer, 500):
			return
		case tag == "COMMIT" && l.tell(lateError, 25):
			_, _ = client.Write(shuttingDown)
			return
		case strings.HasSuffix(tag, " 1") && l.tell(wrongCount, 60):
			copy(body[len(tag)-1:], []string{"0", "2"}[l.luck(2)])
		}
		if _, err := client.Write(append(head, body...)); err != nil {
			return
		}
	}
}

// shuttingDown is the error of a server that is being shut down.
var shuttingDown = func() []byte {
	body := "SFATAL\x00VFATAL\x00C57P01\x00Mterminating connection due to administrator command\x00\x00"
	return append(binary.BigEndian.AppendUint32([]byte{'E'}, uint32(4+len(body))), body...)
}()

// heard is what writers were answered.
type heard struct {
	mu      sync.Mutex
	written []int64 // said to be written
	refused []int64 // said to be not
	open    int     // busy: not known
	jobs    map[int64]int
}

func (h *heard) write(id int64, err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
		h.written = append(h.written, id)
	case errors.Is(err, outbox.ErrBusy):
		h.open++
	case strings.Contains(err.Error(), "no such row, or its key is taken"):
		h.refused = append(h.refused, id)
	default:
		return err
	}
	return nil
}

func (h *heard) claim(jobs []outbox.Job) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, j := range jobs {
		h.jobs[j.ID]++
	}
}

// TestDatabaseLies puts a liar between the store and PostgreSQL: connections that end between a question and its
// answer, commits whose answer is lost or is an error, wrong counts of rows. Every write is answered; what was said to
// be written is there, what was said to be refused is not, and no job is handed out twice.
func TestDatabaseLies(t *testing.T) {
	cfg := storetest.Postgres(storetest.StartPostgres(t))(t)
	direct := cfg
	lineUp(t, direct)
	l, through := newLiar(t, cfg.URL)
	cfg.URL = through
	s, err := openConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l.on.Store(true)
	h := &heard{jobs: map[int64]int{}}
	underLies(t, s, l, h)
	l.on.Store(false)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for which := cutQuestion; which < lies; which++ {
		if l.told[which].Load() == 0 {
			t.Errorf("lie %d never happened", which)
		}
	}
	t.Logf("%d written, %d refused, %d not known, %d jobs claimed", len(h.written), len(h.refused), h.open, len(h.jobs))
	if len(h.jobs) == 0 {
		t.Error("no job was claimed")
	}
	checkTold(t, direct, h.written)
	checkRefused(t, direct, h.refused)
	for id, times := range h.jobs {
		if times > 1 {
			t.Errorf("job %d was handed out %d times within its lease", id, times)
		}
	}
}

// lineUp makes the schema, and lets the lot of writeOne's charges have a line, so that its jobs can be claimed.
func lineUp(t *testing.T, cfg store.Config) {
	t.Helper()
	s, err := openConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	_, err = s.PutLineSession(t.Context(), charge.LineSession{Lot: charge.LotID{Union: "200461", Park: "1"}, LocalID: "pc",
		Link: charge.LinkCloud, Node: "a", ReceiveCloud: true, Since: now, Beat: now})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
}

// underLies writes and claims until each lie has happened a few times.
func underLies(t *testing.T, s *store.Store, l *liar, h *heard) {
	t.Helper()
	enough := func() bool {
		for which := cutQuestion; which < lies; which++ {
			if l.told[which].Load() < 2 {
				return false
			}
		}
		return true
	}
	ids := charge.NewIDs(1, time.Now)
	end := time.Now().Add(30 * time.Second)
	var wg sync.WaitGroup
	for who := range 16 {
		wg.Go(func() {
			for !enough() && time.Now().Before(end) {
				if who == 0 {
					now := time.Now()
					jobs, err := s.ClaimJobs(t.Context(), "a", outbox.KindLine, now, now.Add(time.Hour), 20)
					if err == nil {
						h.claim(jobs)
					}
					continue
				}
				id, err := writeOne(s, ids)
				if err := h.write(id, err); err != nil {
					t.Errorf("a write says neither done nor refused nor busy: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// checkRefused finds none of the charges that were refused.
func checkRefused(t *testing.T, cfg store.Config, ids []int64) {
	t.Helper()
	s, err := openConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Read(t.Context(), func(tx *store.Tx) error {
		for _, id := range ids {
			if c, err := tx.Charge(id); err != nil {
				return err
			} else if c != nil {
				return fmt.Errorf("charge %d was refused, and is there", id)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
