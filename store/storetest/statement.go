package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
)

// plain adds up a statement from the charges and their ledger, one by one.
func (s *site) plain(charges []*charge.Charge) []charge.StatementRow {
	s.t.Helper()
	rows := map[string]*charge.StatementRow{}
	at := func(day, platform string, lot charge.LotID) *charge.StatementRow {
		key := strings.Join([]string{day, platform, lot.String()}, " ")
		if rows[key] == nil {
			rows[key] = &charge.StatementRow{Day: day, Platform: platform, Lot: lot}
		}
		return rows[key]
	}
	s.read(func(tx *store.Tx) error {
		for _, known := range charges {
			c, err := tx.Charge(known.ID)
			if err != nil {
				return err
			}
			if !c.Counts() {
				continue
			}
			r := at(c.Received.In(charge.Shanghai).Format(time.DateOnly), c.Platform, c.Lot)
			r.Charges++
			switch c.State {
			case charge.StateUsed:
				r.Used++
				r.Delivered++
			case charge.StateDelivered:
				r.Delivered++
			}
			if c.Gap() {
				r.Gaps++
			}
			entries, err := tx.LedgerOf(c.ID)
			if err != nil {
				return err
			}
			for _, e := range entries {
				r := at(e.Day, e.Platform, e.Lot)
				if e.Kind == charge.EntryGrant {
					r.GrantedMinutes, r.GrantedAmount = r.GrantedMinutes+e.Minutes, r.GrantedAmount+e.Amount
				} else {
					r.UsedMinutes, r.UsedAmount = r.UsedMinutes+e.Minutes, r.UsedAmount+e.Amount
				}
			}
		}
		return nil
	})
	var all []charge.StatementRow
	for _, r := range rows {
		if !r.Empty() {
			all = append(all, *r)
		}
	}
	slices.SortFunc(all, func(a, b charge.StatementRow) int {
		return strings.Compare(a.Day+" "+a.Platform+" "+a.Lot.String(), b.Day+" "+b.Platform+" "+b.Lot.String())
	})
	return all
}

