package play

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// How a lot's acknowledgements can go wrong.
const (
	AckWell      = ""
	AckLate      = "late"       // after the gateway has stopped waiting
	AckTwice     = "twice"      // the same one two times
	AckNever     = "never"      // swallowed: a lost acknowledgement
	AckWrongUUID = "wrong-uuid" // signed well, for a reduction that nobody sent
	AckState0    = "state0"     // the lot refuses, and applies nothing
)

// Acks lists them.
var Acks = []string{AckLate, AckTwice, AckNever, AckWrongUUID, AckState0}

// Lies are what is wrong with a lot or its line. The zero value is a good lot.
type Lies struct {
	Ack            string        // one of Acks
	DropAfterApply bool          // the line is cut just before the acknowledgement leaves
	HalfOpen       bool          // at a reduction the line goes dead, without being closed
	Offline        time.Duration // at a reduction the line is cut and stays off that long
	Times          int           // how many reductions meet the lie; 0: all
	Late           time.Duration // of AckLate; 0 is 9 s, past the 7 s that a line waits
}

// Validate refuses an unknown Ack.
func (l Lies) Validate() error {
	if l.Ack != AckWell && !slices.Contains(Acks, l.Ack) {
		return fmt.Errorf("an acknowledgement cannot be %q; there are %s", l.Ack, strings.Join(Acks, ", "))
	}
	return nil
}

// onWire reports whether the lies need a liar between lot and gateway.
func (l Lies) onWire() bool {
	return l.Ack != AckWell && l.Ack != AckState0 || l.DropAfterApply || l.HalfOpen || l.Offline > 0
}

// liar sits on a line between a lot's client and the gateway and does what a good client never would. It
// passes everything else on byte for byte.
type liar struct {
	lies   Lies
	key    string // signs what it changes
	server string
	in     net.Listener
	done   sync.WaitGroup

	mu      sync.Mutex
	left    int // lies that are left, -1 without end
	off     time.Time
	conns   map[net.Conn]bool
	closing bool
}

func newLiar(lies Lies, key, server string) (*liar, error) {
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &liar{lies: lies, key: key, server: server, in: in, left: lies.Times, conns: map[net.Conn]bool{}}
	if lies.Times == 0 {
		l.left = -1
	}
	if lies.Late == 0 {
		l.lies.Late = 9 * time.Second
	}
	l.done.Go(l.accept)
	return l, nil
}

func (l *liar) addr() string { return l.in.Addr().String() }

func (l *liar) close() {
	l.mu.Lock()
	l.closing = true
	l.mu.Unlock()
	l.in.Close()
	l.cut()
	l.done.Wait()
}

// cut closes every connection.
func (l *liar) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.Close()
	}
}

// goOff cuts the line and takes no new one for a while.
func (l *liar) goOff(d time.Duration) {
	l.mu.Lock()
	l.off = time.Now().Add(d)
	l.mu.Unlock()
	l.cut()
}

// turn takes one of the lies that are left.
func (l *liar) turn() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left > 0 {
		l.left--
		return true
	}
	return l.left < 0
}

func (l *liar) accept() {
	for {
		lot, err := l.in.Accept()
		if err != nil {
			return
		}
		l.mu.Lock()
		refuse := time.Now().Before(l.off) || l.closing
		l.mu.Unlock()
		if refuse {
			lot.Close()
			continue
		}
		l.done.Go(func() { l.serve(lot) })
	}
}

// link is one line through the liar.
type link struct {
	*liar
	lot, cloud net.Conn
	dead       chan struct{} // closed once the line has gone half open
	ctx        context.Context
	write      sync.Mutex // of cloud
}

func (l *liar) serve(lot net.Conn) {
	defer lot.Close()
	cloud, err := net.DialTimeout("tcp", l.server, 5*time.Second)
	if err != nil {
		return
	}
	defer cloud.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	k := &link{liar: l, lot: lot, cloud: cloud, dead: make(chan struct{}), ctx: ctx}
	l.mu.Lock()
	l.conns[lot], l.conns[cloud] = true, true
	stop := l.closing
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.conns, lot)
		delete(l.conns, cloud)
	}()
	if stop {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { k.pump(k.cloud, k.down) })
	both.Go(func() { k.pump(k.lot, k.up) })
	both.Wait()
}

// pump reads frames with what ends them and hands them on. The end of either side is the end of both.
func (k *link) pump(from net.Conn, pass func(text, end []byte) error) {
	defer k.cloud.Close()
	defer k.lot.Close()
	in := bufio.NewReader(from)
	var frame []byte
	for {
		b, err := in.ReadByte()
		if err != nil {
			return
		}
		if b != '\n' && b != '\r' {
			frame = append(frame, b)
			continue
		}
		if pass(frame, []byte{b}) != nil {
			return
		}
		frame = frame[:0]
	}
}

var errCut = errors.New("cut on purpose")

// down passes what the cloud sends; a reduction may be the end of the line.
func (k *link) down(text, end []byte) error {
	if isPayNotice(text) && (k.lies.HalfOpen || k.lies.Offline > 0) && k.turn() {
		if k.lies.Offline > 0 {
			k.goOff(k.lies.Offline)
			return errCut
		}
		close(k.dead)
	}
	select {
	case <-k.dead: // nothing gets through any more, and nobody is told
		return nil
	default:
	}
	_, err := k.lot.Write(append(bytes.Clone(text), end...))
	return err
}

// up passes what the lot sends; acknowledgements of reductions are what can be lied about.
func (k *link) up(text, end []byte) error {
	select {
	case <-k.dead:
		return nil
	default:
	}
	if !isPayNotice(text) || !(k.lies.DropAfterApply || k.lies.Ack != AckWell && k.lies.Ack != AckState0) || !k.turn() {
		return k.send(text, end)
	}
	if k.lies.DropAfterApply {
		return errCut
	}
	switch k.lies.Ack {
	case AckNever:
		return nil
	case AckTwice:
		return errors.Join(k.send(text, end), k.send(text, end))
	case AckWrongUUID:
		return k.send(k.otherUUID(text), end)
	case AckLate:
		late := append(bytes.Clone(text), end...)
		k.done.Go(func() {
			select {
			case <-time.After(k.lies.Late):
				_ = k.send(late, nil) // the line may be gone by then
			case <-k.ctx.Done():
			}
		})
	}
	return nil
}

func (k *link) send(text, end []byte) error {
	k.write.Lock()
	defer k.write.Unlock()
	_, err := k.cloud.Write(append(bytes.Clone(text), end...))
	return err
}

// otherUUID signs the acknowledgement of a reduction that nobody sent.
func (k *link) otherUUID(text []byte) []byte {
	var e struct {
		Token string
		Data  struct{ UUID string }
	}
	if json.Unmarshal(text, &e) != nil {
		return text
	}
	data := ackOf("", swapLast(e.Data.UUID), 1, "")
	return uplink("pay_notice", e.Token, data, k.key)
}

func isPayNotice(frame []byte) bool {
	return bytes.Contains(frame, []byte(`"pay_notice"`))
}
