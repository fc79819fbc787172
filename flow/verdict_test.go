package flow

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

var update = flag.Bool("update", false, "write golden files anew")

// every calls fn with the facts of the full product: states, reasons, kinds of lots and what a second message does
// there, the stay, the delivery, whether the lot has heard of it, and what came of the report.
func every(fn func(Facts)) {
	at := time.Date(2026, 1, 31, 4, 0, 0, 0, time.UTC)
	grant := charge.Reduction{Method: charge.MethodTime, Minutes: 30}
	lots := []charge.Lot{
		{Kind: charge.KindSDK, Repeats: charge.RepeatsAdd}, {Kind: charge.KindSDK, Repeats: charge.RepeatsUnsafe},
		{Kind: charge.KindAPI, Repeats: charge.RepeatsReplace}, {Kind: charge.Kind4G, Repeats: charge.RepeatsAdd},
	}
	stays := []*charge.Stay{nil, {Open: true, Entered: at},
		{Entered: at, Left: at.Add(time.Hour), Closed: charge.ClosedByExit}}
	usages := []*charge.Usage{nil, {Minutes: 30}, {Minutes: 20}, {Minutes: 20, Worth: 500, Source: charge.UsageLedger},
		{Source: charge.UsageLedger}, {Minutes: 30, Gap: 500, Source: charge.UsageLedger},
		{Minutes: 30, Gap: -500, Source: charge.UsageLedger}}
	deliveries := []*charge.Delivery{nil}
	for _, s := range charge.DeliveryStates {
		deliveries = append(deliveries, &charge.Delivery{State: s, DueAt: at, Lot: charge.LotID{Union: "1", Park: "2"}})
	}
	for _, state := range charge.States {
		for _, reason := range charge.Reasons {
			for _, l := range lots {
				for _, stay := range stays {
					for _, dl := range deliveries {
						for _, told := range []bool{false, true} {
							for _, used := range usages {
								r := grant
								d := &charge.Decision{Wanted: grant, Reduction: grant,
									Notes: charge.Notes{charge.Say("rule.gives", charge.Grants("grant", grant))}}
								c := &charge.Charge{ID: 7, Lot: charge.LotID{Union: "1", Park: "2"}, State: state, Reason: reason,
									Reduction: &r, Decision: d, Usage: used, HoldUntil: at, UpdatedAt: at}
								fn(Facts{Charge: c, Lot: l, LotKnown: true, Stay: stay, Delivery: dl, Told: told})
							}
						}
					}
				}
			}
		}
	}
}

