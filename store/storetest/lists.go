package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// next is the cursor of the page behind one.
func next[T any](page charge.Page[T], _ error) string { return page.Next }

func testLists(t *testing.T, s *site) {
	other := charge.LotID{Union: "200461", Park: "2"}
	var charges []*charge.Charge
	for i := range 7 {
		c := s.charge("京AD06088")
		c.Received = s.now.Add(time.Duration(i/2) * time.Minute) // pairs received together
		if i == 3 {
			c.Platform, c.Lot, c.State, c.Reason = "xiaoju", other, charge.StateRefused, charge.ReasonLotRefused
		}
		charges = append(charges, c)
	}
	d, j := s.delivery(charges[2])
	refused := s.push(0)
	refused.Outcome, refused.Account = charge.OutcomeBadSignature, "x"
	s.write(func(tx *store.Tx) error {
		for _, c := range charges {
			if err := all(tx.AddCharge(c, c.Account), tx.AddPush(s.push(c.ID))); err != nil {
				return err
			}
		}
		return all(tx.AddDelivery(d, j), tx.AddPush(refused), tx.AddStay(s.stay("京AD06088", "o1")),
			tx.AddStay(s.stay("京B00001", "o2")))
	})
	list := func(f charge.ChargeFilter, want ...int) {
		t.Helper()
		var got []int
		for pages := 0; ; pages++ {
			page, err := s.Charges(t.Context(), f)
			if err != nil {
				t.Fatalf("Charges(%+v): %v", f, err)
			}
			for _, c := range page.Items {
				for i, w := range charges {
					if w.ID == c.ID {
						got = append(got, i)
					}
				}
			}
			if f.Cursor = page.Next; f.Cursor == "" {
				break
			}
			if pages > 10 {
				t.Fatal("no end of pages")
			}
		}
		same(t, "charges", got, append([]int(nil), want...))
	}
	list(charge.ChargeFilter{}, 6, 5, 4, 3, 2, 1, 0)
	list(charge.ChargeFilter{Limit: 3}, 6, 5, 4, 3, 2, 1, 0)
	list(charge.ChargeFilter{Limit: 1}, 6, 5, 4, 3, 2, 1, 0)
	list(charge.ChargeFilter{Limit: 7}, 6, 5, 4, 3, 2, 1, 0)
	list(charge.ChargeFilter{Limit: 3, Oldest: true}, 0, 1, 2, 3, 4, 5, 6)
	list(charge.ChargeFilter{Limit: 2, Oldest: true, Lot: s.lot}, 0, 1, 2, 4, 5, 6)
	list(charge.ChargeFilter{Limit: 1, Oldest: true, States: []charge.State{charge.StateSending, charge.StateUsed}},
		0, 1, 2, 4, 5, 6)
	list(charge.ChargeFilter{Limit: 2, Oldest: true, Plate: "京AD06088"}, 0, 1, 2, 3, 4, 5, 6)
	backAgain(t, s, charge.ChargeFilter{Limit: 2, Oldest: true}, charges)
	list(charge.ChargeFilter{Platform: "xiaoju"}, 3)
	list(charge.ChargeFilter{Lot: other}, 3)
	list(charge.ChargeFilter{Lot: s.lot, Limit: 4}, 6, 5, 4, 2, 1, 0)
	list(charge.ChargeFilter{States: []charge.State{charge.StateRefused, charge.StateGaveUp}}, 3)
	list(charge.ChargeFilter{States: []charge.State{charge.StateSending, charge.StateUsed}}, 6, 5, 4, 2, 1, 0)
	list(charge.ChargeFilter{States: slices.Repeat([]charge.State{charge.StateRefused}, 5000)}, 3)
	list(charge.ChargeFilter{Reason: charge.ReasonLotRefused}, 3)
	list(charge.ChargeFilter{Reason: charge.ReasonOK, Limit: 2}, 6, 5, 4, 2, 1, 0)
	list(charge.ChargeFilter{Order: charges[5].Order}, 5)
	list(charge.ChargeFilter{UUID: d.UUID}, 2)
	list(charge.ChargeFilter{From: s.now.Add(time.Minute), To: s.now.Add(2 * time.Minute)}, 3, 2)
	list(charge.ChargeFilter{Plate: "京AD06088", Limit: 5}, 6, 5, 4, 3, 2, 1, 0)
	list(charge.ChargeFilter{Plate: "京AD06088", Lot: other}, 3)
	for _, c := range []struct {
		f    charge.ChargeFilter
		n    int
		more bool
	}{
		{charge.ChargeFilter{Limit: 7}, 7, false},
		{charge.ChargeFilter{Limit: 6}, 6, true},
		{charge.ChargeFilter{States: []charge.State{charge.StateRefused, charge.StateGaveUp}, Limit: 100}, 1, false},
		{charge.ChargeFilter{States: []charge.State{charge.StateRefused, charges[0].State}, Limit: 3}, 3, true},
		{charge.ChargeFilter{Reason: charge.ReasonLotRefused, Limit: 1}, 1, false},
		{charge.ChargeFilter{Plate: "京AD06088", Lot: other, Limit: 100}, 1, false},
	} {
		if n, more, err := s.CountCharges(t.Context(), c.f); n != c.n || more != c.more || err != nil {
			t.Errorf("CountCharges(%+v) = %d, %v, %v", c.f, n, more, err)
		}
	}
	for _, cursor := range []string{"", next(s.Charges(t.Context(), charge.ChargeFilter{Limit: 2}))} {
		page, err := s.Charges(t.Context(), charge.ChargeFilter{Limit: 2, Cursor: cursor, Count: true})
		if page.Total != len(charges) || err != nil {
			t.Errorf("behind %q: %d charges are counted, %v", cursor, page.Total, err)
		}
	}
	counted, err := s.Pushes(t.Context(), charge.PushFilter{Limit: 1, Count: true})
	if counted.Total != len(charges)+1 || err != nil {
		t.Errorf("%d pushes are counted, %v", counted.Total, err)
	}
	if page, err := s.Stays(t.Context(), charge.StayFilter{Limit: 1, Count: true}); page.Total != 2 || err != nil {
		t.Errorf("%d stays are counted, %v", page.Total, err)
	}
	for _, cursor := range []string{"x", "1.2.3", "'.1", ".", "-", "-x", "--1.2"} {
		if _, err := s.Charges(t.Context(), charge.ChargeFilter{Cursor: cursor}); !errors.Is(err, charge.ErrCursor) {
			t.Errorf("cursor %q: %v, want ErrCursor", cursor, err)
		}
	}
	full, err := s.Charges(t.Context(), charge.ChargeFilter{Order: charges[0].Order})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "a listed charge", full.Items, []*charge.Charge{charges[0]})

	pushes := func(f charge.PushFilter, want int) {
		t.Helper()
		page, err := s.Pushes(t.Context(), f)
		if err != nil || len(page.Items) != want {
			t.Errorf("Pushes(%+v) gave %d, %v, want %d", f, len(page.Items), err, want)
		}
	}
	pushes(charge.PushFilter{}, 8)
	pushes(charge.PushFilter{Outcome: charge.OutcomeBadSignature}, 1)
	pushes(charge.PushFilter{Refused: true}, 1)
	pushes(charge.PushFilter{Outcome: charge.OutcomeAccepted}, 7)
	pushes(charge.PushFilter{Charge: charges[1].ID}, 1)
	pushes(charge.PushFilter{Account: "x"}, 1)
	pushes(charge.PushFilter{To: s.now}, 0)
	stays := func(f charge.StayFilter, want int) {
		t.Helper()
		page, err := s.Stays(t.Context(), f)
		if err != nil || len(page.Items) != want {
			t.Errorf("Stays(%+v) gave %d, %v, want %d", f, len(page.Items), err, want)
		}
	}
	stays(charge.StayFilter{Lot: s.lot}, 2)
	stays(charge.StayFilter{Lot: s.lot, Open: true, Plate: "B0000"}, 1)
	stays(charge.StayFilter{Lot: other}, 0)
	stays(charge.StayFilter{Lot: s.lot, Order: "o2"}, 1)
	stays(charge.StayFilter{Order: "o2"}, 0) // the lot is not known to tell stays
	s.write(func(tx *store.Tx) error { return tx.SetLotMarks(s.lot, charge.LotMarks{ToldStays: true}) })
	stays(charge.StayFilter{Order: "o2"}, 1)
	for _, c := range []struct {
		part           string
		since          time.Time
		charges, stays int
	}{{"88", s.now, 7, 1}, {"88", s.now.Add(2 * time.Minute), 3, 1}, {"b0", s.now, 0, 1}, {"zz", s.now, 0, 0}} {
		got, in, err := s.FindShort(t.Context(), c.part, c.since, 50, 20)
		if err != nil || len(got.Items) != c.charges || len(in.Items) != c.stays {
			t.Errorf("FindShort(%q, %v) = %d charges, %d stays, %v", c.part, c.since, len(got.Items), len(in.Items), err)
		}
	}

	n, err := s.Counts(t.Context(), s.now, s.now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	inSpan := charge.Counts{
		Pushes: map[charge.Outcome]int64{charge.OutcomeAccepted: 7, charge.OutcomeBadSignature: 1},
		States: map[charge.State]int64{charge.StateSending: 6, charge.StateRefused: 1},
	}
	spanned, err := s.SpanCounts(t.Context(), s.now, s.now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "counts of the span", spanned, inSpan)
	inSpan.Pending, inSpan.Oldest, inSpan.OffLine, inSpan.LatestAt = 1, s.now, 1, s.now
	same(t, "counts", n, inSpan)
	bare(t, s)
	readings(t, s.Store, s.now)
	bothWays(t, s, charge.ChargeFilter{Limit: 3, Plate: "京AD06088"})
	bothWays(t, s, charge.ChargeFilter{Limit: 2, States: []charge.State{charge.StateSending, charge.StateRefused}})
}

