package charge

import "time"

// MostQueued is how far a webhook's messages are counted.
const MostQueued = 100_000

// WebhookQueue is what waits for one webhook.
type WebhookQueue struct {
	Name    string
	Unknown bool      // no setting names it any more
	Waiting int64     // messages that are tried again, MostQueued at most
	GaveUp  int64     // messages that are kept and not tried any more by themselves
	Oldest  time.Time // since when the oldest one waits; zero where none does
	Next    time.Time // when that is tried again
	Tried   time.Time // when it was tried last
	Wrong   Note      // why that failed
}

// Why says why its oldest message waits.
func (q WebhookQueue) Why() Note {
	if q.Wrong.IsZero() {
		return Say("webhook.not_tried")
	}
	return q.Wrong
}

// WebhookFilter narrows WebhookMessages.
type WebhookFilter struct {
	Name   string
	Limit  int // 0 is 50
	Cursor string
	Count  bool
}

// WebhookMessage is a message that a webhook has not taken.
type WebhookMessage struct {
	ID     int64
	Charge int64
	Made   time.Time
	Tries  int
	Tried  time.Time
	Next   time.Time // zero once it was given up
	GaveUp time.Time
	Wrong  Note
	Body   string // JSON
}