// TestVerdictOverTheFullProduct holds what a verdict may never do, for every combination of what it depends on.
func TestVerdictOverTheFullProduct(t *testing.T) {
	seen, said := map[string]bool{}, map[string]bool{}
	every(func(f Facts) {
		v := VerdictOf(f)
		about := func() string {
			return fmt.Sprintf("%s in a %s lot (%s), stay %v, delivery %v, told %v", v.Code, f.Lot.Kind, f.Lot.Repeats, f.Stay,
				f.Delivery, f.Told)
		}
		first := !seen[v.Text.Code+"/"+v.Next.Code]
		for _, l := range []words.Lang{words.Chinese, words.English} {
			for _, n := range []charge.Note{v.Text, v.Next} {
				if !first {
					continue
				}
				if said := words.Note(l, n); said == "" || strings.HasPrefix(said, "#") || strings.Contains(said, "{") {
					t.Fatalf("%s says %q in %s", about(), said, l)
				}
			}
		}
		for _, choice := range v.Actions {
			if why := f.refusal(choice.Verb); !why.IsZero() {
				t.Fatalf("%s offers %s, which can only be refused: %s", about(), choice.Verb, words.Note(words.English, why))
			}
		}
		verbs := func(verb Verb) bool {
			return slices.ContainsFunc(v.Actions, func(c Choice) bool { return c.Verb == verb })
		}
		state, next := f.Charge.State, v.Next.Code
		switch {
		case next == "next.nothing" && (state == charge.StateUnknown || state == charge.StateRefused ||
			state == charge.StateGaveUp || f.Charge.Gap()):
			t.Fatalf("%s says there is nothing to do beside an open task", about())
		case v.Tone == ToneGood && (f.Charge.Gap() || state != charge.StateDelivered && state != charge.StateUsed):
			t.Fatalf("%s is green where the money does not agree", about())
		case (next == "next.asked_again" || next == "next.by_itself") && (f.Delivery == nil || !f.pending()) &&
			state == charge.StateUnknown:
			t.Fatalf("%s promises a retry that does not come", about())
		case (next == "next.redeliver" || next == "next.after_refusal") && !verbs(VerbRedeliver) &&
			f.Charge.Reason != charge.ReasonVoidedByUser:
			t.Fatalf("%s advises to redeliver and does not offer it", about())
		case next == "next.compensate" && !f.left():
			t.Fatalf("%s gives the driver up while the car is in", about())
		case state == charge.StateUnknown && f.mayResolve().IsZero() && !(verbs(VerbLotHas) && verbs(VerbLotHasNot)):
			t.Fatalf("%s is a dead end", about())
		case state == charge.StateUnknown && f.unsafe() && verbs(VerbRedeliver) && !f.pending():
			t.Fatalf("%s would tell a lot twice that may not be", about())
		}
		seen[v.Text.Code+"/"+next], said[v.Text.Code] = true, true
	})
	for _, code := range []string{"verdict.used_worth", "verdict.gap_less", "verdict.left_late"} {
		if !said[code] {
			t.Errorf("nothing in the product says %s", code)
		}
	}
}

