package guard_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/guard"
)

// TestAuditChain compares with hashes that are made here, as docs/security.md says.
func TestAuditChain(t *testing.T) {
	ctx, s := t.Context(), newSite(t)
	key, from := guard.AuditKey(s.Guard)
	if len(key) != 32 || from != 1 {
		t.Fatalf("a key of %d bytes from row %d", len(key), from)
	}
	for _, e := range []guard.Entry{
		{Actor: "li", Role: guard.RoleAdmin, Action: "token.create", Object: "t1", Detail: "名 <1>"},
		{Actor: "li", Action: "estate.apply"},
	} {
		if err := s.Audit.Record(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	var prev []byte
	for i, r := range s.rows.list {
		m := hmac.New(sha256.New, key)
		for _, part := range [][]byte{{0, 0, 0, 0, 0, 0, 0, byte(i + 1)}, prev, r.entry} {
			m.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
			m.Write(part)
		}
		if prev = m.Sum(nil); !bytes.Equal(prev, r.hash) {
			t.Errorf("row %d %s has hash %x, want %x", i+1, r.entry, r.hash, prev)
		}
	}
	last, err := s.Audit.Verify(ctx)
	if err != nil || last != (guard.AuditHead{Rows: 2, Hash: hex.EncodeToString(prev)}) {
		t.Errorf("verified to %+v, %v", last, err)
	}
}

func TestAuditTampering(t *testing.T) {
	ctx := t.Context()
	for name, tamper := range map[string]func(l []row) []row{
		"a changed entry": func(l []row) []row {
			l[1].entry = bytes.Replace(l[1].entry, []byte("wang"), []byte("zhao"), 1)
			return l
		},
		"a changed hash":    func(l []row) []row { l[3].hash[0] ^= 1; return l },
		"a row taken out":   func(l []row) []row { return append(l[:1:1], l[2:]...) },
		"taken, renumbered": func(l []row) []row { l = append(l[:1:1], l[2:]...); l[1].seq, l[2].seq = 2, 3; return l },
		"two rows swapped":  func(l []row) []row { l[1].entry, l[2].entry = l[2].entry, l[1].entry; return l },
		"the first cut off": func(l []row) []row { return l[1:] },
		"a row put in":      func(l []row) []row { return append(l, row{5, l[3].entry, l[3].hash}) },
		"the last cut off":  func(l []row) []row { return l[:3] },
		"emptied":           func([]row) []row { return nil },
		"made anew":         func(l []row) []row { return unkeyed(l) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			for i := range 4 {
				if err := s.Audit.Record(ctx, guard.Entry{Actor: "wang", Action: "charge.void",
					Object: fmt.Sprint(i)}); err != nil {
					t.Fatal(err)
				}
			}
			if last, err := s.Audit.Verify(ctx); last.Rows != 4 || err != nil {
				t.Fatalf("before: %d, %v", last.Rows, err)
			}
			s.rows.list = tamper(s.rows.list)
			_, err := s.Audit.Verify(ctx)
			wantErr(t, "verify", err, guard.ErrChain)
			if name == "a row taken out" && !strings.Contains(err.Error(), "row 2 is missing") {
				t.Errorf("it says %v", err)
			}
		})
	}
}

// unkeyed is a log chained anew without the key, as earlier versions did and as who has the database alone can.
func unkeyed(l []row) []row {
	var made []row
	var prev []byte
	for i, r := range l {
		h := sha256.New()
		for _, part := range [][]byte{binary.BigEndian.AppendUint64(nil, uint64(i+1)), prev, r.entry} {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
			h.Write(part)
		}
		prev = h.Sum(nil)
		made = append(made, row{int64(i + 1), r.entry, prev})
	}
	return made
}

// TestSecurityAuditIsTakenOver: a log without a key is taken over with a row that marks the seam. Nothing before or
// after it can be changed then, the key goes over to another secrets key, and noted heads are found.
func TestSecurityAuditIsTakenOver(t *testing.T) {
	ctx := t.Context()
	old := newSite(t)
	for i := range 3 {
		if err := old.Audit.Record(ctx, guard.Entry{Actor: "wang", Action: "x", Object: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	fresh := func() *site {
		return (&site{docs: newDocs(), rows: &rows{list: unkeyed(old.rows.list)}, clock: newClock()}).node(t)
	}
	s := fresh()
	page, _, err := s.Audit.Page(ctx, guard.AuditFilter{}, 0, 1)
	if err != nil || page[0].Action != "audit.seam" || page[0].Object != "3" {
		t.Fatalf("no seam: %+v, %v", page, err)
	}
	noted, err := s.Audit.Verify(ctx)
	if err != nil || noted.Rows != 4 || s.Audit.KeyedFrom() != 4 || old.Audit.KeyedFrom() != 1 {
		t.Fatalf("taken over: %+v, %v, keyed from %d", noted, err, s.Audit.KeyedFrom())
	}
	if again := s.node(t); len(again.rows.list) != 4 {
		t.Errorf("a second start writes %d rows", len(again.rows.list))
	}
	if err := s.Reseal(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.node(t).Audit.Record(ctx, guard.Entry{Actor: "li", Action: "y"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Audit.Verify(ctx, noted); err != nil {
		t.Errorf("after a new row: %v", err)
	}
	if _, err := s.Audit.Verify(ctx, guard.AuditHead{Rows: 4, Hash: strings.Repeat("0", 64)}); err == nil {
		t.Error("a head that was never there is found")
	}
	for name, tamper := range map[string]func(*site){
		"the past rewritten": func(s *site) {
			l := bytes.Replace(s.rows.list[1].entry, []byte("wang"), []byte("zhao"), 1)
			s.rows.list[1].entry = l
			s.rows.list = append(unkeyed(s.rows.list[:3]), s.rows.list[3:]...)
		},
		"the seam taken out": func(s *site) { s.rows.list = s.rows.list[:3] },
		"without its head":   func(s *site) { guard.DropAuditHead(s.docs) },
	} {
		s := fresh()
		tamper(s)
		if _, err := s.Audit.Verify(ctx); err == nil {
			t.Errorf("%s: nothing is said", name)
		}
	}
}

func TestAuditPage(t *testing.T) {
	ctx, s := t.Context(), newSite(t)
	for i := range 1200 {
		actor := "li"
		if i%100 == 0 {
			actor = "wang"
		}
		if err := s.Audit.Record(ctx, guard.Entry{Actor: actor, Action: "x", Object: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	var pages [][]string
	for before := int64(0); ; {
		list, next, err := s.Audit.Page(ctx, guard.AuditFilter{Actor: "wang"}, before, 5)
		if err != nil {
			t.Fatal(err)
		}
		var page []string
		for _, e := range list {
			page = append(page, e.Object)
		}
		pages = append(pages, page)
		if before = next; next == 0 {
			break
		}
	}
	want := [][]string{{"1100", "1000", "900", "800", "700"}, {"600", "500", "400", "300", "200"}, {"100", "0"}}
	if diff := cmp.Diff(want, pages); diff != "" {
		t.Error(diff)
	}
	var back []string
	for after := pages[2]; ; {
		list, more, err := s.Audit.Newer(ctx, guard.AuditFilter{Actor: "wang"}, seqOf(t, s, after[0]), 5)
		if err != nil {
			t.Fatal(err)
		}
		after = nil
		for _, e := range list {
			after = append(after, e.Object)
		}
		back = append(after, back...)
		if !more {
			break
		}
	}
	if diff := cmp.Diff(slices.Concat(pages[0], pages[1]), back); diff != "" {
		t.Errorf("back to the newest (-want +got):\n%s", diff)
	}
	if list, next, err := s.Audit.Page(ctx, guard.AuditFilter{Actor: "nobody"}, 0, 5); len(list) != 0 || next != 0 ||
		err != nil {
		t.Errorf("nobody's: %v, %d, %v", list, next, err)
	}
}

// seqOf is the number of the entry about an object.
func seqOf(t *testing.T, s *site, object string) int64 {
	t.Helper()
	list, _, err := s.Audit.Page(t.Context(), guard.AuditFilter{}, 0, 2000)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(list, func(e guard.Entry) bool { return e.Object == object })
	return list[at].Seq
}

// A page of beginnings shows of each entry what a page of whole ones does, as far as it goes.
func TestAuditBeginnings(t *testing.T) {
	ctx, s := t.Context(), newSite(t)
	const most = 10
	long := strings.Repeat("京<\u2028\"\\😀\n", 2000)
	for _, e := range []guard.Entry{
		{Action: "short", Detail: "短"},
		{Action: "none"},
		{Action: "long object", Object: strings.Repeat("o", 10_000), Detail: "and " + long},
	} {
		if err := s.Audit.Record(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 { // each cut elsewhere, within a character and within an escape
		if err := s.Audit.Record(ctx, guard.Entry{Action: "long", Detail: strings.Repeat("x", i) + long}); err != nil {
			t.Fatal(err)
		}
	}
	s.rows.list = append(s.rows.list,
		row{seq: int64(len(s.rows.list) + 1), entry: []byte(strings.Repeat("no json", 10_000))})
	whole, _, err := s.Audit.Page(ctx, guard.AuditFilter{}, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	cut, next, err := s.Audit.Page(ctx, guard.AuditFilter{Beginning: most}, 0, 100)
	if err != nil || next != 0 || len(cut) != len(whole) || len(cut) != 44 {
		t.Fatalf("%d of %d entries, next %d, %v", len(cut), len(whole), next, err)
	}
	for i, c := range cut {
		w := whole[i]
		if !strings.HasPrefix(w.Detail, c.Detail) || len([]rune(c.Detail)) < min(most, len([]rune(w.Detail))) {
			t.Errorf("%s: %q is no beginning of %q", c.Action, c.Detail, w.Detail[:min(len(w.Detail), 100)])
		}
		if c.Action == "long" && len(c.Detail) > 5000 {
			t.Errorf("%d bytes were read", len(c.Detail))
		}
		if c.Detail = w.Detail; c != w {
			t.Errorf("%+v, want %+v", c, w)
		}
	}
}
