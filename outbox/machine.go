package outbox

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"io"
	"time"
)

// Machine is what work stands on beside its storage. A field that is nil is the real thing. A simulator sets all of
// them, so that one seed makes one history.
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

// Real fills in what is nil.
func (m Machine) Real() Machine {
	if m.Go == nil {
		m.Go = func(work func()) { go work() }
	}
	if m.Wait == nil {
		m.Wait = func(ctx context.Context, d time.Duration) {
			select {
			case <-ctx.Done():
			case <-time.After(d):
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

// below returns a random number from 0 to n-1.
func (m Machine) below(n int64) int64 {
	var b [8]byte
	_, _ = io.ReadFull(m.Random, b[:])
	return int64(binary.BigEndian.Uint64(b[:]) % uint64(n))
}
