package estate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
)

// TestRulesAreRead reads each way to write a rule, and what is exported of it is the same rule again.
func TestRulesAreRead(t *testing.T) {
	rule := func(change func(*charge.Rule)) charge.Rule {
		r := charge.Rule{Version: 1, Grant: charge.GrantChargeTime, Combine: charge.CombineBest, HoldSeconds: 7200,
			Target: charge.TargetStay}
		change(&r)
		return r
	}
	mins := func(n int64) charge.Reduction { return charge.Reduction{Method: charge.MethodTime, Minutes: n} }
	cases := []struct {
		yaml string
		want charge.Rule
	}{
		{`{grant: charge_time}`, rule(func(*charge.Rule) {})},
		{`{grant: charge_time, takes: end, plates: {temporary: true}, only_chargers: [], min_fee: "0", leave_within: 0, ` +
			`per_day: {}, lock: {for: 0, per: lot}}`, rule(func(*charge.Rule) {})},
		{`{grant: charge_time, takes: charge, plus_minutes: 60, cap_charge_minutes: 120, leave_within: 30m}`,
			rule(func(r *charge.Rule) {
				r.Takes, r.PlusMinutes, r.CapChargeMinutes, r.LeaveWithinSeconds = charge.TakesCharge, 60, 120, 1800
			})},
		{`{grant: charge_time, per_day: {times: 2, minutes: 120, per: vendor}, lock: 4h}`, rule(func(r *charge.Rule) {
			r.PerDay, r.Lock = charge.PerDay{Times: 2, Minutes: 120, Per: charge.ReachVendor}, charge.Lock{Seconds: 4 * 3600}
		})},
		{`{grant: charge_time, per_day: {times: 1, per: lot}, lock: {for: 90m, per: vendor}}`, rule(func(r *charge.Rule) {
			r.PerDay, r.Lock = charge.PerDay{Times: 1}, charge.Lock{Seconds: 5400, Per: charge.ReachVendor}
		})},
		{`{grant: as_pushed, per_day: {amount: "20.00"}, min_fee: "5.50", plates: {temporary: false}, ` +
			`only_chargers: ["P1", "P2"]}`, rule(func(r *charge.Rule) {
			r.Grant, r.PerDay, r.MinFee, r.NoTemporary, r.OnlyChargers = charge.GrantAsPushed, charge.PerDay{Amount: 2000}, 550,
				true, []string{"P1", "P2"}
		})},
		{`{grant: steps, steps: [{from_minutes: 0, minutes: 30}, {from_minutes: 60, amount: "5.00"}]}`,
			rule(func(r *charge.Rule) {
				r.Grant = charge.GrantSteps
				r.Steps = []charge.Step{{By: charge.StepByMinutes, Reduction: mins(30)},
					{By: charge.StepByMinutes, From: 60, Reduction: charge.Reduction{Method: charge.MethodAmount, Amount: 500}}}
			})},
		{`{grant: steps, steps: [{from_kwh: "10.5", minutes: 60}, {from_kwh: "20", minutes: 120}]}`,
			rule(func(r *charge.Rule) {
				r.Grant = charge.GrantSteps
				r.Steps = []charge.Step{{By: charge.StepByEnergy, From: 10500, Reduction: mins(60)},
					{By: charge.StepByEnergy, From: 20000, Reduction: mins(120)}}
			})},
		{`{grant: steps, steps: [{from_fee: "20.00", minutes: 60}]}`, rule(func(r *charge.Rule) {
			r.Grant = charge.GrantSteps
			r.Steps = []charge.Step{{By: charge.StepByFee, From: 2000, Reduction: mins(60)}}
		})},
	}
	base, _, err := catalog().Merge(nil, load(t, "testdata/example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	lot := charge.LotID{Union: "200461", Park: "1315"}
	for _, c := range cases {
		t.Run(c.yaml, func(t *testing.T) {
			doc, err := estate.Parse("f",
				[]byte("version: 1\nbindings:\n  - account: teld-main\n    lot: \"200461/1315\"\n    rule: "+c.yaml+"\n"), getenv,
				nil)
			if err != nil {
				t.Fatal(err)
			}
			s, _, err := catalog().Merge(base, doc)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := s.Binding("teld-main", lot)
			if diff := cmp.Diff([]charge.Rule{c.want}, b.Rules); diff != "" {
				t.Errorf("rule (-want +got):\n%s", diff)
			}
			if _, changes, err := catalog().Merge(s, doc); err != nil || len(changes) != 0 {
				t.Errorf("applied again: %v, %v", err, changes)
			}
			shown := exported(t, s)
			again, err := estate.Parse("exported", []byte(shown),
				func(string) (string, bool) { return "hush-0123456789abcdefghij"[:16], true }, nil)
			if err != nil {
				t.Fatalf("%v\n%s", err, shown)
			}
			if s, _, err = catalog().Merge(nil, again); err != nil {
				t.Fatalf("%v\n%s", err, shown)
			}
			if b, _ := s.Binding("teld-main", lot); cmp.Diff([]charge.Rule{c.want}, b.Rules) != "" {
				t.Errorf("the exported rule is read as %+v:\n%s", b.Rules, shown)
			}
		})
	}
}

// exported is an estate as a file, without path tokens: those must be strong.
func exported(t *testing.T, s *estate.State) string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(string(estate.Export(s))) {
		if !strings.Contains(line, "path_token") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