// TestVerdictsToRead writes what every verdict says, with the notes that package rules and the lots really leave, in
// both languages into one file that a person can read through.
func TestVerdictsToRead(t *testing.T) {
	seen := map[string]string{}
	every(func(f Facts) {
		c := f.Charge
		if !slices.Contains(reasonsOf[c.State], c.Reason) {
			return
		}
		late := c.Reason == charge.ReasonLeftLate
		if late && (c.Usage == nil || c.Usage.Minutes != 0) || c.Reason == charge.ReasonLeftBeforeArrival && !f.left() {
			return // cannot be
		}
		f.Said = saidOf[c.Reason]
		c.Decision.Rule.Lock.Seconds = 4 * 3600
		if notes, ok := decidedAs[c.Reason]; ok {
			c.Decision.Notes = notes
			c.Decision.Granted = []charge.Granted{{Charge: 4711, Reduction: *c.Reduction}}
		}
		v := VerdictOf(f)
		key := string(c.State) + " " + string(c.Reason) + ": " + v.Text.Code + ", " + v.Next.Code
		if seen[key] != "" {
			return
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%s (%s)\n", key, v.Tone)
		for _, l := range []words.Lang{words.Chinese, words.English} {
			fmt.Fprintf(&b, "  %s\n  → %s\n", words.Note(l, v.Text), words.Note(l, v.Next))
			fmt.Fprintf(&b, "  “%s %s”\n", words.Note(l, DriverOf(f)[0]), words.Note(l, DriverOf(f)[1]))
		}
		seen[key] = b.String()
	})
	var golden strings.Builder
	for _, key := range slices.Sorted(maps.Keys(seen)) {
		golden.WriteString(seen[key])
	}
	compareGolden(t, "testdata/verdicts.txt", golden.String())
}

// reasonsOf are the reasons that a state can have.
var reasonsOf = map[charge.State][]charge.Reason{
	charge.StateHeld:   {charge.ReasonWaitingForStay},
	charge.StateShadow: {charge.ReasonBindingShadow},
	charge.StateNoGrant: {charge.ReasonNoStay, charge.ReasonLeftBeforeArrival, charge.ReasonRuleUnmet,
		charge.ReasonCapReached,
		charge.ReasonCombineBest, charge.ReasonDayLimit, charge.ReasonLocked, charge.ReasonPlateExcluded,
		charge.ReasonChargerExcluded, charge.ReasonCombineMethod, charge.ReasonCombineFirst, charge.ReasonNothingPushed,
		charge.ReasonLotDecides4G, charge.ReasonBindingOff},
	charge.StateExpired:   {charge.ReasonHoldOver},
	charge.StateSending:   {charge.ReasonOK, charge.ReasonLineOff, charge.ReasonLotPaused, charge.ReasonLotError},
	charge.StateUnknown:   {charge.ReasonNoAnswer},
	charge.StateDelivered: {charge.ReasonOK, charge.ReasonUsageNotTold},
	charge.StateRefused:   {charge.ReasonLotRefused},
	charge.StateGaveUp: {charge.ReasonLineOff, charge.ReasonNoAnswer, charge.ReasonLotError, charge.ReasonLotPaused,
		charge.ReasonLeftBeforeArrival},
	charge.StateUsed:   {charge.ReasonOK, charge.ReasonLeftLate},
	charge.StateVoided: {charge.ReasonVoidedByUser},
}

// decidedAs is how package rules, or the flow around it, says why nothing is granted.
var decidedAs = func() map[charge.Reason]charge.Notes {
	mins := func(name string, n int64) charge.Arg {
		return charge.Grants(name, charge.Reduction{Method: charge.MethodTime, Minutes: n})
	}
	at := time.Date(2026, 1, 31, 4, 0, 0, 0, time.UTC)
	gives := charge.Say("rule.gives", mins("grant", 30))
	return map[charge.Reason]charge.Notes{
		charge.ReasonNoStay:            {charge.Say("decision.no_stay")},
		charge.ReasonHoldOver:          {charge.Say("decision.hold_over", charge.When("until", at))},
		charge.ReasonLeftBeforeArrival: {gives, charge.Say("decision.left", charge.When("left", at))},
		charge.ReasonRuleUnmet:         {charge.Say("rule.too_short", charge.Mins("got", 10), charge.Mins("least", 20))},
		charge.ReasonCapReached:        {gives, charge.Say("rule.cap_left", mins("cap", 45), mins("left", 0))},
		charge.ReasonCombineBest:       {gives, charge.Say("rule.not_better", mins("had", 60), mins("grant", 30))},
		charge.ReasonCombineFirst:      {gives, charge.Say("rule.first_was", mins("had", 60))},
		charge.ReasonCombineMethod: {gives, charge.Say("rule.not_comparable",
			charge.Grants("had", charge.Reduction{Method: charge.MethodAmount, Amount: 500}))},
		charge.ReasonDayLimit: {gives, charge.Say("rule.day_left", mins("cap", 120), mins("left", 0))},
		charge.ReasonLocked: {gives, charge.Say("rule.locked", mins("had", 60),
			charge.AtLot("lot", charge.LotID{Union: "1", Park: "2"}), charge.When("ended", at),
			charge.Count("charge", int64(4711)), charge.Span("lock", 4*time.Hour))},
		charge.ReasonPlateExcluded:   {charge.Say("rule.temporary_plate")},
		charge.ReasonChargerExcluded: {charge.Say("rule.other_point", charge.Text("point", "B7"))},
		charge.ReasonNothingPushed:   {charge.Say("rule.nothing_pushed")},
		charge.ReasonLotDecides4G:    {charge.Say("rule.lot_decides"), charge.Say("rule.lot_cannot_decide")},
		charge.ReasonBindingOff:      {charge.Say("decision.binding_off")},
	}
}()

// TestVerdictOfAnAnswerThatCannotBeRead: a lot that answered, and nothing that can be read, did not stay silent.
func TestVerdictOfAnAnswerThatCannotBeRead(t *testing.T) {
	silent, unread := "did not answer", "was neither a yes nor a no"
	said := map[string]string{"": silent, "outbound.no_answer": silent, "outbound.broken": silent,
		"delivery.no_answer": silent, "answer.unread": unread, "answer.empty": unread, "answer.http": unread,
		"answer.too_long": unread, "coupon.unread": unread}
	done := map[string]map[string]bool{}
	for code := range said {
		done[code] = map[string]bool{}
	}
	every(func(f Facts) {
		if f.Charge.State != charge.StateUnknown || f.Charge.Reason != charge.ReasonNoAnswer {
			return
		}
		for code, want := range said {
			f.Said = charge.Note{Code: code}
			text := VerdictOf(f).Text
			if said := words.Note(words.English, text); !strings.Contains(said, want) {
				t.Fatalf("after %q: %s", code, said)
			}
			done[code][text.Code] = true
		}
	})
	for code, texts := range done {
		if len(texts) != 4 {
			t.Errorf("after %q only %v were said", code, texts)
		}
	}
}

// saidOf is how a channel says what the last try came to.
var saidOf = map[charge.Reason]charge.Note{
	charge.ReasonLineOff:    charge.Say("delivery.no_line"),
	charge.ReasonNoAnswer:   charge.Say("delivery.no_answer"),
	charge.ReasonLotError:   charge.Say("answer.http", charge.Count("status", 502)),
	charge.ReasonLotRefused: charge.Say("answer.said", charge.Text("state", "0"), charge.Text("said", "车位已满")),
}

// refusal is why an action can only be refused.
func (f Facts) refusal(verb Verb) charge.Note {
	switch verb {
	case VerbRedeliver:
		return f.mayRedeliver()
	case VerbBind:
		return f.mayBind()
	case VerbVoid:
		return f.mayVoid()
	}
	return f.mayResolve()
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is not what is said now; run go test ./flow -run %s -update and read the difference", name, t.Name())
	}
}

