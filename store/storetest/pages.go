package storetest

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
)

// bothWays walks a list to its end and back to its beginning, with charges added meanwhile: each is met once on the way
// back, and those that were there once on the way there. It leaves the added ones behind.
func bothWays(t *testing.T, s *site, f charge.ChargeFilter) {
	t.Helper()
	read := func(cursor string) charge.Page[*charge.Charge] {
		f.Cursor = cursor
		page, err := s.Charges(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	ids := func(page charge.Page[*charge.Charge]) (ids []int64) {
		for _, c := range page.Items {
			ids = append(ids, c.ID)
		}
		return ids
	}
	page := read("")
	if page.Prev != "" {
		t.Errorf("before the beginning of a list is %q", page.Prev)
	}
	there, newer, older := ids(page), []int64(nil), []int64(nil)
	for page.Next != "" {
		c, late := s.charge("京AD06088"), s.charge("京AD06088") // the second was received a while ago
		c.Received, late.Received = s.now.Add(time.Hour), s.now.Add(-time.Duration(len(older)+1)*time.Hour)
		s.write(func(tx *store.Tx) error { return all(tx.AddCharge(c, c.Account), tx.AddCharge(late, late.Account)) })
		newer, older = append(newer, c.ID), append(older, late.ID)
		page = read(page.Next)
		there = append(there, ids(page)...)
		if len(older) > 4 { // else each page brings the next
			break
		}
	}
	for page.Next != "" {
		page = read(page.Next)
		there = append(there, ids(page)...)
	}
	back := ids(page)
	for page.Prev != "" {
		page = read(page.Prev)
		back = append(ids(page), back...)
	}
	slices.Sort(newer)
	slices.Reverse(newer)
	same(t, "charges on the way back", back, slices.Concat(newer, there))
	end := read(page.Next)
	if got := read(end.Prev); !slices.Equal(ids(got), ids(page)) {
		t.Errorf("there and back is %v, want %v", ids(got), ids(page))
	}
	gone := cursorBefore(page)
	empty := read(gone)
	newest := ids(read(empty.Next)) // a whole page; the one that was come back to may be shorter
	if len(empty.Items) != 0 || empty.Prev != "" || !slices.Equal(newest[:min(len(page.Items), len(newest))], ids(page)) {
		t.Errorf("before the newest is %+v, from there on %v, want %v", empty, newest, ids(page))
	}
}

// backAgain walks a list to its end and back: on the way back are the same charges in the same order.
func backAgain(t *testing.T, s *site, f charge.ChargeFilter, want []*charge.Charge) {
	t.Helper()
	read := func(cursor string) charge.Page[*charge.Charge] {
		f.Cursor = cursor
		page, err := s.Charges(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	page := read("")
	for page.Next != "" {
		page = read(page.Next)
	}
	back := page.Items
	for page.Prev != "" {
		page = read(page.Prev)
		back = append(slices.Clone(page.Items), back...)
	}
	same(t, "charges on the way back", back, want)
	if before := read(page.Next); len(before.Items) == 0 || before.Items[0].ID != want[f.Limit].ID {
		t.Errorf("behind the first page is %+v", before)
	}
}

// cursorBefore is a cursor that leads before the first item of a page.
func cursorBefore(page charge.Page[*charge.Charge]) string {
	return "-" + strconv.FormatInt(page.Items[0].Received.UnixMilli(), 36) + "." + strconv.FormatInt(page.Items[0].ID, 36)
}
