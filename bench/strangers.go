package bench

import (
	"bytes"
	"context"
	"net"
	"sync"
	"time"
)

// floodOrder is what strangers send: the same message again and again, from all far addresses, by a clock that does not
// wait for answers.
type floodOrder struct {
	Message []byte // a whole request, head and body, or a frame of the line
	Line    bool   // a frame
	Rate    float64
	For     time.Duration
}

// floodCount is what became of a flood.
type floodCount struct {
	Sent     int
	Answered int // the others were given up, or their connection was closed
	Dialled  int // connections
}

// Strangers cost little, so that a server beside them on the same processors is measured and not they: each writes a
// batch of requests at once, looks for their answers when its next turn comes, and dials anew where one is missing.
const (
	patience   = 250 * time.Millisecond // between two turns of a stranger
	floodBatch = 8                      // requests; a line hears one login, so that strangers send one there
)

// Flood has strangers send.
func (f *Far) Flood(addr string, o floodOrder) (floodCount, error) {
	a, err := f.order(farOrder{Do: "flood", Addr: addr, Flood: o})
	return a.Flood, err
}

// flood sends for as long as the order says.
func flood(ctx context.Context, addr string, o floodOrder) (sum floodCount) {
	batch, mark := floodBatch, []byte("HTTP/1.1 ")
	if o.Line {
		batch, mark = 1, []byte("\r")
	}
	from, start := farFrom(), time.Now()
	counts := make([]floodCount, max(1, int(o.Rate*patience.Seconds())/batch))
	every := time.Duration(float64(len(counts)*batch) / o.Rate * float64(time.Second))
	var all sync.WaitGroup
	for w := range counts {
		s := &stranger{addr: addr, from: from[w%len(from)], batch: batch, messages: bytes.Repeat(o.Message, batch),
			mark: mark, once: o.Line, in: make([]byte, heardAtOnce), count: &counts[w]}
		all.Go(func() {
			defer s.hangUp()
			// The w-th stranger has the w-th turn of each round of all. One that is late skips what it missed.
			for next := start.Add(every * time.Duration(w) / time.Duration(len(counts))); time.Since(start) < o.For &&
				ctx.Err() == nil; next = next.Add(every) {
				if late := time.Since(next); late > every {
					next = next.Add(late.Truncate(every))
				}
				wait(ctx, time.Until(next))
				s.turn(ctx)
			}
		})
	}
	all.Wait()
	for _, c := range counts {
		sum.Sent += c.Sent
		sum.Answered += c.Answered
		sum.Dialled += c.Dialled
	}
	return sum
}

// stranger is one connection at a time.
type stranger struct {
	addr     string
	from     net.IP
	batch    int
	messages []byte // a batch of them
	mark     []byte // what each answer holds once
	once     bool   // a connection bears one batch
	count    *floodCount

	conn net.Conn // nil between two
	due  int      // answers that have not come
	in   []byte
	kept int // bytes at the head of in that were looked at and may begin a mark
}

// heardAtOnce is how much of answers one reading takes.
const heardAtOnce = 8 << 10

// turn hears the answers to the last batch and sends the next one.
func (s *stranger) turn(ctx context.Context) {
	if s.conn != nil && (!s.hear() || s.once) {
		s.hangUp()
	}
	if s.conn == nil && !s.dial(ctx) {
		return
	}
	err := s.conn.SetWriteDeadline(time.Now().Add(patience))
	if err == nil {
		var n int
		n, err = s.conn.Write(s.messages)
		s.due = n * s.batch / len(s.messages)
		s.count.Sent += s.due
	}
	if err != nil {
		s.hangUp()
	}
}

// dial reports whether there is a connection.
func (s *stranger) dial(ctx context.Context) bool {
	d := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: s.from}, KeepAlive: -1}
	conn, err := d.DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return false
	}
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetLinger(0) // or the ports of closed connections would run out
	}
	s.conn, s.kept = conn, 0
	s.count.Dialled++
	return true
}

// hear counts the answers that are there, and reports whether none is missing.
func (s *stranger) hear() bool {
	for s.due > 0 {
		if s.conn.SetReadDeadline(time.Now().Add(time.Millisecond)) != nil {
			return false
		}
		n, err := s.conn.Read(s.in[s.kept:])
		seen := s.in[:s.kept+n]
		answered := bytes.Count(seen, s.mark)
		s.kept = copy(s.in, seen[max(0, len(seen)-len(s.mark)+1):])
		s.due -= answered
		s.count.Answered += answered
		if err != nil {
			return false
		}
	}
	return true
}

func (s *stranger) hangUp() {
	if s.conn != nil {
		_ = s.conn.Close() // nothing is expected of it any more
		s.conn = nil
	}
}
