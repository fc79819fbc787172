package line

import (
	"sync"
	"time"
)

// mailbox holds what waits for a session of HTTP mode, and its one open poll.
type mailbox struct {
	mu      sync.Mutex
	closed  bool
	letters []letter
	poll    *poll
}

// letter is a downlink that no poll has taken yet. It is dropped once no caller waits for its answer any more:
// its sender will send it again.
type letter struct {
	message []byte
	until   time.Time
}

// poll is an open poll. What closes without a message ends empty.
type poll struct {
	message chan letter // holds one
	until   time.Time
}

// mailboxHolds bounds what waits for a session.
const mailboxHolds = 100

// put hands a message to the open poll, or keeps it for the next one.
func (b *mailbox) put(message []byte, until time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed || len(b.letters) >= mailboxHolds:
		return false
	case b.poll != nil:
		b.poll.message <- letter{message, until}
		b.poll = nil
	default:
		b.letters = append(b.letters, letter{message, until})
	}
	return true
}

// open opens a poll and ends the one that was open. It returns a message at once where one waits.
func (b *mailbox) open(now, until time.Time) *poll {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.endLocked()
	p := &poll{message: make(chan letter, 1), until: until}
	for len(b.letters) > 0 {
		first := b.letters[0]
		b.letters = b.letters[1:]
		if now.Before(first.until) {
			p.message <- first
			return p
		}
	}
	if b.closed {
		close(p.message)
	} else {
		b.poll = p
	}
	return p
}

// abandon takes back a poll whose client has gone, and keeps the message it was just given, for as long as it was
// to be kept: by then another machine of the lot may have been asked.
func (b *mailbox) abandon(p *poll) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.poll == p {
		b.poll = nil
	}
	select {
	case l, given := <-p.message:
		if given {
			b.letters = append([]letter{l}, b.letters...)
		}
	default:
	}
}

// expire ends a poll that has been held long enough. It reports whether one is open still.
func (b *mailbox) expire(now time.Time) (open bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.poll != nil && !now.Before(b.poll.until) {
		b.endLocked()
	}
	return b.poll != nil
}

// shut ends the poll and everything that waits.
func (b *mailbox) shut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.letters = nil
	b.endLocked()
}

func (b *mailbox) endLocked() {
	if b.poll != nil {
		close(b.poll.message)
		b.poll = nil
	}
}
