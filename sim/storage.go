package sim

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/nodes"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// fault is what the way to the database does to one write.
type fault int

const (
	sound      fault = iota
	turnedAway       // nothing is taken: a full queue, or no connection
	tooLate          // the caller's time ends before the write begins
	undone           // it fails when it has put everything, and must leave nothing
	unanswered       // it is committed, and the answer is lost
	kept             // the database dies behind the commit
	lost             // the database dies before the commit is on its disk
)

// errGone is what a caller hears whose connection dies: the same as where nothing was taken.
var errGone = errors.Join(outbox.ErrBusy, errors.New("the connection is gone"))

// storage is the database as one node sees it. It is a flow.Storage and an outbox.Storage over the real store.
type storage struct {
	w *world
	n *node
}

func (s storage) Write(ctx context.Context, visits []charge.VisitKey, fn func(flow.Tx) error) error {
	return s.write(ctx, atWrite, func(d *draft, fails bool) error {
		return s.w.disk.store.Write(context.Background(), visits, func(tx *store.Tx) error {
			d.begin(s.w)
			err := fn(watched{tx, d})
			if err == nil && fails {
				err = errGone
			}
			return err
		})
	})
}

// WriteSoon is Write: when it shares a commit, and with whom, is drawn.
func (s storage) WriteSoon(ctx context.Context, visits []charge.VisitKey, fn func(flow.Tx) error) error {
	return s.Write(ctx, visits, fn)
}

// write runs one write of the real store where the task's turn has come.
func (s storage) write(ctx context.Context, at place, commit func(d *draft, fails bool) error) error {
	t := s.w.stage.pause(at)
	does := t.fault
	t.fault = sound
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case s.w.away() || does == turnedAway:
		return outbox.ErrBusy
	case does == tooLate:
		return context.DeadlineExceeded
	}
	d := &draft{}
	var err error
	if does != lost || s.w.disk.tears() {
		err = commit(d, does == undone)
	}
	if err == nil && does != lost {
		t.draft = d
	}
	s.w.stage.wait(t, atWritten)
	switch does {
	case unanswered, kept, lost:
		return errGone
	}
	return err
}

func (s storage) Read(ctx context.Context, fn func(flow.Tx) error) error {
	s.w.stage.pause(atRead)
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.w.away() {
		return outbox.ErrBusy
	}
	return s.w.disk.store.Read(context.Background(), func(tx *store.Tx) error { return fn(tx) })
}

