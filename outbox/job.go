// Package outbox keeps durable work going: it claims what is due under a lease, hands it to a handler,
// and takes back what a dead node left. It knows nothing of charging; what a job means and when it is due
// again is decided by its handler, in the same transaction as the handler's own rows.
package outbox

import (
	"context"
	"errors"
	"time"
)

// ErrBusy says that a bounded queue is full: nothing was taken, try again later.
var ErrBusy = errors.New("too busy: queue is full")

// ErrRepeated says that a unique key is taken.
var ErrRepeated = errors.New("key is taken")

// Kind is what a job is for; jobs are claimed by kind.
type Kind string

// Kinds of jobs.
const (
	KindLine     Kind = "line"     // needs the node that holds the route's line
	KindCallback Kind = "callback" // any node
	KindReport   Kind = "report"   // any node
	KindWebhook  Kind = "webhook"  // any node
)

// RouteMost is how many line jobs of one route a node claims at a time: a line takes one after the other, and what
// waits for a slow one must not fill the lane.
const RouteMost = 32

// Job is one piece of work that must be done, however often it takes.
type Job struct {
	ID      int64
	Kind    Kind
	Route   string // what it goes to ("200461/1313"); jobs of one route share limits and a line
	Ref     int64  // what it is about, for the handler
	Body    string // what is sent, where that was written when the job was made; else empty
	DueAt   time.Time
	Attempt int       // tries so far
	Tried   time.Time // the last try, of a message of a webhook
	Wrong   string    // why it failed, a note in its stored form
	GaveUp  time.Time // since when it is not tried any more by itself
	// Lease is who has the job ("" for none) and until when; Fence grows with every claim, so that a
	// node that lost its lease cannot complete.
	Lease      string
	LeaseUntil time.Time
	Fence      int64
	// Woken says that the line came up while the job was under way and after its message had left: should that try
	// fail, the next is due at once. It is not stored.
	Woken bool
}

// Storage is what the runner needs.
type Storage interface {
	// ClaimJobs leases up to limit due jobs whose lease is free or over to node until the given time, and
	// returns them, their Fence raised. Line jobs are given only for routes whose line is on this node, at most
	// RouteMost of a route at a time, those with fewer tries first, then the oldest.
	ClaimJobs(ctx context.Context, node string, kind Kind, now, until time.Time, limit int) ([]Job, error)
	// RenewJobs moves the leases of jobs that this node still holds.
	RenewJobs(ctx context.Context, node string, ids []int64, until time.Time) error
}