// testStatementFollows lives through four days of a site whose sums are made while charges still come, change, come
// late, move to other lots and are used days after; whatever has been added up, a statement is what its charges and
// their ledger come to.
func testStatementFollows(t *testing.T, s *site) {
	r := rand.New(rand.NewPCG(3, 9))
	lots := []charge.LotID{s.lot, {Union: "200461", Park: "9"}, {Union: "7", Park: "1"}, {Union: "7-", Park: "1"}}
	platforms := []string{"telaidian", "xiaoju"}
	nodes := s.nodes()
	var charges []*charge.Charge
	var now func(func(*store.Tx) error)
	for i := range 240 {
		node := nodes[r.IntN(len(nodes))]
		now = func(fn func(*store.Tx) error) {
			t.Helper()
			if err := node.Write(t.Context(), []charge.VisitKey{s.visit("京A00001")}, fn); err != nil {
				t.Fatal(err)
			}
		}
		s.now = s.now.Add(time.Duration(r.IntN(48)) * time.Minute)
		switch what := r.IntN(10); {
		case what < 4 || len(charges) == 0:
			c := s.charge("京A00001")
			c.Lot, c.Platform = lots[r.IntN(len(lots))], platforms[r.IntN(2)]
			if r.IntN(8) == 0 {
				c.Order = charge.TestOrder + c.Order
			}
			if what == 0 { // it comes late: its sums are made
				c.Received = s.now.Add(-time.Duration(r.IntN(72)) * time.Hour)
			}
			charges = append(charges, c)
			now(func(tx *store.Tx) error {
				return all(tx.AddCharge(c, c.Account), tx.AddLedger(s.grant(c, charge.EntryGrant, 30)))
			})
		case what < 7:
			c := charges[r.IntN(len(charges))]
			c.State, c.Usage = charge.StateUsed, &charge.Usage{Minutes: int64(20 + r.IntN(20)), At: s.now}
			now(func(tx *store.Tx) error {
				return all(tx.SetCharge(c), tx.AddLedger(s.grant(c, charge.EntryUsage, c.Usage.Minutes)))
			})
		case what == 7:
			c := charges[r.IntN(len(charges))]
			moved := s.grant(c, charge.EntryGrant, -30)
			c.State, c.Usage, c.Lot = charge.StateDelivered, nil, lots[r.IntN(len(lots))]
			now(func(tx *store.Tx) error {
				return all(tx.AddLedger(moved), tx.SetCharge(c), tx.AddLedger(s.grant(c, charge.EntryGrant, 30)))
			})
		default:
			if err := node.SumUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if i%8 == 0 {
			s.statementIs(node, charges)
		}
	}
	s.now = s.now.Add(100 * 24 * time.Hour)
	if err := s.SumUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.statementIs(s.Store, charges)
	gaps := 0
	for _, c := range charges {
		gaps += map[bool]int{true: 1}[c.Gap()]
	}
	page, err := s.Charges(t.Context(), charge.ChargeFilter{Gap: true, Limit: 500})
	if err != nil || len(page.Items) != gaps || gaps == 0 {
		t.Errorf("%d charges with a gap are listed, %v, want %d", len(page.Items), err, gaps)
	}
	for _, bad := range verify(t, s.Store) {
		if strings.HasPrefix(bad, "statements") { // the charges are not whole in other ways
			t.Error(bad)
		}
	}
}

// statementIs compares statements, whole and as pages show them, with what charges come to.
func (s *site) statementIs(node *store.Store, charges []*charge.Charge) {
	s.t.Helper()
	want := s.plain(charges)
	for _, f := range []charge.StatementFilter{{}, {Union: "7"}, {Platform: "xiaoju"}, {Lot: s.lot},
		{Union: "200461", Platform: "telaidian"}} {
		var rows, days []charge.StatementRow
		for _, r := range want {
			if f.Platform != "" && f.Platform != r.Platform || f.Union != "" && f.Union != r.Lot.Union || !f.Lot.IsZero() &&
				f.Lot != r.Lot {
				continue
			}
			rows = append(rows, r)
			if len(days) == 0 || days[len(days)-1].Day != r.Day {
				days = append(days, charge.StatementRow{Day: r.Day})
			}
			days[len(days)-1].Add(r)
		}
		days = slices.DeleteFunc(days, func(r charge.StatementRow) bool { return r.Empty() })
		got, err := node.Statement(s.t.Context(), f)
		if err != nil {
			s.t.Fatal(err)
		}
		same(s.t, fmt.Sprintf("statement %+v", f), got, append([]charge.StatementRow{}, rows...))
		for _, most := range []int{2, 1000} {
			v, err := node.StatementView(s.t.Context(), f, most)
			if err != nil {
				s.t.Fatal(err)
			}
			same(s.t, fmt.Sprintf("first rows of %+v", f), append([]charge.StatementRow{}, v.Rows...),
				append([]charge.StatementRow{}, rows[:min(most, len(rows))]...))
			same(s.t, fmt.Sprintf("days of %+v", f), append([]charge.StatementRow{}, v.Days...),
				append([]charge.StatementRow{}, days...))
			same(s.t, fmt.Sprintf("parts of %+v", f), append([]charge.StatementRow{}, v.Parts...), partsOf(rows, f))
			if v.More != (len(rows) > most) {
				s.t.Errorf("%+v: %d rows, first %d: more %v", f, len(rows), most, v.More)
			}
		}
	}
}

// partsOf adds rows up by platform and vendor, or by lot where one is asked for.
func partsOf(rows []charge.StatementRow, f charge.StatementFilter) []charge.StatementRow {
	parts := []charge.StatementRow{}
	for _, r := range rows {
		lot := charge.LotID{Union: r.Lot.Union}
		if !f.Lot.IsZero() {
			lot = r.Lot
		}
		i := slices.IndexFunc(parts, func(p charge.StatementRow) bool { return p.Platform == r.Platform && p.Lot == lot })
		if i < 0 {
			i, parts = len(parts), append(parts, charge.StatementRow{Platform: r.Platform, Lot: lot})
		}
		parts[i].Add(r)
	}
	parts = slices.DeleteFunc(parts, func(r charge.StatementRow) bool { return r.Empty() })
	slices.SortFunc(parts, func(a, b charge.StatementRow) int {
		return strings.Compare(a.Platform+" "+a.Lot.String(), b.Platform+" "+b.Lot.String())
	})
	return parts
}
