package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

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
		Visit: pick("visit", 2), Named: pick("named", 3) > 0, Key: pick("key", 5), Asks: pick("asks", 2) > 0,
		Job:  pick("job", 3),
		Ends: pick("ends", 5) == 0, Looks: pick("looks", 3) == 0, Fails: pick("fails", 5) == 0,
		Panics: pick("panics", 20) == 0,
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
		first, err := tx.ChargeByRepeat(c.Platform, c.RepeatKey, teld)
		if err != nil {
			return err
		}
		if first != nil {
			o.charge = first.ID
			return nil
		}
	}
	err := tx.AddCharge(c, c.Account)
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
			c, err := tx.ChargeByRepeat("telaidian", fmt.Sprint(m.tag, key), teld)
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
