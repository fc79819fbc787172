// Package machine is what work stands on beside its storage and its far ends: goroutines, waiting, limits on time,
// random numbers. The zero Machine is the real one. A simulator sets all of its fields, so that one seed makes one
// history.
package machine

import (
	"context"
	"crypto/rand"
	"io"
	"time"
)

// Machine provides goroutines, waiting, limits on time and random numbers. A field that is nil stands for the real one.
type Machine struct {
	// Go begins work beside the caller.
	Go func(work func())
	// Wait returns after a time, or once ctx has ended.
	Wait func(ctx context.Context, d time.Duration)
	// Within is context.WithTimeout.
	Within func(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
	// Random never fails.
	Random io.Reader
}

// Real returns the machine with the real thing in each field that is nil.
func (m Machine) Real() Machine {
	if m.Go == nil {
		m.Go = func(work func()) { go work() }
	}
	if m.Wait == nil {
		m.Wait = func(ctx context.Context, d time.Duration) {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-ctx.Done():
			case <-t.C:
			}
		}
	}
	if m.Within == nil {
		m.Within = context.WithTimeout
	}
	if m.Random == nil {
		m.Random = rand.Reader
	}
	return m
}
