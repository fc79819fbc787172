package rules

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

var (
	ownLot    = charge.LotID{Union: "200461", Park: "1313"}
	sisterLot = charge.LotID{Union: "200461", Park: "1314"}
	otherLot  = charge.LotID{Union: "200462", Park: "1313"}
)

// visited is a charge like charged in ownLot that ended at a time, with a fee of 17.85 yuan at a known point.
func visited(ended time.Time) *charge.Charge {
	c := charged(charge.Reduction{})
	c.Lot, c.Plate = ownLot, "京AD06088"
	c.StartedAt, c.EndedAt, c.Received = ended.Add(-90*time.Minute-10*time.Second), ended, ended.Add(time.Minute)
	c.Total, c.HasTotal = 1785, true
	c.Detail = charge.Detail{ConnectorID: "4402020030000009001"}
	return c
}

// past is a grant to the plate in another stay, for a charge that ended so long from noon.
func past(id int64, lot charge.LotID, apart time.Duration, r charge.Reduction) charge.Past {
	return charge.Past{Charge: id, Lot: lot, Ended: noon.Add(apart), Reduction: r}
}

// said is how a decision came about, in English.
func said(d charge.Decision) string { return words.Notes(words.English, d.Notes) }

// TestRulesOverStays decides each rule that looks at the plate, the place or the day, one row a case.
func TestRulesOverStays(t *testing.T) {
	hour := time.Hour
	rule := func(change func(*charge.Rule)) charge.Rule { return with(fixedRule(mins(120)), change) }
	day := func(d charge.PerDay) charge.Rule { return rule(func(r *charge.Rule) { r.PerDay = d }) }
	lock := func(span time.Duration, per charge.Reach) charge.Rule {
		return rule(func(r *charge.Rule) { r.Lock = charge.Lock{Seconds: int64(span / time.Second), Per: per} })
	}
	stepsBy := func(by charge.StepBy, steps ...charge.Step) charge.Rule {
		for i := range steps {
			steps[i].By = by
		}
		return charge.Rule{Grant: charge.GrantSteps, Steps: steps, Combine: charge.CombineBest}
	}
	ok := charge.ReasonOK
	type pasts = []charge.Past
	cases := []struct {
		name   string
		change func(*charge.Charge)
		rule   charge.Rule
		past   pasts
		reason charge.Reason
		give   charge.Reduction
		note   string
	}{
		// per_day
		{name: "first of the day", rule: day(charge.PerDay{Times: 1, Minutes: 120}), reason: ok, give: mins(120),
			note: "the rule gives 120 minutes"},
		{name: "second of the day", rule: day(charge.PerDay{Times: 1}), past: pasts{past(1, ownLot, -3*hour, mins(10))},
			reason: charge.ReasonDayLimit,
			note: "the rule gives 120 minutes; the plate was granted something 1 time on this day, " +
				"and the rule allows no more"},
		{name: "the day has minutes left", rule: day(charge.PerDay{Minutes: 150}),
			past: pasts{past(1, ownLot, -3*hour, mins(60))}, reason: ok, give: mins(90),
			note: "the rule gives 120 minutes; the day's limit of 150 minutes leaves 90 minutes"},
		{name: "the day has no minutes left", rule: day(charge.PerDay{Minutes: 120}),
			past: pasts{past(1, ownLot, -3*hour, mins(60)), past(2, ownLot, 3*hour, mins(60))}, reason: charge.ReasonDayLimit,
			note: "the rule gives 120 minutes; the day's limit of 120 minutes leaves 0 minutes"},
		{name: "a later charge that came first counts", rule: day(charge.PerDay{Minutes: 120}),
			past: pasts{past(1, ownLot, 11*hour, mins(100))}, reason: ok, give: mins(20),
			note: "the rule gives 120 minutes; the day's limit of 120 minutes leaves 20 minutes"},
		{name: "yesterday does not count", rule: day(charge.PerDay{Times: 1, Minutes: 120}),
			past: pasts{past(1, ownLot, -12*hour-time.Second, mins(120))}, reason: ok, give: mins(120),
			note: "the rule gives 120 minutes"},
		{name: "midnight is today", rule: day(charge.PerDay{Times: 1}), past: pasts{past(1, ownLot, -12*hour, mins(1))},
			reason: charge.ReasonDayLimit,
			note: "the rule gives 120 minutes; the plate was granted something 1 time on this day, " +
				"and the rule allows no more"},
		{name: "tomorrow does not count", rule: day(charge.PerDay{Times: 1}),
			past: pasts{past(1, ownLot, 12*hour, mins(120))}, reason: ok, give: mins(120), note: "the rule gives 120 minutes"},
		{name: "another lot has a day of its own", rule: day(charge.PerDay{Times: 1}),
			past: pasts{past(1, sisterLot, -hour, mins(120))}, reason: ok, give: mins(120), note: "the rule gives 120 minutes"},
		{name: "one day over the vendor's lots", rule: day(charge.PerDay{Minutes: 130, Per: charge.ReachVendor}),
			past: pasts{past(1, sisterLot, -hour, mins(120)), past(2, otherLot, -hour, mins(120))}, reason: ok, give: mins(10),
			note: "the rule gives 120 minutes; the day's limit of 130 minutes leaves 10 minutes"},
		{name: "the same stay is of the day too", rule: day(charge.PerDay{Times: 1}),
			past:   pasts{{Charge: 1, Lot: ownLot, Ended: noon.Add(-hour), Same: true, Reduction: mins(5)}},
			reason: charge.ReasonDayLimit,
			note: "the rule gives 120 minutes; the plate was granted something 1 time on this day, " +
				"and the rule allows no more"},
		{name: "yuan of the day", rule: with(fixedRule(yuan(1500)),
			func(r *charge.Rule) { r.PerDay = charge.PerDay{Amount: 2000} }),
			past: pasts{past(1, ownLot, -hour, yuan(800)), past(2, ownLot, -hour, mins(60))}, reason: ok, give: yuan(1200),
			note: "the rule gives 15.00 yuan; the day's limit of 20.00 yuan leaves 12.00 yuan"},
		{name: "free under a day's minutes",
			rule: with(fixedRule(free), func(r *charge.Rule) { r.PerDay = charge.PerDay{Minutes: 120} }),
			past: pasts{past(1, ownLot, -hour, mins(50))}, reason: ok, give: mins(70),
			note: "the rule gives free parking; free under a cap is the cap, 120 minutes; the day's limit of 120 minutes " +
				"leaves 70 minutes"},
		{name: "free once a day", rule: with(fixedRule(free), func(r *charge.Rule) { r.PerDay = charge.PerDay{Times: 1} }),
			reason: ok, give: free, note: "the rule gives free parking"},
		{name: "a lot that decides counts as a time alone", rule: day(charge.PerDay{Times: 2, Minutes: 120}),
			past: pasts{past(1, ownLot, -hour, lots)}, reason: ok, give: mins(120), note: "the rule gives 120 minutes"},
		{name: "the end of a charge tells its day",
			change: func(c *charge.Charge) { c.Received = c.EndedAt.AddDate(0, 0, 3) }, rule: day(charge.PerDay{Times: 1}),
			past: pasts{past(1, ownLot, 72*hour, mins(120))}, reason: ok, give: mins(120), note: "the rule gives 120 minutes"},
		{name: "without an end the receipt tells it", change: func(c *charge.Charge) {
			c.StartedAt, c.EndedAt, c.Received = time.Time{}, time.Time{}, noon.AddDate(0, 0, 3)
		}, rule: day(charge.PerDay{Times: 1}), past: pasts{past(1, ownLot, 72*hour, mins(120))},
			reason: charge.ReasonDayLimit,
			note: "the rule gives 120 minutes; the plate was granted something 1 time on this day, " +
				"and the rule allows no more"},

		// lock
		{name: "locked", rule: lock(4*hour, ""), past: pasts{past(1, ownLot, -4*hour+time.Second, mins(120))},
			reason: charge.ReasonLocked,
			note: "the rule gives 120 minutes; the plate was granted 120 minutes in another stay of lot 200461/1313, " +
				"for charge 1 that ended 2026-03-01 08:00:01, and the rule locks it for 4 hours"},
		{name: "the lock is over", rule: lock(4*hour, ""), past: pasts{past(1, ownLot, -4*hour, mins(120))}, reason: ok,
			give: mins(120), note: "the rule gives 120 minutes"},
		{name: "locked by a later charge that came first", rule: lock(4*hour, ""),
			past: pasts{past(1, ownLot, 2*hour, mins(120))}, reason: charge.ReasonLocked,
			note: "the rule gives 120 minutes; the plate was granted 120 minutes in another stay of lot 200461/1313, " +
				"for charge 1 that ended 2026-03-01 14:00:00, and the rule locks it for 4 hours"},
		{name: "the same stay is not locked", rule: lock(4*hour, ""),
			past: pasts{{Charge: 1, Lot: ownLot, Ended: noon.Add(-hour), Same: true, Reduction: mins(5)}}, reason: ok,
			give: mins(120), note: "the rule gives 120 minutes"},
		{name: "another lot locks nothing", rule: lock(4*hour, ""), past: pasts{past(1, sisterLot, -hour, mins(120))},
			reason: ok, give: mins(120), note: "the rule gives 120 minutes"},
		{name: "locked by the vendor's other lot", rule: lock(4*hour, charge.ReachVendor),
			past: pasts{past(1, sisterLot, -hour, yuan(500))}, reason: charge.ReasonLocked,
			note: "the rule gives 120 minutes; the plate was granted 5.00 yuan in another stay of lot 200461/1314, " +
				"for charge 1 that ended 2026-03-01 11:00:00, and the rule locks it for 4 hours"},
		{name: "another vendor locks nothing", rule: lock(4*hour, charge.ReachVendor),
			past: pasts{past(1, otherLot, -hour, mins(120))}, reason: ok, give: mins(120), note: "the rule gives 120 minutes"},

		// steps
		{name: "below the steps", rule: stepsBy(charge.StepByMinutes, charge.Step{From: 92, Reduction: mins(60)}),
			reason: charge.ReasonRuleUnmet, note: "charged 91 minutes, the rule's first step begins at 92 minutes"},
		{name: "on a step", rule: stepsBy(charge.StepByMinutes, charge.Step{From: 30, Reduction: mins(60)},
			charge.Step{From: 91, Reduction: mins(120)}, charge.Step{From: 92, Reduction: free}), reason: ok, give: mins(120),
			note: "the rule's step from 91 minutes gives 120 minutes"},
		{name: "steps by energy", rule: stepsBy(charge.StepByEnergy, charge.Step{From: 10000, Reduction: yuan(500)},
			charge.Step{From: 12501, Reduction: yuan(1000)}), reason: ok, give: yuan(500),
			note: "the rule's step from 10.00 kWh gives 5.00 yuan"},
		{name: "steps by fee", rule: stepsBy(charge.StepByFee, charge.Step{From: 1000, Reduction: mins(60)},
			charge.Step{From: 1785, Reduction: free}), reason: ok, give: free,
			note: "the rule's step from 17.85 yuan gives free parking"},
		{name: "steps by what is not told", change: func(c *charge.Charge) { c.HasTotal, c.Total = false, 0 },
			rule: stepsBy(charge.StepByFee, charge.Step{From: 0, Reduction: mins(60)}), reason: charge.ReasonRuleUnmet,
			note: "the rule's steps count the fee, and the push names none"},

		// conditions
		{name: "fee just enough", rule: rule(func(r *charge.Rule) { r.MinFee = 1785 }), reason: ok, give: mins(120),
			note: "the rule gives 120 minutes"},
		{name: "fee too small", rule: rule(func(r *charge.Rule) { r.MinFee = 1786 }), reason: charge.ReasonRuleUnmet,
			note: "charged for 17.85 yuan, the rule asks for at least 17.86 yuan"},
		{name: "fee not told", change: func(c *charge.Charge) { c.HasTotal, c.Total = false, 0 },
			rule: rule(func(r *charge.Rule) { r.MinFee = 1 }), reason: charge.ReasonRuleUnmet,
			note: "the push names no fee, the rule asks for at least 0.01 yuan"},
		{name: "a temporary plate", change: func(c *charge.Charge) { c.Plate = "京A1234临" },
			rule: rule(func(r *charge.Rule) { r.NoTemporary = true }), reason: charge.ReasonPlateExcluded,
			note: "the rule gives nothing to temporary plates"},
		{name: "a temporary plate where nothing is said", change: func(c *charge.Charge) { c.Plate = "京A1234临" },
			rule: rule(func(*charge.Rule) {}), reason: ok, give: mins(120), note: "the rule gives 120 minutes"},
		{name: "a plate", rule: rule(func(r *charge.Rule) { r.NoTemporary = true }), reason: ok, give: mins(120),
			note: "the rule gives 120 minutes"},
		{name: "a listed gun", rule: rule(func(r *charge.Rule) { r.OnlyChargers = []string{"x", "4402020030000009001"} }),
			reason: ok, give: mins(120), note: "the rule gives 120 minutes"},
		{name: "a gun of a listed pile", rule: rule(func(r *charge.Rule) { r.OnlyChargers = []string{"4402020030000009"} }),
			reason: ok, give: mins(120), note: "the rule gives 120 minutes"},
		{name: "another pile", rule: rule(func(r *charge.Rule) { r.OnlyChargers = []string{"4402020030000017"} }),
			reason: charge.ReasonChargerExcluded, note: "charged at 4402020030000009001, which the rule does not list"},
		{name: "no point told", change: func(c *charge.Charge) { c.Detail = charge.Detail{} },
			rule:   rule(func(r *charge.Rule) { r.OnlyChargers = []string{"4402020030000017"} }),
			reason: charge.ReasonChargerExcluded, note: "the push names no charging point, and the rule names its own"},

		// what counts of the charging time
		{name: "charged minutes capped before more are added",
			rule: charge.Rule{Grant: charge.GrantChargeTime, CapChargeMinutes: 60, PlusMinutes: 60}, reason: ok, give: mins(120),
			note: "charged 91 minutes, of which 60 minutes count; charged 60 minutes, 60 minutes on top make 120 minutes"},
		{name: "charged minutes under their cap", rule: charge.Rule{Grant: charge.GrantChargeTime, CapChargeMinutes: 91},
			reason: ok, give: mins(91), note: "charged 91 minutes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := Input{Charge: visited(noon), Rule: c.rule, Past: c.past, Now: noon}
			if c.change != nil {
				c.change(in.Charge)
			}
			d := Decide(in)
			if d.Reason != c.reason || d.Reduction != c.give || said(d) != c.note ||
				(d.State == charge.StateSending) != (c.reason == ok) {
				t.Errorf("%s %s %+v\n %q\nwant %s %+v\n %q", d.State, d.Reason, d.Reduction, said(d), c.reason, c.give, c.note)
			}
		})
	}
}