// bare wants a list of bare charges to be the whole one, but for what was decided and used.
func bare(t *testing.T, s *site) {
	t.Helper()
	whole, err0 := s.Charges(t.Context(), charge.ChargeFilter{})
	got, err1 := s.Charges(t.Context(), charge.ChargeFilter{Bare: true})
	if err := errors.Join(err0, err1); err != nil {
		t.Fatal(err)
	}
	decided := false
	for _, c := range whole.Items {
		decided = decided || c.Decision != nil
		c.Decision, c.Reduction, c.Usage = nil, nil, nil
	}
	if !decided {
		t.Error("no charge of the list was decided")
	}
	same(t, "bare charges", got, whole)
}

func testPlateSearch(t *testing.T, s *site) {
	plates := []charge.Plate{"京AD06088", "京AD16088", "沪BD06088", "粤Z0608港", "无牌1234"}
	s.write(func(tx *store.Tx) error {
		for _, p := range plates {
			if err := tx.AddCharge(s.charge(p), teld.Name()); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range []struct {
		part string
		want []charge.Plate
	}{
		{"京AD06088", []charge.Plate{"京AD06088"}},
		{"京ad0", []charge.Plate{"京AD06088"}},
		{"京 a·D", []charge.Plate{"京AD16088", "京AD06088"}},
		{"6088", []charge.Plate{"沪BD06088", "京AD16088", "京AD06088"}},
		{"D06", []charge.Plate{"沪BD06088", "京AD06088"}},
		{"060", []charge.Plate{"粤Z0608港", "沪BD06088", "京AD06088"}},
		{"无牌1", []charge.Plate{"无牌1234"}},
		{"%", nil},
		{`"`, nil},
		{"京A", nil},
		{"ZZZ", nil},
	} {
		page, err := s.Charges(t.Context(), charge.ChargeFilter{Plate: c.part})
		if err != nil {
			t.Errorf("%q: %v", c.part, err)
		}
		var got []charge.Plate
		for _, ch := range page.Items {
			got = append(got, ch.Plate)
		}
		same(t, c.part, got, c.want)
	}
}

// testLotStatus has one delivery that has been tried for an hour and is tried again in ten minutes: what is reported
// of its age is the hour.
func testLotStatus(t *testing.T, s *site) {
	ctx := t.Context()
	start := s.now
	c := s.charge("京A00001")
	old, again := s.delivery(c)
	s.now = start.Add(55 * time.Minute)
	lost, _ := s.delivery(c)
	lost.State = charge.DeliveryUnknown
	s.now = start.Add(time.Hour)
	d, j := s.delivery(c)
	old.DueAt = s.now.Add(10 * time.Minute)
	again.DueAt = old.DueAt
	s.write(func(tx *store.Tx) error {
		return all(tx.AddDelivery(d, j), tx.AddDelivery(old, again), tx.AddDelivery(lost, outbox.Job{}),
			tx.SetLotMarks(s.lot, charge.LotMarks{ToldStays: true, Paused: true, PauseReason: "x", Clock: 30 * time.Minute}))
	})
	session := charge.LineSession{Lot: s.lot, LocalID: "1", Link: charge.LinkBolink, Node: "a", Silent: true, Since: s.now,
		Beat: s.now}
	epoch, err := s.PutLineSession(ctx, session)
	if err != nil {
		t.Fatal(err)
	}
	session.Epoch = epoch
	refused := charge.RefusedLogin{At: s.now, Reason: "bad_sign", Remote: "192.0.2.1:5", LocalID: "pc"}
	if err := s.SetRefusedLogin(ctx, s.lot, refused); err != nil {
		t.Fatal(err)
	}
	want := charge.LotStatus{Lot: s.lot, Online: true, Node: "a", Beat: s.now, Paused: true, PauseReason: "x",
		ToldStays: true,
		Clock:     30 * time.Minute, LastRefused: refused, Lines: []charge.LineSession{session},
		Pending: 3, Minute: 2, TenMinutes: 1, OldestDue: start}
	counts, err0 := s.Counts(ctx, start, s.now)
	same(t, "oldest of the site", counts.Oldest, start)
	got, err := s.LotStatus(ctx, s.lot)
	same(t, "status", got, want)
	lots, err2 := s.LotStatuses(ctx)
	same(t, "statuses", lots, []charge.LotStatus{want})
	err3 := s.EndLineSession(ctx, charge.LineSession{Lot: s.lot, LocalID: "1", Link: charge.LinkBolink, Node: "a",
		Epoch: epoch})
	got, err4 := s.LotStatus(ctx, s.lot)
	want.Online, want.Node, want.Lines = false, "", nil
	same(t, "status off line", got, want)
	none, err5 := s.LotStatus(ctx, charge.LotID{Union: "9", Park: "9"})
	same(t, "an unknown lot", none, charge.LotStatus{Lot: charge.LotID{Union: "9", Park: "9"}})
	if err := all(err0, err, err2, err3, err4, err5); err != nil {
		t.Error(err)
	}
}

func testStatement(t *testing.T, s *site) {
	other := charge.LotID{Union: "9", Park: "1"}
	add := func(at time.Time, change func(*charge.Charge),
		entries ...func(*charge.Charge) charge.LedgerEntry) *charge.Charge {
		c := s.charge("京A00001")
		c.Received = at
		change(c)
		s.write(func(tx *store.Tx) error {
			if err := tx.AddCharge(c, c.Account); err != nil {
				return err
			}
			for _, e := range entries {
				if err := tx.AddLedger(e(c)); err != nil {
					return err
				}
			}
			return nil
		})
		return c
	}
	grant := func(minutes int64) func(*charge.Charge) charge.LedgerEntry {
		return func(c *charge.Charge) charge.LedgerEntry { return s.grant(c, charge.EntryGrant, minutes) }
	}
	usage := func(minutes int64) func(*charge.Charge) charge.LedgerEntry {
		return func(c *charge.Charge) charge.LedgerEntry { return s.grant(c, charge.EntryUsage, minutes) }
	}
	used := func(minutes int64) func(*charge.Charge) {
		return func(c *charge.Charge) {
			c.State, c.Usage = charge.StateUsed, &charge.Usage{Minutes: minutes, At: s.now}
		}
	}
	long := s.now.Add(-10 * 24 * time.Hour)
	lateEvening := time.Date(2026, 2, 19, 15, 59, 59, 0, time.UTC) // 23:59:59 in Shanghai
	add(long, used(30), grant(30), usage(30))
	add(long, used(20), grant(30), usage(20))
	told := add(long, func(c *charge.Charge) { c.State, c.Reason = charge.StateDelivered, charge.ReasonUsageNotTold },
		grant(30))
	add(lateEvening, func(c *charge.Charge) { c.State, c.Reduction = charge.StateNoGrant, nil })
	add(lateEvening.Add(time.Second), func(c *charge.Charge) { c.Platform = "xiaoju"; c.Lot = other }, grant(30))
	add(s.now, func(*charge.Charge) {}, grant(30), grant(-30))

	row := func(day, platform string, lot charge.LotID, n ...int64) charge.StatementRow {
		return charge.StatementRow{Day: day, Platform: platform, Lot: lot, Charges: n[0], GrantedMinutes: n[1],
			Delivered: n[2], Used: n[3], UsedMinutes: n[4], Gaps: n[5]}
	}
	statement := func(f charge.StatementFilter, want ...charge.StatementRow) {
		t.Helper()
		for range 2 { // the second is read from what the first has kept
			got, err := s.Statement(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "statement", got, append([]charge.StatementRow(nil), want...))
		}
	}
	evening, night := row("2026-02-19", "telaidian", s.lot, 1, 0, 0, 0, 0, 0),
		row("2026-02-20", "xiaoju", other, 1, 30, 0, 0, 0, 0)
	old, today := row("2026-02-19", "telaidian", s.lot, 3, 90, 3, 2, 50, 2),
		row("2026-03-01", "telaidian", s.lot, 1, 0, 0, 0, 0, 0)
	old.Charges += evening.Charges
	statement(charge.StatementFilter{}, old, night, today)
	statement(charge.StatementFilter{From: "2026-02-20", To: "2026-03-01"}, night)
	statement(charge.StatementFilter{Platform: "telaidian"}, old, today)
	statement(charge.StatementFilter{Union: "9"}, night)
	statement(charge.StatementFilter{Lot: s.lot, To: "2026-02-20"}, old)

	told.State, told.Reason, told.Usage = charge.StateUsed, charge.ReasonOK, &charge.Usage{Minutes: 30, At: s.now}
	s.write(func(tx *store.Tx) error {
		return all(tx.SetCharge(told), tx.AddLedger(s.grant(told, charge.EntryUsage, 30)))
	})
	old.Used, old.UsedMinutes, old.Gaps = old.Used+1, old.UsedMinutes+30, old.Gaps-1
	statement(charge.StatementFilter{}, old, night, today)
	if _, err := s.Statement(t.Context(), charge.StatementFilter{From: "20260101"}); err == nil {
		t.Error("a day written 20260101 was taken")
	}
}

// readings: a push that made no charge is found by what could be read of it, one that made a charge by the charge's.
func readings(t *testing.T, s *store.Store, now time.Time) {
	t.Helper()
	lot := charge.LotID{Union: "77", Park: "9"}
	refused := charge.Push{ID: 1<<60 + 1, Platform: "xiaoju", Received: now, Remote: "192.0.2.1",
		Outcome: charge.OutcomeBadSignature,
		Plate:   "京AD70001", Order: "UNPROVEN-1", Lot: lot}
	if err := s.Write(t.Context(), nil, func(tx *store.Tx) error { return tx.AddPush(refused) }); err != nil {
		t.Fatal(err)
	}
	for _, f := range []charge.PushFilter{{Plate: refused.Plate}, {Part: "D7000"}, {Order: refused.Order}, {Lot: lot},
		{Plate: refused.Plate, Refused: true}} {
		page, err := s.Pushes(t.Context(), f)
		if err != nil || len(page.Items) != 1 || page.Items[0].Plate != refused.Plate || page.Items[0].Lot != lot ||
			page.Items[0].Order != refused.Order {
			t.Errorf("Pushes(%+v) = %+v, %v", f, page.Items, err)
		}
	}
	wrong, err := s.RefusedSince(t.Context(), now)
	counted := charge.RefusedCount{Platform: "xiaoju", Outcome: charge.OutcomeBadSignature, Count: 1,
		First: refused.Received.UTC(), Last: refused.Received.UTC()}
	if err != nil || !slices.Contains(wrong, counted) {
		t.Errorf("RefusedSince = %+v, %v, want %+v", wrong, err, counted)
	}
	all, err := s.Charges(t.Context(), charge.ChargeFilter{Limit: 1})
	if err != nil || len(all.Items) == 0 {
		t.Fatal(err)
	}
	page, err := s.Pushes(t.Context(), charge.PushFilter{Plate: all.Items[0].Plate, Order: all.Items[0].Order})
	if err != nil || len(page.Items) == 0 {
		t.Errorf("the pushes of a charge by its plate: %v, %v", page.Items, err)
	}
}
