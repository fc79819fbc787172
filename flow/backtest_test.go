package flow_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/rules"
)

func TestBacktestOfACap(t *testing.T) {
	w := newWorld(t)
	w.estate.rule(gateLot, func(r *charge.Rule) { r.Combine = charge.CombineSum })
	w.enter(gateLot, "s1", 3*time.Hour)
	w.must(w.finished("o1", gateLot)) // 30 minutes
	second := w.finished("o2", gateLot)
	second.Ask = charge.Ask{Method: charge.MethodAmount, Amount: 500}
	w.must(second)
	w.must(w.finished("o3", gateLot)) // 30 more
	w.estate.mode(gateLot, charge.ModeOff)
	w.must(w.finished("o4", gateLot)) // no rule decided it
	var all []*charge.Charge
	for _, o := range []string{"o4", "o3", "o2", "o1"} {
		all = append(all, w.charge(o))
	}
	in := flow.BacktestInput{Rule: all[1].Decision.Rule, Kind: charge.Kind4G, Repeats: charge.RepeatsAdd, Charges: all}
	if same := flow.ReplayRule(in); len(same.Changed) > 0 || same.Charges != 4 || same.Replayed != 3 ||
		same.Was != same.Would || same.Was.Minutes != 60 {
		t.Fatalf("the same rule changes something: %+v", same)
	}
	in.Rule.CapMinutes, in.Rule.CapAmount = 40, 200
	got := flow.ReplayRule(in)
	var rows []string
	for _, c := range got.Changed {
		rows = append(rows, fmt.Sprintf("%s %+d min %s yuan, %s", c.Charge.Order, c.Minutes(), c.Amount(), c.Would.Reason))
	}
	want := []string{"o2 +0 min -3.00 yuan, ok", "o3 -20 min 0.00 yuan, ok"}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	if got.Would.Minutes != 40 || got.Would.Amount != 200 || got.Would.Count != 3 {
		t.Errorf("would grant %+v, want 40 minutes and 2.00 yuan in 3 grants", got.Would)
	}
}

// TestBacktestIsWhatTheRuleWouldHaveDecided decides random visits by one rule, replays them by another, and
// compares with visits that the other decided from the start.
func TestBacktestIsWhatTheRuleWouldHaveDecided(t *testing.T) {
	draw := func(t *rapid.T, name string) charge.Rule {
		return charge.Rule{Version: 1, Grant: rapid.SampledFrom([]charge.Grant{charge.GrantAsPushed,
			charge.GrantChargeTime}).Draw(t, name+" grant"),
			Combine: rapid.SampledFrom([]charge.Combine{charge.CombineBest, charge.CombineSum, charge.CombineFirst}).Draw(t,
				name+" combine"),
			CapMinutes:       rapid.SampledFrom([]int64{0, 40, 90}).Draw(t, name+" cap"),
			MinChargeMinutes: rapid.SampledFrom([]int64{0, 30}).Draw(t, name+" least")}
	}
	rapid.Check(t, func(t *rapid.T) {
		was, would := draw(t, "was"), draw(t, "would")
		var charges []*charge.Charge
		for i := range rapid.IntRange(1, 12).Draw(t, "charges") {
			end := start.Add(time.Duration(i) * time.Hour)
			c := &charge.Charge{ID: int64(i + 1), StayID: int64(rapid.IntRange(1, 2).Draw(t, "stay")), Received: end,
				EndedAt:   end,
				StartedAt: end.Add(-time.Duration(rapid.IntRange(0, 60).Draw(t, "charged")) * time.Minute),
				Ask:       charge.Ask{Method: charge.MethodTime, Minutes: int64(rapid.IntRange(0, 60).Draw(t, "asks"))}}
			if rapid.IntRange(0, 3).Draw(t, "amount") == 0 {
				c.Ask = charge.Ask{Method: charge.MethodAmount, Amount: 500}
			}
			charges = append(charges, c)
		}
		fresh := decideAll(charges, would)
		for i, d := range decideAll(charges, was) {
			charges[i].Decision = &d
		}
		in := flow.BacktestInput{Rule: would, Kind: charge.KindSDK, Repeats: charge.RepeatsAdd, Charges: charges}
		changed := map[int64]charge.Reduction{}
		for _, r := range flow.ReplayRule(in).Changed {
			changed[r.Charge.ID] = r.Would.Reduction
		}
		for i, c := range charges {
			got, ok := changed[c.ID]
			if !ok {
				got = c.Decision.Reduction
			}
			if got != fresh[i].Reduction {
				t.Fatalf("charge %d: replayed %+v, decided from the start %+v", c.ID, got, fresh[i].Reduction)
			}
		}
		in.Rule = was
		if same := flow.ReplayRule(in); len(same.Changed) != 0 {
			t.Fatalf("the same rule changes %d charges", len(same.Changed))
		}
	})
}

// decideAll decides charges one after the other by a rule, each by what its stay has then.
func decideAll(charges []*charge.Charge, rule charge.Rule) []charge.Decision {
	had := map[int64][]charge.Granted{}
	var out []charge.Decision
	for _, c := range charges {
		d := rules.Decide(rules.Input{Charge: c, Rule: rule, Repeats: charge.RepeatsAdd,
			Granted: had[c.StayID], Stay: &charge.Stay{ID: c.StayID}, Now: c.Received})
		if d.State == charge.StateSending {
			had[c.StayID] = append(had[c.StayID][:len(had[c.StayID]):len(had[c.StayID])],
				charge.Granted{Charge: c.ID, Reduction: d.Reduction, Combine: rule.Combine, At: d.At})
		}
		out = append(out, d)
	}
	return out
}
