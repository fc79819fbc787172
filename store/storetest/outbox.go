package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// testOutbox drives claims, renewals, completions and the clock at random, and compares with a plain model.
func testOutbox(t *testing.T, s *site) {
	rapid.Check(t, func(rt *rapid.T) {
		o := newOutboxModel(s)
		defer o.clear() // nothing is left that a later run could claim
		rt.Repeat(map[string]func(*rapid.T){
			"add": o.add, "claim": o.claim, "renew": o.renew, "complete": o.complete, "retry": o.retry, "wake": o.wake,
			"wait": o.wait,
			"line": o.line,
			"":     o.compare,
		})
	})
}

type outboxModel struct {
	*site
	jobs  map[int64]*outbox.Job
	lines map[string]string // node by route
	lots  []charge.LotID
}

func newOutboxModel(s *site) *outboxModel {
	o := &outboxModel{site: s, jobs: map[int64]*outbox.Job{}, lines: map[string]string{}}
	for i := range 3 {
		o.lots = append(o.lots, charge.LotID{Union: fmt.Sprint("u", s.ids.Next()), Park: fmt.Sprint(i)})
	}
	return o
}

var outboxNodes = []string{"a", "b"}

func (o *outboxModel) add(rt *rapid.T) {
	kind := rapid.SampledFrom([]outbox.Kind{outbox.KindLine, outbox.KindCallback}).Draw(rt, "kind")
	j := &outbox.Job{ID: o.ids.Next(), Kind: kind, Route: rapid.SampledFrom(o.lots).Draw(rt, "lot").String(), Ref: 7,
		DueAt: o.now.Add(time.Duration(rapid.IntRange(-5, 5).Draw(rt, "due")) * time.Second)}
	if rapid.Bool().Draw(rt, "leased") {
		j.Lease, j.LeaseUntil, j.Fence = "a", o.now.Add(3*time.Second), 1
	}
	o.write(func(tx *store.Tx) error { return tx.AddJob(*j) })
	o.jobs[j.ID] = j
}

func (o *outboxModel) line(rt *rapid.T) {
	lot, node := rapid.SampledFrom(o.lots).Draw(rt, "lot"), rapid.SampledFrom([]string{"a", "b", ""}).Draw(rt, "node")
	if node == "" {
		lines, err := o.LineNodes(context.Background(), lot)
		for _, l := range lines {
			err = cmp.Or(err, o.EndLineSession(context.Background(), l))
		}
		if err != nil {
			rt.Fatal(err)
		}
		delete(o.lines, lot.String())
		return
	}
	if _, err := o.PutLineSession(context.Background(),
		charge.LineSession{Lot: lot, LocalID: "1", Node: node, ReceiveCloud: true}); err != nil {
		rt.Fatal(err)
	}
	o.lines[lot.String()] = node
}

func (o *outboxModel) ready(j *outbox.Job) time.Time {
	if j.Lease != "" && j.LeaseUntil.After(j.DueAt) {
		return j.LeaseUntil
	}
	return j.DueAt
}

func (o *outboxModel) claim(rt *rapid.T) {
	node, kind := rapid.SampledFrom(outboxNodes).Draw(rt, "node"),
		rapid.SampledFrom([]outbox.Kind{outbox.KindLine, outbox.KindCallback}).Draw(rt, "kind")
	limit := rapid.IntRange(1, 4).Draw(rt, "limit")
	until := o.now.Add(4 * time.Second)
	may := 0
	for _, j := range o.jobs {
		if o.mayClaim(j, node, kind) {
			may++
		}
	}
	got, err := o.ClaimJobs(context.Background(), node, kind, o.now, until, limit)
	if err != nil {
		rt.Fatal(err)
	}
	if len(got) != min(may, limit) {
		rt.Fatalf("claimed %d of %d, limit %d", len(got), may, limit)
	}
	for _, g := range got {
		j := o.jobs[g.ID]
		if j == nil || !o.mayClaim(j, node, kind) {
			rt.Fatalf("claimed %+v, model has %+v", g, j)
		}
		j.Lease, j.LeaseUntil, j.Fence = node, until, j.Fence+1
	}
	if kind == outbox.KindCallback { // the longest ready come first
		for _, j := range o.jobs {
			if len(got) > 0 && o.mayClaim(j, node, kind) && j.DueAt.Before(got[0].DueAt) && j.Lease == "" {
				rt.Fatalf("claimed %v before %v", got[0].DueAt, j.DueAt)
			}
		}
	}
}

