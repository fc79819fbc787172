package outbox

import (
	"encoding/binary"
	"io"
	"time"

	"github.com/chargestamp/chargestamp/machine"
)

// Schedule is the waits between tries; the last one repeats.
type Schedule []time.Duration

// After returns the wait after a number of tries (1 and up), up to a twentieth longer so that what failed
// together does not come back together.
func (s Schedule) After(tries int, on machine.Machine) time.Duration {
	wait := s[min(max(tries, 1), len(s))-1]
	return wait + time.Duration(below(on.Random, int64(wait/20+1)))
}

// below returns a random number from 0 to n-1.
func below(random io.Reader, n int64) int64 {
	var b [8]byte
	_, _ = io.ReadFull(random, b[:])
	return int64(binary.BigEndian.Uint64(b[:]) % uint64(n))
}
