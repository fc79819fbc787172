package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// script is what one write of the model test does, in this order where set.
type script struct {
	Visit  int  // raises the visit's counter: reads its stay, adds one to what is paid, puts it back
	Named  bool // names the visit; one that does not may not touch it
	Key    int  // adds a charge with this repeat key, unless 0
	Asks   bool // asks for the repeat key first, as flow does
	Job    int  // raises the fence of this job, unless 0
	Ends   bool // ends the job instead
	Looks  bool // reads what it has put
	Fails  bool // returns an error at the end
	Panics bool
}

var scripts = rapid.Custom(func(t *rapid.T) script {
	pick := func(label string, n int) int { return rapid.IntRange(0, n).Draw(t, label) }
	s := script{
		Visit: pick("visit", 2), Named: pick("named", 3) > 0, Key: pick("key", 5), Asks: pick("asks", 2) > 0, Job: pick("job", 3),
		Ends: pick("ends", 5) == 0, Looks: pick("looks", 3) == 0, Fails: pick("fails", 5) == 0, Panics: pick("panics", 20) == 0,
	}
	return s
})

// outcome is what a write saw in the run that counted.
type outcome struct {
	err     error
	paid    charge.Fen // the counter as it was before
	added   bool       // the charge is this write's
	fence   int64      // the job's, before; -1 where it was gone
	charge  int64
	touched bool
}

// testGroupCommit runs random writes side by side and checks what no order of them could have given: a lost
// or doubled count, two charges of one key, a trace of a write that failed.
func testGroupCommit(t *testing.T, s *site) {
	nodes := s.nodes()
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(s, nodes)
		rounds := rapid.IntRange(1, 3).Draw(rt, "rounds")
		for range rounds {
			m.round(rapid.SliceOfN(scripts, 1, 24).Draw(rt, "scripts"))
		}
		for _, problem := range m.check(t) {
			rt.Error(problem)
		}
	})
	if st := s.Stats(); st.Reruns == 0 || st.Batches >= st.Writes {
		t.Errorf("nothing shared a commit, or nothing was run again: %+v", st)
	}
}

type model struct {
	*site
	nodes []*store.Store
	tag   string
	stays []*charge.Stay
	jobs  []int64
	done  []outcome
	did   []script
}

func newModel(s *site, nodes []*store.Store) *model {
	m := &model{site: s, nodes: nodes, tag: itoa(s.ids.Next())}
	s.write(func(tx *store.Tx) error {
		m.stays, m.jobs = nil, nil
		for i := range 3 {
			stay := s.stay(charge.Plate(fmt.Sprintf("京M%d%s", i, m.tag[len(m.tag)-8:])), m.tag+"-"+fmt.Sprint(i))
			m.stays = append(m.stays, stay)
			if err := tx.AddStay(stay); err != nil {
				return err
			}
		}
		for range 3 {
			id := s.ids.Next()
			m.jobs = append(m.jobs, id)
			if err := tx.AddJob(outbox.Job{ID: id, Kind: outbox.KindReport, Route: m.tag, DueAt: s.now}); err != nil {
				return err
			}
		}
		return nil
	})
	return m
}

// round runs scripts at once.
func (m *model) round(list []script) {
	results := make([]outcome, len(list))
	var wg sync.WaitGroup
	for i, sc := range list {
		wg.Go(func() {
			var visits []charge.VisitKey
			if sc.Named {
				visits = []charge.VisitKey{{Lot: m.lot, Plate: m.stays[sc.Visit].Plate}}
			}
			var o outcome
			id := m.ids.Next()
			err := m.nodes[i%2].Write(context.Background(), visits, func(tx *store.Tx) error {
				o = outcome{fence: -1}
				return m.play(tx, sc, id, &o)
			})
			o.err = err
			results[i] = o
		})
	}
	wg.Wait()
	m.done = append(m.done, results...)
	m.did = append(m.did, list...)
}

var errScript = errors.New("script fails")

func (m *model) play(tx *store.Tx, sc script, id int64, o *outcome) error {
	if sc.Named {
		stay, err := tx.Stay(m.stays[sc.Visit].ID)
		if err != nil {
			return err
		}
		o.paid, o.touched = stay.Paid, true
		stay.Paid++
		if err := tx.SetStay(stay); err != nil {
			return err
		}
	}
	if err := m.playCharge(tx, sc, id, o); err != nil {
		return err
	}
	if err := m.playJob(tx, sc, o); err != nil {
		return err
	}
	if sc.Looks && o.added {
		entries, err := tx.LedgerOf(id)
		if err != nil {
			return err
		}
		if len(entries) != 1 {
			return fmt.Errorf("sees %d of its ledger entries", len(entries))
		}
	}
	if sc.Panics {
		panic("script panics")
	}
	if sc.Fails {
		return errScript
	}
	return nil
}

