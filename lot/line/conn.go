package line

import (
	"container/list"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
)

// writeWait is how long one write may hang before the line is closed.
const writeWait = 10 * time.Second

// lingerWait is how long the far end may take to close after we have.
const lingerWait = 2 * time.Second

// host is the server as a connection sees it.
type host interface {
	uplink(c *conn, remote string, frame []byte) answer
	beat(c *conn) bool // false without login
	said(n *session)   // it has said something, and that is answered
	forget(c *conn)
	beside(work func())
	refuse(remote, reason string)
	wait(c *conn, of charge.LotID, end <-chan struct{}) // before a wrong key is answered
}

// answer is what an uplink gets.
type answer struct {
	body    []byte
	silent  bool          // nothing at all, not even an empty frame
	closes  bool          // the line is closed behind it
	refused bool          // the uplink was not looked into
	after   func()        // done once the answer is on its way
	session *session      // whose uplink it was; nil where that is not known
	guessed *charge.LotID // whose key was wrong; nil where none was
}

// conn is one TCP connection. At rest it has one goroutine, the reader, and no buffer but the reader's; a second
// one lives while there is something to write.
type conn struct {
	host
	cfg     *Config
	room    *atomic.Int64 // bytes that all connections without login hold of frames
	nc      net.Conn
	network netip.Addr // of the far end
	remote  string
	opened  time.Time

	session atomic.Pointer[session] // nil until login, and again once another login took its place
	heard   atomic.Int64            // when the last frame came, Unix ms
	bad     limit.Window            // frames that were refused
	held    int64                   // of the server's room for strangers; the reader's

	replaced atomic.Bool // it had logged in, and another connection has taken its place

	waiting   *list.Element // in the server's list of connections without login; the server's lock
	countedBy netip.Addr    // among newcomers: its network, or zero for networks that are not known
	known     bool          // it has logged in once; the server's lock

	mu        sync.Mutex
	out       []byte    // framed, not yet written
	writing   bool      // a writer runs
	writeFrom time.Time // since when the writer hangs in a write; zero while it does not
	leaving   bool      // nothing more is written behind out
	leaveFrom time.Time // since when the far end should close
	closed    bool
	reason    string
	gone      chan struct{} // closed with the connection; nil while no answer is held back
}

// badFrames is how many refused frames in ten seconds close a line: an honest lot never sends so many.
const badFrames = 1000

// read is the life of a connection.
func (c *conn) read() {
	defer c.forget(c)
	defer func() { c.hold(0) }()
	in := newFrames(c.nc, c.cfg.FrameBytes)
	in.room = c.mayHold
	for {
		frame, err := in.next()
		if errors.Is(err, errNoRoom) {
			c.refuse(c.remote, "no_room_without_login")
			c.close("no_room_without_login")
			return
		}
		if err != nil && !errors.Is(err, errFrameTooLong) {
			c.close("far_end")
			return
		}
		c.heard.Store(c.cfg.Now().UnixMilli())
		n := c.session.Load()
		switch {
		case c.isLeaving():
			// We have said our last word and wait for the far end to close.
		case err != nil:
			c.drop("frame_too_long")
		case isBeat(frame):
			if !c.beat(c) {
				c.drop("heartbeat_without_login")
			}
		default:
			c.handle(frame)
		}
		if n != nil && n == c.session.Load() { // its login was an earlier frame
			c.said(n)
		}
	}
}

// A login fits into strangerBytes. What connections without login hold beyond, they share: thousands of them with a
// frame of 64 KiB each, begun and never ended, must not take the memory of those that are known.
const (
	strangerBytes  = 4 << 10
	strangersBytes = 64 << 20
	strangerUnread = 16 << 10 // answers that a connection without login may leave unread
)

// stranger reports whether the connection has never logged in.
func (c *conn) stranger() bool { return c.session.Load() == nil && !c.replaced.Load() }

// mayHold reports whether the connection may hold so many bytes of a frame.
func (c *conn) mayHold(bytes int) bool {
	if bytes <= strangerBytes || !c.stranger() {
		return c.hold(0)
	}
	return c.hold(int64(bytes))
}

func (c *conn) hold(bytes int64) bool {
	more := bytes - c.held
	if c.room.Add(more) > strangersBytes && more > 0 {
		c.room.Add(-more)
		return false
	}
	c.held = bytes
	return true
}

