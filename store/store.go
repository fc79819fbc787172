// Package store keeps everything durable, on SQLite in one file or on PostgreSQL, with the same SQL and the
// same behaviour. Many writes share one commit; what is answered after Write has returned survives a crash.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

// ErrClosed says that the store was closed.
var ErrClosed = errors.New("store is closed")

// Config says where the data are.
type Config struct {
	DataDir string           // folder of chargestamp.db; made when missing. Unused with URL
	URL     string           // "postgres://…", or empty for SQLite
	Node    string           // this node's name; one word, unique in the site
	Clock   func() time.Time // nil is time.Now
	Logger  *slog.Logger     // nil logs nothing
}

// Store is the open store. It is safe for concurrent use.
type Store struct {
	cfg    Config
	log    *slog.Logger
	engine engine
	queues []queue
	ids    *charge.IDs // of rows whose ids the store assigns itself
	plates seenPlates
	hints  chan Hint
	summed settled // how far charges are added up for statements

	filling atomic.Bool // a whole site is being written: nothing is added up meanwhile

	batches, writes, reruns, busy atomic.Int64
	statements                    atomic.Int64
	committing, committingCPU     atomic.Int64 // nanoseconds

	failed    chan error // capacity 1, see Fatal
	dead      atomic.Pointer[error]
	closing   chan struct{}
	closeOnce sync.Once
	workers   sync.WaitGroup
	stopped   chan struct{} // closed when no worker is left
}

// engine is what differs between SQLite and PostgreSQL.
type engine interface {
	name() string
	// schema is what the program's migrations come to on this engine.
	schema() schema
	// commit runs the writes of one queue until there are no more.
	commit(queue int, take func() []*write)
	// read runs fn on a snapshot.
	read(ctx context.Context, fn func(link) error) error
	// glance is read that may miss what was written half a second ago.
	glance(ctx context.Context, fn func(link) error) error
	// far reports whether a question costs a way to another machine, so that many are better asked as one.
	far() bool
	// misses reports whether a glance may miss a job that may be claimed at a time.
	misses(ms int64) bool
	notify(ctx context.Context, h Hint) error
	// listen hands hints of other nodes to the store until closing.
	listen()
	// indexPlates brings new plates into the index of their parts, so many in one write.
	indexPlates(ctx context.Context, atOnce int) error
	// long runs statements that may take minutes, in a transaction.
	long(ctx context.Context, texts ...string) error
	// indexes lists the indexes that a bulk write takes away: name, and how to make it.
	indexes() *statement
	analyze(ctx context.Context) error
	// integrity checks the files themselves, as far as the engine can.
	integrity(ctx context.Context) error
	backup(ctx context.Context, file string) error
	close() error
}

// link is a connection as a Tx sees it. Errors of the database leave its transaction unusable.
type link interface {
	asker
	// exec runs a statement now and says how many rows it changed.
	exec(q *statement, args []any) (int64, error)
	// put is exec that may be put off to the end of the transaction. Another number of changed rows than
	// want returns errMissed; a negative want takes any.
	put(q *statement, args []any, want int64) error
}

type asker interface {
	// query passes each row to a function; the row is its only until it returns.
	query(q *statement, args []any, each func(*cells) error) error
}

// readLink is a link that refuses changes.
type readLink struct{ asker }

// errReadOnly says that a change was tried where only reading is allowed.
var errReadOnly = errors.New("store: a read cannot change anything")

func (readLink) exec(*statement, []any) (int64, error) { return 0, errReadOnly }
func (readLink) put(*statement, []any, int64) error    { return errReadOnly }
func (l readLink) query(q *statement, args []any, each func(*cells) error) error {
	if q.changes {
		return errReadOnly
	}
	return l.asker.query(q, args, each)
}

// errMissed says that a put changed another number of rows than wanted.
var errMissed = errors.New("store: no such row, or its key is taken")

// Close commits what is queued and closes the store. It is safe to call twice.
func (s *Store) Close() error {
	err := error(nil)
	s.closeOnce.Do(func() {
		close(s.closing)
		<-s.stopped
		err = s.engine.close()
	})
	return err
}

// Fatal returns the error after which the store takes no more writes: the disk did not keep what it was given.
// The server must stop; it may start again on a sound disk.
func (s *Store) Fatal() <-chan error { return s.failed }

// fail ends all writing.
func (s *Store) fail(err error) {
	err = fmt.Errorf("store: %s can no longer be written: %w", s.cfg.DataDir, err)
	if s.dead.CompareAndSwap(nil, &err) {
		s.log.Error("the store can no longer write", "error", err)
		s.failed <- err
	}
}

// Stats are counts since the store was opened.
type Stats struct {
	Batches int64 // commits
	Writes  int64 // writes that shared them
	Reruns  int64 // batches that had to be run a second time, one write after the other
	Busy    int64 // writes turned away at a full queue

	// Statements is how many were sent to the database to write, and to look up what a write asks.
	Statements int64

	Queued int // writes that wait now

	// Committing is how long the one thread that writes to SQLite has worked, not counting what it waited for. On
	// PostgreSQL, where the server does that work, it is 0.
	Committing time.Duration
	// CommittingCPU is the processor time in it, without waits for a core; 0 where the system counts none for a thread.
	CommittingCPU time.Duration
}

