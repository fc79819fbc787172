package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func testDocuments(t *testing.T, s *site) {
	ctx := t.Context()
	rev, err := s.PutDocs(ctx, "lot", 0, map[string][]byte{"a": []byte("1"), "b": []byte("2")})
	if rev != 1 || err != nil {
		t.Fatalf("PutDocs = %d, %v", rev, err)
	}
	if _, err := s.PutDocs(ctx, "lot", 0, map[string][]byte{"a": []byte("x")}); !errors.Is(err, outbox.ErrRepeated) {
		t.Errorf("PutDocs at an old revision: %v, want ErrRepeated", err)
	}
	if rev, err = s.PutDocs(ctx, "lot", 1, map[string][]byte{"a": []byte("3"), "b": nil, "c": {}}); rev != 2 ||
		err != nil {
		t.Errorf("PutDocs = %d, %v", rev, err)
	}
	if rev, err = s.PutDocs(ctx, "lot", -1, nil); rev != 3 || err != nil {
		t.Errorf("PutDocs at any revision = %d, %v", rev, err)
	}
	docs, err := s.Docs(ctx, "lot")
	same(t, "docs", docs, map[string][]byte{"a": []byte("3"), "c": {}})
	other, err2 := s.Doc(ctx, "vendor", "a")
	one, err3 := s.Doc(ctx, "lot", "a")
	rev, err4 := s.DocsRev(ctx, "lot")
	if err := all(err, err2, err3, err4); err != nil || other != nil || string(one) != "3" || rev != 3 {
		t.Errorf("Doc = %q and %q, rev %d, %v", other, one, rev, err)
	}
}

func testAudit(t *testing.T, s *site) {
	for i := range 2100 {
		err := s.AppendAudit(t.Context(), func(seq int64, prev []byte) (entry, hash []byte) {
			return fmt.Appendf(nil, "e%d", i), fmt.Appendf(nil, "%s|%d", lastBytes(prev), seq)
		})
		if err != nil {
			t.Fatal(err)
		}
		if i == 2 && s.Engine() == "postgres" {
			break // the pages of WalkAudit are shown on SQLite
		}
	}
	var walked int64
	var last []byte
	err := s.WalkAudit(t.Context(), func(seq int64, entry, hash []byte) error {
		if walked++; seq != walked || string(entry) != fmt.Sprint("e", seq-1) || !bytes.HasPrefix(hash, lastBytes(last)) {
			return fmt.Errorf("row %d is %d %q %q", walked, seq, entry, hash)
		}
		last = hash
		return nil
	})
	page, err2 := s.AuditPage(t.Context(), 3, 10)
	cut, err3 := s.AuditBeginnings(t.Context(), 3, 1, 1)
	if err := all(err, err2, err3); err != nil || walked < 3 || len(page) != 2 || page[0].Seq != 2 || page[1].Seq != 1 ||
		len(cut) != 1 || cut[0].Seq != 2 || string(cut[0].Entry) != "e" || !bytes.Equal(cut[0].Hash, page[0].Hash) {
		t.Errorf("walked %d, page %v, beginnings %v, %v", walked, page, cut, err)
	}
}

// lastBytes is the end of a hash, enough to tell that the next one was made with it.
func lastBytes(hash []byte) []byte { return hash[max(0, len(hash)-4):] }