// TestDriverOfEveryState says two sentences to the driver of every charge, in both languages, without a code, an id or
// a plate.
func TestDriverOfEveryState(t *testing.T) {
	for _, state := range charge.States {
		for _, reason := range charge.Reasons {
			for _, open := range []bool{true, false} {
				c := &charge.Charge{ID: 4711, State: state, Reason: reason, Plate: "京A12345",
					Reduction: &charge.Reduction{Method: charge.MethodTime, Minutes: 30},
					Decision: &charge.Decision{Rule: charge.Rule{Grant: charge.GrantFixed,
						Fixed: charge.Reduction{Method: charge.MethodTime, Minutes: 30}}}}
				c.Decision.Notes = decidedAs[reason]
				said := DriverOf(Facts{Charge: c, Stay: &charge.Stay{Open: open}})
				if len(said) != 2 {
					t.Fatalf("%s %s: %d sentences", state, reason, len(said))
				}
				for _, l := range []words.Lang{words.Chinese, words.English} {
					for _, n := range said {
						if text := words.Note(l, n); text == "" || strings.ContainsAny(text, "{}_") || strings.Contains(text, "4711") ||
							strings.Contains(text, "A12345") {
							t.Errorf("%s %s: %q", state, reason, text)
						}
					}
				}
			}
		}
	}
	used := &charge.Charge{State: charge.StateUsed, Usage: &charge.Usage{Minutes: 45},
		Reduction: &charge.Reduction{Method: charge.MethodTime, Minutes: 45}}
	if got := words.Note(words.Chinese, DriverOf(Facts{Charge: used})[0]); got != "您出场时已减 45 分钟。" {
		t.Errorf("of a used one: %s", got)
	}
}

// TestSum adds up by method.
func TestSum(t *testing.T) {
	got := words.Grants(words.Chinese,
		Sum([]charge.Reduction{{Method: charge.MethodTime, Minutes: 30}, {Method: charge.MethodAmount, Amount: 500},
			{Method: charge.MethodTime, Minutes: 15}, {Method: charge.MethodFree}, {Method: charge.MethodFree}})...)
	if got != "45 分钟、5.00 元、全免" {
		t.Error(got)
	}
}