// ClaimJobs is a write that the store makes by itself.
func (s storage) ClaimJobs(ctx context.Context, node string, kind outbox.Kind, now, until time.Time,
	limit int,
) (jobs []outbox.Job, err error) {
	err = s.write(ctx, atStore, func(d *draft, fails bool) (err error) {
		if fails {
			return errGone
		}
		d.begin(s.w)
		jobs, err = s.w.disk.store.ClaimJobs(context.Background(), node, kind, now, until, limit)
		for _, j := range jobs {
			d.jobs[j.ID] = j
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return jobs, nil
}

func (s storage) RenewJobs(ctx context.Context, node string, ids []int64, until time.Time) error {
	return s.write(ctx, atStore, func(d *draft, fails bool) error {
		if fails {
			return errGone
		}
		d.begin(s.w)
		d.renewed, d.renewedBy, d.renewedTo = ids, node, until
		return s.w.disk.store.RenewJobs(context.Background(), node, ids, until)
	})
}

// sessions is the book of a node's lines: that of package nodes, over the store.
type sessions struct{ storage }

func (s sessions) through(ctx context.Context, do func(nodes.Lines) error) error {
	return s.write(ctx, atStore, func(d *draft, fails bool) error {
		if fails {
			return errGone
		}
		d.begin(s.w)
		return do(nodes.Lines{Store: s.w.disk.store, Hints: nodes.NewHints(s.w.disk.store, slog.New(slog.DiscardHandler))})
	})
}

// Put implements line.SessionBook. The hint to other nodes is lost at times.
func (s sessions) Put(ctx context.Context, lines []charge.LineSession) error {
	err := s.through(ctx, func(l nodes.Lines) error { return l.Put(background, lines) })
	for _, l := range lines {
		for _, n := range s.w.nodes {
			if err == nil && n != nil && n != s.n && (s.w.calm || s.w.chance(70)) {
				n.lines.Recheck(l.Lot)
			}
		}
	}
	return err
}

// Beat implements line.SessionBook.
func (s sessions) Beat(ctx context.Context, lines []charge.LineSession) (gone []charge.LineSession, err error) {
	err = s.through(ctx, func(l nodes.Lines) (err error) {
		gone, err = l.Beat(background, lines)
		return err
	})
	return gone, err
}

// End implements line.SessionBook.
func (s sessions) End(ctx context.Context, lines []charge.LineSession) error {
	return s.through(ctx, func(l nodes.Lines) error { return l.End(background, lines) })
}

// draft is what one transaction has put. It goes into the book once it is committed.
type draft struct {
	order     int // of commits
	dirty     []int64
	moves     []move
	puts      []func(*book)
	jobs      map[int64]outbox.Job
	ended     []int64
	held      map[int64]time.Time
	woken     []charge.LotID
	wokenAt   time.Time
	renewed   []int64
	renewedBy string
	renewedTo time.Time
}

// move is a charge's way from one state to another.
type move struct {
	id       int64
	from, to charge.State
	plate    charge.Plate
}

// begin empties the draft: the store may run a transaction more than once, and only its last run counts.
func (d *draft) begin(w *world) {
	w.commits++
	*d = draft{order: w.commits, jobs: map[int64]outbox.Job{}, held: map[int64]time.Time{}}
}

// watched sees what a transaction puts.
type watched struct {
	flow.Tx
	d *draft
}

func (t watched) AddCharge(c *charge.Charge, issuer string) error {
	t.put("", c)
	err := t.Tx.AddCharge(c, issuer)
	if err == nil {
		t.d.putCharge(c)
	}
	return err
}

func (t watched) SetCharge(c *charge.Charge) error {
	was, err := t.Tx.Charge(c.ID)
	if err != nil {
		return err
	}
	t.put(was.State, c)
	t.d.putCharge(c)
	return t.Tx.SetCharge(c)
}

func (t watched) put(was charge.State, c *charge.Charge) {
	t.d.moves = append(t.d.moves, move{c.ID, was, c.State, c.Plate})
	t.d.held[c.ID] = time.Time{}
	if c.State == charge.StateHeld {
		t.d.held[c.ID] = c.HoldUntil
	}
}

func (t watched) AddDelivery(dl *charge.Delivery, j outbox.Job) error {
	t.d.dirty = append(t.d.dirty, dl.Charge)
	if j.ID != 0 {
		t.d.jobs[j.ID] = j
	}
	t.d.putDelivery(dl)
	return t.Tx.AddDelivery(dl, j)
}

func (t watched) SetDelivery(dl *charge.Delivery) error {
	t.d.dirty = append(t.d.dirty, dl.Charge)
	t.d.putDelivery(dl)
	return t.Tx.SetDelivery(dl)
}

func (t watched) AddJob(j outbox.Job) error {
	t.d.jobs[j.ID] = j
	return t.Tx.AddJob(j)
}

func (t watched) SetJob(j outbox.Job) error {
	t.d.jobs[j.ID] = j
	return t.Tx.SetJob(j)
}

func (t watched) EndJob(id int64) error {
	t.d.ended = append(t.d.ended, id)
	return t.Tx.EndJob(id)
}

func (t watched) WakeJobs(id charge.LotID, now time.Time) (int, error) {
	t.d.woken, t.d.wokenAt = append(t.d.woken, id), now
	return t.Tx.WakeJobs(id, now)
}

// gather takes the drafts of tasks that have written, in the order of their commits.
func gather(tasks []*task) []*draft {
	var all []*draft
	for _, t := range tasks {
		if t.draft != nil {
			all = append(all, t.draft)
			t.draft = nil
		}
	}
	slices.SortFunc(all, func(a, b *draft) int { return cmp.Compare(a.order, b.order) })
	return all
}