func testClaims(t *testing.T, s *site) {
	ctx := t.Context()
	until := s.now.Add(time.Minute)
	job := func(kind outbox.Kind, route string, due time.Time) outbox.Job {
		return outbox.Job{ID: s.ids.Next(), Kind: kind, Route: route, Ref: 1, DueAt: due}
	}
	due, later := job(outbox.KindCallback, "1/1", s.now.Add(-time.Second)),
		job(outbox.KindCallback, "1/1", s.now.Add(time.Hour))
	leased := job(outbox.KindCallback, "1/1", s.now.Add(-time.Hour))
	leased.Lease, leased.LeaseUntil, leased.Fence = "b", s.now.Add(30*time.Second), 4
	here, there, none := job(outbox.KindLine, "1/2", s.now), job(outbox.KindLine, "1/3", s.now),
		job(outbox.KindLine, "1/4", s.now)
	s.write(func(tx *store.Tx) error {
		return all(tx.AddJob(due), tx.AddJob(later), tx.AddJob(leased), tx.AddJob(here), tx.AddJob(there), tx.AddJob(none))
	})
	for _, l := range []charge.LineSession{{Lot: charge.LotID{Union: "1", Park: "2"}, Node: "a", ReceiveCloud: true},
		{Lot: charge.LotID{Union: "1", Park: "3"}, Node: "b", ReceiveCloud: true}} {
		if _, err := s.PutLineSession(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	claim := func(kind outbox.Kind, now time.Time, want ...outbox.Job) {
		t.Helper()
		got, err := s.ClaimJobs(ctx, "a", kind, now, now.Add(time.Minute), 10)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			want[i].Lease, want[i].LeaseUntil, want[i].Fence = "a", now.Add(time.Minute), want[i].Fence+1
		}
		same(t, fmt.Sprint("claimed ", kind), got, append([]outbox.Job(nil), want...))
	}
	claim(outbox.KindCallback, s.now, due)
	claim(outbox.KindCallback, s.now)
	claim(outbox.KindLine, s.now, here)
	claim(outbox.KindReport, s.now)
	claim(outbox.KindCallback, s.now.Add(30*time.Second), leased) // its lease is over
	if err := s.RenewJobs(ctx, "a", []int64{due.ID, there.ID}, s.now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	claim(outbox.KindCallback, until) // renewed, and the other not over yet
	if err := s.RenewJobs(ctx, "b", []int64{due.ID}, until); err != nil {
		t.Fatal(err)
	}
	s.read(func(tx *store.Tx) error {
		j, err := tx.Job(due.ID)
		if j == nil || !j.LeaseUntil.Equal(s.now.Add(time.Hour)) {
			t.Errorf("another node moved the lease: %+v", j)
		}
		return err
	})
	var woken int
	s.write(func(tx *store.Tx) (err error) {
		woken, err = tx.WakeJobs(charge.LotID{Union: "1", Park: "4"}, s.now)
		return err
	})
	if woken != 1 {
		t.Errorf("woke %d jobs, want 1", woken)
	}
	late := none
	late.DueAt = s.now.Add(time.Hour)
	s.write(func(tx *store.Tx) error {
		if err := tx.SetJob(late); err != nil {
			return err
		}
		_, err := tx.WakeJobs(charge.LotID{Union: "1", Park: "4"}, s.now)
		return err
	})
	if _, err := s.PutLineSession(ctx,
		charge.LineSession{Lot: charge.LotID{Union: "1", Park: "4"}, Node: "a", ReceiveCloud: true}); err != nil {
		t.Fatal(err)
	}
	claim(outbox.KindLine, s.now, none)
}

func testLines(t *testing.T, s *site) {
	ctx := t.Context()
	held := func(node string, epoch int64) charge.LineSession {
		return charge.LineSession{Lot: s.lot, LocalID: "gate", Link: charge.LinkBolink, Node: node, Epoch: epoch}
	}
	line := charge.LineSession{Lot: s.lot, LocalID: "gate", Link: charge.LinkBolink, Node: "a", Remote: "192.0.2.1:99",
		ReceiveCloud: true, Since: s.now, Beat: s.now}
	put := func(node string) int64 {
		t.Helper()
		line.Node = node
		epoch, err := s.PutLineSession(ctx, line)
		if err != nil {
			t.Fatal(err)
		}
		return epoch
	}
	first, second := put("a"), put("b")
	if second <= first {
		t.Errorf("epochs %d, %d do not grow", first, second)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	must(s.EndLineSession(ctx, held("a", first))) // a's line is b's by now
	lines, err := s.LineNodes(ctx, s.lot)
	must(err)
	line.Epoch = second
	same(t, "lines", lines, []charge.LineSession{line})
	mine, other := line, line
	other.LocalID = "gone"
	lost, err := s.BeatLineSessions(ctx, "b", []charge.LineSession{mine, other})
	must(err)
	same(t, "lost lines", lost, []charge.LineSession{other})
	must(s.EndLineSession(ctx, held("b", second)))
	lines, err = s.LineNodes(ctx, s.lot)
	must(err)
	same(t, "lines after the end", lines, []charge.LineSession(nil))
	if third := put("a"); third <= second {
		t.Errorf("epoch %d after %d", third, second)
	}

	one, err := s.JoinNode(ctx, "a", s.now)
	must(err)
	two, err := s.JoinNode(ctx, "b", s.now.Add(-time.Minute))
	must(err)
	again, err := s.JoinNode(ctx, "a", s.now)
	must(err)
	if one == two || one != again {
		t.Errorf("node numbers %d, %d, %d", one, two, again)
	}
	dead, err := s.DeadNodes(ctx, s.now.Add(-time.Second))
	must(err)
	same(t, "dead nodes", dead, []string{"b"})
	must(s.BeatNode(ctx, "b", s.now))
	dead, err = s.DeadNodes(ctx, s.now.Add(time.Second))
	must(err)
	same(t, "dead nodes later", dead, []string{"a", "b"})
	must(s.EndNodeSessions(ctx, "a"))
	dead, err = s.DeadNodes(ctx, s.now.Add(time.Second))
	must(err)
	same(t, "dead nodes after a's end", dead, []string{"b"})
	lines, err = s.LineNodes(ctx, s.lot)
	must(err)
	same(t, "lines after a's end", lines, []charge.LineSession(nil))

	own := outbox.Job{ID: s.ids.Next(), Kind: outbox.KindCallback, Route: "1/9", DueAt: s.now, Lease: "a",
		LeaseUntil: s.now.Add(time.Hour), Fence: 1}
	s.write(func(tx *store.Tx) error { return tx.AddJob(own) })
	must(s.BeatNode(ctx, "a", s.now))
	must(s.LeaveNode(ctx, "a"))
	dead, err = s.DeadNodes(ctx, s.now.Add(time.Second))
	must(err)
	same(t, "dead nodes after a's farewell", dead, []string{"b"})
	left, err := s.ClaimJobs(ctx, "b", outbox.KindCallback, s.now, s.now.Add(time.Minute), 10)
	must(err)
	if len(left) != 1 || left[0].ID != own.ID {
		t.Errorf("b took up %+v of what a left, want job %d", left, own.ID)
	}

	at, off, err := s.DatabaseTime(ctx)
	must(err)
	if d := time.Since(at).Abs(); d > time.Minute || off > time.Minute {
		t.Errorf("the database's time is %v from ours, give or take %v", d, off)
	}

	nodes := s.nodes()
	must(s.Notify(ctx, "line", "200461/1313"))
	same(t, "hint", <-nodes[0].Hints(), store.Hint{Topic: "line", Payload: "200461/1313"})
	if nodes[1] != nodes[0] {
		same(t, "another node's hint", <-nodes[1].Hints(), store.Hint{Topic: "line", Payload: "200461/1313"})
	}
}
