package store_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// slow are steps that read or sort all that fits before the first row is shown.
var slow = regexp.MustCompile(`USE TEMP B-TREE FOR ORDER BY|Seq Scan|^ *(->  )?Sort  \(`)

// Lists begin at once however many rows there are, at either end and behind a cursor: each order that they offer is
// that of an index, on both engines.
func TestListsFollowAnIndex(t *testing.T) {
	lot := charge.LotID{Union: "200461", Park: "1313"}
	at := time.UnixMilli(1_700_000_000_000)
	for engine, place := range map[string]storetest.Place{"sqlite": storetest.SQLite,
		"postgres": storetest.SharedPostgres(t)} {
		s := storetest.Open(t, place(t))
		look := func(what string, steps []string, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s, %s: %v", engine, what, err)
			}
			if len(steps) == 0 {
				t.Errorf("%s, %s: no plan", engine, what)
			}
			for _, step := range steps {
				if slow.MatchString(step) {
					t.Errorf("%s, %s:\n%s", engine, what, strings.Join(steps, "\n"))
				}
			}
		}
		for _, cursor := range []string{"", "loyw3v28.1", "-loyw3v28.1"} {
			for _, oldest := range []bool{false, true} {
				way := " behind " + cursor
				if oldest {
					way += ", the oldest first"
				}
				for what, f := range map[string]charge.ChargeFilter{
					"all": {}, "a platform": {Platform: "telaidian"}, "a lot": {Lot: lot},
					"a lot and a platform": {Lot: lot, Platform: "telaidian"}, "a reason": {Reason: charge.ReasonNoStay},
					"fine": {Reason: charge.ReasonOK}, "gaps": {Gap: true}, "days": {From: at, To: at.Add(time.Hour)},
					"a state": {States: []charge.State{charge.StateGaveUp}}, "gaps of a lot": {Lot: lot, Gap: true},
					"two states":          {States: []charge.State{charge.StateDelivered, charge.StateUsed}},
					"a state of a lot":    {Lot: lot, States: []charge.State{charge.StateHeld}},
					"days of a platform":  {Platform: "telaidian", From: at, To: at.Add(time.Hour)},
					"a state, in days":    {States: []charge.State{charge.StateUsed}, From: at, To: at.Add(time.Hour)},
					"a reason of a state": {Reason: charge.ReasonNoStay, States: []charge.State{charge.StateNoGrant}},
				} {
					f.Cursor, f.Oldest = cursor, oldest
					steps, err := s.PlanCharges(t.Context(), f)
					look("charges, "+what+way, steps, err)
				}
				for what, f := range map[string]charge.PushFilter{
					"all": {}, "a platform": {Platform: "telaidian"}, "an account": {Account: "teld-main"},
					"refused": {Refused: true}, "an outcome": {Outcome: charge.OutcomeBadSignature},
					"accepted": {Outcome: charge.OutcomeAccepted}, "days": {From: at, To: at.Add(time.Hour)},
					"refused of a platform": {Refused: true, Platform: "telaidian"},
				} {
					f.Cursor, f.Oldest = cursor, oldest
					steps, err := s.PlanPushes(t.Context(), f)
					look("pushes, "+what+way, steps, err)
				}
				for what, f := range map[string]charge.StayFilter{
					"all": {}, "a lot": {Lot: lot}, "open ones of a lot": {Lot: lot, Open: true},
				} {
					f.Cursor, f.Oldest = cursor, oldest
					steps, err := s.PlanStays(t.Context(), f)
					look("stays, "+what+way, steps, err)
				}
			}
		}
	}
}
