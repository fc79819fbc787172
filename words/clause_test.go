package words

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

var update = flag.Bool("update", false, "write golden files anew")

// TestRuleSentences holds the sentence of a rule with each of its fields, in both languages, in one file to be read.
func TestRuleSentences(t *testing.T) {
	mins := func(n int64) charge.Reduction { return charge.Reduction{Method: charge.MethodTime, Minutes: n} }
	yuan := func(n charge.Fen) charge.Reduction { return charge.Reduction{Method: charge.MethodAmount, Amount: n} }
	free := charge.Reduction{Method: charge.MethodFree}
	fixed := charge.Rule{Grant: charge.GrantFixed, Fixed: mins(120), HoldSeconds: 7200}
	with := func(change func(*charge.Rule)) charge.Rule {
		r := fixed
		change(&r)
		return r
	}
	var golden strings.Builder
	for _, c := range []struct {
		name string
		rule charge.Rule
	}{
		{"as pushed under caps", charge.Rule{Grant: charge.GrantAsPushed, CapMinutes: 120, CapAmount: 3000}},
		{"fixed minutes", fixed},
		{"fixed yuan", with(func(r *charge.Rule) { r.Fixed = yuan(500) })},
		{"free", with(func(r *charge.Rule) { r.Fixed = free })},
		{"the lot decides", charge.Rule{Grant: charge.GrantLotDecides, HoldSeconds: 7200}},
		{"charging time", charge.Rule{Grant: charge.GrantChargeTime, CapChargeMinutes: 120, PlusMinutes: 60}},
		{"charging interval", charge.Rule{Grant: charge.GrantChargeTime, Takes: charge.TakesCharge}},
		{"charging interval and more",
			charge.Rule{Grant: charge.GrantChargeTime, Takes: charge.TakesCharge, PlusMinutes: 1}},
		{"steps of minutes", charge.Rule{Grant: charge.GrantSteps, Steps: []charge.Step{
			{By: charge.StepByMinutes, Reduction: mins(30)}, {By: charge.StepByMinutes, From: 60, Reduction: free}}}},
		{"steps of energy", charge.Rule{Grant: charge.GrantSteps, Steps: []charge.Step{
			{By: charge.StepByEnergy, From: 10000, Reduction: mins(60)},
			{By: charge.StepByEnergy, From: 20000, Reduction: yuan(1000)}}}},
		{"steps of the fee", charge.Rule{Grant: charge.GrantSteps, Steps: []charge.Step{
			{By: charge.StepByFee, From: 2000, Reduction: mins(60)}}}},
		{"conditions", with(func(r *charge.Rule) {
			r.MinChargeMinutes, r.MinEnergy, r.MinFee, r.NoTemporary = 20, 5000, 500, true
			r.OnlyChargers = []string{"B1", "B2"}
		})},
		{"many points", with(func(r *charge.Rule) { r.OnlyChargers = []string{"1", "2", "3", "4", "5", "6"} })},
		{"a day", with(func(r *charge.Rule) { r.PerDay = charge.PerDay{Times: 1, Minutes: 120} })},
		{"a day at the vendor's", with(func(r *charge.Rule) {
			r.PerDay = charge.PerDay{Times: 2, Amount: 2000, Per: charge.ReachVendor}
		})},
		{"lock", with(func(r *charge.Rule) { r.Lock = charge.Lock{Seconds: 4 * 3600} })},
		{"lock at the vendor's", with(func(r *charge.Rule) {
			r.Lock = charge.Lock{Seconds: 5400, Per: charge.ReachVendor}
		})},
		{"leave in time", with(func(r *charge.Rule) { r.LeaveWithinSeconds = 1800 })},
		{"added up, in the outer stay", with(func(r *charge.Rule) {
			r.Combine, r.Target = charge.CombineSum, charge.TargetOuter
		})},
		{"first alone, where it charged, at once", with(func(r *charge.Rule) {
			r.Combine, r.Target, r.HoldSeconds = charge.CombineFirst, charge.TargetAtCharge, 0
		})},
		{"from a date on", with(func(r *charge.Rule) {
			r.Effective = time.Date(2026, 1, 1, 0, 0, 0, 0, charge.Shanghai)
		})},
	} {
		text := RuleText(&c.rule)
		fmt.Fprintf(&golden, "%s\n  %s\n  %s\n", c.name, text.ZH, text.EN)
		if run := latinRun.FindString(text.ZH); run != "" || strings.ContainsAny(text.EN, "，；。") {
			t.Errorf("%s mixes languages: %s / %s", c.name, text.ZH, text.EN)
		}
	}
	const name = "testdata/rules.txt"
	if *update {
		if err := os.WriteFile(name, []byte(golden.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if golden.String() != string(want) {
		t.Errorf("%s is not what is said now; run the test with -update and read the difference", name)
	}
}