// unreadMost is how much the far end may leave unread.
func (c *conn) unreadMost() int {
	if c.stranger() {
		return min(strangerUnread, c.cfg.outBytes())
	}
	return c.cfg.outBytes()
}

// drop counts a frame that gets no answer.
func (c *conn) drop(reason string) {
	c.refuse(c.remote, reason)
	c.refused()
}

// refused counts a frame that was dropped or refused.
func (c *conn) refused() {
	if c.bad.Over(c.cfg.Now(), floodSpan, badFrames) {
		c.close("too_many_refused")
	}
}

// handle answers one uplink. It runs on a goroutine of its own because what handles an uplink needs a deep
// stack, and a stack that has grown stays with its goroutine: thousands of readers must keep small ones.
func (c *conn) handle(frame []byte) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		a := c.uplink(c, c.remote, frame)
		if a.guessed != nil && c.stranger() { // a lot that has logged in waits for no message that it signed wrongly
			c.slow(*a.guessed)
		}
		if a.closes {
			c.sayAndLeave(a.body)
		} else if !a.silent {
			c.send(a.body)
		}
		if a.refused {
			c.refused()
		}
		if a.after != nil {
			a.after()
		}
	}()
	<-done
}

// slow holds the answer to a wrong key back while the connection is open.
func (c *conn) slow(of charge.LotID) {
	c.mu.Lock()
	gone := make(chan struct{})
	if c.closed {
		close(gone)
	} else {
		c.gone = gone
	}
	c.mu.Unlock()
	c.wait(c, of, gone)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = nil
}

// send queues a message and sees that it gets written. It never blocks. It reports false where the line is
// closed, or has so much unread that it is closed now.
func (c *conn) send(message []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.leaving {
		return false
	}
	if len(c.out)+len(message) > c.unreadMost() {
		c.closeLocked("slow_reader")
		return false
	}
	c.push(message)
	return true
}

// sayAndLeave sends a last message, then closes our half, so that the message is not lost in a reset.
func (c *conn) sayAndLeave(message []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.leaving {
		return
	}
	c.leaving = true
	c.leaveFrom = c.cfg.Now()
	c.push(message)
}

func (c *conn) push(message []byte) {
	c.out = appendFrame(c.out, message)
	if !c.writing {
		c.writing = true
		c.beside(c.write)
	}
}

// write writes what is queued and ends.
func (c *conn) write() {
	for {
		c.mu.Lock()
		out := c.out
		c.out = nil
		c.writeFrom = time.Time{}
		if len(out) == 0 || c.closed {
			c.writing = false
			leaving := c.leaving && !c.closed
			c.mu.Unlock()
			if leaving {
				c.closeOurHalf()
			}
			return
		}
		c.writeFrom = c.cfg.Now()
		c.mu.Unlock()
		if _, err := c.nc.Write(out); err != nil {
			c.close("write_failed")
		}
	}
}

func (c *conn) closeOurHalf() {
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		c.close("refused")
	}
}

func (c *conn) isLeaving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leaving
}

// close closes the socket; the reader sees that and cleans up.
func (c *conn) close(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeLocked(reason)
}

func (c *conn) closeLocked(reason string) {
	if c.closed {
		return
	}
	c.closed = true
	c.reason = reason
	if c.gone != nil {
		close(c.gone)
		c.gone = nil
	}
	c.out = nil
	// A failed close leaves nothing to be done. TLS says goodbye first, which can take a while.
	if _, plain := c.nc.(*net.TCPConn); plain {
		_ = c.nc.Close()
		return
	}
	c.beside(func() { _ = c.nc.Close() })
}

// overdue returns why a connection must be closed now, or nothing.
func (c *conn) overdue(now time.Time) string {
	c.mu.Lock()
	writeFrom, leaving, leaveFrom := c.writeFrom, c.leaving, c.leaveFrom
	c.mu.Unlock()
	heard := time.UnixMilli(c.heard.Load())
	switch {
	case !writeFrom.IsZero() && now.Sub(writeFrom) >= writeWait:
		return "slow_reader"
	case leaving && now.Sub(leaveFrom) >= lingerWait:
		return "refused"
	case c.stranger() && now.Sub(c.opened) >= min(c.cfg.LoginWait, c.cfg.OfflineAfter):
		return "no_login"
	case now.Sub(heard) >= c.cfg.OfflineAfter:
		return "silent"
	}
	return ""
}

// floodSpan is the span in which messages of one token and refused frames of one connection are counted.
const floodSpan = 10 * time.Second