// Stats reports how the store is doing.
func (s *Store) Stats() Stats {
	st := Stats{Batches: s.batches.Load(), Writes: s.writes.Load(), Reruns: s.reruns.Load(), Busy: s.busy.Load(),
		Statements: s.statements.Load(),
		Committing: time.Duration(s.committing.Load()), CommittingCPU: time.Duration(s.committingCPU.Load())}
	for _, q := range s.queues {
		st.Queued += q.len()
	}
	return st
}

// Engine names the engine, "sqlite" or "postgres".
func (s *Store) Engine() string { return s.engine.name() }

// Write runs fn in a durable transaction in which no other write changes the named visits, and returns after the
// commit. Many writes share one commit; an error or panic of one undoes that one alone and is returned as it
// is. It returns outbox.ErrBusy at once when too many wait or the database is away, and the error of a ctx that
// ends before fn has begun.
//
// fn may be run more than once, on another goroutine, and only its last run counts: it must not change
// anything but its Tx, except to set results afresh. It must not keep the Tx.
func (s *Store) Write(ctx context.Context, visits []charge.VisitKey, fn func(*Tx) error) error {
	return s.write(ctx, visitLocks(visits), fn)
}

// WriteSoon is Write for what no caller waits for: a few milliseconds may pass until it shares the commit of a write
// that somebody does wait for.
func (s *Store) WriteSoon(ctx context.Context, visits []charge.VisitKey, fn func(*Tx) error) error {
	locks := visitLocks(visits)
	return s.enqueue(ctx, s.queueOf(locks).soon, &write{ctx: ctx, locks: locks, fn: fn})
}

// Read runs fn on a snapshot. Its Tx refuses writes.
func (s *Store) Read(ctx context.Context, fn func(*Tx) error) error {
	return s.engine.read(ctx, func(l link) error {
		return fn(&Tx{link: l, store: s, readOnly: true})
	})
}

// glance is Read that may miss what was written half a second ago.
func (s *Store) glance(ctx context.Context, fn func(*Tx) error) error {
	return s.engine.glance(ctx, func(l link) error {
		return fn(&Tx{link: l, store: s, readOnly: true})
	})
}

// write is Write with the locks themselves, which are sorted and each there once.
func (s *Store) write(ctx context.Context, locks []int64, fn func(*Tx) error) error {
	return s.enqueue(ctx, s.queueOf(locks).now, &write{ctx: ctx, locks: locks, fn: fn})
}

// queueOf spreads writes over the queues, those that want the same first lock into the same.
func (s *Store) queueOf(locks []int64) queue {
	switch {
	case len(locks) > 0:
		return s.queues[uint64(locks[0])%uint64(len(s.queues))]
	case len(s.queues) > 1:
		return s.queues[uint64(s.cfg.Clock().UnixNano()/1000)%uint64(len(s.queues))]
	}
	return s.queues[0]
}

// enqueue waits for what becomes of a write.
func (s *Store) enqueue(ctx context.Context, in chan<- *write, w *write) error {
	w.done = make(chan error, 1)
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closing:
		return ErrClosed
	default:
	}
	select {
	case in <- w:
	default:
		s.busy.Add(1)
		return outbox.ErrBusy
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		if w.cancel() {
			return ctx.Err()
		}
		return <-w.done
	case <-s.stopped:
		if w.cancel() {
			return ErrClosed
		}
		return <-w.done
	}
}

// visitLocks returns the locks of visits, sorted, each once.
func visitLocks(visits []charge.VisitKey) []int64 {
	locks := make([]int64, 0, len(visits))
	for _, v := range visits {
		locks = append(locks, lockOf(v.Lot.String(), v.Plate.Full()))
	}
	slices.Sort(locks)
	return slices.Compact(locks)
}

// lockOf is a 64-bit FNV-1a hash of words. Two things that share a hash wait for each other, no more.
func lockOf(words ...string) int64 {
	h := uint64(14695981039346656037)
	for _, w := range words {
		for i := range len(w) {
			h = (h ^ uint64(w[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return int64(h)
}

// wrapf says what failed, and leaves nil alone.
func wrapf(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("store: "+format+": %w", append(args, err)...)
}

// Hint says that something may be worth looking at now. Hints may be lost and are never needed: who acts
// on one also looks by itself now and then.
type Hint struct {
	Topic   string
	Payload string
}

// Notify hints to every node of the site, this one included. A hint is at most 7000 bytes long.
func (s *Store) Notify(ctx context.Context, topic, payload string) error {
	return s.engine.notify(ctx, Hint{topic, payload})
}

// Hints returns the hints that came; who does not read them loses some.
func (s *Store) Hints() <-chan Hint { return s.hints }

func (s *Store) hint(h Hint) {
	select {
	case s.hints <- h:
	default:
	}
}
