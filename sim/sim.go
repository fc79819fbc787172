// Package sim plays whole histories of a site from a seed: the real flow, outbox and store, with the clock, the
// network, the disk and all far ends in the simulator's hand. Everything that can go wrong does, and after each step
// what the store has is compared with a book that the simulator keeps by itself. The same seed plays the same history.
package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
)

// Options say what to play.
type Options struct {
	Seed   uint64
	Visits int       // of cars to lots; 0 is DefaultVisits
	URL    string    // an empty PostgreSQL database; empty is SQLite
	Trace  io.Writer // where each line of the history goes; nil is nowhere
}

// DefaultVisits is how many visits a history has.
const DefaultVisits = 100

// Result is what a history came to. Two histories of the same seed, visits and engine have the same hash.
type Result struct {
	Seed   uint64         `json:"seed,string"`
	Hash   string         `json:"hash"`
	Visits int            `json:"visits"`
	Nodes  int            `json:"nodes"`
	Steps  int            `json:"steps"`
	Hours  float64        `json:"hours"` // of simulated time
	Counts map[string]int `json:"counts"`
}

// Broken is what a history has broken, with its last lines.
type Broken struct {
	Seed  uint64
	Wrong []string
	Last  []string
}

func (b *Broken) Error() string {
	return fmt.Sprintf("seed %d breaks what must hold:\n%s\nbefore that:\n%s", b.Seed, strings.Join(b.Wrong, "\n"),
		strings.Join(b.Last, "\n"))
}

// Run plays one history. The error is a *Broken where something does not hold.
func Run(ctx context.Context, o Options) (r Result, err error) {
	if o.Visits == 0 {
		o.Visits = DefaultVisits
	}
	w, err := newWorld(o)
	if err != nil {
		return r, err
	}
	defer func() {
		w.close()
		err = errors.Join(err, w.disk.close())
	}()
	w.ctx = ctx
	w.play()
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	if len(w.wrong) == 0 {
		w.checkEnd()
	}
	if len(w.wrong) > 0 {
		return r, &Broken{o.Seed, w.wrong, w.history.last}
	}
	return Result{Seed: o.Seed, Hash: w.history.sum(), Visits: o.Visits, Nodes: len(w.nodes), Steps: w.steps,
		Hours: w.now().Sub(begins).Hours(), Counts: w.counts}, nil
}

// history is every line of what happened, as a hash and as the last few.
type history struct {
	hash  hash.Hash
	last  []string
	trace io.Writer
}

// lastLines is how many lines of a history are shown where something breaks.
const lastLines = 40

func newHistory(trace io.Writer) *history { return &history{hash: sha256.New(), trace: trace} }

func (h *history) note(at time.Duration, format string, args ...any) {
	line := fmt.Sprintf("%s "+format, append([]any{at}, args...)...)
	fmt.Fprintln(h.hash, line)
	if h.last = append(h.last, line); len(h.last) > lastLines {
		h.last = h.last[1:]
	}
	if h.trace != nil {
		fmt.Fprintln(h.trace, line)
	}
}

func (h *history) sum() string { return hex.EncodeToString(h.hash.Sum(nil)[:16]) }
