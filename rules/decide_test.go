package rules

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, charge.Shanghai)

// mins, yuan (in fen), free and lots are reductions in short.
func mins(n int64) charge.Reduction {
	return charge.Reduction{Method: charge.MethodTime, Minutes: n}
}

func yuan(fen charge.Fen) charge.Reduction {
	return charge.Reduction{Method: charge.MethodAmount, Amount: fen}
}

var (
	free = charge.Reduction{Method: charge.MethodFree}
	lots = charge.Reduction{Method: charge.MethodLotDecides}
)

func fixedRule(r charge.Reduction) charge.Rule {
	return charge.Rule{Grant: charge.GrantFixed, Fixed: r, Combine: charge.CombineBest}
}

func had(rs ...charge.Reduction) []charge.Granted {
	var out []charge.Granted
	for i, r := range rs {
		out = append(out, charge.Granted{Charge: int64(i + 1), Reduction: r, Combine: charge.CombineBest, At: noon})
	}
	return out
}

// charged is a charge of 90 minutes and 10 seconds and 12.5 kWh whose push asks for r.
func charged(r charge.Reduction) *charge.Charge {
	return &charge.Charge{
		ID: 9, StartedAt: noon.Add(-90*time.Minute - 10*time.Second), EndedAt: noon, Energy: 12500, HasEnergy: true,
		Ask: charge.Ask(r),
	}
}

func with(rule charge.Rule, change func(*charge.Rule)) charge.Rule {
	change(&rule)
	return rule
}

func capped(r charge.Reduction, minutes int64, amount charge.Fen) charge.Rule {
	return with(fixedRule(r), func(x *charge.Rule) { x.CapMinutes, x.CapAmount = minutes, amount })
}

func combined(c charge.Combine, rule charge.Rule) charge.Rule {
	rule.Combine = c
	return rule
}

// decideCase is one row; a zero Send means the same as Reduction.
type decideCase struct {
	name    string
	charge  *charge.Charge // nil: charged(nothing asked)
	rule    charge.Rule
	priced  bool           // a 4g lot
	repeats charge.Repeats // empty: add
	granted []charge.Granted
	reason  charge.Reason
	want    charge.Reduction
	give    charge.Reduction
	send    charge.Reduction
	note    string
}

