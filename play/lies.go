package play

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/lotline"
)

// How a lot's acknowledgements can go wrong.
const (
	AckWell      = ""
	AckLate      = "late"       // after the gateway has stopped waiting
	AckTwice     = "twice"      // the same one two times
	AckNever     = "never"      // a lost acknowledgement
	AckWrongUUID = "wrong-uuid" // signed well, for a reduction that was never sent
	AckState0    = "state0"     // the lot refuses, and applies nothing
)

// Acks lists them.
var Acks = []string{AckLate, AckTwice, AckNever, AckWrongUUID, AckState0}

// Lies are what is wrong with an SDK lot or its line. The zero value is a good lot. But for AckState0, the
// reduction has been applied when a lie is sent.
type Lies struct {
	Ack            string        // one of Acks
	DropAfterApply bool          // the line is cut in place of the acknowledgement
	HalfOpen       bool          // at a reduction the line goes dead without being closed
	Offline        time.Duration // at a reduction the line is cut and stays off that long
	Times          int           // how many messages meet the lie; 0: all
	Late           time.Duration // of AckLate; 0 is 9 s, past the 7 s that a line waits
	Dead           time.Duration // of HalfOpen, until the lot notices; 0 is 60 s, two heartbeats
}

// Validate refuses an unknown Ack.
func (l Lies) Validate() error {
	if l.Ack != AckWell && !slices.Contains(Acks, l.Ack) {
		return fmt.Errorf("an acknowledgement cannot be %q; there are %s", l.Ack, strings.Join(Acks, ", "))
	}
	return nil
}

// turns counts how many lies are left.
type turns struct {
	mu   sync.Mutex
	left int // -1: without end
}

func newTurns(times int) *turns {
	if times == 0 {
		times = -1
	}
	return &turns{left: times}
}

// take reports whether it is a lie's turn.
func (t *turns) take() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left > 0 {
		t.left--
		return true
	}
	return t.left < 0
}

// acks are what is sent in place of an honest acknowledgement.
func (l Lies) acks(honest lotline.Ack) []lotline.Ack {
	switch l.Ack {
	case AckLate:
		honest.After = l.Late
		if honest.After == 0 {
			honest.After = 9 * time.Second
		}
	case AckTwice:
		return []lotline.Ack{honest, honest}
	case AckNever:
		return nil
	case AckWrongUUID:
		honest.UUID = swapLast(honest.UUID)
	}
	return []lotline.Ack{honest}
}