func (o *outboxModel) mayClaim(j *outbox.Job, node string, kind outbox.Kind) bool {
	return j.Kind == kind && !o.ready(j).After(o.now) && (kind != outbox.KindLine || o.lines[j.Route] == node)
}

// pick draws a job, or nil.
func (o *outboxModel) pick(rt *rapid.T) *outbox.Job {
	if len(o.jobs) == 0 {
		return nil
	}
	var ids []int64
	for id := range o.jobs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return o.jobs[rapid.SampledFrom(ids).Draw(rt, "job")]
}

func (o *outboxModel) renew(rt *rapid.T) {
	j, node := o.pick(rt), rapid.SampledFrom(outboxNodes).Draw(rt, "node")
	if j == nil {
		return
	}
	until := o.now.Add(6 * time.Second)
	if err := o.RenewJobs(context.Background(), node, []int64{j.ID, 1}, until); err != nil {
		rt.Fatal(err)
	}
	if j.Lease == node {
		j.LeaseUntil = until
	}
}

// complete ends a job as a handler does: with the fence it was given, which may be an old one.
func (o *outboxModel) complete(rt *rapid.T) {
	j := o.pick(rt)
	if j == nil {
		return
	}
	fence := j.Fence - int64(rapid.IntRange(0, 1).Draw(rt, "old"))
	ended := false
	o.write(func(tx *store.Tx) error {
		now, err := tx.Job(j.ID)
		if ended = err == nil && now != nil && now.Fence == fence; ended {
			err = tx.EndJob(j.ID)
		}
		return err
	})
	if ended != (fence == j.Fence) {
		rt.Fatalf("ended %v with fence %d of %d", ended, fence, j.Fence)
	}
	if ended {
		delete(o.jobs, j.ID)
	}
}

func (o *outboxModel) retry(rt *rapid.T) {
	j := o.pick(rt)
	if j == nil {
		return
	}
	j.Attempt++
	j.DueAt, j.Lease, j.LeaseUntil = o.now.Add(2*time.Second), "", time.Time{}
	o.write(func(tx *store.Tx) error { return tx.SetJob(*j) })
}

func (o *outboxModel) wake(rt *rapid.T) {
	lot := rapid.SampledFrom(o.lots).Draw(rt, "lot")
	want := 0
	for _, j := range o.jobs {
		switch {
		case j.Route != lot.String():
		case j.Lease == "" || !j.LeaseUntil.After(o.now):
			want++
			if j.DueAt.After(o.now) {
				j.DueAt = o.now
			}
			j.Lease, j.LeaseUntil = "", time.Time{}
		case j.Kind == outbox.KindLine:
			j.DueAt = o.now
		}
	}
	got := 0
	o.write(func(tx *store.Tx) (err error) {
		got, err = tx.WakeJobs(lot, o.now)
		return err
	})
	if got != want {
		rt.Fatalf("woke %d, want %d", got, want)
	}
}

func (o *outboxModel) wait(rt *rapid.T) {
	o.now = o.now.Add(time.Duration(rapid.IntRange(1, 5).Draw(rt, "seconds")) * time.Second)
}

func (o *outboxModel) compare(rt *rapid.T) {
	o.read(func(tx *store.Tx) error {
		for id, want := range o.jobs {
			got, err := tx.Job(id)
			if err != nil {
				return err
			}
			if got == nil || got.DueAt.UnixMilli() != want.DueAt.UnixMilli() || got.Lease != want.Lease ||
				got.Fence != want.Fence ||
				got.Attempt != want.Attempt || !got.LeaseUntil.Equal(want.LeaseUntil) {
				rt.Fatalf("job %+v, model has %+v", got, want)
			}
		}
		return nil
	})
}

func (o *outboxModel) clear() {
	o.write(func(tx *store.Tx) error {
		for id := range o.jobs {
			if err := tx.EndJob(id); err != nil {
				return err
			}
		}
		return nil
	})
}
