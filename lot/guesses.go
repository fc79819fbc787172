package lot

import (
	"net/netip"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
)

// Guesses slows down who tries keys. Wrong keys are counted by network and by what they are keys of; a right one is
// never held back. Safe for concurrent use.
type Guesses struct {
	rate *limit.Rate[guess]
	held limit.Places[guess] // answers that are held back now
}

// guess is what wrong keys are counted by.
type guess struct {
	network netip.Addr
	lot     charge.LotID
}

// Who sends one key after the other hears each answer within a second. Who sends many at a time waits longer, and hears
// nothing in the end.
const (
	wrongPerS = 2                      // wrong keys that are answered at once
	slowFor   = 800 * time.Millisecond // how long the answer to one more is held back
	slowEach  = 16                     // so many at a time add as much again
	slowMost  = 6                      // times slowFor
	heldMost  = 96                     // answers that are held back at a time; further ones never leave
)

// NewGuesses makes an empty count.
func NewGuesses() *Guesses {
	return &Guesses{rate: limit.NewRate[guess](wrongPerS)}
}

// Hold counts a wrong key that came from a network at now, and returns when its answer may leave or end is closed. It
// returns false at once where so many of that network's answers wait already that this one is not to leave at all.
func (g *Guesses) Hold(network netip.Addr, of charge.LotID, now time.Time, end <-chan struct{}) bool {
	if len(of.Union)+len(of.Park) > clipMost {
		of = charge.LotID{}
	}
	by := guess{network, of}
	if g.rate.Allow(by, now) {
		return true
	}
	held, ok := g.held.Take(by, heldMost)
	if !ok {
		return false
	}
	defer g.held.Give(by)
	over := time.NewTimer(slowFor * time.Duration(min(1+held/slowEach, slowMost)))
	defer over.Stop()
	select {
	case <-over.C:
	case <-end:
	}
	return true
}