func TestDecide(t *testing.T) {
	asPushed := charge.Rule{Grant: charge.GrantAsPushed, Combine: charge.CombineBest}
	timeRule := charge.Rule{Grant: charge.GrantChargeTime, PlusMinutes: 60}
	lotRule := charge.Rule{Grant: charge.GrantLotDecides}
	ok := charge.ReasonOK
	cases := []decideCase{
		// where the size comes from
		{name: "as pushed time", charge: charged(mins(30)), rule: asPushed, reason: ok, want: mins(30), give: mins(30),
			note: "the push asks for 30 minutes"},
		{name: "as pushed amount", charge: charged(yuan(525)), rule: asPushed, reason: ok, want: yuan(525), give: yuan(525),
			note: "the push asks for 5.25 yuan"},
		{name: "as pushed free", charge: charged(free), rule: asPushed, reason: ok, want: free, give: free,
			note: "the push asks for free parking"},
		{name: "as pushed lot decides", charge: charged(lots), rule: asPushed, reason: ok, want: lots, give: lots,
			note: "the push leaves the reduction to the lot"},
		{name: "as pushed lot decides on 4g", charge: charged(lots), rule: asPushed, priced: true,
			reason: charge.ReasonLotDecides4G, want: lots,
			note: "the push leaves the reduction to the lot; in a 4G lot the gateway prices the stay, " +
				"and nothing else can decide"},
		{name: "nothing pushed is not the charging time", rule: asPushed, reason: charge.ReasonNothingPushed,
			note: "the push names no reduction that can be used"},
		{name: "zero minutes pushed", charge: charged(mins(0)), rule: asPushed, reason: charge.ReasonNothingPushed,
			note: "the push names no reduction that can be used"},
		{name: "negative amount pushed", charge: charged(yuan(-1)), rule: asPushed, reason: charge.ReasonNothingPushed,
			note: "the push names no reduction that can be used"},
		{name: "fixed heeds no push", charge: charged(mins(30)), rule: fixedRule(yuan(1000)), reason: ok, want: yuan(1000),
			give: yuan(1000), note: "the rule gives 10.00 yuan"},
		{name: "fixed nothing", rule: fixedRule(mins(0)), reason: charge.ReasonNothingPushed, note: "the rule gives nothing"},
		{name: "charge time counts a started minute", rule: timeRule, reason: ok, want: mins(151), give: mins(151),
			note: "charged 91 minutes, 60 minutes on top make 151 minutes"},
		{name: "charge time without plus", rule: charge.Rule{Grant: charge.GrantChargeTime}, reason: ok, want: mins(91),
			give: mins(91), note: "charged 91 minutes"},
		{name: "charge time unknown", charge: &charge.Charge{EndedAt: noon}, rule: timeRule,
			reason: charge.ReasonNothingPushed, note: "the rule gives the charging time and the push names none"},
		{name: "charge time of none", charge: &charge.Charge{StartedAt: noon, EndedAt: noon},
			rule: charge.Rule{Grant: charge.GrantChargeTime}, reason: charge.ReasonNothingPushed,
			note: "charged 0 minutes; that is nothing to give"},
		{name: "lot decides", rule: lotRule, reason: ok, want: lots, give: lots,
			note: "the rule leaves the reduction to the lot"},
		{name: "lot decides on 4g", rule: lotRule, priced: true, reason: charge.ReasonLotDecides4G, want: lots,
			note: "the rule leaves the reduction to the lot; in a 4G lot the gateway prices the stay, " +
				"and nothing else can decide"},

		// conditions
		{name: "minutes just enough", rule: with(fixedRule(mins(60)), func(r *charge.Rule) { r.MinChargeMinutes = 91 }),
			reason: ok, want: mins(60), give: mins(60), note: "the rule gives 60 minutes"},
		{name: "minutes too few", rule: with(fixedRule(mins(60)), func(r *charge.Rule) { r.MinChargeMinutes = 92 }),
			reason: charge.ReasonRuleUnmet, note: "charged 91 minutes, the rule asks for at least 92 minutes"},
		{name: "energy just enough", rule: with(fixedRule(mins(60)), func(r *charge.Rule) { r.MinEnergy = 12500 }),
			reason: ok, want: mins(60), give: mins(60), note: "the rule gives 60 minutes"},
		{name: "energy too little", rule: with(fixedRule(mins(60)), func(r *charge.Rule) { r.MinEnergy = 12501 }),
			reason: charge.ReasonRuleUnmet, note: "charged 12.50 kWh, the rule asks for at least 12.501 kWh"},
		{name: "energy not told", charge: &charge.Charge{},
			rule: with(fixedRule(mins(60)), func(r *charge.Rule) { r.MinEnergy = 1000 }), reason: charge.ReasonRuleUnmet,
			note: "the push names no energy, the rule asks for at least 1.00 kWh"},

		// best
		{name: "best adds the difference", rule: fixedRule(mins(90)), granted: had(mins(60)), reason: ok, want: mins(90),
			give: mins(30),
			note: "the rule gives 90 minutes; the stay has 60 minutes and the best grant counts, so 30 minutes are added"},
		{name: "best over several differences", rule: fixedRule(mins(90)), granted: had(mins(60), mins(20)), reason: ok,
			want: mins(90), give: mins(10),
			note: "the rule gives 90 minutes; the stay has 80 minutes and the best grant counts, so 10 minutes are added"},
		{name: "best not better", rule: fixedRule(mins(60)), granted: had(mins(60)), reason: charge.ReasonCombineBest,
			want: mins(60),
			note: "the rule gives 60 minutes; the stay has 60 minutes and the best grant counts, 60 minutes is not better"},
		{name: "best amount", rule: fixedRule(yuan(1000)), granted: had(yuan(400)), reason: ok, want: yuan(1000),
			give: yuan(600),
			note: "the rule gives 10.00 yuan; the stay has 4.00 yuan and the best grant counts, so 6.00 yuan are added"},
		{name: "best of another method", rule: fixedRule(yuan(1000)), granted: had(mins(60)),
			reason: charge.ReasonCombineMethod, want: yuan(1000),
			note: "the rule gives 10.00 yuan; the stay has 60 minutes, which is not comparable"},
		{name: "best free after time", rule: fixedRule(free), granted: had(mins(60)), reason: charge.ReasonCombineMethod,
			want: free, note: "the rule gives free parking; the stay has 60 minutes, which is not comparable"},
		{name: "best time after lot decides", rule: fixedRule(mins(60)), granted: had(lots),
			reason: charge.ReasonCombineMethod, want: mins(60),
			note: "the rule gives 60 minutes; the stay has a reduction of the lot's own, which is not comparable"},
		{name: "best lot decides twice", rule: lotRule, granted: had(lots), reason: charge.ReasonCombineBest, want: lots,
			note: "the rule leaves the reduction to the lot; the lot was left to decide for this stay already"},
		{name: "best lot decides after time", rule: lotRule, granted: had(mins(5)), reason: charge.ReasonCombineMethod,
			want: lots, note: "the rule leaves the reduction to the lot; the stay has 5 minutes, which is not comparable"},
		{name: "best on 4g stores another method whole", rule: fixedRule(yuan(1000)), priced: true, granted: had(mins(60)),
			reason: ok, want: yuan(1000), give: yuan(1000),
			note: "the rule gives 10.00 yuan; the stay has 60 minutes, the worth at pricing decides, so 10.00 yuan are added"},
		{name: "best on 4g adds to its own method", rule: fixedRule(yuan(1000)), priced: true,
			granted: had(mins(60), yuan(300)), reason: ok, want: yuan(1000), give: yuan(700),
			note: "the rule gives 10.00 yuan; the stay has 60 minutes and 3.00 yuan, the worth at pricing decides, " +
				"so 7.00 yuan are added"},
		{name: "best free on 4g after time", rule: fixedRule(free), priced: true, granted: had(mins(60)), reason: ok,
			want: free, give: free, note: "the rule gives free parking; the stay has 60 minutes, the worth at pricing decides"},
		{name: "best on 4g not better", rule: fixedRule(yuan(300)), priced: true, granted: had(mins(60), yuan(300)),
			reason: charge.ReasonCombineBest, want: yuan(300),
			note: "the rule gives 3.00 yuan; the stay has 60 minutes and 3.00 yuan and the best grant counts, " +
				"3.00 yuan is not better"},

		// free already
		{name: "free after free", rule: fixedRule(free), granted: had(free), reason: charge.ReasonCombineBest, want: free,
			note: "the rule gives free parking; the stay is free already"},
		{name: "capped free after free", rule: capped(free, 120, 0), granted: had(free), reason: charge.ReasonCombineBest,
			want: free, note: "the rule gives free parking; the stay is free already"},
		{name: "time after free", rule: fixedRule(mins(60)), granted: had(free), reason: charge.ReasonCombineMethod,
			want: mins(60), note: "the rule gives 60 minutes; the stay is free already, nothing can be put on top"},
		{name: "time after free on 4g", rule: fixedRule(mins(60)), priced: true, granted: had(free),
			reason: charge.ReasonCombineMethod, want: mins(60),
			note: "the rule gives 60 minutes; the stay is free already, nothing can be put on top"},
		{name: "sum after free", rule: combined(charge.CombineSum, fixedRule(mins(60))), granted: had(free),
			reason: charge.ReasonCombineMethod, want: mins(60),
			note: "the rule gives 60 minutes; the stay is free already, nothing can be put on top"},

		// sum and first
		{name: "sum adds", rule: combined(charge.CombineSum, fixedRule(mins(90))), granted: had(mins(60)), reason: ok,
			want: mins(90), give: mins(90), note: "the rule gives 90 minutes; added to what the stay has, 60 minutes"},
		{name: "sum adds another method", rule: combined(charge.CombineSum, fixedRule(yuan(500))), granted: had(mins(60)),
			reason: ok, want: yuan(500), give: yuan(500),
			note: "the rule gives 5.00 yuan; added to what the stay has, 60 minutes"},
		{name: "sum of lot decides", rule: combined(charge.CombineSum, lotRule), granted: had(lots), reason: ok, want: lots,
			give: lots,
			note: "the rule leaves the reduction to the lot; added to what the stay has, a reduction of the lot's own"},
		{name: "first is first", rule: combined(charge.CombineFirst, fixedRule(mins(90))), reason: ok, want: mins(90),
			give: mins(90), note: "the rule gives 90 minutes"},
		{name: "first was before", rule: combined(charge.CombineFirst, fixedRule(mins(90))), granted: had(yuan(1)),
			reason: charge.ReasonCombineFirst, want: mins(90),
			note: "the rule gives 90 minutes; only the first grant of a stay counts, and the stay has 0.01 yuan"},

		// caps
		{name: "cap of minutes", rule: capped(mins(180), 120, 0), reason: ok, want: mins(180), give: mins(120),
			note: "the rule gives 180 minutes; the cap of 120 minutes leaves 120 minutes"},
		{name: "cap of minutes does not bind yuan", rule: capped(yuan(9000), 120, 0), reason: ok, want: yuan(9000),
			give: yuan(9000), note: "the rule gives 90.00 yuan"},
		{name: "cap of yuan", rule: capped(yuan(9000), 120, 3000), reason: ok, want: yuan(9000), give: yuan(3000),
			note: "the rule gives 90.00 yuan; the cap of 30.00 yuan leaves 30.00 yuan"},
		{name: "cap and best", rule: capped(mins(180), 120, 0), granted: had(mins(60)), reason: ok, want: mins(180),
			give: mins(60),
			note: "the rule gives 180 minutes; the stay has 60 minutes and the best grant counts, so 120 minutes are added; " +
				"the cap of 120 minutes leaves 60 minutes"},
		{name: "cap and sum", rule: combined(charge.CombineSum, capped(mins(90), 120, 0)), granted: had(mins(60)), reason: ok,
			want: mins(90), give: mins(60),
			note: "the rule gives 90 minutes; added to what the stay has, 60 minutes; the cap of 120 minutes leaves 60 minutes"},
		{name: "cap is full", rule: combined(charge.CombineSum, capped(mins(90), 120, 0)), granted: had(mins(120)),
			reason: charge.ReasonCapReached, want: mins(90),
			note: "the rule gives 90 minutes; added to what the stay has, 120 minutes; the cap of 120 minutes leaves 0 minutes"},
		{name: "cap of another rule was wider", rule: combined(charge.CombineSum, capped(mins(90), 120, 0)),
			granted: had(mins(150)), reason: charge.ReasonCapReached, want: mins(90),
			note: "the rule gives 90 minutes; added to what the stay has, 150 minutes; the cap of 120 minutes leaves 0 minutes"},
		{name: "cap left one minute", rule: combined(charge.CombineSum, capped(mins(90), 120, 0)), granted: had(mins(119)),
			reason: ok, want: mins(90), give: mins(1),
			note: "the rule gives 90 minutes; added to what the stay has, 119 minutes; the cap of 120 minutes leaves 1 minute"},
		{name: "free under caps is the minutes", rule: capped(free, 120, 3000), reason: ok, want: free, give: mins(120),
			note: "the rule gives free parking; free under a cap is the cap, 120 minutes"},
		{name: "free under a cap of yuan", rule: capped(free, 0, 3000), reason: ok, want: free, give: yuan(3000),
			note: "the rule gives free parking; free under a cap is the cap, 30.00 yuan"},
		{name: "free under a cap that is half used", rule: capped(free, 120, 0), granted: had(mins(60)), reason: ok,
			want: free, give: mins(60),
			note: "the rule gives free parking; free under a cap is the cap, 120 minutes; the stay has 60 minutes and the " +
				"best grant counts, so 60 minutes are added"},
		{name: "free under a cap that is used", rule: capped(free, 120, 0), granted: had(mins(120)),
			reason: charge.ReasonCapReached, want: free,
			note: "the rule gives free parking; free under a cap is the cap, 120 minutes; the stay has 120 minutes and the " +
				"best grant counts, 120 minutes is not better"},
		{name: "lot decides is not capped", rule: with(lotRule, func(r *charge.Rule) { r.CapMinutes, r.CapAmount = 1, 1 }),
			reason: ok, want: lots, give: lots, note: "the rule leaves the reduction to the lot"},

		// lots that replace
		{name: "replace is told the best", rule: fixedRule(mins(90)), repeats: charge.RepeatsReplace, granted: had(mins(60)),
			reason: ok, want: mins(90), give: mins(30), send: mins(90),
			note: "the rule gives 90 minutes; the stay has 60 minutes and the best grant counts, so 30 minutes are added; " +
				"the lot replaces, so it is told the new total of 90 minutes"},
		{name: "replace is told the sum", rule: combined(charge.CombineSum, capped(yuan(500), 0, 800)),
			repeats: charge.RepeatsReplace, granted: had(yuan(400)), reason: ok, want: yuan(500), give: yuan(400),
			send: yuan(800),
			note: "the rule gives 5.00 yuan; added to what the stay has, 4.00 yuan; the cap of 8.00 yuan leaves 4.00 yuan; " +
				"the lot replaces, so it is told the new total of 8.00 yuan"},
		{name: "replace cannot hold two methods", rule: combined(charge.CombineSum, fixedRule(yuan(500))),
			repeats: charge.RepeatsReplace, granted: had(mins(60)), reason: charge.ReasonCombineMethod, want: yuan(500),
			note: "the rule gives 5.00 yuan; the stay has 60 minutes, and the lot would drop that for a message " +
				"of another kind"},
		{name: "replace by free", rule: combined(charge.CombineSum, fixedRule(free)), repeats: charge.RepeatsReplace,
			granted: had(mins(60)), reason: ok, want: free, give: free,
			note: "the rule gives free parking; added to what the stay has, 60 minutes"},
		{name: "replace means nothing on 4g", rule: fixedRule(mins(90)), priced: true, repeats: charge.RepeatsReplace,
			granted: had(mins(60)), reason: ok, want: mins(90), give: mins(30),
			note: "the rule gives 90 minutes; the stay has 60 minutes and the best grant counts, so 30 minutes are added"},
		{name: "unsafe is told the difference", rule: fixedRule(mins(90)), repeats: charge.RepeatsUnsafe,
			granted: had(mins(60)), reason: ok, want: mins(90), give: mins(30),
			note: "the rule gives 90 minutes; the stay has 60 minutes and the best grant counts, so 30 minutes are added"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

func (c decideCase) check(t *testing.T) {
	in := Input{
		Charge: c.charge, Rule: c.rule, Priced: c.priced, Repeats: c.repeats, Granted: c.granted, Now: noon,
		Stay: &charge.Stay{ID: 7, OrderID: "s7"},
	}
	if in.Charge == nil {
		in.Charge = charged(charge.Reduction{})
	}
	want := charge.Decision{
		At: noon, Rule: c.rule, State: charge.StateNoGrant, Reason: c.reason, Wanted: c.want, Reduction: c.give,
		Send: c.give, Granted: c.granted, StayID: 7, StayOrder: "s7",
		Minutes: in.Charge.Minutes(), Energy: in.Charge.Energy,
	}
	if c.reason == charge.ReasonOK {
		want.State = charge.StateSending
	}
	if !c.send.IsZero() {
		want.Send = c.send
	}
	got := Decide(in)
	if said := words.Notes(words.English, got.Notes); said != c.note {
		t.Errorf("it says %q, want %q", said, c.note)
	}
	got.Notes = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
}

func TestDecideWithoutStay(t *testing.T) {
	d := Decide(Input{Charge: charged(mins(30)), Rule: charge.Rule{Grant: charge.GrantAsPushed}, Now: noon})
	if d.StayID != 0 || d.StayOrder != "" || d.State != charge.StateSending {
		t.Errorf("got stay %d %q state %s, want no stay and sending", d.StayID, d.StayOrder, d.State)
	}
}
