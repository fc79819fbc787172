package bench

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
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
	Workers int // connections at a time
}

// floodCount is what became of a flood.
type floodCount struct {
	Sent     int
	Answered int // the others were given up, or their connection was closed
}

// patience is how long a stranger waits for an answer before he hangs up and dials again.
const patience = 250 * time.Millisecond

// Flood has strangers send.
func (f *Far) Flood(addr string, o floodOrder) (floodCount, error) {
	a, err := f.order(farOrder{Do: "flood", Addr: addr, Flood: o})
	return a.Flood, err
}

// flood sends for as long as the order says.
func flood(ctx context.Context, addr string, o floodOrder) (sum floodCount) {
	from, start := farFrom(), time.Now()
	counts := make([]floodCount, o.Workers)
	var all sync.WaitGroup
	for w := range counts {
		s := &stranger{addr: addr, from: from[w%len(from)], order: o, count: &counts[w]}
		all.Go(func() {
			defer s.hangUp()
			// The w-th worker sends the w-th message of each round of all. One that is late skips what it missed.
			every := time.Duration(float64(o.Workers) / o.Rate * float64(time.Second))
			for next := start.Add(every * time.Duration(w) / time.Duration(o.Workers)); time.Since(start) < o.For &&
				ctx.Err() == nil; next = next.Add(every) {
				if late := time.Since(next); late > every {
					next = next.Add(late.Truncate(every))
				}
				wait(ctx, time.Until(next))
				s.send(ctx)
			}
		})
	}
	all.Wait()
	for _, c := range counts {
		sum.Sent += c.Sent
		sum.Answered += c.Answered
	}
	return sum
}

// stranger is one connection at a time.
type stranger struct {
	addr  string
	from  net.IP
	order floodOrder
	count *floodCount

	conn net.Conn // nil between two
	in   *bufio.Reader
}

// send sends the message and waits a little for the answer.
func (s *stranger) send(ctx context.Context) {
	if s.conn == nil {
		d := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: s.from}}
		conn, err := d.DialContext(ctx, "tcp", s.addr)
		if err != nil {
			return
		}
		if tcp, is := conn.(*net.TCPConn); is {
			_ = tcp.SetLinger(0) // or the ports of closed connections would run out
		}
		s.conn, s.in = conn, bufio.NewReader(conn)
	}
	err := s.conn.SetDeadline(time.Now().Add(patience))
	if err == nil {
		_, err = s.conn.Write(s.order.Message)
	}
	s.count.Sent++
	if err == nil {
		err = s.hear()
	}
	if err != nil {
		s.hangUp()
	}
}

// errGoodbye is the end of a connection behind its answer.
var errGoodbye = errors.New("the server closes the connection")

// hear reads an answer and throws it away; an error ends the connection.
func (s *stranger) hear() error {
	if s.order.Line {
		_, err := s.in.ReadBytes('\r')
		if err == nil {
			s.count.Answered++
		}
		return errors.Join(err, errGoodbye) // a refused login ends the line
	}
	resp, err := http.ReadResponse(s.in, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err == nil {
		s.count.Answered++
	}
	if resp.Close {
		return errGoodbye
	}
	return err
}

func (s *stranger) hangUp() {
	if s.conn != nil {
		_ = s.conn.Close() // nothing is expected of it any more
		s.conn = nil
	}
}
