package sdktest

import (
	"net"
	"sync"
	"time"
)

// Relay stands between a PC and the gateway as a mobile link or a busy router does: what comes from the gateway is
// held for a while, handed on together, and cut into pieces that arrive one by one. Uplinks pass at once.
type Relay struct {
	to    string
	batch time.Duration
	cut   int
	l     net.Listener
	done  chan struct{}

	running sync.WaitGroup
	mu      sync.Mutex
	conns   map[net.Conn]bool
	lose    func(down []byte) bool
}

// NewRelay starts a relay on a free port of this machine. It holds what came from the gateway for batch, and hands on
// pieces of at most cut bytes, 0 for no limit.
func NewRelay(to string, batch time.Duration, cut int) (*Relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Relay{to: to, batch: batch, cut: cut, l: l, done: make(chan struct{}), conns: map[net.Conn]bool{}}
	r.running.Go(r.accept)
	return r, nil
}

// Addr is where the PC connects.
func (r *Relay) Addr() string { return r.l.Addr().String() }

// Lose loses the first batch from the gateway for which match is true.
func (r *Relay) Lose(match func(down []byte) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lose = match
}

// CutOff closes every connection that is open.
func (r *Relay) CutOff() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		_ = c.Close()
	}
}

// Close ends the relay and every connection through it.
func (r *Relay) Close() {
	close(r.done)
	_ = r.l.Close()
	r.CutOff()
	r.running.Wait()
}

func (r *Relay) accept() {
	for {
		pc, err := r.l.Accept()
		if err != nil {
			return
		}
		gateway, err := net.Dial("tcp", r.to)
		if err != nil {
			_ = pc.Close()
			continue
		}
		if !r.open(pc, gateway) {
			return
		}
		r.running.Go(func() { r.up(pc, gateway) })
		r.running.Go(func() { r.down(gateway, pc) })
	}
}

// open enters a pair of connections; false where the relay is closed.
func (r *Relay) open(pair ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.done:
		for _, c := range pair {
			_ = c.Close()
		}
		return false
	default:
	}
	for _, c := range pair {
		r.conns[c] = true
	}
	return true
}

func (r *Relay) close(pair ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range pair {
		_ = c.Close()
		delete(r.conns, c)
	}
}

func (r *Relay) up(pc, gateway net.Conn) {
	defer r.close(pc, gateway)
	buf := make([]byte, 64<<10)
	for {
		n, err := pc.Read(buf)
		if err != nil {
			return
		}
		if _, err := gateway.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (r *Relay) down(gateway, pc net.Conn) {
	defer r.close(pc, gateway)
	buf := make([]byte, 64<<10)
	for {
		n, err := gateway.Read(buf)
		if err != nil {
			return
		}
		batch := append([]byte(nil), buf[:n]...)
		for end := time.Now().Add(r.batch); r.batch > 0; {
			_ = gateway.SetReadDeadline(end)
			n, err := gateway.Read(buf)
			batch = append(batch, buf[:n]...)
			if err != nil {
				break
			}
		}
		_ = gateway.SetReadDeadline(time.Time{})
		if !r.loses(batch) && !r.handOn(pc, batch) {
			return
		}
	}
}

func (r *Relay) loses(batch []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lose == nil || !r.lose(batch) {
		return false
	}
	r.lose = nil
	return true
}

// between keeps the pieces of one batch apart, so that the far end reads each by itself.
const between = 2 * time.Millisecond

func (r *Relay) handOn(pc net.Conn, batch []byte) bool {
	for len(batch) > 0 {
		piece := batch
		if r.cut > 0 && len(piece) > r.cut {
			piece = piece[:r.cut]
		}
		if _, err := pc.Write(piece); err != nil {
			return false
		}
		if batch = batch[len(piece):]; len(batch) == 0 {
			return true
		}
		select {
		case <-time.After(between):
		case <-r.done:
			return false
		}
	}
	return true
}
