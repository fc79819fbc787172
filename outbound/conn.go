package outbound

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// conn is a connection and what is kept with it from one exchange to the next.
type conn struct {
	net.Conn
	remote  netip.Addr
	raw     syscall.RawConn // of the TCP connection below; nil where there is none
	secured bool
	since   time.Time // when it was put back
	read    *bufio.Reader
	buf     []byte
	left    int64 // bytes that the other side may still send
	failed  error // of the last Read
}

func newConn(plain, wrapped net.Conn) (*conn, error) {
	c := &conn{Conn: wrapped, secured: plain != wrapped}
	if tcp, ok := plain.(*net.TCPConn); ok {
		c.remote = tcp.RemoteAddr().(*net.TCPAddr).AddrPort().Addr()
		var err error
		if c.raw, err = tcp.SyscallConn(); err != nil {
			wrapped.Close()
			return nil, err
		}
	}
	c.read = bufio.NewReaderSize(budget{c}, 2<<10)
	return c, nil
}

// budget reads from a connection as long as the other side may send.
type budget struct{ c *conn }

func (b budget) Read(p []byte) (int, error) {
	if b.c.left <= 0 {
		return 0, ErrTooLong
	}
	n, err := b.c.Conn.Read(p[:min(int64(len(p)), b.c.left)])
	b.c.left -= int64(n)
	if err != nil {
		b.c.failed = err
	}
	return n, err
}

// Room for what surrounds a body: the head of an answer, and the chunks it comes in.
const (
	headRoom  = 32 << 10
	chunkRoom = 2 // times the body
	keptBuf   = 16 << 10
)

// exchange writes one request and reads the whole answer. Every error is an *Error.
func (c *conn) exchange(write func([]byte) []byte, maxAnswer int64) (*http.Response, []byte, error) {
	c.buf = write(c.buf[:0])
	_, err := c.Write(c.buf)
	if cap(c.buf) > keptBuf {
		c.buf = nil
	}
	if err != nil { // a part may have left, but no receiver acts on a part
		return nil, nil, &Error{Err: plainError(err)}
	}
	c.left, c.failed = headRoom+chunkRoom*maxAnswer, nil
	head, err := c.head()
	if err != nil {
		return nil, nil, c.noAnswer(err)
	}
	body, err := readBody(head, maxAnswer)
	if err != nil {
		failed := c.noAnswer(err)
		if errors.Is(err, ErrTooLong) {
			failed.Begun = body[:min(len(body), begunMost)]
		}
		return nil, nil, failed
	}
	return head, body, nil
}

// begunMost bounds what is kept of an answer that is too long.
const begunMost = 1 << 10

// head reads the head of the final answer, past a few that only announce one.
func (c *conn) head() (*http.Response, error) {
	for range 5 {
		head, err := http.ReadResponse(c.read, nil)
		if err != nil || head.StatusCode >= 200 {
			return head, err
		}
	}
	return nil, errNotHTTP
}

// readBody reads a body; of one that is too long, its beginning.
func readBody(head *http.Response, most int64) ([]byte, error) {
	if head.ContentLength > most {
		begun, _ := io.ReadAll(io.LimitReader(head.Body, begunMost)) // what comes of it
		return begun, ErrTooLong
	}
	if head.ContentLength >= 0 {
		body := make([]byte, head.ContentLength)
		_, err := io.ReadFull(head.Body, body)
		return body, err
	}
	body, err := io.ReadAll(io.LimitReader(head.Body, most+1))
	if err == nil && int64(len(body)) > most {
		err = ErrTooLong
	}
	return body, err
}

// noAnswer distinguishes an answer that makes no sense from one that never came. What the other side sent is not
// quoted: it may hold anything.
func (c *conn) noAnswer(err error) *Error {
	switch {
	case errors.Is(err, ErrTooLong):
		return &Error{Sent: true, Err: ErrTooLong}
	case c.failed != nil:
		return &Error{Sent: true, NoAnswer: true, Err: plainError(c.failed)}
	}
	return &Error{Sent: true, Err: errNotHTTP}
}

// plainError says a failure on a connection without its addresses and system calls.
func plainError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errTime
	}
	return errBroken
}

// reusable reports whether the next request may go over the connection.
func (c *conn) reusable(head *http.Response) bool {
	return !head.Close && head.ProtoAtLeast(1, 1) && c.failed == nil && c.read.Buffered() == 0
}
