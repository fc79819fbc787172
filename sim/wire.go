package sim

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"time"
)

// wire is a TCP connection from a lot's PC to a node. What either end writes arrives in the pieces that the way makes
// of it, and no further than to where the way breaks.
type wire struct {
	w      *world
	n      *node
	link   *link // the PC's end
	remote wireAddr
	reader *task // waits for bytes
	in     []byte
	ended  bool      // the node reads no more: its PC has closed it, and that has arrived
	closed bool      // by the node
	dumb   bool      // the way has broken and neither end hears of it
	upAt   time.Time // when the last bytes that were sent up arrive
	down   []byte    // on their way to the PC
}

// wayDown is the longest that a mobile link holds what comes down.
const wayDown = 200 * time.Millisecond

// wireAddr is a PC's address.
type wireAddr string

func (wireAddr) Network() string  { return "tcp" }
func (a wireAddr) String() string { return string(a) }

// dial opens a connection to a node.
func (w *world) dial(n *node, l *link) *wire {
	w.dials++
	c := &wire{w: w, n: n, link: l, remote: wireAddr(fmt.Sprintf("10.0.%d.%d:40000", w.dials/250%250, w.dials%250))}
	w.after(w.between(time.Millisecond, 300*time.Millisecond), func() {
		if !n.dead && !c.ended {
			n.arrivals = append(n.arrivals, c)
			w.stage.wake(n.accepts)
		}
	})
	return c
}

// Read implements net.Conn: the node's reader waits on the stage.
func (c *wire) Read(p []byte) (int, error) {
	for len(c.in) == 0 && !c.ended && !c.closed {
		c.reader = c.w.stage.running
		c.w.stage.wait(c.reader, asleep)
	}
	switch {
	case c.closed:
		return 0, net.ErrClosed
	case len(c.in) == 0:
		return 0, io.EOF
	}
	n := copy(p, c.in)
	c.in = c.in[n:]
	return n, nil
}

// wake has the node's reader look.
func (c *wire) wake() {
	c.w.stage.wake(c.reader)
}

// Write implements net.Conn. What is written within 200 ms goes on together, as mobile links have it.
func (c *wire) Write(p []byte) (int, error) {
	if c.closed || c.ended {
		return 0, net.ErrClosed
	}
	if !c.dumb {
		c.w.leaveByLine(c, p)
	}
	if len(c.down) == 0 {
		c.w.after(c.w.between(10*time.Millisecond, wayDown), c.handOn)
	}
	c.down = append(c.down, p...)
	return len(p), nil
}

// handOn brings the PC what is on its way to it, now and then cut in two.
func (c *wire) handOn() {
	batch := c.down
	c.down = nil
	if c.dumb {
		return
	}
	if !c.w.calm && c.w.chance(3) {
		c.w.fault("read cut by the way down")
		at := c.w.below(len(batch))
		c.link.read(batch[:at])
		batch = batch[at:]
	}
	c.link.read(batch)
}

// send brings the node what its PC says, cut where the way likes it. One in a hundred frames breaks the connection in
// its middle.
func (c *wire) send(frame []byte) {
	if c.dumb || c.ended {
		return
	}
	for len(frame) > 0 {
		piece := frame
		if c.w.chance(20) {
			piece = frame[:1+c.w.below(len(frame))]
		}
		frame = frame[len(piece):]
		at := c.w.now().Add(c.w.between(5*time.Millisecond, 300*time.Millisecond))
		if at.Before(c.upAt) {
			at = c.upAt
		}
		c.upAt = at
		c.w.agenda.put(at, func() {
			c.in = append(c.in, piece...)
			c.wake()
		})
		if len(frame) > 0 && !c.w.calm && c.w.chance(6) {
			c.w.fault("frame cut in its middle")
			c.link.pc.broken()
			return
		}
	}
}

// end closes the PC's end; the node hears of it behind all that was sent.
func (c *wire) end(after time.Duration) {
	at := c.w.now().Add(after)
	if at.Before(c.upAt) {
		at = c.upAt
	}
	c.w.agenda.put(at, func() {
		c.ended = true
		c.wake()
	})
}

// Close implements net.Conn: the PC hears of it.
func (c *wire) Close() error {
	if !c.closed {
		c.closed = true
		c.wake()
		c.lost(c.w.between(5*time.Millisecond, time.Second))
	}
	return nil
}

// lost has the PC hear that its connection is gone.
func (c *wire) lost(after time.Duration) {
	c.w.after(after, func() {
		if !c.dumb {
			c.link.lost()
		}
	})
}

// CloseWrite closes the node's half, behind what it has written.
func (c *wire) CloseWrite() error {
	c.lost(time.Second)
	return nil
}

func (c *wire) LocalAddr() net.Addr              { return wireAddr("10.1.0.1:6789") }
func (c *wire) RemoteAddr() net.Addr             { return c.remote }
func (c *wire) SetDeadline(time.Time) error      { return nil }
func (c *wire) SetReadDeadline(time.Time) error  { return nil }
func (c *wire) SetWriteDeadline(time.Time) error { return nil }

// door is a node's net.Listener.
type door struct{ n *node }

// Accept waits on the stage for the next connection.
func (d door) Accept() (net.Conn, error) {
	for len(d.n.arrivals) == 0 {
		d.n.accepts = d.n.w.stage.running
		d.n.w.stage.wait(d.n.accepts, asleep)
	}
	c := d.n.arrivals[0]
	d.n.arrivals = d.n.arrivals[1:]
	return c, nil
}

func (d door) Close() error   { return nil }
func (d door) Addr() net.Addr { return wireAddr("10.1.0.1:6789") }

// frames are the messages in what a node writes, and in what an SDK reads at once.
func frames(b []byte) [][]byte {
	return bytes.FieldsFunc(b, func(r rune) bool { return r == '\r' || r == '\n' })
}
