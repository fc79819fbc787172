package store_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// slow are steps that read or sort all that fits before the first row is shown.
var slow = regexp.MustCompile(`USE TEMP B-TREE FOR ORDER BY|Seq Scan|^ *(->  )?Sort  \(`)

// Lists begin at once however many rows there are, at either end and behind a cursor: each order that they offer is
// that of an index, on both engines.
func TestListsFollowAnIndex(t *testing.T) {
	lot := charge.LotID{Union: "200461", Park: "1313"}
	at := time.UnixMilli(1_700_000_000_000)
	defer store.SetFewOfLot(store.SetFewOfLot(0)) // a lot of many pushes: those of a few are put into order
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
					"a lot":                 {Lot: lot}, "refused of a lot": {Lot: lot, Refused: true},
					"days of a lot": {Lot: lot, From: at, To: at.Add(time.Hour)},
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

// The few pushes of a lot are found by indexes, none of which is walked whole.
func TestFewPushesOfALotAreFound(t *testing.T) {
	whole := regexp.MustCompile(`SCAN (push|charge|p|c)\b|Seq Scan`)
	for engine, place := range map[string]storetest.Place{"sqlite": storetest.SQLite,
		"postgres": storetest.SharedPostgres(t)} {
		s := storetest.Open(t, place(t))
		steps, err := s.PlanPushes(t.Context(), charge.PushFilter{Lot: charge.LotID{Union: "200461", Park: "1313"}})
		if err != nil {
			t.Fatalf("%s: %v", engine, err)
		}
		plan := strings.Join(steps, "\n")
		if whole.MatchString(plan) || !strings.Contains(plan, "push_lot") || !strings.Contains(plan, "charge_lot") ||
			!strings.Contains(plan, "push_charge") {
			t.Errorf("%s:\n%s", engine, plan)
		}
	}
}

// A lot's pushes are those of its charges, repeats too, and the refused ones that name it: newest first, page by page,
// whether they are few or many.
func TestPushesOfALot(t *testing.T) {
	lot, other := charge.LotID{Union: "200461", Park: "1313"}, charge.LotID{Union: "200461", Park: "1314"}
	at := time.UnixMilli(1_700_000_000_000).UTC()
	for engine, place := range map[string]storetest.Place{"sqlite": storetest.SQLite,
		"postgres": storetest.SharedPostgres(t)} {
		s := storetest.Open(t, place(t))
		err := s.Write(t.Context(), nil, func(tx *store.Tx) error {
			for i, id := range []charge.LotID{lot, lot, other} {
				c := &charge.Charge{ID: int64(i + 1), Platform: "xiaoju", RepeatKey: id.String() + string(rune('a'+i)),
					Plate: "京B12345", Lot: id, Received: at, State: charge.StateUsed, Reason: charge.ReasonOK, UpdatedAt: at}
				if err := tx.AddCharge(c, "x"); err != nil {
					return err
				}
			}
			for i, p := range []charge.Push{{Outcome: charge.OutcomeAccepted, Charge: 1},
				{Outcome: charge.OutcomeAccepted, Charge: 3}, {Outcome: charge.OutcomeNotBound, Lot: lot},
				{Outcome: charge.OutcomeAccepted, Charge: 2}, {Outcome: charge.OutcomeUnknownLot, Lot: other},
				{Outcome: charge.OutcomeQuestion}, {Outcome: charge.OutcomeDuplicate, Charge: 1}} {
				p.ID, p.Platform, p.Received = int64(100+i), "xiaoju", at.Add(time.Duration(i)*time.Minute)
				if err := tx.AddPush(p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v", engine, err)
		}
		for _, few := range []int{0, 5000} {
			before := store.SetFewOfLot(few)
			for f, want := range map[charge.PushFilter]string{
				{Lot: lot}:                                              "106 103 102 100",
				{Lot: lot, Oldest: true}:                                "100 102 103 106",
				{Lot: lot, Refused: true}:                               "102",
				{Lot: lot, Outcome: charge.OutcomeDuplicate}:            "106",
				{Lot: lot, From: at.Add(time.Minute), To: at.Add(4e11)}: "106 103 102",
				{Lot: other}:                                            "104 101",
				{Lot: charge.LotID{Union: "200461", Park: "9"}}:         "",
			} {
				f.Limit = 3
				var got []string
				for {
					page, err := s.Pushes(t.Context(), f)
					if err != nil {
						t.Fatalf("%s: %v", engine, err)
					}
					for _, p := range page.Items {
						got = append(got, strconv.FormatInt(p.ID, 10))
					}
					if f.Cursor = page.Next; f.Cursor == "" {
						break
					}
				}
				if strings.Join(got, " ") != want {
					t.Errorf("%s, few below %d, %+v: %v, want %s", engine, few, f, got, want)
				}
			}
			store.SetFewOfLot(before)
		}
	}
}

// TestYoungTablesAreReadByPlate: a committer finds what a car has in a lot by its plate, also before PostgreSQL has
// counted the rows of a new site. It used to read all charges of the lot where there were some hundreds, until then.
func TestYoungTablesAreReadByPlate(t *testing.T) {
	s := storetest.Open(t, storetest.SharedPostgres(t)(t))
	ids := charge.NewIDs(1, time.Now)
	stored := 0
	for _, rows := range []int{1, 10, 40, 100, 200, 400, 700, 1000, 2000} {
		err := s.Write(t.Context(), nil, func(tx *store.Tx) error {
			for ; stored < rows; stored++ {
				number := strconv.Itoa(stored)
				plate := charge.Plate("京A" + number)
				lot := charge.LotID{Union: "200461", Park: strconv.Itoa(stored % 10)}
				c := charge.Charge{ID: ids.Next(), Platform: "telaidian", Account: "teld-main", Order: number, RepeatKey: number,
					Plate: plate, Lot: lot, Received: time.Now(), State: charge.StateDelivered, Reason: charge.ReasonOK}
				if err := tx.AddCharge(&c, "issuer"); err != nil {
					return err
				}
				err := tx.AddStay(&charge.Stay{ID: ids.Next(), Lot: lot, OrderID: number, Plate: plate, Entered: time.Now(),
					Open: true})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		plans, err := s.PlansOfVisit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i, plan := range plans {
			want := []string{"charge_visit", "charge_visit", "stay_visit", "stay_visit"}[i]
			if !strings.Contains(plan, want) {
				t.Errorf("with %d rows, without %s:\n%s", rows, want, plan)
			}
		}
	}
}
