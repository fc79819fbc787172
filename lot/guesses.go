package lot

import (
	"net/netip"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
)

// Guesses slows down who tries keys. Wrong keys are counted by network and by what they are keys of; a right one is
// never held back. Safe for concurrent use.
type Guesses struct {
	rate *limit.Rate[guess]

	mu   sync.Mutex
	held map[guess]int // answers that are held back now
}

// guess is what wrong keys are counted by.
type guess struct {
	network netip.Addr
	lot     charge.LotID
}

// Who sends one key after the other hears each answer within a second. Who sends many at a time waits longer.
const (
	wrongPerS = 2                      // wrong keys that are answered at once
	slowFor   = 800 * time.Millisecond // how long the answer to one more is held back
	slowEach  = 16                     // so many at a time add as much again
	slowMost  = 6                      // times slowFor
)

// NewGuesses makes an empty count.
func NewGuesses() *Guesses {
	return &Guesses{rate: limit.NewRate[guess](wrongPerS), held: map[guess]int{}}
}

// Hold counts a wrong key that came from a network at now, and returns when its answer may leave or end is closed. How
// many wait at a time is bounded by the connections that there may be.
func (g *Guesses) Hold(network netip.Addr, of charge.LotID, now time.Time, end <-chan struct{}) {
	if len(of.Union)+len(of.Park) > clipMost {
		of = charge.LotID{}
	}
	by := guess{network, of}
	if g.rate.Allow(by, now) {
		return
	}
	g.mu.Lock()
	g.held[by]++
	wait := slowFor * time.Duration(min(1+g.held[by]/slowEach, slowMost))
	g.mu.Unlock()
	over := time.NewTimer(wait)
	defer over.Stop()
	select {
	case <-over.C:
	case <-end:
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held[by]--; g.held[by] == 0 {
		delete(g.held, by)
	}
}
