package line

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Heartbeats are four ASCII characters, not a byte; a frame shorter than six characters that holds the question
// is one (ParkingOS, netty/SensorServerHandler).
var (
	beatAsk    = []byte("0x11")
	beatAnswer = []byte("0x12")
)

const beatLonger = 6

// restBytes is the read buffer of a line at rest: thousands of them must be cheap. It holds most frames.
const restBytes = 512

var (
	errFrameTooLong = errors.New("frame too long")
	errNoRoom       = errors.New("no room for the frame")
)

// wholeTries is how often one frame is read as JSON before its \n has come. Without a limit a frame that trickles
// in would be read over and over.
const wholeTries = 4

// frames reads newline-delimited frames: split on \n, trim \r and blanks, skip what is empty. A frame that ends
// in \r and is complete is not kept waiting for its \n: some senders put the \n in front.
type frames struct {
	r        io.Reader
	most     int // bytes in a frame
	buf      []byte
	from, to int   // unread
	scanned  int   // no \n in buf[from:scanned]
	tries    int   // how often the unread bytes were looked at as JSON
	skipping bool  // inside a frame that is too long
	err      error // of the last Read, returned when everything before it has been

	room func(bytes int) bool // when not nil, asked for each size that the buffer takes
}

func newFrames(r io.Reader, most int) *frames {
	return &frames{r: r, most: most, buf: make([]byte, restBytes)}
}

// next returns one frame, valid until the next call. It returns errFrameTooLong once for each frame that is too
// long, without having kept it, and goes on behind it; any other error is final: the reader's, or errNoRoom.
func (f *frames) next() ([]byte, error) {
	for {
		if i := bytes.IndexByte(f.buf[f.scanned:f.to], '\n'); i >= 0 {
			frame := f.take(f.scanned+i, 1)
			switch {
			case f.skipping:
				f.skipping = false
			case len(frame) > f.most:
				return nil, errFrameTooLong
			case len(frame) > 0:
				return frame, nil
			}
			continue
		}
		f.scanned = f.to
		switch {
		case f.skipping:
			f.from, f.to, f.scanned, f.tries = 0, 0, 0, 0
		case f.whole():
			return f.take(f.to, 0), nil
		case f.to-f.from > f.most+1: // one for the \r
			f.skipping = true
			return nil, errFrameTooLong
		}
		if f.err != nil {
			return nil, f.err
		}
		f.fill()
	}
}

// take cuts the frame that ends at end, and drops so many bytes behind it.
func (f *frames) take(end, drop int) []byte {
	frame := bytes.Trim(f.buf[f.from:end], " \t\r")
	f.from = end + drop
	f.scanned, f.tries = f.from, 0
	return frame
}

// whole reports whether the unread bytes are a frame without its \n.
func (f *frames) whole() bool {
	part := f.buf[f.from:f.to]
	if len(part) == 0 || part[len(part)-1] != '\r' {
		return false
	}
	part = bytes.Trim(part, " \t\r")
	switch {
	case isBeat(part):
		return true
	case len(part) == 0 || part[len(part)-1] != '}' || len(part) > f.most || f.tries >= wholeTries:
		return false
	}
	f.tries++
	return json.Valid(part)
}

// fill reads once, after making room: to the front, then by doubling. An empty buffer that had grown is given
// back.
func (f *frames) fill() {
	switch {
	case f.from == f.to:
		f.from, f.to, f.scanned = 0, 0, 0
		if len(f.buf) > restBytes {
			f.buf = make([]byte, restBytes)
			f.mayHold(restBytes)
		}
	case f.to == len(f.buf) && f.from > 0:
		f.to = copy(f.buf, f.buf[f.from:f.to])
		f.from, f.scanned = 0, f.to
	case f.to == len(f.buf):
		size := min(2*len(f.buf), f.most+2+restBytes)
		if !f.mayHold(size) {
			f.err = errNoRoom
			return
		}
		grown := make([]byte, size)
		copy(grown, f.buf[:f.to])
		f.buf = grown
	}
	n, err := f.r.Read(f.buf[f.to:])
	f.to += n
	f.err = err
}

func (f *frames) mayHold(bytes int) bool { return f.room == nil || f.room(bytes) }

func isBeat(frame []byte) bool { return len(frame) < beatLonger && bytes.Contains(frame, beatAsk) }

// appendFrame appends a message as the cloud sends it: LF before, CR after, so that an empty one is "\n\r".
func appendFrame(to, message []byte) []byte {
	to = append(to, '\n')
	to = append(to, message...)
	return append(to, '\r')
}