// TestBounds cuts what a push asks for, and charging time, at the site's bounds where the rule names no cap, and names
// the setting.
func TestBounds(t *testing.T) {
	bounds := charge.Bounds{Minutes: 1440, Amount: 100_000}
	pushed := charge.Rule{Grant: charge.GrantAsPushed, Combine: charge.CombineSum}
	cases := []struct {
		name    string
		ask     charge.Reduction
		rule    charge.Rule
		granted []charge.Granted
		reason  charge.Reason
		give    charge.Reduction
		setting string
		note    string
	}{
		{"an amount within", yuan(100_000), pushed, nil, charge.ReasonOK, yuan(100_000), "",
			"the push asks for 1000.00 yuan"},
		{"an amount beyond", yuan(9_999_999), pushed, nil, charge.ReasonOK, yuan(100_000), "limits.amount",
			"the push asks for 99999.99 yuan; the rule names no cap, and the setting limits.amount of 1000.00 yuan " +
				"leaves 1000.00 yuan"},
		{"minutes beyond", mins(1441), pushed, nil, charge.ReasonOK, mins(1440), "limits.minutes",
			"the push asks for 1441 minutes; the rule names no cap, and the setting limits.minutes of 1440 minutes " +
				"leaves 1440 minutes"},
		{"the stay has all of it", yuan(1), pushed, had(yuan(100_000)), charge.ReasonCapReached, charge.Reduction{},
			"limits.amount", "the push asks for 0.01 yuan; added to what the stay has, 1000.00 yuan; the rule names no cap, " +
				"and the setting limits.amount of 1000.00 yuan leaves 0.00 yuan"},
		{"the stay has some of it", mins(1000), pushed, had(mins(1000)), charge.ReasonOK, mins(440), "limits.minutes",
			"the push asks for 1000 minutes; added to what the stay has, 1000 minutes; the rule names no cap, " +
				"and the setting limits.minutes of 1440 minutes leaves 440 minutes"},
		{"the rule's cap in its place", mins(3000), with(pushed, func(r *charge.Rule) { r.CapMinutes = 2880 }), nil,
			charge.ReasonOK, mins(2880), "", "the push asks for 3000 minutes; the cap of 2880 minutes leaves 2880 minutes"},
		{"a cap of minutes leaves yuan to the setting", yuan(200_000),
			with(pushed, func(r *charge.Rule) { r.CapMinutes = 60 }), nil, charge.ReasonOK, yuan(100_000), "limits.amount",
			"the push asks for 2000.00 yuan; the rule names no cap, and the setting limits.amount of 1000.00 yuan " +
				"leaves 1000.00 yuan"},
		{"charging time", charge.Reduction{}, charge.Rule{Grant: charge.GrantChargeTime, PlusMinutes: 2000}, nil,
			charge.ReasonOK, mins(1440), "limits.minutes",
			"charged 91 minutes, 2000 minutes on top make 2091 minutes; the rule names no cap, " +
				"and the setting limits.minutes of 1440 minutes leaves 1440 minutes"},
		{"fixed is the operator's word", charge.Reduction{}, fixedRule(mins(3000)), nil, charge.ReasonOK, mins(3000), "",
			"the rule gives 3000 minutes"},
		{"a step is the operator's word", charge.Reduction{},
			charge.Rule{Grant: charge.GrantSteps, Steps: []charge.Step{{By: charge.StepByMinutes, Reduction: mins(3000)}}}, nil,
			charge.ReasonOK, mins(3000), "", "the rule's step from 0 minutes gives 3000 minutes"},
		{"free has no size", free, pushed, nil, charge.ReasonOK, free, "", "the push asks for free parking"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := Decide(Input{Charge: charged(c.ask), Rule: c.rule, Granted: c.granted, Bounds: bounds, Now: noon})
			if d.Reason != c.reason || d.Reduction != c.give || d.Setting != c.setting || said(d) != c.note {
				t.Errorf("%s %+v %q\n %q\nwant %s %+v %q\n %q", d.Reason, d.Reduction, d.Setting, said(d), c.reason, c.give,
					c.setting, c.note)
			}
		})
	}
}

