package rules

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/chargestamp/chargestamp/charge"
)

// run plays fixed grants one after the other into one stay and returns every decision.
func run(rules []charge.Rule, priced bool, repeats charge.Repeats) []charge.Decision {
	var granted []charge.Granted
	var out []charge.Decision
	for i, rule := range rules {
		c := charged(charge.Reduction{})
		c.ID = int64(i + 1)
		d := Decide(Input{Charge: c, Rule: rule, Priced: priced, Repeats: repeats, Granted: slices.Clone(granted), Now: noon})
		if d.State == charge.StateSending {
			granted = append(granted, charge.Granted{Charge: c.ID, Reduction: d.Reduction, Combine: rule.Combine, At: noon})
		}
		out = append(out, d)
	}
	return out
}

func given(ds []charge.Decision) (minutes int64, amount charge.Fen, frees int) {
	for _, d := range ds {
		minutes += d.Reduction.Minutes
		amount += d.Reduction.Amount
		if d.Reduction.Method == charge.MethodFree {
			frees++
		}
	}
	return minutes, amount, frees
}

var (
	isPriced   = rapid.Bool()
	anyRepeats = rapid.SampledFrom([]charge.Repeats{charge.RepeatsAdd, charge.RepeatsReplace, charge.RepeatsUnsafe})
	anyCombine = rapid.SampledFrom([]charge.Combine{charge.CombineBest, charge.CombineSum, charge.CombineFirst})
	anyWish    = rapid.Custom(func(t *rapid.T) charge.Reduction {
		switch rapid.IntRange(0, 3).Draw(t, "method") {
		case 0:
			return mins(rapid.Int64Range(1, 400).Draw(t, "minutes"))
		case 1:
			return yuan(charge.Fen(rapid.Int64Range(1, 9000).Draw(t, "fen")))
		case 2:
			return free
		}
		return lots
	})
)

func ruleFor(want charge.Reduction) charge.Rule {
	if want.Method == charge.MethodLotDecides {
		return charge.Rule{Grant: charge.GrantLotDecides}
	}
	return fixedRule(want)
}

// Whatever comes in whatever order, a stay never gets more than its caps, never two frees, and no decision
// grants nothing while it says that it grants.
func TestNeverMoreThanTheCaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capMinutes := rapid.Int64Range(0, 500).Draw(t, "cap minutes")
		capAmount := charge.Fen(rapid.Int64Range(0, 9000).Draw(t, "cap fen"))
		rules := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) charge.Rule {
			rule := ruleFor(anyWish.Draw(t, "want"))
			rule.CapMinutes, rule.CapAmount, rule.Combine = capMinutes, capAmount, anyCombine.Draw(t, "combine")
			return rule
		}), 1, 12).Draw(t, "rules")
		decisions := run(rules, isPriced.Draw(t, "priced"), anyRepeats.Draw(t, "repeats"))
		minutes, amount, frees := given(decisions)
		if capMinutes > 0 && minutes > capMinutes || capAmount > 0 && amount > capAmount {
			t.Fatalf("%d minutes and %s yuan granted over caps of %d and %s", minutes, amount, capMinutes, capAmount)
		}
		if frees > 1 || frees > 0 && (capMinutes > 0 || capAmount > 0) {
			t.Fatalf("%d times free", frees)
		}
		for i, d := range decisions {
			if (d.State == charge.StateSending) == d.Reduction.IsZero() ||
				(d.Reason == charge.ReasonOK) == d.Reduction.IsZero() {
				t.Fatalf("decision %d is %s/%s with reduction %+v", i, d.State, d.Reason, d.Reduction)
			}
			if d.Reduction.Minutes < 0 || d.Reduction.Amount < 0 || len(d.Notes) == 0 {
				t.Fatalf("decision %d: %+v", i, d)
			}
		}
	})
}

// best leaves a stay with the best single grant of a method, in whatever order the charges come; a lot that
// replaces has heard exactly that last.
func TestBestIsTheMaximumInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wishes := rapid.SliceOfN(rapid.Int64Range(1, 400), 1, 10).Draw(t, "wishes")
		byTime := rapid.Bool().Draw(t, "time")
		repeats := anyRepeats.Draw(t, "repeats")
		priced := isPriced.Draw(t, "priced")
		for _, order := range [][]int64{wishes, rapid.Permutation(wishes).Draw(t, "other order")} {
			var rules []charge.Rule
			for _, n := range order {
				if byTime {
					rules = append(rules, fixedRule(mins(n)))
				} else {
					rules = append(rules, fixedRule(yuan(charge.Fen(n))))
				}
			}
			decisions := run(rules, priced, repeats)
			minutes, amount, _ := given(decisions)
			if best := slices.Max(wishes); minutes+int64(amount) != best {
				t.Fatalf("%v gave %d in all, want %d", order, minutes+int64(amount), best)
			}
			var told int64
			for _, d := range decisions {
				switch {
				case d.State != charge.StateSending:
				case !priced && repeats == charge.RepeatsReplace:
					told = d.Send.Minutes + int64(d.Send.Amount)
				default:
					told += d.Send.Minutes + int64(d.Send.Amount)
				}
			}
			if told != slices.Max(wishes) {
				t.Fatalf("%v: the lot is left with %d, want %d", order, told, slices.Max(wishes))
			}
		}
	})
}

// sum adds up to the cap, no further and no less; first grants the first alone.
func TestSumAndFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wishes := rapid.SliceOfN(rapid.Int64Range(1, 400), 1, 10).Draw(t, "wishes")
		most := rapid.Int64Range(1, 2000).Draw(t, "cap")
		var sums, firsts []charge.Rule
		var total int64
		for _, n := range wishes {
			sums = append(sums, combined(charge.CombineSum, capped(mins(n), most, 0)))
			firsts = append(firsts, combined(charge.CombineFirst, fixedRule(mins(n))))
			total += n
		}
		if got, _, _ := given(run(sums, false, charge.RepeatsAdd)); got != min(total, most) {
			t.Fatalf("sum gave %d, want %d", got, min(total, most))
		}
		if got, _, _ := given(run(firsts, false, charge.RepeatsAdd)); got != wishes[0] {
			t.Fatalf("first gave %d, want %d", got, wishes[0])
		}
	})
}
