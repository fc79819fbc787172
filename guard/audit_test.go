package guard_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/guard"
)

// TestAuditChain compares with hashes computed with Python over the rows' bytes.
func TestAuditChain(t *testing.T) {
	ctx, s := t.Context(), newSite(t)
	for _, e := range []guard.Entry{
		{Actor: "li", Role: guard.RoleAdmin, Action: "token.create", Object: "t1", Detail: "名 <1>"},
		{Actor: "li", Action: "estate.apply"},
	} {
		if err := s.Audit.Record(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{auditFirst, auditSecond} {
		if got := hex.EncodeToString(s.rows.list[i].hash); got != want {
			t.Errorf("row %d %s has hash %s, want %s", i+1, s.rows.list[i].entry, got, want)
		}
	}
	n, last, err := s.Audit.Verify(ctx)
	if err != nil || n != 2 || last != auditSecond {
		t.Errorf("verified %d rows to %s, %v", n, last, err)
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
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			for i := range 4 {
				if err := s.Audit.Record(ctx, guard.Entry{Actor: "wang", Action: "charge.void",
					Object: fmt.Sprint(i)}); err != nil {
					t.Fatal(err)
				}
			}
			if n, _, err := s.Audit.Verify(ctx); n != 4 || err != nil {
				t.Fatalf("before: %d, %v", n, err)
			}
			s.rows.list = tamper(s.rows.list)
			_, _, err := s.Audit.Verify(ctx)
			wantErr(t, "verify", err, guard.ErrChain)
			if name == "a row taken out" && !strings.Contains(err.Error(), "row 2 is missing") {
				t.Errorf("it says %v", err)
			}
		})
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
	if list, next, err := s.Audit.Page(ctx, guard.AuditFilter{Actor: "nobody"}, 0, 5); len(list) != 0 || next != 0 ||
		err != nil {
		t.Errorf("nobody's: %v, %d, %v", list, next, err)
	}
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
