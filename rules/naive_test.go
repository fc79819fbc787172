package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// granting is a charge that the second implementation has granted something.
type granting struct {
	charge *charge.Charge
	stay   int
	got    charge.Reduction
}

// naive decides by the text of docs/estate.md, straight from the list of all that was granted before, with no thought
// of speed. It shares no code with the package.
type naive struct {
	priced bool
	bounds charge.Bounds
	before []granting
}

const asked = "2006-01-02"

// decide says what a charge in a stay gets by a rule, and why nothing.
func (n *naive) decide(c *charge.Charge, stay int, r charge.Rule) (charge.Reduction, charge.Reason) {
	none := charge.Reduction{}
	if r.NoTemporary && c.Plate == temporary {
		return none, charge.ReasonPlateExcluded
	}
	if len(r.OnlyChargers) > 0 && !slices.Contains(r.OnlyChargers, c.Detail.ConnectorID) {
		return none, charge.ReasonChargerExcluded
	}
	minutes := int64(0)
	for c.StartedAt.Add(time.Duration(minutes) * time.Minute).Before(c.EndedAt) {
		minutes++
	}
	if minutes < r.MinChargeMinutes || c.Energy < r.MinEnergy || c.Total < r.MinFee {
		return none, charge.ReasonRuleUnmet
	}
	want := none
	switch r.Grant {
	case charge.GrantFixed:
		want = r.Fixed
	case charge.GrantAsPushed:
		want = charge.Reduction(c.Ask)
	case charge.GrantChargeTime:
		if r.CapChargeMinutes > 0 {
			minutes = min(minutes, r.CapChargeMinutes)
		}
		want = charge.Reduction{Method: charge.MethodTime, Minutes: minutes + r.PlusMinutes}
	case charge.GrantLotDecides:
		want = charge.Reduction{Method: charge.MethodLotDecides}
	case charge.GrantSteps:
		for _, s := range r.Steps {
			reached := map[charge.StepBy]int64{charge.StepByMinutes: minutes, charge.StepByEnergy: int64(c.Energy),
				charge.StepByFee: int64(c.Total)}
			if reached[s.By] >= s.From {
				want = s.Reduction
			}
		}
		if want == none {
			return none, charge.ReasonRuleUnmet
		}
	}
	switch {
	case want.Method == "", want.Method == charge.MethodTime && want.Minutes == 0, want.Method == charge.MethodAmount &&
		want.Amount == 0:
		return none, charge.ReasonNothingPushed
	case want.Method == charge.MethodLotDecides && n.priced:
		return none, charge.ReasonLotDecides4G
	}

	for _, g := range n.before {
		apart := c.EndedAt.Unix() - g.charge.EndedAt.Unix()
		if g.charge.Plate == c.Plate && g.stay != stay && n.reaches(r.Lock.Per, c, g.charge) &&
			max(apart, -apart) < r.Lock.Seconds {
			return none, charge.ReasonLocked
		}
	}
	got, reason := n.inStay(c, stay, r, want)
	if reason != charge.ReasonOK {
		return none, reason
	}
	var times, dayMinutes int64
	var dayAmount charge.Fen
	for _, g := range n.before {
		if g.charge.Plate == c.Plate && n.reaches(r.PerDay.Per, c, g.charge) &&
			g.charge.EndedAt.In(charge.Shanghai).Format(asked) == c.EndedAt.In(charge.Shanghai).Format(asked) {
			times, dayMinutes, dayAmount = times+1, dayMinutes+g.got.Minutes, dayAmount+g.got.Amount
		}
	}
	if r.PerDay.Times > 0 && times >= r.PerDay.Times {
		return none, charge.ReasonDayLimit
	}
	if got.Method == charge.MethodTime && r.PerDay.Minutes > 0 {
		got.Minutes = min(got.Minutes, r.PerDay.Minutes-dayMinutes)
	}
	if got.Method == charge.MethodAmount && r.PerDay.Amount > 0 {
		got.Amount = min(got.Amount, r.PerDay.Amount-dayAmount)
	}
	if got.Method != charge.MethodFree && got.Method != charge.MethodLotDecides && got.Minutes <= 0 && got.Amount <= 0 {
		return none, charge.ReasonDayLimit
	}
	return got, charge.ReasonOK
}

func (n *naive) reaches(per charge.Reach, a, b *charge.Charge) bool {
	return a.Lot.Union == b.Lot.Union && (per == charge.ReachVendor || a.Lot.Park == b.Lot.Park)
}