// TestWhatCountedIsKept: the decision names the earlier grants that its rule looked at, and no others.
func TestWhatCountedIsKept(t *testing.T) {
	rule := with(fixedRule(mins(30)), func(r *charge.Rule) {
		r.PerDay, r.Lock = charge.PerDay{Minutes: 500}, charge.Lock{Seconds: 3600, Per: charge.ReachVendor}
	})
	all := []charge.Past{past(1, ownLot, -5*time.Hour, mins(10)), past(2, sisterLot, -5*time.Hour, mins(10)),
		past(3, sisterLot, -2*time.Hour, mins(10)), past(4, ownLot, -30*time.Hour, mins(10))}
	d := Decide(Input{Charge: visited(noon), Rule: rule, Past: all, Now: noon})
	if diff := cmp.Diff(all[:1], d.Past); diff != "" || d.Reason != charge.ReasonOK {
		t.Errorf("%s, counted (-want +got):\n%s", d.Reason, diff)
	}
	from, to := Looks(&rule, visited(noon))
	if want := noon.Add(-12 * time.Hour); !from.Equal(want) || !to.Equal(want.AddDate(0, 0, 1)) {
		t.Errorf("looks from %s to %s", from, to)
	}
	rule.Lock.Seconds = 48 * 3600
	if from, to = Looks(&rule, visited(noon)); !from.Equal(noon.Add(-48*time.Hour)) || !to.Equal(noon.Add(48*time.Hour)) {
		t.Errorf("with a lock it looks from %s to %s", from, to)
	}
	rule.PerDay, rule.Lock = charge.PerDay{}, charge.Lock{}
	if from, to = Looks(&rule, visited(noon)); !from.IsZero() || !to.IsZero() {
		t.Errorf("without a limit it looks from %s to %s", from, to)
	}
}
