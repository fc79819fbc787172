package lotline

import (
	"sync"
	"time"
)

// Hooks let a simulator be a car park that lies. A real one leaves them alone.
type Hooks struct {
	// Acks returns what is sent instead of the honest acknowledgement: none for never, two for twice, one with
	// another UUID or State, or one with After for late.
	Acks func(r Reduction, honest Ack) []Ack
	// Applied is called once a reduction was taken, before it is acknowledged; true drops the line there.
	Applied func(r Reduction) bool
}

// Ack is an acknowledgement of a reduction.
type Ack struct {
	UUID    string
	State   int
	NoState bool // leaves state out
	ErrMsg  string
	After   time.Duration // 0 at once; else by the line that is up then
}

func (h *Hooks) acks(r Reduction, honest Ack) []Ack {
	if h.Acks == nil {
		return []Ack{honest}
	}
	return h.Acks(r, honest)
}

// Drop cuts the line. The Client reconnects.
func (c *Client) Drop() {
	if l := c.current(); l != nil {
		l.close()
	}
}

// Away cuts the line and stays away for a while. What is reported meanwhile is kept.
func (c *Client) Away(d time.Duration) {
	c.mu.Lock()
	c.awayTo = time.Now().Add(d)
	c.mu.Unlock()
	c.Drop()
}

// Freeze makes the line half-open: it stays connected, and nothing is read or written, heartbeats neither, until
// Thaw.
func (c *Client) Freeze() { c.gate.shut() }

// Thaw ends a Freeze.
func (c *Client) Thaw() { c.gate.open() }

// gate holds up its callers while it is shut.
type gate struct {
	mu     sync.Mutex
	closed chan struct{} // nil while open
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed == nil {
		g.closed = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		close(g.closed)
		g.closed = nil
	}
}

// wait returns errOffLine where done comes first.
func (g *gate) wait(done <-chan struct{}) error {
	g.mu.Lock()
	closed := g.closed
	g.mu.Unlock()
	if closed == nil {
		return nil
	}
	select {
	case <-closed:
		return nil
	case <-done:
		return errOffLine
	}
}