// inStay combines what is wanted with what the stay has, and caps it.
func (n *naive) inStay(c *charge.Charge, stay int, r charge.Rule, want charge.Reduction) (charge.Reduction,
	charge.Reason) {
	none := charge.Reduction{}
	var has charge.Reduction
	methods := map[charge.Method]bool{}
	for _, g := range n.before {
		if g.stay == stay {
			has.Minutes, has.Amount = has.Minutes+g.got.Minutes, has.Amount+g.got.Amount
			methods[g.got.Method] = true
		}
	}
	if len(methods) > 0 && r.Combine == charge.CombineFirst {
		return none, charge.ReasonCombineFirst
	}
	if methods[charge.MethodFree] {
		if want.Method == charge.MethodFree {
			return none, charge.ReasonCombineBest
		}
		return none, charge.ReasonCombineMethod
	}
	mostMinutes, mostAmount := r.CapMinutes, r.CapAmount
	wasFree := want.Method == charge.MethodFree
	if wasFree {
		smallest := func(a, b int64) int64 {
			if a == 0 || b == 0 {
				return a + b
			}
			return min(a, b)
		}
		if m := smallest(mostMinutes, r.PerDay.Minutes); m > 0 {
			want = charge.Reduction{Method: charge.MethodTime, Minutes: m}
		} else if a := smallest(int64(mostAmount), int64(r.PerDay.Amount)); a > 0 {
			want = charge.Reduction{Method: charge.MethodAmount, Amount: charge.Fen(a)}
		}
	}
	if r.Grant == charge.GrantAsPushed || r.Grant == charge.GrantChargeTime {
		if mostMinutes == 0 {
			mostMinutes = n.bounds.Minutes
		}
		if mostAmount == 0 {
			mostAmount = n.bounds.Amount
		}
	}
	if len(methods) > 0 && r.Combine == charge.CombineBest {
		for m := range methods {
			if m != want.Method && !n.priced {
				return none, charge.ReasonCombineMethod
			}
		}
		reason := charge.ReasonCombineBest
		if wasFree {
			reason = charge.ReasonCapReached
		}
		switch want.Method {
		case charge.MethodTime:
			if want.Minutes -= has.Minutes; want.Minutes <= 0 {
				return none, reason
			}
		case charge.MethodAmount:
			if want.Amount -= has.Amount; want.Amount <= 0 {
				return none, reason
			}
		case charge.MethodLotDecides:
			return none, reason
		}
	}
	if want.Method == charge.MethodTime && mostMinutes > 0 && has.Minutes+want.Minutes > mostMinutes {
		want.Minutes = mostMinutes - has.Minutes
	}
	if want.Method == charge.MethodAmount && mostAmount > 0 && has.Amount+want.Amount > mostAmount {
		want.Amount = mostAmount - has.Amount
	}
	if want.Method == charge.MethodTime && want.Minutes <= 0 || want.Method == charge.MethodAmount && want.Amount <= 0 {
		return none, charge.ReasonCapReached
	}
	return want, charge.ReasonOK
}

const temporary charge.Plate = "京A1234临"

// dice draws what histories are made of.
type dice struct{ *rand.Rand }

func pick[T any](d dice, from ...T) T { return from[d.IntN(len(from))] }

func (d dice) reduction() charge.Reduction {
	return pick(d, mins(d.Int64N(200)+1), mins(d.Int64N(4)*30+30), yuan(charge.Fen(d.Int64N(4000)+1)), free)
}

func (d dice) rule() charge.Rule {
	r := charge.Rule{Grant: pick(d, charge.GrantAsPushed, charge.GrantFixed, charge.GrantChargeTime, charge.GrantSteps,
		charge.GrantLotDecides),
		Combine: pick(d, charge.CombineBest, charge.CombineBest, charge.CombineSum, charge.CombineFirst)}
	reach := pick(d, "", charge.ReachLot, charge.ReachVendor)
	switch r.Grant {
	case charge.GrantFixed:
		r.Fixed = d.reduction()
	case charge.GrantChargeTime:
		r.PlusMinutes, r.CapChargeMinutes = pick[int64](d, 0, 60), pick[int64](d, 0, 30, 90)
	case charge.GrantSteps:
		by, from := pick(d, charge.StepByMinutes, charge.StepByEnergy, charge.StepByFee), int64(0)
		for range 1 + d.IntN(3) {
			from += 1 + d.Int64N(60)
			unit := map[charge.StepBy]int64{charge.StepByMinutes: 1, charge.StepByEnergy: 500, charge.StepByFee: 100}[by]
			r.Steps = append(r.Steps, charge.Step{By: by, From: from * unit, Reduction: d.reduction()})
		}
	}
	r.CapMinutes, r.CapAmount = pick[int64](d, 0, 0, 60, 180), pick[charge.Fen](d, 0, 0, 2000)
	r.MinChargeMinutes, r.MinEnergy, r.MinFee = pick[int64](d, 0, 0, 20), pick[charge.Energy](d, 0, 0, 5000),
		pick[charge.Fen](d, 0, 0, 1000)
	r.NoTemporary = d.IntN(4) == 0
	if d.IntN(4) == 0 {
		r.OnlyChargers = []string{"pile-1"}
	}
	if d.IntN(2) == 0 {
		r.PerDay = charge.PerDay{Times: pick[int64](d, 0, 1, 2), Minutes: pick[int64](d, 0, 90, 240),
			Amount: pick[charge.Fen](d, 0, 1500), Per: reach}
	}
	if d.IntN(3) == 0 {
		r.Lock = charge.Lock{Seconds: pick[int64](d, 3600, 4*3600, 30*3600), Per: reach}
	}
	return r
}