func (m *model) playCharge(tx *store.Tx, sc script, id int64, o *outcome) error {
	if sc.Key == 0 {
		return nil
	}
	c := m.charge(m.stays[sc.Visit].Plate)
	c.ID, c.RepeatKey = id, fmt.Sprint(m.tag, sc.Key)
	if sc.Asks {
		first, err := tx.ChargeByRepeat(c.Platform, c.RepeatKey)
		if err != nil {
			return err
		}
		if first != nil {
			o.charge = first.ID
			return nil
		}
	}
	err := tx.AddCharge(c)
	if errors.Is(err, outbox.ErrRepeated) {
		return nil
	}
	o.added, o.charge = err == nil, id
	if err != nil {
		return err
	}
	return tx.AddLedger(m.grant(c, charge.EntryGrant, 30))
}

func (m *model) playJob(tx *store.Tx, sc script, o *outcome) error {
	if sc.Job == 0 {
		return nil
	}
	j, err := tx.Job(m.jobs[sc.Job-1])
	if err != nil || j == nil {
		return err
	}
	o.fence = j.Fence
	if sc.Ends {
		return tx.EndJob(j.ID)
	}
	j.Fence++
	return tx.SetJob(*j)
}

// check compares what the writes saw with what is there.
func (m *model) check(t testing.TB) (problems []string) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	paid := make([][]int64, 3)
	fences := make([][]int64, 3)
	ended := make([]int, 3)
	byKey := make(map[int][]int64)
	for i, o := range m.done {
		sc := m.did[i]
		switch {
		case o.err == nil && (sc.Fails || sc.Panics):
			bad("a failing write went through")
		case o.err != nil && !sc.Fails && !sc.Panics:
			bad("write %+v: %v", sc, o.err)
		case o.err != nil && !errors.Is(o.err, errScript) && !strings.Contains(o.err.Error(), "script panics"):
			bad("write %+v: another error: %v", sc, o.err)
		}
		if o.err != nil {
			continue
		}
		if o.touched {
			paid[sc.Visit] = append(paid[sc.Visit], int64(o.paid))
		}
		if o.added {
			byKey[sc.Key] = append(byKey[sc.Key], o.charge)
		}
		if sc.Job > 0 && o.fence >= 0 {
			if sc.Ends {
				ended[sc.Job-1]++
			} else {
				fences[sc.Job-1] = append(fences[sc.Job-1], o.fence)
			}
		}
	}
	for key, ids := range byKey {
		if len(ids) > 1 {
			bad("key %d made %d charges", key, len(ids))
		}
	}
	upTo := func(what string, seen []int64) {
		slices.Sort(seen)
		for i, n := range seen {
			if n != int64(i) {
				bad("%s was seen at %v", what, seen)
				return
			}
		}
	}
	err := m.Read(t.Context(), func(tx *store.Tx) error {
		for i := range 3 {
			stay, err := tx.Stay(m.stays[i].ID)
			if err != nil {
				return err
			}
			if upTo("a counter", paid[i]); int(stay.Paid) != len(paid[i]) {
				bad("counter is %d after %d writes", stay.Paid, len(paid[i]))
			}
			j, err := tx.Job(m.jobs[i])
			if err != nil {
				return err
			}
			upTo("a fence", fences[i])
			if ended[i] > 1 || (j == nil) != (ended[i] == 1) || j != nil && int(j.Fence) != len(fences[i]) {
				bad("job %+v after %d raises and %d ends", j, len(fences[i]), ended[i])
			}
		}
		for key := 1; key <= 5; key++ {
			c, err := tx.ChargeByRepeat("telaidian", fmt.Sprint(m.tag, key))
			if err != nil {
				return err
			}
			if (c == nil) != (len(byKey[key]) == 0) || c != nil && c.ID != byKey[key][0] {
				bad("key %d: charge %v, made %v", key, c != nil, byKey[key])
			}
		}
		return nil
	})
	if err != nil {
		bad("%v", err)
	}
	return problems
}

// testOutbox drives claims, renewals, completions and the clock at random, and compares with a plain model.
func testOutbox(t *testing.T, s *site) {
	rapid.Check(t, func(rt *rapid.T) {
		o := newOutboxModel(s)
		defer o.clear() // nothing is left that a later run could claim
		rt.Repeat(map[string]func(*rapid.T){
			"add": o.add, "claim": o.claim, "renew": o.renew, "complete": o.complete, "retry": o.retry, "wake": o.wake, "wait": o.wait,
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
			err = cmp.Or(err, o.EndLineSession(context.Background(), lot, l.LocalID, l.Node, l.Epoch))
		}
		if err != nil {
			rt.Fatal(err)
		}
		delete(o.lines, lot.String())
		return
	}
	if _, err := o.PutLineSession(context.Background(), charge.LineSession{Lot: lot, LocalID: "1", Node: node, ReceiveCloud: true}); err != nil {
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
	node, kind := rapid.SampledFrom(outboxNodes).Draw(rt, "node"), rapid.SampledFrom([]outbox.Kind{outbox.KindLine, outbox.KindCallback}).Draw(rt, "kind")
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
		if j.Route == lot.String() && (j.Lease == "" || !j.LeaseUntil.After(o.now)) {
			want++
			if j.DueAt.After(o.now) {
				j.DueAt = o.now
			}
			j.Lease, j.LeaseUntil = "", time.Time{}
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
			if got == nil || got.DueAt.UnixMilli() != want.DueAt.UnixMilli() || got.Lease != want.Lease || got.Fence != want.Fence ||
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