// charges draws the charges of two plates in three lots over three days, and lets them come in any order.
func (d dice) charges(n int) (all []*charge.Charge, stays []int) {
	for i := range n {
		ended := noon.Add(time.Duration(d.IntN(3*24*4)) * 15 * time.Minute)
		if d.IntN(8) == 0 {
			ended = time.Date(2026, 3, 2, 0, 0, d.IntN(3)-1, 0, charge.Shanghai)
		}
		c := &charge.Charge{ID: int64(i + 1), Lot: pick(d, ownLot, ownLot, sisterLot, otherLot),
			Plate:   pick(d, "京AD06088", temporary),
			EndedAt: ended, StartedAt: ended.Add(-time.Duration(d.IntN(7200)) * time.Second), Received: ended.Add(time.Hour),
			Energy: charge.Energy(d.IntN(40_000)), HasEnergy: true, Total: charge.Fen(d.IntN(6000)), HasTotal: true,
			Detail: charge.Detail{ConnectorID: pick(d, "pile-1", "pile-2")}}
		if d.IntN(10) > 0 {
			c.Ask = charge.Ask(d.reduction())
		}
		all = append(all, c)
	}
	d.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, c := range all { // a stay is a plate's half day in a lot
		lots := map[charge.LotID]int{ownLot: 1, sisterLot: 2, otherLot: 3}
		plate := 0
		if c.Plate == temporary {
			plate = 1
		}
		stays = append(stays, int(c.EndedAt.Unix()/(12*3600))*10+lots[c.Lot]*2+plate)
	}
	return all, stays
}

// TestASecondImplementationAgrees plays 100,000 random charges by random rules through the package and through naive.
func TestASecondImplementationAgrees(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(16, 7))}
	seen := map[charge.Reason]int{}
	for history := range 2500 {
		second := naive{priced: pick(d, false, true),
			bounds: pick(d, charge.Bounds{}, charge.Bounds{Minutes: 100, Amount: 3000})}
		rules := map[charge.LotID]charge.Rule{ownLot: d.rule(), sisterLot: d.rule(), otherLot: d.rule()}
		all, stays := d.charges(40)
		for i, c := range all {
			want, wantReason := second.decide(c, stays[i], rules[c.Lot])
			got := Decide(second.input(c, stays[i], rules[c.Lot]))
			if got.Reduction != want || got.Reason != wantReason {
				t.Fatalf("history %d, charge %d of %+v\nby %+v\nafter %s:\n%s %+v (%s), the second implementation says %s %+v",
					history, i, c, rules[c.Lot], show(second.before), got.Reason, got.Reduction, said(got), wantReason, want)
			}
			seen[got.Reason]++
			if wantReason == charge.ReasonOK {
				second.before = append(second.before, granting{c, stays[i], want})
			}
		}
	}
	for _, r := range []charge.Reason{charge.ReasonOK, charge.ReasonRuleUnmet, charge.ReasonCapReached,
		charge.ReasonCombineBest, charge.ReasonDayLimit,
		charge.ReasonLocked, charge.ReasonPlateExcluded, charge.ReasonChargerExcluded, charge.ReasonCombineMethod,
		charge.ReasonCombineFirst, charge.ReasonNothingPushed, charge.ReasonLotDecides4G} {
		if seen[r] < 100 {
			t.Errorf("%s came out %d times: the charges drawn prove little of it", r, seen[r])
		}
	}
}

// input is what a caller looks up for a decision.
func (n *naive) input(c *charge.Charge, stay int, r charge.Rule) Input {
	in := Input{Charge: c, Rule: r, Priced: n.priced, Repeats: charge.RepeatsAdd, Bounds: n.bounds, Now: noon}
	from, to := Looks(&r, c)
	for _, g := range n.before {
		if g.stay == stay {
			in.Granted = append(in.Granted, charge.Granted{Charge: g.charge.ID, Reduction: g.got, At: noon})
		}
		if g.charge.Plate == c.Plate && r.WidestReach().Covers(c.Lot, g.charge.Lot) && !g.charge.EndedAt.Before(from) &&
			g.charge.EndedAt.Before(to) {
			in.Past = append(in.Past, charge.Past{Charge: g.charge.ID, Lot: g.charge.Lot, Ended: g.charge.EndedAt,
				Same: g.stay == stay, Reduction: g.got})
		}
	}
	return in
}

func show(before []granting) (s string) {
	for _, g := range before {
		s += fmt.Sprintf("  %s %s stay %d ended %s: %+v\n", g.charge.Lot, g.charge.Plate.Full(), g.stay,
			g.charge.EndedAt.In(charge.Shanghai).Format(time.DateTime), g.got)
	}
	return s
}
